/** Deployments: the configuration's environments, and the real wrangler against an API that remembers its calls. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unstable_readConfig } from 'wrangler';
import { assetSizes } from '../../../../cli/fedcar/asset-sizes.ts';
import { configuration } from '../../../../cli/fedcar/commands/init.ts';
import { planDeployment } from '../../../../cli/fedcar/deploy-plan.ts';
import { PROJECT } from '../../../../cli/worker-bundle.ts';
import { writeFolder } from '../../../helpers/bert-folder.ts';
import { type FakeCloudflare, fakeCloudflare } from '../../../helpers/cloudflare.ts';
import { fedcar } from '../../../helpers/fedcar.ts';
import { draftXlmFolder } from '../../../helpers/xlm-folder.ts';

const OWN = join(PROJECT, 'wrangler.toml');
const ENVIRONMENTS = ['staging', 'production'];

let folder: string;
let cloudflare: FakeCloudflare;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fedcar-deploy-'));
  // As npm installs a folder.
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(PROJECT, join(folder, 'node_modules', 'fedcar'), 'dir');
  cloudflare = await fakeCloudflare();
});
afterAll(async () => {
  await cloudflare.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('wrangler.toml', () => {
  const read = (env?: string) =>
    unstable_readConfig({ config: OWN, ...(env === undefined ? {} : { env }) }, { hideWarnings: true });
  /** What an environment may have of its own. */
  const OWN_KEYS = new Set([
    'name',
    'topLevelName',
    'targetEnvironment',
    'definedEnvironments',
    'vars',
    'ai',
  ]);

  it.each(ENVIRONMENTS)('%s is the default but for its name, its variables and Workers AI', (name) => {
    const [base, environment] = [read(), read(name)] as unknown as Record<string, unknown>[];
    const keys = Object.keys(base ?? {}).filter((key) => !OWN_KEYS.has(key));
    for (const key of keys) expect(environment?.[key], key).toEqual(base?.[key]);
    expect(environment?.name).toBe(`fedcar-${name}`);
    const vars = (each: Record<string, unknown> | undefined) => each?.vars as Record<string, unknown>;
    expect(Object.keys(vars(environment))).toEqual(expect.arrayContaining(Object.keys(vars(base))));
    expect(vars(environment).FEDCAR_ENVIRONMENT).toBe(name);
  });

  it('binds Workers AI in production alone: it cannot run on this machine', () => {
    expect(read('production').ai).toMatchObject({ binding: 'AI' });
    expect(read('staging').ai).toBeUndefined();
    expect(read().ai).toBeUndefined();
  });

  it('says which log lines are kept and billed: one a request, none of the runtime', () => {
    for (const name of [undefined, ...ENVIRONMENTS]) {
      const logs = { enabled: true, invocation_logs: false, head_sampling_rate: 1 };
      expect(read(name).observability).toMatchObject({ enabled: true, logs });
    }
  });

  it('has nothing wrong in any environment', async () => {
    for (const name of [undefined, ...ENVIRONMENTS]) {
      const plan = await planDeployment(OWN, name, false);
      expect(plan.problems).toEqual([]);
      expect(plan.regions.map(({ name: region, place }) => [region, place])).toEqual(
        ['wnam', 'weur', 'apac', 'sam'].map((hint) => [hint, hint]),
      );
    }
    await expect(planDeployment(OWN, 'nowhere', false)).rejects.toThrow('no environment nowhere, only');
  });

  it('is refused where an object would be made without SQLite', async () => {
    const config = join(folder, 'wrangler.toml');
    const own = configuration(readFileSync(OWN, 'utf8'), 'node_modules/fedcar', { name: 'shop' });
    writeFileSync(config, own.replace('"Coordinator", "Region"]', '"Coordinator"]'));
    const { problems } = await planDeployment(config, undefined, false);
    expect(problems).toEqual(['migrations: Region is not among new_sqlite_classes']);
  });

  it('uploads the artifact of the encoder and nothing else', async () => {
    const { files, bytes, largest } = await assetSizes(join(PROJECT, 'models'));
    expect(files).toBe(4);
    expect(largest).toBeLessThan(25 << 20);
    expect(bytes).toBeGreaterThan(largest);
  });
});

describe('fedcar init', () => {
  it('writes a configuration that leads to the package, and never over another', async () => {
    const line = 'init shop --name shop-search --regions weur-berlin,eeur,elsewhere --jurisdiction eu';
    const made = await fedcar(line, { cwd: folder });
    expect(made.code, made.err).toBe(0);
    expect(made.out).toContain('cd shop\n  npx wrangler login\n');
    // Where Node finds the package, not where this checkout lies.
    const text = readFileSync(join(folder, 'shop', 'wrangler.toml'), 'utf8');
    expect(text).toContain('main = "../node_modules/fedcar/workers/index.ts"');
    expect(existsSync(join(folder, 'shop', 'package.json'))).toBe(false);
    const plan = await planDeployment(join(folder, 'shop', 'wrangler.toml'), 'staging', false);
    expect(plan).toMatchObject({ worker: 'shop-search-staging', problems: [], assets: { files: 4 } });
    expect(plan.regions).toEqual([
      { name: 'weur-berlin', place: 'weur, kept in eu' },
      { name: 'eeur', place: 'eeur, kept in eu' },
      { name: 'elsewhere', place: 'where it is first used, kept in eu' },
    ]);
    const again = await fedcar(line, { cwd: folder });
    expect(again.code).toBe(2);
    expect(again.err).toContain('exists already');
  });

  it('asks for the package where Node finds none: with a manifest, or in one that is there', async () => {
    const alone = mkdtempSync(join(tmpdir(), 'fedcar-alone-'));
    try {
      const made = await fedcar('init shop --name shop-search', { cwd: alone });
      expect(made.out).toContain('cd shop\n  npm install\n');
      const text = readFileSync(join(alone, 'shop', 'wrangler.toml'), 'utf8');
      expect(text).toContain('main = "node_modules/fedcar/workers/index.ts"');
      expect(text).toContain('command = "node node_modules/fedcar/scripts/build-dashboard.mjs"');
      expect(text).toContain('directory = "node_modules/fedcar/models"');
      for (const machine of [PROJECT, relative(join(alone, 'shop'), PROJECT), alone])
        expect(text).not.toContain(machine);
      const manifest = JSON.parse(readFileSync(join(alone, 'shop', 'package.json'), 'utf8'));
      expect(manifest).toMatchObject({
        name: 'shop-search',
        private: true,
        dependencies: { fedcar: expect.any(String) },
      });

      mkdirSync(join(alone, 'mine'));
      writeFileSync(join(alone, 'mine', 'package.json'), '{ "name": "mine" }');
      const within = await fedcar('init', { cwd: join(alone, 'mine') });
      expect(within.out).toMatch(/Next:\n {2}npm install fedcar@/);
      expect(readFileSync(join(alone, 'mine', 'package.json'), 'utf8')).toBe('{ "name": "mine" }');
    } finally {
      rmSync(alone, { recursive: true });
    }
  });

  it('prepares for an encoder of other languages, which the deployment asks for until it is there', async () => {
    const made = await fedcar('init laden --language de,EN,fr --json', { cwd: folder });
    expect(made.code, made.err).toBe(0);
    const { next } = JSON.parse(made.out) as { next: string[] };
    const step = next.find((line) => line.includes('encoder import'))!;
    expect(step).toMatch(/^npx fedcar encoder import FOLDER --name multilingual --languages de,fr /);
    const config = join(folder, 'laden', 'wrangler.toml');
    for (const environment of [undefined, 'staging', 'production']) {
      const plan = await planDeployment(config, environment, false);
      expect(plan.encoder).toBe(join(folder, 'laden', 'models', 'multilingual'));
      expect(plan.problems).toEqual([
        expect.stringMatching(/multilingual holds no encoder: fedcar encoder import/),
      ]);
    }
    await using given = await writeFolder(draftXlmFolder());
    const line = step
      .replace('npx fedcar ', '')
      .replace('FOLDER', given.path)
      .replace(/ {3}#.*/, '');
    const imported = await fedcar(`${line} --json`, { cwd: join(folder, 'laden') });
    expect(imported.code, imported.err).toBe(0);
    expect(JSON.parse(imported.out)).toMatchObject({
      folder: 'models/multilingual',
      languages: ['de', 'fr'],
    });
    const plan = await planDeployment(config, undefined, false);
    expect(plan.problems).toEqual([]);
    // The manifest, the tokenizer, the weights, and what all texts share.
    expect(plan.assets.files).toBe(5);
    const strange = await fedcar('init fort --language de,klingon', { cwd: folder });
    expect([strange.code, strange.err]).toEqual([2, expect.stringMatching(/klingon: known are af, ar/)]);
    const english = await fedcar('init shire --language en', { cwd: folder });
    expect(english.out).not.toContain('encoder');
  });

  it('refuses names that no region or Worker can have', () => {
    const own = readFileSync(OWN, 'utf8');
    expect(() => configuration(own, 'fedcar', { name: 'Shop' })).toThrow('--name');
    expect(() => configuration(own, 'fedcar', { name: 'shop', regions: 'weur,,apac' })).toThrow('--regions');
    expect(() => configuration(own, 'fedcar', { name: 'shop', jurisdiction: 'mars' })).toThrow(
      '--jurisdiction',
    );
  });
});

describe('fedcar deploy', () => {
  const shop = () => ({ cwd: join(folder, 'shop'), env: cloudflare.env });

  it('does nothing that was not confirmed', async () => {
    const ran = await fedcar('deploy', shop());
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('Workers Paid');
    expect(cloudflare.calls).toEqual([]);
  });

  // Bundling takes some seconds of processor time.
  it.skipIf(!process.env.FEDCAR_FULL)(
    'uploads the Worker, makes the one secret, remembers the address',
    {
      timeout: 300_000,
    },
    async () => {
      const ran = await fedcar('deploy -y --no-wait --json', shop());
      expect(ran.code, ran.err).toBe(0);
      const { url, admin_token } = ran.json<{ url: string; admin_token: string }>();
      expect(url).toBe('https://shop-search.someone.workers.dev');
      expect(admin_token).toMatch(/^fca_[\w-]{43}$/);
      expect([...(cloudflare.secrets.get('shop-search') ?? [])]).toEqual([
        ['FEDCAR_ADMIN_TOKEN', admin_token],
      ]);
      // Shown once: not in what wrangler said on the way.
      expect(ran.err).not.toContain(admin_token);
      const upload = cloudflare.calls.find(
        ({ method, path }) => method === 'PUT' && path === '/workers/scripts/shop-search',
      );
      for (const said of [
        'new_sqlite_classes',
        'DIRECTORY',
        'COORDINATOR',
        'REGION',
        'FEDCAR_JURISDICTION',
        '"cpu_ms":300000',
      ]) {
        expect(upload?.body).toContain(said);
      }
      const crons = cloudflare.calls.find(({ path }) => path.endsWith('/schedules'));
      expect(JSON.parse(crons?.body ?? '')).toEqual([{ cron: '*/15 * * * *' }]);
      // Commands in this folder talk to it from now on; without a network they cannot.
      const kept = JSON.parse(readFileSync(join(folder, 'shop', '.fedcar', 'deployments.json'), 'utf8'));
      expect(kept).toEqual({ '': { url } });
      expect(JSON.stringify(kept)).not.toContain(admin_token);
    },
  );

  it.skipIf(!process.env.FEDCAR_FULL)(
    'leaves a secret that is there, and says what it would do',
    {
      timeout: 300_000,
    },
    async () => {
      cloudflare.secrets.set('shop-search-staging', new Map([['FEDCAR_ADMIN_TOKEN', 'as it was']]));
      const ran = await fedcar('deploy -y --no-wait --env staging', shop());
      expect(ran.code, ran.err).toBe(0);
      expect(ran.out).toBe('shop-search-staging: https://shop-search-staging.someone.workers.dev\n');
      expect(cloudflare.secrets.get('shop-search-staging')?.get('FEDCAR_ADMIN_TOKEN')).toBe('as it was');
      const before = cloudflare.calls.length;
      const dry = await fedcar('deploy --dry-run --env production', shop());
      expect(dry.out).toMatch(/Worker +shop-search-production[\s\S]*MiB compressed[\s\S]*Workers AI +bound/);
      expect(cloudflare.calls).toHaveLength(before);
    },
  );

  it('asks for an environment’s address when it is not known', async () => {
    const ran = await fedcar('train list --env production', shop());
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('fedcar deploy --env production, or give --url');
  });
});
