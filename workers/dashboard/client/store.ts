/**
 * The dashboard's data: loads it, keeps it fresh while somebody looks, and tells whoever draws it. A run under way is
 * read every two seconds, everything else once a minute; a hidden page asks for nothing.
 */
import type { Client } from '../../../client/client.ts';
import type { Privacy } from '../../../shared/protocol/api/privacy.ts';
import type { Regions } from '../../../shared/protocol/api/region.ts';
import type { Run, Runs } from '../../../shared/protocol/api/run.ts';
import type { Version } from '../../../shared/protocol/api/version.ts';
import { clientOf, collectionNames, type Target, type Trouble, troubleOf } from './api.ts';
import { shownRun } from './shown-run.ts';
import { keepToken, keptToken } from './token.ts';

const RUNNING_MS = 2000;
const IDLE_MS = 10_000;
const ALL_MS = 60_000;

/** The last answer stays while a later call fails. */
export interface Loaded<T> {
  value: T | null;
  trouble: Trouble | null;
}

export interface State {
  target: Target;
  collections: string[];
  models: Loaded<Version[]>;
  privacy: Loaded<Privacy>;
  regions: Loaded<Regions>;
  runs: Loaded<Runs>;
  /** The run that is shown, with its rounds: see shown-run.ts. */
  run: Loaded<Run>;
  /** What the reader chose; null: the run under way, or else the last good one. */
  chosenRun: string | null;
  /** Set when the service asked for a token: what it said. */
  asked: string | null;
  /** When the last answer came, in milliseconds since 1970. */
  now: number;
}

const NOTHING = { value: null, trouble: null };

function emptyState(target: Target): State {
  const empty = { models: NOTHING, privacy: NOTHING, regions: NOTHING, runs: NOTHING, run: NOTHING };
  return { target, collections: [], ...empty, chosenRun: null, asked: null, now: Date.now() };
}

type Part = 'models' | 'privacy' | 'regions' | 'runs' | 'run';

/** Whether regions answered and hold no document: then there is nothing to train on. */
export function isEmpty({ regions }: State): boolean {
  const { value } = regions;
  return value !== null && value.away.length === 0 && value.regions.every(({ items }) => items === 0);
}

/** Name of the run that is shown; null where there is none. */
export function runOf({ chosenRun, runs, models }: State): string | null {
  return shownRun({ runs: runs.value?.runs ?? [], versions: models.value ?? [], chosen: chosenRun });
}

export class Store {
  #state: State;
  #listener: (state: State) => void = () => {};
  #seen: (() => void) | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #allAt = 0;
  /** Counts loads that were begun: what an older one brings is dropped. */
  #load = 0;

  constructor(collection: string) {
    this.#state = emptyState({ collection, token: keptToken() });
  }

  get state(): State {
    return this.#state;
  }

  /** Starts loading, once however often it is called. Returns how to stop. */
  start(listener: (state: State) => void): () => void {
    this.#listener = listener;
    if (this.#seen === null) {
      this.#seen = () => {
        if (!document.hidden) void this.refresh(false);
      };
      document.addEventListener('visibilitychange', this.#seen);
      void this.refresh();
      void this.#readCollections();
    }
    return () => this.#stop();
  }

  #stop(): void {
    if (this.#seen !== null) document.removeEventListener('visibilitychange', this.#seen);
    this.#seen = null;
    clearTimeout(this.#timer);
    this.#listener = () => {};
  }

  useToken(token: string | null): void {
    keepToken(token);
    this.#state = emptyState({ ...this.#state.target, token });
    this.#set({});
    void this.refresh();
    void this.#readCollections();
  }

  chooseRun(run: string): void {
    this.#set({ chosenRun: run });
    void this.refresh(false);
  }

  /** Does something and shows what became of it. Returns what went wrong, or null. */
  async act(ask: (client: Client) => Promise<unknown>): Promise<Trouble | null> {
    try {
      await ask(clientOf(this.#state.target));
      return null;
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble.kind === 'token') this.#set({ asked: trouble.text });
      return trouble;
    } finally {
      await this.refresh();
    }
  }

  /** @param all also what changes rarely. */
  async refresh(all = true): Promise<void> {
    clearTimeout(this.#timer);
    const load = ++this.#load;
    const wasRunning = this.#running();
    const everything = all || Date.now() - this.#allAt > ALL_MS;
    const rare = everything
      ? [this.#part('models', load), this.#part('privacy', load), this.#part('regions', load)]
      : [];
    await Promise.all([this.#runs(load), ...rare]);
    if (load !== this.#load) return;
    if (everything) this.#allAt = Date.now();
    // A run that has just ended changed versions, privacy and regions.
    if (wasRunning && !this.#running() && !everything) return await this.refresh();
    this.#schedule();
  }

  #running(): boolean {
    return this.#state.runs.value?.runs[0]?.state === 'running';
  }

  #schedule(): void {
    if (this.#state.asked !== null || document.hidden) return;
    this.#timer = setTimeout(() => void this.refresh(false), this.#running() ? RUNNING_MS : IDLE_MS);
  }

  async #runs(load: number): Promise<void> {
    await this.#part('runs', load);
    const shown = runOf(this.#state);
    if (shown === null) return;
    // A run that has ended does not change any more.
    const { value } = this.#state.run;
    if (value?.run === shown && value.state !== 'running') return;
    await this.#part('run', load, shown);
  }

  async #part(part: Part, load: number, run = ''): Promise<void> {
    const loaded = await this.#read(part, run).then(
      (value) => ({ value, trouble: null }),
      (error) => ({ value: this.#state[part].value, trouble: troubleOf(error) }),
    );
    if (load !== this.#load) return;
    const { trouble } = loaded;
    if (trouble?.kind === 'token') this.#set({ [part]: loaded, asked: trouble.text });
    else this.#set({ [part]: loaded });
  }

  async #read(part: Part, run: string): Promise<Version[] | Privacy | Regions | Runs | Run> {
    const client = clientOf(this.#state.target);
    switch (part) {
      case 'models':
        return (await client.call('GET /models')).versions;
      case 'runs':
        return await client.call('GET /rounds', { query: { limit: 20 } });
      case 'run':
        return await client.call('GET /rounds/{run}', { params: { run } });
      case 'privacy':
        return await client.call('GET /privacy');
      case 'regions':
        return await client.call('GET /regions');
    }
  }

  async #readCollections(): Promise<void> {
    const collections = await collectionNames(this.#state.target.token);
    this.#set({ collections });
  }

  #set(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change, now: Date.now() };
    this.#listener(this.#state);
  }
}
