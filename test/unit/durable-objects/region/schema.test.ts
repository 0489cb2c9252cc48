/** Databases remember how many steps they have taken: one that others have taken stays as it is, and where it is. */
import { expect, it } from 'vitest';
import { MIGRATIONS } from '../../../../durable-objects/region/schema.ts';
import { toHex, utf8 } from '../../../../shared/crypto/bytes.ts';
import { sha256 } from '../../../../shared/crypto/hash.ts';

const STEPS = [
  '9a9f0a702d0c',
  '2aafd71ed26f',
  '45b34fa30eea',
  'a415edbd045f',
  'a52c00b14f51',
  '9319c9f07b78',
  '7b2d6d26ddd5',
  '45b34fa30eea',
  '7b04854a40cd',
  'f21c606b7420',
  'f3264b39df73',
  'f2227661a0a9',
  '1f1daf9cc54a',
  'd7b35a44c1b6',
  '70ea8f9fb759',
  '63e4a4e28d23',
  '5348084e16ac',
  '54db1824925f',
];

it('a step of the schema never changes: what is new is a step behind the last', () => {
  const steps = MIGRATIONS.map((step) => toHex(sha256(utf8(step))).slice(0, 12));
  expect(steps).toEqual(STEPS);
});
