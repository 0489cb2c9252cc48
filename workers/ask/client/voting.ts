/** Sends what a visitor says of an answer, and knows what becomes of it. */
import type { Client } from '../../../client/client.ts';
import type { Privacy } from '../../../shared/protocol/api/privacy.ts';
import { clientOf, type Target, troubleOf } from '../../dashboard/client/api.ts';
import { afterFeedback } from '../texts.ts';
import { visitor } from './visitor.ts';

export interface Said {
  accepted: boolean;
  text: string;
  failed: boolean;
}

export class Voting {
  readonly #client: Client;
  #privacy: Promise<Privacy | null> | null = null;

  constructor(target: Target) {
    this.#client = clientOf(target);
  }

  /** Tells of a result that was opened, where the operator lets that count; nobody waits for it. */
  async opened(answer: string, passage: string): Promise<void> {
    this.#privacy ??= this.#client.call('GET /privacy').catch(() => null);
    if ((await this.#privacy)?.clicks !== 'on') return;
    const body = { answer, opened: passage, contributor: visitor() };
    await this.#client.call('POST /feedback', { body }).catch(() => {});
  }

  /** @param chunks passages that it is about, of those that were found for the answer. */
  async say(answer: string, accepted: boolean, chunks: readonly string[]): Promise<Said> {
    // Asked at the first word that somebody says: who only reads needs no account of what is kept.
    this.#privacy ??= this.#client.call('GET /privacy').catch(() => null);
    try {
      const body = { answer, accepted, chunks, contributor: visitor() };
      const { region } = await this.#client.call('POST /feedback', { body });
      const text = afterFeedback({ region, accepted }, await this.#privacy);
      return { accepted, text, failed: false };
    } catch (error) {
      return { accepted, text: troubleOf(error).text, failed: true };
    }
  }
}
