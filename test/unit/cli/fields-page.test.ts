import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fieldsJson, fieldsPage, leavingRequests } from '../../../cli/fields-page.ts';
import { PROJECT } from '../../../cli/worker-bundle.ts';
import { flRoutes } from '../../../workers/routes/fl.ts';

const read = (name: string) => readFile(join(PROJECT, 'docs', name), 'utf8');

describe('what leaves a participant', () => {
  it('is listed as the schemas say: npm run docs:fields writes it again', async () => {
    expect(await read('participant-fields.json')).toBe(fieldsJson());
    expect(await read('participant-fields.md')).toBe(fieldsPage());
  });

  it('has every request that the service takes from participants', () => {
    const routes = flRoutes()
      .routes.filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)(\{[^}]*\})?/g, '{$1}')}`);
    expect([...new Set(routes)].sort()).toEqual(
      leavingRequests()
        .map(({ request }) => request)
        .sort(),
    );
  });

  it('has a meaning for every field, and all kinds of messages', () => {
    const fields = leavingRequests().flatMap(({ request, messages }) =>
      messages.flatMap(({ name, fields }) => fields.map((field) => ({ ...field, of: `${request} ${name}` }))),
    );
    for (const { of, path, meaning } of fields) expect(meaning.length, `${of} ${path}`).toBeGreaterThan(4);
    const names = leavingRequests().flatMap(({ messages }) => messages.flatMap(({ name }) => name ?? []));
    expect(names).toEqual([
      ...[
        'working',
        'ready',
        'failed',
        'secagg advertise',
        'secagg share',
        'secagg checked',
        'secagg masked',
      ],
      ...['secagg consistency', 'secagg unmask', 'statement'],
    ]);
    const ofKind = (name: string) =>
      leavingRequests()
        .flatMap(({ messages }) => messages)
        .find((message) => message.name === name)!
        .fields.map(({ path }) => path);
    // No count, loss or norm travels beside the vector; own noise follows from settings and roster.
    expect(ofKind('ready')).toEqual([
      'type',
      'participant',
      'round',
      'probe.titles',
      'probe.found',
      'probe.mips',
      'extraNoise',
    ]);
    expect(ofKind('failed')).toEqual(['type', 'participant', 'round', 'code']);
  });
});
