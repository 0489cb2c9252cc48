/** What a deployment will consist of, from wrangler's own reading of its configuration, and what is wrong with it. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { unstable_readConfig } from 'wrangler';
import { hintOf } from '../../shared/protocol/location-hints.ts';
import { RegionName } from '../../shared/protocol/names.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import { bundleWorker } from '../worker-bundle.ts';
import { assetSizes } from './asset-sizes.ts';
import { Failure, UsageError } from './failure.ts';

export const SECRET = 'FEDCAR_ADMIN_TOKEN';
const OBJECTS = ['DIRECTORY', 'COORDINATOR', 'REGION'];
const SHIPPED_ENCODER = 'minilm';
/** Limits of the platform. */
const MOST_ASSET_BYTES = 25 << 20;
const MOST_WORKER_BYTES = 64 << 20;

export interface DeployPlan {
  config: string;
  environment: string | null;
  worker: string;
  objects: string[];
  regions: { name: string; place: string }[];
  crons: string[];
  cpu_ms: number | null;
  assets: { files: number; bytes: number; largest: number };
  /** Folder of the encoder of collections that name none. */
  encoder: string;
  /** Null when it was not built. */
  bundle: { bytes: number; gzip: number } | null;
  secret: string;
  workers_ai: boolean;
  /** Why it would not work. */
  problems: string[];
}

/** @param build also bundles the Worker, which takes some seconds */
export async function planDeployment(
  config: string,
  environment: string | undefined,
  build: boolean,
): Promise<DeployPlan> {
  const read = readConfig(config, environment);
  const models = join(dirname(config), read.assets?.directory ?? '');
  const assets = await assetSizes(models);
  const encoder = join(models, String(read.vars.FEDCAR_MODEL ?? SHIPPED_ENCODER));
  const bundle = build ? await bundleSize(config) : null;
  const { regions, problems: misnamed } = regionsOf(read.vars);
  const bound = read.durable_objects.bindings.map(({ name }: { name: string }) => name);
  const stored = read.migrations.flatMap(({ new_sqlite_classes = [] }) => new_sqlite_classes);
  const problems = [
    ...read.durable_objects.bindings
      .filter(({ class_name }: { class_name: string }) => !stored.includes(class_name))
      .map(
        ({ class_name }: { class_name: string }) =>
          `migrations: ${class_name} is not among new_sqlite_classes`,
      ),
    ...OBJECTS.filter((name) => !bound.includes(name)).map((name) => `durable_objects: ${name} is not bound`),
    ...(read.triggers.crons?.length
      ? []
      : ['triggers: without a cron no run is started and no lost alarm set again']),
    ...(read.assets?.binding === 'ASSETS' ? [] : ['assets: the binding ASSETS is missing']),
    ...(read.vars.FEDCAR_ENVIRONMENT === 'development'
      ? ['vars: FEDCAR_ENVIRONMENT is development, which needs no token: anybody could do everything']
      : []),
    ...(existsSync(join(encoder, 'manifest.json'))
      ? []
      : [`assets: ${encoder} holds no encoder: fedcar encoder import makes one`]),
    ...(assets.largest > MOST_ASSET_BYTES
      ? [`assets: a file has ${assets.largest} bytes of at most ${MOST_ASSET_BYTES}`]
      : []),
    ...(bundle !== null && bundle.bytes > MOST_WORKER_BYTES
      ? [`the Worker has ${bundle.bytes} bytes of at most ${MOST_WORKER_BYTES}`]
      : []),
    ...misnamed,
  ];
  return {
    config,
    environment: environment ?? null,
    worker: read.name ?? '',
    objects: bound,
    regions,
    crons: read.triggers.crons ?? [],
    cpu_ms: read.limits?.cpu_ms ?? null,
    assets,
    encoder,
    bundle,
    secret: SECRET,
    workers_ai: read.ai !== undefined,
    problems,
  };
}

function readConfig(config: string, environment: string | undefined) {
  const read = (env: { env?: string }) => unstable_readConfig({ config, ...env }, { hideWarnings: true });
  try {
    const top = read({});
    if (environment === undefined) return top;
    const known = top.definedEnvironments ?? [];
    if (known.includes(environment)) return read({ env: environment });
    const names = known.length === 0 ? 'none' : `only ${known.join(', ')}`;
    throw new UsageError(`--env: ${config} has no environment ${environment}, ${names}`);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new Failure(`${config}: ${(error as Error).message.trim()}`);
  }
}

/** Regions of the collection `default`, and where they will lie. */
function regionsOf(vars: Record<string, unknown>): Pick<DeployPlan, 'regions' | 'problems'> {
  const names = String(vars.FEDCAR_REGIONS ?? '')
    .split(',')
    .map((name) => name.trim());
  const wanted = names.filter((name) => name !== '');
  const jurisdiction = vars.FEDCAR_JURISDICTION === undefined ? null : String(vars.FEDCAR_JURISDICTION);
  const settings = CollectionSettings.safeParse({
    ...(wanted.length === 0 ? {} : { regions: wanted }),
    ...(jurisdiction ? { jurisdiction } : {}),
  });
  if (!settings.success) {
    const bad = wanted.filter((name) => !RegionName.safeParse(name).success);
    const detail =
      bad.length > 0 ? `FEDCAR_REGIONS: ${bad.join(', ')}` : 'FEDCAR_JURISDICTION: eu or fedramp';
    return { regions: [], problems: [`vars: ${detail}`] };
  }
  const bounds = settings.data.jurisdiction === null ? '' : `, kept in ${settings.data.jurisdiction}`;
  const regions = settings.data.regions.map((name) => ({
    name,
    place: (hintOf(name) ?? 'where it is first used') + bounds,
  }));
  return { regions, problems: [] };
}

async function bundleSize(config: string): Promise<NonNullable<DeployPlan['bundle']>> {
  const folder = await mkdtemp(join(tmpdir(), 'fedcar-bundle-'));
  try {
    const modules = await bundleWorker(folder, config);
    const contents = await Promise.all(modules.map(({ path }) => readFile(path)));
    const sum = (sizes: number[]) => sizes.reduce((a, b) => a + b, 0);
    return {
      bytes: sum(contents.map((content) => content.length)),
      gzip: sum(contents.map((content) => gzipSync(content).length)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
