/** What every bench does with a command line that it does not understand. */
import { afterEach, expect, it, vi } from 'vitest';
import { runBench } from '../../../../cli/bench/index.ts';
import { capturedOutput } from '../../../helpers/captured-output.ts';

afterEach(() => void vi.restoreAllMocks());

const UNKNOWN = /^[^\n]*unknown option '--xyzzy'[^\n]*\n$/i;
const MISSING = /^[^\n]*required option[^\n]*not specified\n$/;

it.each([
  ...['serve', 'scale', 'read', 'search-during-training', 'engine', 'secagg', 'federation', 'audit'].map(
    (name) => [name, UNKNOWN] as const,
  ),
  ['accuracy', MISSING] as const,
  ['convergence', MISSING] as const,
])('%s says in one line what is wrong with its flags, and ends with status 2', async (name, line) => {
  const said = capturedOutput(process.stderr);
  expect(await runBench([name, '--xyzzy'])).toBe(2);
  expect(said.join('')).toMatch(line);
});

it.each([
  ['accuracy', '--local-only'],
  ['engine', '--small'],
  ['secagg', '--clients'],
  ['audit', '--small'],
])('prints the help of %s, and ends well', async (name, flag) => {
  const said = capturedOutput(process.stdout);
  expect(await runBench([name, '--help'])).toBe(0);
  expect(said.join('')).toContain(flag);
});
