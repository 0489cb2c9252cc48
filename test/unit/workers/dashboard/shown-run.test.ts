import { expect, it } from 'vitest';
import type { Run } from '../../../../shared/protocol/api/run.ts';
import { shownRun } from '../../../../workers/dashboard/client/shown-run.ts';

/** @param runs newest first, as `name state` */
function shown(runs: string[], { serving = null as string | null, chosen = null as string | null } = {}) {
  const list = runs.map((each) => {
    const [run = '', state] = each.split(' ');
    return { run, state: state as Run['state'] };
  });
  return shownRun({ runs: list, versions: [{ state: 'serving', run: serving }], chosen });
}

it('is the run under way, else the last good one, whatever failed since', () => {
  expect(shown([])).toBeNull();
  expect(shown(['c running', 'b published'])).toBe('c');
  expect(shown(['d failed', 'c rejected', 'b published', 'a published'])).toBe('b');
  expect(shown(['d failed', 'c postponed'], { serving: 'a' })).toBe('a');
  expect(shown(['d failed', 'c cancelled'])).toBe('d');
  expect(shown(['d failed', 'b published'], { chosen: 'd' })).toBe('d');
});
