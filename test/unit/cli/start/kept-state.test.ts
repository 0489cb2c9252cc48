import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hashOfFiles, openState, saveState } from '../../../../cli/start/kept-state.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedcar-state-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('goes on with what was saved', async () => {
  const state = await openState(folder, 'data');
  expect(state).toMatchObject({ placed: null, trained: null });
  await saveState(folder, { ...state, trained: 1, placed: { a: 'weur' }, answers: { 0: { q: ['a'] } } });
  expect(await openState(folder, 'data')).toMatchObject({ trained: 1, placed: { a: 'weur' } });
});

it('refuses the state of other data', async () => {
  await saveState(folder, await openState(folder, 'data'));
  await expect(openState(folder, 'other')).rejects.toThrow(/state of other data.*--state/);
});

it('tells data apart by content, and an absent file from an empty one', async () => {
  const file = join(folder, 'a');
  const absent = await hashOfFiles([file]);
  writeFileSync(file, '');
  const empty = await hashOfFiles([file]);
  writeFileSync(file, 'x');
  expect(new Set([absent, empty, await hashOfFiles([file])]).size).toBe(3);
});
