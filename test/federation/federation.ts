/** A federation of four operators around one hall that only holds documents, and what a run of it leaves behind. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerEntry } from '../../shared/privacy/ledger.ts';
import type { Participants } from '../../shared/protocol/api/participant.ts';
import type { Privacy } from '../../shared/protocol/api/privacy.ts';
import type { Run, Runs } from '../../shared/protocol/api/run.ts';
import type { Version } from '../../shared/protocol/api/version.ts';
import { Guest } from './guest.ts';
import { DOCUMENTS, Hub, Member, type Site, writeLogs } from './processes.ts';

export const NAMES = ['north', 'east', 'south', 'west'];

/** One local epoch for the head alone without noise; two steps with it. */
export const settingsOf = (noise: 'on' | 'off') => ({
  regions: ['hall'],
  regionsTrain: false,
  schedule: { everyHours: 0, secureDeadlineMs: 120_000, phaseDeadlineMs: 300_000, minParticipants: 4 },
  training: {
    seed: 7,
    phases: [
      {
        train: 'head',
        rounds: 'local',
        passes: 2,
        optimiser: { kind: 'momentum', momentum: 0, headRate: 1, decay: 'constant', warmup: 0 },
      },
    ],
  },
  heldOutShare: 0.25,
  gate: { margin: -1, probeTolerance: 1, confidence: 0 },
  privacy: {
    ...{ noise, epsilon: 20, runEpsilon: 10, censusEpsilon: 0 },
    training: { steps: 2, samplingRate: 1, countsShare: 0.5 },
  },
});

export class Federation {
  readonly hub: Hub;
  readonly members: Member[] = [];
  /** Worker deployments of other accounts. */
  readonly guests: Guest[] = [];
  readonly #site: Site;
  readonly #name: string;
  readonly #prefix: string;

  constructor(site: Site, name: string) {
    this.#site = site;
    this.#name = name;
    this.hub = new Hub(site, `hub-${name}`);
    this.#prefix = `/v1/collections/${name}`;
  }

  /**
   * Starts all processes; everybody is enrolled when it returns.
   * @param guests how many of the four are Worker deployments
   */
  /** @param colluders members that may collude beside those of the largest operator */
  async begin(noise: 'on' | 'off', guests = 0, colluders = 1): Promise<void> {
    await writeLogs(this.#site, NAMES);
    await this.hub.start();
    const settings = settingsOf(noise);
    await this.hub.call('POST', '/v1/collections', {
      name: this.#name,
      settings: { ...settings, privacy: { ...settings.privacy, colluders } },
    });
    await this.call('POST', '/items', { items: DOCUMENTS });
    for (const [index, who] of NAMES.entries()) {
      const { invitation } = await this.call<{ invitation: string }>('POST', '/participants/invitations', {
        name: who,
      });
      if (index < NAMES.length - guests) {
        this.members.push(new Member(this.#site, this.#name, who, this.hub.url, invitation));
      } else {
        const guest = new Guest(this.#site, `${this.#name}-${who}`, this.hub.url, invitation);
        await guest.start({ index, of: NAMES.length });
        await guest.enrolled(async () => (await this.states())[who] !== 'invited');
        this.guests.push(guest);
      }
    }
    await Promise.all(this.members.map((member) => member.start()));
  }

  /** States of the participants, by name. */
  async states(): Promise<Record<string, string>> {
    const { participants } = await this.call<Participants>('GET', '/participants');
    return Object.fromEntries(participants.map(({ name, state }) => [name, state]));
  }

  call<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.hub.call<T>(method, this.#prefix + path, body);
  }

  /** Starts a run and waits for its end, whoever dies meanwhile; the dead are started again. */
  async run(seconds = 500): Promise<Run> {
    const { run } = await this.#started();
    for (const until = Date.now() + 1000 * seconds; Date.now() < until; await sleep(200)) {
      if (!this.hub.alive) await this.#revive();
      await Promise.all(
        this.members.filter(({ process }) => !process?.alive).map((member) => member.start()),
      );
      for (const guest of this.guests) if (!guest.alive) await guest.start();
      const report = await this.call<Run>('GET', `/rounds/${run}`).catch(() => null);
      if (report !== null && report.state !== 'running') return report;
    }
    const report = await this.call<Run>('GET', `/rounds/${run}`);
    throw new Error(`run ${run} did not end: ${JSON.stringify(report.rounds.at(-1))}`);
  }

  /** The hub may die under the request, before or after it has started the run. */
  async #started(): Promise<Run> {
    for (let attempt = 1; ; attempt++) {
      await sleep(100);
      if (!this.hub.alive) await this.#revive();
      try {
        return await this.call<Run>('POST', '/rounds');
      } catch (error) {
        if (attempt === 40) throw error;
        if (!String(error).includes('run_in_progress')) continue;
        const listed = await this.call<Runs>('GET', '/rounds?limit=1').catch(() => null);
        const [running] = listed?.runs ?? [];
        if (running !== undefined) return running;
      }
    }
  }

  async #revive(): Promise<void> {
    try {
      await this.hub.start();
    } catch {
      // It was killed again before it was up.
      return;
    }
    // Local workerd forgets alarms with its process; the cron trigger sets them again.
    this.hub.tick();
  }

  async heldOut(version: number): Promise<Version['held_out']> {
    return (await this.call<Version>('GET', `/models/${version}`)).held_out;
  }

  /** Rounds charged at the hub, by kind. */
  async charges(): Promise<Record<string, number>> {
    const { charges } = await this.call<Privacy>('GET', '/privacy');
    return Object.fromEntries(charges.map(({ kind, rounds }) => [kind, rounds]));
  }

  /** What a member charged to itself. */
  async ledgerOf(member: Member): Promise<LedgerEntry[]> {
    const text = await readFile(join(member.state, 'ledger.jsonl'), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LedgerEntry);
  }

  async end(): Promise<void> {
    await Promise.all([...this.members, ...this.guests, this.hub].map((one) => one.kill()));
  }
}
