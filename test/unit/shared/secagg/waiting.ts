/** Rounds that wait at each phase, made once and forked for each test, and what a refusal is. */
import { expect } from 'vitest';
import type { SecaggCode } from '../../../../shared/secagg/errors.ts';
import { cohort } from './cohort.ts';
import { Driver } from './driver.ts';

export const SIZE = 5;
let prefixes: Promise<Record<string, Driver>> | null = null;

/** Rounds that wait at each phase; region-004 vanished when its vector was due. */
export async function at(phase: string): Promise<Driver> {
  prefixes ??= (async () => {
    const found: Record<string, Driver> = {};
    const driver = Driver.open(await cohort(SIZE));
    for (const name of ['advertise', 'share', 'checked', 'masked', 'consistency', 'unmask']) {
      const gone = new Set(name === 'consistency' || name === 'unmask' ? [driver.ids[4]!] : []);
      found[name] = (await driver.until(name, gone)).fork();
    }
    return found;
  })();
  return (await prefixes)[phase]!.fork();
}

export async function refuses(answer: Promise<unknown>, code: SecaggCode, detail?: string): Promise<void> {
  const error = await answer.then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).toMatchObject({ name: 'ProtocolError', code });
  if (detail !== undefined) expect((error as Error).message).toContain(detail);
}

/** The same length, another value. */
export const flipped = (text: string) => (text[0] === 'A' ? 'B' : 'A') + text.slice(1);
