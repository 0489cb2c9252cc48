/** `npm run model:import` on small folders: where it writes, what it leaves alone, and how it fails. */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { modelImport } from '../../../cli/model-import.ts';
import { draftFolder, writeFolder } from '../../helpers/bert-folder.ts';
import { draftXlmFolder } from '../../helpers/xlm-folder.ts';

let cwd: string;
let model: Awaited<ReturnType<typeof writeFolder>>;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'fedcar-import-'));
  model = await writeFolder(draftFolder());
  vi.spyOn(console, 'log').mockImplementation(() => {});
});
afterEach(async () => {
  vi.restoreAllMocks();
  await model[Symbol.asyncDispose]();
  await rm(cwd, { recursive: true });
});

/** Runs the command in `cwd`; `err` is what it says on standard error. */
async function run(directory: string, ...args: string[]) {
  let err = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
  return { code: await modelImport([directory, ...args], cwd), err };
}
const nameIn = (folder: string) => manifestIn(folder).name;
const manifestIn = (folder: string) => JSON.parse(readFileSync(join(cwd, folder, 'manifest.json'), 'utf8'));

it('writes to a folder below models that is named as the setting `encoder` takes it', async () => {
  expect(await run(model.path, '--name', 'My/Model v2')).toEqual({ code: 0, err: '' });
  expect(nameIn('models/my-model-v2')).toBe('My/Model v2');
});

it('holds as many tokens as the model knows, unless a limit is given', async () => {
  expect(await run(model.path, '--out', 'tiny')).toEqual({ code: 0, err: '' });
  expect(manifestIn('tiny').maxTokens).toBe(20);
  const long = await run(model.path, '--out', 'long', '--max-tokens', '21');
  expect(long).toEqual({ code: 1, err: expect.stringMatching(/max tokens 21 is not within 2…20/) });
});

describe('a multilingual model', () => {
  let multilingual: Awaited<ReturnType<typeof writeFolder>>;
  beforeEach(async () => {
    multilingual = await writeFolder(draftXlmFolder());
  });
  afterEach(() => multilingual[Symbol.asyncDispose]());
  const said = () => vi.mocked(console.log).mock.calls.map(([line]) => line);

  it('is cut to languages, texts and a number of tokens, and says so and what goes before texts', async () => {
    await writeFile(join(cwd, 'page.md'), '# 包裹\n\n我的包裹坏了');
    const cut = ['--languages', 'de,ar', '--vocabulary', '70', '--texts', 'page.md', '--passage-prompt', ''];
    expect(await run(multilingual.path, '--out', 'cut', ...cut)).toEqual({ code: 0, err: '' });
    expect(manifestIn('cut')).toMatchObject({
      architecture: 'xlm-roberta',
      languages: ['de', 'ar'],
      vocabulary: 70,
      prompts: { query: 'query: ', passage: '' },
    });
    expect(JSON.stringify(readFileSync(join(cwd, 'cut/tokenizer.json'), 'utf8'))).toContain('裹');
    expect(said()).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^70 of \d+ tokens are kept$/),
        'before questions: "query: ", before passages: ""',
        'prompts for other tasks are not used: classification',
      ]),
    );
  });

  it.each([
    [['--languages', 'de,xx'], /xx: known are af, ar/],
    [['--vocabulary', '0'], /not a whole number above 0/],
    [['--texts', 'nowhere'], /--texts: .*nowhere/],
  ])('refuses %j', async (args, message) => {
    const { code, err } = await run(multilingual.path, '--out', 'cut', ...args);
    expect([code, err]).toEqual([2, expect.stringMatching(message)]);
  });

  it('of words cannot be cut', async () => {
    const { code, err } = await run(model.path, '--out', 'cut', '--languages', 'de');
    expect([code, err]).toEqual([1, expect.stringMatching(/only a Unigram vocabulary can be cut/)]);
  });
});

describe('a folder', () => {
  it('is taken when it is empty or holds the same model', async () => {
    await mkdir(join(cwd, 'there'));
    for (let time = 0; time < 2; time++) {
      expect((await run(model.path, '--out', 'there', '--name', 'mine')).code).toBe(0);
    }
    expect(nameIn('there')).toBe('mine');
  });

  it('of another model is left alone without --force', async () => {
    await run(model.path, '--out', 'there', '--name', 'first');
    expect(await run(model.path, '--out', 'there', '--name', 'second')).toEqual({
      code: 2,
      err: 'error: there holds the model first: give another --out or --name, or --force to write over it\n',
    });
    expect(nameIn('there')).toBe('first');
    expect((await run(model.path, '--out', 'there', '--name', 'second', '--force')).code).toBe(0);
    expect(nameIn('there')).toBe('second');
  });

  it('of other files is left alone', async () => {
    await mkdir(join(cwd, 'there'));
    await writeFile(join(cwd, 'there', 'notes.txt'), 'x');
    const { code, err } = await run(model.path, '--out', 'there');
    expect(code).toBe(2);
    expect(err).toMatch(/there holds files that are no model/);
  });
});

describe('says in one line', () => {
  const oneLine = expect.stringMatching(/^error: [^\n]+\n$/);
  beforeEach(() => writeFile(join(cwd, 'file'), 'x'));

  it.each(['file', 'nothing'])('that DIR is no folder: %s', async (path) => {
    expect(await run(path)).toEqual({ code: 2, err: `error: ${path} is not a folder\n` });
  });

  it.each(['file', 'file/below'])('that --out is no folder: %s', async (out) => {
    const refused = await run(model.path, '--out', out);
    expect(refused).toEqual({ code: 2, err: `error: --out ${out} is not a folder\n` });
    expect(await run(model.path, '--out', out, '--force')).toEqual({ code: 1, err: oneLine });
  });

  it('that an argument is wrong', async () => {
    expect(await run(model.path, '--max-tokens', 'many')).toEqual({ code: 2, err: oneLine });
  });
});
