/** The rules of the source tree: which part may import which, how long a file may be, and what no file may name. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const PARTS = ['shared', 'models', 'durable-objects', 'workers', 'client', 'cli'];
const files = [...PARTS, 'scripts', 'test'].flatMap((part) =>
  readdirSync(join(ROOT, part), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(tsx?|mjs)$/.test(name))
    .map((name) => `${part}/${name}`),
);
const sources = files.filter((file) => PARTS.some((part) => file.startsWith(`${part}/`)));
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

interface Import {
  from: string;
  /** A path in the tree, or the name of a package. */
  to: string;
  /** Types are gone at run time; they may point the other way. */
  typeOnly: boolean;
}

const STATEMENT =
  /^(?:import|export)\s+(type\s)?(?:[^'"]*?\sfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;

function importsOf(file: string): Import[] {
  return [...textOf(file).matchAll(STATEMENT)].map(([, type, named, dynamic]) => {
    const target = (named ?? dynamic) as string;
    const to = target.startsWith('.') ? normalize(join(dirname(file), target)) : target;
    return { from: file, to, typeOnly: type !== undefined };
  });
}

const imports = sources.flatMap(importsOf);
const within = (path: string, part: string): boolean => path === part || path.startsWith(`${part}/`);

/** Imports of files in `part` that lead anywhere but to itself, to `allowed` parts, or to `packages`. */
function strays(part: string, allowed: string[], packages: string[] = []): string[] {
  return imports
    .filter(({ from }) => within(from, part))
    .filter(({ to }) => ![part, ...allowed].some((each) => within(to, each)))
    .filter(({ to }) => !packages.some((name) => to === name || to.startsWith(`${name}/`)))
    .map(({ from, to }) => `${from} imports ${to}`);
}

describe('imports go one way', () => {
  it('finds imports at all', () => {
    expect(imports.length).toBeGreaterThan(300);
    expect(imports).toContainEqual({
      from: 'durable-objects/names.ts',
      to: 'shared/protocol/location-hints.ts',
      typeOnly: false,
    });
  });

  it.each([
    ['shared/crypto', [], ['@noble/hashes', 'zod']],
    ['shared/secagg', ['shared/crypto', 'shared/privacy', 'shared/protocol'], ['zod']],
    ['shared/privacy', [], ['@noble/hashes']],
    ['shared/protocol', [], ['zod']],
    [
      'shared/certificate',
      [
        'shared/crypto',
        'shared/multimap.ts',
        'shared/privacy',
        'shared/protocol',
        'shared/round',
        'shared/secagg',
      ],
      [],
    ],
    [
      'shared/index',
      ['shared/retrieval', 'shared/protocol', 'shared/free-buffer.ts', 'shared/multimap.ts'],
      ['stemmer', '@noble/hashes'],
    ],
    ['shared/retrieval', ['shared/protocol'], ['zod', 'marked', 'htmlparser2', 'unpdf']],
  ])('%s', (part, allowed, packages) => {
    expect(strays(part, allowed, packages)).toEqual([]);
  });

  it('shared/participant and shared/round: the engine as a type only', () => {
    const below = ['crypto', 'secagg', 'privacy', 'protocol', 'retrieval', 'round', 'certificate'].map(
      (name) => `shared/${name}`,
    );
    const others = (part: string, more: readonly string[] = []) =>
      imports
        .filter(({ from }) => within(from, part))
        .filter(({ to }) => ![...below, ...more, part].some((each) => within(to, each)))
        .filter(({ to, typeOnly }) => to !== 'zod' && (to !== 'models/engine.ts' || !typeOnly));
    expect(others('shared/round')).toEqual([]);
    expect(others('shared/participant', ['shared/index', 'shared/free-buffer.ts'])).toEqual([]);
  });

  it('shared knows neither the platform nor what is above it', () => {
    const above = imports.filter(
      ({ from, to, typeOnly }) =>
        within(from, 'shared') &&
        (/^(cloudflare:|node:|hono)/.test(to) ||
          PARTS.slice(1).some((part) => within(to, part) && !(part === 'models' && typeOnly))),
    );
    expect(above).toEqual([]);
  });

  it('durable-objects: shared and models, never hono or workers', () => {
    // Asynchronous context is how a request's id follows the calls made for it.
    const platform = ['cloudflare:workers', 'node:async_hooks'];
    expect(strays('durable-objects', ['shared', 'models'], platform)).toEqual([]);
  });

  it('client: a stream’s events, and nothing that a browser has not', () => {
    expect(strays('client', ['shared/sse.ts'])).toEqual([]);
  });

  it('one file alone loads ONNX Runtime, and its .wasm has a place of its own', () => {
    const users = imports.filter(({ to }) => to.startsWith('onnxruntime-web'));
    expect(new Set(users.filter(({ to }) => !to.endsWith('.wasm')).map(({ from }) => from))).toEqual(
      new Set(['models/session.ts']),
    );
    for (const { from, to } of users.filter((each) => each.to.endsWith('.wasm'))) {
      expect(from, to).toMatch(/^models\/ort-wasm[^/]*\.ts$/);
    }
  });

  it('one file alone uses @cloudflare/ai-utils', () => {
    const users = imports.filter(({ to }) => to.startsWith('@cloudflare/ai-utils')).map(({ from }) => from);
    expect(users.filter((file) => file !== 'workers/answer/workers-ai.ts')).toEqual([]);
  });
});

it('what is fetched are the deployment’s own assets and what its operator set, never what a request names', () => {
  const fetching = sources.filter(
    (file) =>
      !/^(cli|client)\//.test(file) && !file.includes('/client/') && /(?<![\w.#])fetch\(/.test(textOf(file)),
  );
  // The deployment that this one takes part in, the answering model's address, the issuer of sign-ins, the receiver of traces.
  expect(fetching).toEqual([
    'durable-objects/tracing.ts',
    'durable-objects/region/region.ts',
    'workers/answer/openai.ts',
    'workers/middleware/oidc-keys.ts',
  ]);
});

describe('what the API answers is declared once, in shared/protocol/api', () => {
  const API = 'shared/protocol/api/';
  const schemas = sources.filter((file) => file.startsWith(API));
  const declared = schemas.flatMap((file) =>
    [...textOf(file).matchAll(/^export type (\w+)/gm)].map(([, name]) => name as string),
  );
  const names = new Set(declared);
  // The engine's graph has parts of its own, which never meet an answer.
  // Those of the client are made from these.
  const others = files.filter((file) => !file.startsWith(API) && !/^models\/|^client\/api\.ts$/.test(file));
  /** Shapes: interfaces, types of fields, schemas. Classes and rows of a table are none. */
  const SHAPE =
    /^ *(?:export )?(?:interface (\w+)([^{\n]*)|type (\w+) = |const (\w+) = z\s*\.(?:strict)?[oO]bject\()\{\n([\s\S]*?)^ *\}/gm;
  const shapesOf = (file: string) =>
    [...textOf(file).matchAll(SHAPE)]
      .filter(([, , extended]) => !extended?.includes('SqlStorageValue'))
      .map(([, name, , alias, schema, body = '']) => ({
        name: name ?? alias ?? schema ?? '',
        fields: [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??:/gm)].map(([, field]) => field as string),
      }));

  it('finds shapes at all, and no name twice', () => {
    expect(names).toContain('Version');
    expect(declared.length).toBe(names.size);
    expect(shapesOf('shared/protocol/objects.ts').map(({ name }) => name)).toContain('SnapshotPointer');
  });

  it('by no other shape of the same name', () => {
    const again = others.flatMap((file) =>
      shapesOf(file)
        .filter(({ name }) => names.has(name))
        .map(({ name }) => `${file} declares ${name}`),
    );
    expect(again).toEqual([]);
  });

  it('by no shape of its fields under another name', async () => {
    const known: { name: string; keys: Set<string> }[] = [];
    for (const file of schemas) {
      const module = (await import(join(ROOT, file))) as Record<string, { shape?: object }>;
      for (const [name, { shape }] of Object.entries(module)) {
        if (shape !== undefined) known.push({ name, keys: new Set(Object.keys(shape)) });
      }
    }
    expect(known.length).toBeGreaterThan(30);
    const copies = others
      .filter((file) => !file.startsWith('test/'))
      .flatMap((file) => shapesOf(file).map((shape) => ({ file, ...shape })))
      .filter(({ fields }) => fields.length >= 4)
      .flatMap(({ file, name, fields }) =>
        known
          .filter(({ keys }) => fields.every((field) => keys.has(field)))
          .map((schema) => `${file}: ${name} has fields of ${schema.name}`),
      );
    expect(copies).toEqual([]);
  });

  it('by nobody who calls it', () => {
    const inPlace = /\bcall<\s*\{/;
    const calling = sources.filter((file) => /^(cli|workers\/dashboard)\//.test(file));
    expect(calling.filter((file) => inPlace.test(textOf(file)))).toEqual([]);
  });
});

it('documents name files that are there', () => {
  const named = ['docs/architecture.md', 'CONTRIBUTING.md'].flatMap((document) => {
    const text = textOf(document);
    const paths = /`((?:cli|docs|durable-objects|models|scripts|shared|test|workers)\/[\w./-]+)`/g;
    return [...text.matchAll(paths)].map(([, path]) => path as string);
  });
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

it('the attacks that are tried are those that SECURITY.md names', () => {
  const table = textOf('SECURITY.md').matchAll(/^\| ([\w/-]+) \| \w/gm);
  const named = [...table].map(([, name]) => `test/attacks/${name}.test.ts`);
  const tried = files.filter((file) => /^test\/attacks\/.*\.test\.ts$/.test(file));
  expect(named.filter((name) => name !== 'test/attacks/file.test.ts').sort()).toEqual(tried.sort());
});

describe('every file', () => {
  it('has at most 400 lines', () => {
    // Made from the API’s description.
    const written = files.filter((file) => file !== 'client/api.ts');
    const long = written.filter((file) => textOf(file).trimEnd().split('\n').length > 400);
    expect(long).toEqual([]);
  });

  it('names no path of somebody’s machine', () => {
    const machine = /(?<![\w.])\/(?:(?:home|Users|work|root)\/|tmp\/[a-z])[\w-]+\//;
    const self = 'test/unit/structure.test.ts';
    const naming = files.filter((file) => file !== self && machine.test(textOf(file)));
    expect(naming).toEqual([]);
  });

  it('is not a barrel, but for the protocol’s', () => {
    const barrels = sources.filter((file) => {
      const lines = textOf(file)
        .replace(/\/\*[\s\S]*?\*\//g, '')
        .split('\n')
        .filter((line) => line.trim() !== '' && !line.startsWith('//'));
      return lines.length > 0 && lines.every((line) => /^export\s.*\sfrom\s/.test(line));
    });
    expect(barrels.filter((file) => file !== 'shared/protocol/index.ts')).toEqual([]);
  });
});
