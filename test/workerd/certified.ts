/** A collection whose versions get certificates, and one once it is signed. */
import type { Certificate } from '../../shared/protocol/certificate.ts';
import { BRIEF, hubOf } from './objects.ts';

export const REGIONS = ['weur', 'enam'];
export const NOISED = {
  training: { ...BRIEF, activeThreshold: 1 },
  heldOutShare: 0.25,
  gate: { margin: -1, probeTolerance: 1, confidence: 0 },
  privacy: { aggregation: 'secure', noise: 'on', epsilon: 100, runEpsilon: 100, training: { steps: 2 } },
};

/** What the first run trains. */
export const CANDIDATE = 1;

/** The certificate once it is signed by so many. */
export async function certified(name: string, version: number, signed: number): Promise<Certificate> {
  for (let i = 0; i < 300; i++) {
    const found = await hubOf(name).certificate(version);
    if (found !== null && found.statements.length >= signed) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the certificate was not signed');
}
