/** The tree of commands: help, usage, exit status, completion; and the command as a program of its own. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processIo } from '../../../../cli/fedcar/io.ts';
import { makeProgram } from '../../../../cli/fedcar/program.ts';
import { tokenOf, urlOf } from '../../../../cli/fedcar/target.ts';
import { PROJECT } from '../../../../cli/worker-bundle.ts';
import { fedcar } from '../../../helpers/fedcar.ts';

const here = { cwd: import.meta.dirname };

function commands(command: Command, path: string[] = []): [string, Command][] {
  return command.commands.flatMap((inner): [string, Command][] => {
    const name = [...path, inner.name()];
    return [[name.join(' '), inner], ...commands(inner, name)];
  });
}
const ALL = commands(makeProgram(processIo(), () => {}));

describe('help', () => {
  it('fits on a screen and has every command', async () => {
    const { code, out } = await fedcar('--help', here);
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(50);
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    for (const [name] of ALL.filter(([path]) => !path.includes(' '))) expect(out).toContain(`\n  ${name}`);
  });

  it.each(ALL)('of %s is one short line that starts small and ends without a full stop', (_, command) => {
    const what = command.description();
    expect(what.length).toBeGreaterThan(4);
    expect(what.length).toBeLessThanOrEqual(90);
    expect(what).not.toMatch(/\.$/);
    expect(what[0]).toBe(what[0]?.toLowerCase());
    for (const option of command.options) expect(option.description, option.long ?? '').not.toBe('');
  });

  it('has examples that are command lines of the program', async () => {
    for (const [name, command] of ALL.filter(([, { commands }]) => commands.length === 0)) {
      const { out, code } = await fedcar([...name.split(' '), '--help'], here);
      expect(code, name).toBe(0);
      const examples = out.split('Examples:\n')[1]?.trimEnd().split('\n') ?? [];
      // Benches have a list of their own instead.
      if (name !== 'bench') expect(examples, name).not.toEqual([]);
      for (const line of examples) expect(line, name).toMatch(new RegExp(`^  fedcar ${name}( .*)?  # .+`));
      const flags = examples.flatMap((line) => line.split('#')[0]?.match(/ --?[a-z-]+/g) ?? []);
      const known = [
        ...command.options,
        ...(command.parent?.options ?? []),
        ...(command.parent?.parent?.options ?? []),
      ];
      const names = known.flatMap(({ long, short }) => [long, short]);
      for (const flag of flags) expect(names, `${name}:${flag}`).toContain(flag.trim());
    }
  });
});

describe('a wrong command line', () => {
  it.each([
    ['modl list', 'Did you mean model?'],
    ['model', 'Usage: fedcar model'],
    ['model activate', "missing required argument 'version'"],
    ['model activate one', 'expected a whole number'],
    ['query x --limt 3', 'Did you mean --limit?'],
    ['train list --url ftp://x', '--url: ftp://x is not an http(s) address'],
    ['dev --env staging', '--env names a deployment'],
    ['deploy --config nowhere.toml', '--config: there is no'],
    ['', 'Usage: fedcar <command>'],
  ])('%s: status 2, one clear line, nothing on standard output', async (line, said) => {
    const ran = await fedcar(line === '' ? [] : line, here);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain(said);
  });

  it('is a JSON document on standard error where --json asked for it', async () => {
    const ran = await fedcar('train list --json --url ftp://x', here);
    expect(JSON.parse(ran.err)).toMatchObject({ error: { code: 'usage' } });
  });

  it.each([
    ['modl list --json', 'Did you mean model?'],
    ['model --json', 'a command is missing'],
    ['model activate one --json', 'expected a whole number'],
    ['query x --limt 3 --json', "unknown option '--limt'"],
    ['collections create faq --regions A --json', 'regions.0: lower-case letters'],
    ['collections create faq --jurisdiction mars --json', 'jurisdiction: '],
    ['collections create faq --set nonsense=1 --json', 'nonsense: '],
    ['collections set faq nonsense --json', 'expected path=value'],
  ])('%s: one JSON document on standard error and status 2', async (line, detail) => {
    const ran = await fedcar(line, here);
    expect(ran).toMatchObject({ code: 2, out: '' });
    const { error } = JSON.parse(ran.err);
    expect(error).toEqual({ code: 'usage', detail: expect.stringContaining(detail) });
    expect(error.detail).not.toMatch(/^error/);
  });

  it('is a file of settings that are none', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'fedcar-settings-'));
    writeFileSync(join(cwd, 'list.json'), '[]');
    writeFileSync(join(cwd, 'wrong.json'), '{ "retentionDays": "long" }');
    const [list, wrong] = await Promise.all(
      ['list', 'wrong'].map((name) => fedcar(`collections create faq --settings ${name}.json`, { cwd })),
    );
    rmSync(cwd, { recursive: true });
    expect(list).toMatchObject({ code: 2, err: expect.stringContaining('an object is wanted') });
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('error: retentionDays: ') });
  });
});

it('starts nothing with dev --dry-run', async () => {
  const { code, out } = await fedcar('dev --port 9000 --state kept --dry-run', here);
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(/^would serve .*wrangler\.toml on 127\.0\.0\.1, port 9000/),
  ]);
  expect(existsSync(join(here.cwd, 'kept'))).toBe(false);
});

describe('the service that a command talks to', () => {
  const io = (env: Record<string, string> = {}) => ({ ...processIo(), env, cwd: tmpdir() });

  it('is --url, else FEDCAR_URL, else this machine', async () => {
    expect(await urlOf(io({ FEDCAR_URL: 'https://b.test/' }), { url: 'https://a.test' })).toBe(
      'https://a.test',
    );
    expect(await urlOf(io({ FEDCAR_URL: 'https://b.test/' }), {})).toBe('https://b.test');
    expect(await urlOf(io(), {})).toBe('http://127.0.0.1:8787');
  });

  it('gets no token over plain http but on this machine', () => {
    expect(tokenOf(io(), { token: 'secret' }, 'http://127.0.0.1:8787')).toBe('secret');
    expect(tokenOf(io({ FEDCAR_TOKEN: 'other' }), {}, 'https://a.test')).toBe('other');
    expect(() => tokenOf(io(), { token: 'secret' }, 'http://a.test')).toThrow('over https only');
    expect(() => tokenOf(io(), { token: 'a b' }, 'https://a.test')).toThrow('characters');
  });
});

describe('completion', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fedcar-completion-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('of bash knows commands, their commands and flags, wherever other flags stand', async () => {
    const script = join(folder, 'fedcar.bash');
    writeFileSync(script, (await fedcar('completion bash', here)).out);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own
    const ask = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fedcar; echo "${COMPREPLY[*]}"';
    const complete = (...words: string[]) =>
      execFileSync('bash', ['-c', ask, script, 'fedcar', ...words], { encoding: 'utf8' }).trim();
    expect(complete('inge')).toBe('ingest');
    expect(complete('-c', 'faq', 'model', '')).toBe('list show activate rollback export import');
    expect(complete('model', 'export', '--o')).toBe('--out');
    expect(complete('privacy', 'plan', '--js')).toBe('--json');
    expect(complete('train', 'list', '')).toBe('');
    expect(complete('completion', '')).toBe('bash zsh fish');
  });

  it.each(['zsh', 'fish'])('of %s names every command', async (shell) => {
    const { out } = await fedcar(`completion ${shell}`, here);
    for (const [path] of ALL) expect(out).toContain(path.split(' ').at(-1));
    // Where the shell is there, it has to like the script.
    const checked = spawnSync(shell, ['-n'], { input: out });
    if (checked.error === undefined) expect(checked.status, String(checked.stderr)).toBe(0);
  });
});

describe('the program', () => {
  const program = (...args: string[]) =>
    spawnSync(process.execPath, [join(PROJECT, 'cli', 'fedcar.mjs'), ...args], {
      cwd: tmpdir(),
      encoding: 'utf8',
    });

  it('runs from any folder and says its version', () => {
    const ran = program('--version');
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(ran.status).toBe(0);
  });

  it('prints the list of benches where help belongs', () => {
    const ran = program('bench', '--help');
    expect(ran.stdout).toContain('fedcar bench NAME');
    expect([ran.stderr, ran.status]).toEqual(['', 0]);
  });

  it('hands benches their own flags', () => {
    const ran = program('bench', 'none', '--json');
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('There is no bench none.\nfedcar bench NAME');
  });
});
