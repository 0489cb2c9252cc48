/** What brings the service elsewhere: the container's image, the deploy button's form, the release's pipeline. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unstable_readConfig } from 'wrangler';
import { PROJECT } from '../../cli/worker-bundle.ts';
import { fedcar } from '../helpers/fedcar.ts';

const textOf = (file: string) => readFileSync(join(PROJECT, file), 'utf8');
interface Manifest {
  engines: { node: string };
  files: string[];
  bin: { fedcar: string };
  scripts: Record<string, string>;
  cloudflare: { bindings: Record<string, { description: string }> };
}
const manifest = JSON.parse(textOf('package.json')) as Manifest;

describe('the Dockerfile', () => {
  /** Instructions with their continued lines, without comments. */
  const instructions = textOf('Dockerfile')
    .replace(/^#.*\n/gm, '')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => /^([A-Z]+)\s+(.*)$/.exec(line.trim()))
    .filter((line) => line !== null)
    .map(([, name, rest]) => ({ name: name!, rest: rest!.replace(/\s+/g, ' ') }));
  const last = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));
  const only = (name: string) => last.filter((each) => each.name === name).map(({ rest }) => rest);

  it('builds from images with a version, in which Node is new enough', () => {
    const from = instructions.filter(({ name }) => name === 'FROM').map(({ rest }) => rest.split(' ')[0]!);
    expect(from.length).toBe(2);
    for (const image of from)
      expect(Number(/^node:(\d+)-\w+-slim$/.exec(image)?.[1])).toBeGreaterThanOrEqual(22);
  });

  it('runs as nobody special, and has no secret in it', () => {
    expect(only('USER')).toEqual(['node']);
    const order = last.map(({ name }) => name);
    expect(order.lastIndexOf('USER')).toBeLessThan(order.indexOf('ENTRYPOINT'));
    for (const { name, rest } of instructions)
      if (/^(ENV|ARG)$/.test(name)) expect(rest).not.toMatch(/token|secret|key/i);
    expect(instructions.some(({ name }) => name === 'ADD')).toBe(false);
  });

  it('starts the command of the package, where the health check asks', () => {
    const command = JSON.parse(only('ENTRYPOINT')[0]!) as string[];
    expect(command).toEqual(['node', `/app/node_modules/fedcar/${manifest.bin.fedcar}`]);
    const args = JSON.parse(only('CMD')[0]!) as string[];
    expect(args.slice(0, 3)).toEqual(['dev', '--host', '0.0.0.0']);
    const port = args[args.indexOf('--port') + 1];
    expect(only('EXPOSE')).toEqual([port]);
    const state = args[args.indexOf('--state') + 1];
    expect(only('VOLUME')).toEqual([state]);
    // Wrangler bundles the Worker at the start, and writes beside its configuration.
    expect(only('RUN').join(' ')).toContain(`chown node:node ${state} node_modules/fedcar/.wrangler`);
    const [check] = only('HEALTHCHECK');
    const program = JSON.parse(check!.slice(check!.indexOf('[')).replace(/^\[/, '[')) as string[];
    expect(program[2]).toContain(`http://127.0.0.1:${port}/readyz`);
    // The program itself is sound: without a service it says so.
    const { status } = spawnSync(
      process.execPath,
      program.slice(1).map((each) => each.replace(`:${port}`, ':9')),
    );
    expect(status).toBe(1);
  });

  it('copies what the package is made of, and nothing that lies about', () => {
    const let_in = textOf('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    for (const name of let_in) expect(existsSync(join(PROJECT, name)), name).toBe(true);
    const made = ['dist/pages', 'dist/client'];
    for (const name of manifest.files.filter((each) => !made.includes(each))) expect(let_in).toContain(name);
    expect(let_in.some((name) => /^(\.git|\.dev\.vars|node_modules|dist|test)$/.test(name))).toBe(false);
  });

  const docker = process.env.FEDCAR_FULL && spawnSync('docker', ['info']).status === 0;
  it.skipIf(!docker)('builds, and becomes healthy', { timeout: 900_000 }, async () => {
    const run = (...args: string[]) => spawnSync('docker', args, { cwd: PROJECT, encoding: 'utf8' });
    const built = run('build', '--quiet', '--tag', 'fedcar-test', '.');
    expect(built.status, built.stderr).toBe(0);
    const id = run(
      'run',
      '--detach',
      '--init',
      '--env',
      'FEDCAR_ADMIN_TOKEN=of-a-test-alone-0',
      'fedcar-test',
    ).stdout.trim();
    try {
      for (let i = 0; i < 60; i++) {
        if (run('inspect', '--format', '{{.State.Health.Status}}', id).stdout.trim() === 'healthy') return;
        await new Promise((resolve) => setTimeout(resolve, 2_000));
      }
      expect.fail(run('logs', id).stdout);
    } finally {
      run('rm', '--force', '--volumes', id);
    }
  });
});

it('others are let in with a token alone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fedcar-host-'));
  try {
    const open = await fedcar('dev --host 0.0.0.0 --port 0', { cwd: folder });
    expect([open.code, open.err]).toEqual([2, expect.stringContaining('FEDCAR_ADMIN_TOKEN has to be set')]);
    const env = { FEDCAR_ADMIN_TOKEN: 'correct-horse-battery-staple' };
    const shut = await fedcar('dev --host 0.0.0.0 --port 0 --dry-run', { cwd: folder, env });
    expect([shut.code, shut.out]).toEqual([0, expect.stringContaining('on 0.0.0.0, port 0')]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('the deploy button', () => {
  it('describes every binding and secret of the configuration, and deploys without asking', () => {
    const { durable_objects, vars, assets } = unstable_readConfig(
      { config: join(PROJECT, 'wrangler.toml') },
      { hideWarnings: true },
    );
    const bound = [
      ...durable_objects.bindings.map(({ name }: { name: string }) => name),
      ...Object.keys(vars),
      assets?.binding ?? '',
    ];
    const secrets = [...textOf('.dev.vars.example').matchAll(/^(\w+)=(.*)$/gm)];
    for (const [, name, value] of secrets) expect([name, value]).toEqual([name, '']);
    const named = [...bound, ...secrets.map(([, name]) => name!)];
    expect(Object.keys(manifest.cloudflare.bindings).sort()).toEqual([...named].sort());
    for (const { description } of Object.values(manifest.cloudflare.bindings))
      expect(description).not.toBe('');
    expect(manifest.scripts.deploy).toMatch(/wrangler deploy --env=""$/);
  });
});

describe('a release', () => {
  const workflow = textOf('.github/workflows/release.yml');

  it('publishes both packages from a tag with provenance, after all checks, without a stored token', () => {
    expect(workflow).toContain('id-token: write');
    expect(workflow.match(/npm publish --provenance/g)).toHaveLength(2);
    expect(workflow.indexOf('.ci/run')).toBeLessThan(workflow.indexOf('npm publish'));
    expect(workflow).not.toMatch(/NODE_AUTH_TOKEN|NPM_TOKEN|secrets\./);
    for (const [line] of workflow.matchAll(/npm publish .*/g))
      expect(textOf('docs/releasing.md')).toContain(line);
  });
});
