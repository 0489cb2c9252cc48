/** The command whose output goes nowhere: to a reader that has seen enough, or to a full disk. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PROJECT } from '../../../cli/worker-bundle.ts';

const COMMAND = join(PROJECT, 'cli', 'fedcar.mjs');
/** The status of the first program of a pipe. */
const STATUS = 'exit "$PIPESTATUS"';

/** @param line shell line in which $0 is Node and $1 the command; its status is that of the command */
function shell(line: string) {
  const { status, stderr } = spawnSync('bash', ['-c', line, process.execPath, COMMAND], { encoding: 'utf8' });
  return { status, stderr };
}

it.runIf(existsSync('/bin/bash'))('does its work when nobody reads on', () => {
  const { status, stderr } = shell(`"$0" "$1" --help | true; ${STATUS}`);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  // Nobody reads standard error either.
  expect(shell(`"$0" "$1" nonsense 2>&1 | true; ${STATUS}`).status).toBe(2);
});

it.runIf(existsSync('/dev/full'))('says in a line that the disk is full, and fails', () => {
  const { status, stderr } = shell('"$0" "$1" --help > /dev/full');
  expect({ status, stderr }).toEqual({ status: 1, stderr: 'standard output cannot be written (ENOSPC)\n' });
  expect(shell('"$0" "$1" nonsense 2> /dev/full').status).toBe(2);
});
