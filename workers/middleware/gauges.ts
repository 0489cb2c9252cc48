/**
 * Figures of the collections for the metrics endpoint: privacy spent, versions, the last run, documents. They come from
 * the coordinators, so they are the deployment's and not the isolate's; asked for at most once a minute and isolate.
 * Nothing here is finer than what GET /v1/privacy, /models, /rounds and /regions show.
 */
import type { Collection } from '../../shared/protocol/api/collection.ts';
import { within } from '../deadline.ts';
import type { Services } from '../services.ts';
import { type Labels, labelText } from './metrics.ts';

/** How long one collection may take; one that is late is missing from the answer, and `up` says so. */
const DEADLINE_MS = 5_000;
const FRESH_MS = 60_000;
/** Collections of one scrape. */
const MOST_COLLECTIONS = 100;

const GAUGES = {
  fedcar_collection_up: '1 when the collection’s coordinator answered in time',
  fedcar_privacy_epsilon: 'Epsilon spent within the retention time',
  fedcar_privacy_epsilon_budget: 'Epsilon that may be spent within the retention time',
  fedcar_model_version: 'Version that serves',
  fedcar_model_versions: 'Versions by state',
  fedcar_model_rows: 'Rows of the version that serves; active ones were trained',
  fedcar_run_state: '1 for the state of the last training run',
  fedcar_run_rounds_finished: 'Rounds that the last training run has behind it',
  fedcar_run_start_time_seconds: 'When the last training run began',
  fedcar_region_items: 'Documents by region',
  fedcar_region_last_contribution_time_seconds: 'When a region last contributed to a round',
} as const;
type GaugeName = keyof typeof GAUGES;

interface Sample {
  name: GaugeName;
  labels: Labels;
  value: number;
}

export class Gauges {
  readonly #now: () => number;
  readonly #known = new Map<string, { at: number; samples: Sample[] }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  async text(services: Services, collections: readonly Collection[]): Promise<string> {
    const some = collections.slice(0, MOST_COLLECTIONS);
    const samples = (await Promise.all(some.map((each) => this.#samples(services, each)))).flat();
    const lines = Object.entries(GAUGES).flatMap(([name, help]) => {
      const own = samples.filter((sample) => sample.name === name);
      if (own.length === 0) return [];
      const values = own.map(({ labels, value }) => `${name}${labelText(labels)} ${value}`);
      return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...values];
    });
    return lines.map((line) => `${line}\n`).join('');
  }

  async #samples(services: Services, collection: Collection): Promise<Sample[]> {
    const known = this.#known.get(collection.name);
    if (known !== undefined && this.#now() - known.at < FRESH_MS) return known.samples;
    const labels = { collection: collection.name };
    try {
      const read = within(DEADLINE_MS, `collection ${collection.name}`, samplesOf(services, collection));
      const samples: Sample[] = [{ name: 'fedcar_collection_up', labels, value: 1 }, ...(await read)];
      this.#known.set(collection.name, { at: this.#now(), samples });
      return samples;
    } catch {
      return [{ name: 'fedcar_collection_up', labels, value: 0 }];
    }
  }
}

async function samplesOf(services: Services, info: Collection): Promise<Sample[]> {
  const coordinator = services.coordinator(info);
  const [privacy, versions, [run], regions] = await Promise.all([
    coordinator.privacy(),
    coordinator.versions(),
    coordinator.runs(1),
    coordinator.regions(),
  ]);
  const collection = info.name;
  const samples: Sample[] = [];
  const add = (name: GaugeName, value: number, labels: Labels = {}) =>
    samples.push({ name, labels: { collection, ...labels }, value });
  if (privacy.noise === 'on') add('fedcar_privacy_epsilon', privacy.epsilon);
  add('fedcar_privacy_epsilon_budget', privacy.budget);
  for (const state of ['serving', 'available', 'rejected'] as const) {
    add('fedcar_model_versions', versions.filter((version) => version.state === state).length, { state });
  }
  const serving = versions.find(({ state }) => state === 'serving');
  if (serving !== undefined) {
    add('fedcar_model_version', serving.version);
    add('fedcar_model_rows', serving.rows, { rows: 'all' });
    add('fedcar_model_rows', serving.active_rows, { rows: 'active' });
  }
  if (run !== undefined) {
    add('fedcar_run_state', 1, { state: run.state });
    add('fedcar_run_rounds_finished', run.finished);
    add('fedcar_run_start_time_seconds', run.started_at / 1000);
  }
  for (const { region, items, last_contribution_at } of regions) {
    add('fedcar_region_items', items, { region });
    if (last_contribution_at === null) continue;
    add('fedcar_region_last_contribution_time_seconds', last_contribution_at / 1000, { region });
  }
  return samples;
}
