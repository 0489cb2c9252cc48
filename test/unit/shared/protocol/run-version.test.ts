/**
 * What a version stands for, by digests of the schemas: a change of them without a new version would let stored state
 * of one release be read by another as something else.
 */
import { expect, it } from 'vitest';
import { z } from 'zod';
import { toHex } from '../../../../shared/crypto/bytes.ts';
import { hashJson } from '../../../../shared/crypto/hash.ts';
import { Instruction, ParticipantMessage, VectorChunk } from '../../../../shared/protocol/rounds.ts';
import { RUN_VERSION } from '../../../../shared/protocol/run-version.ts';
import {
  ClientMessage,
  ROSTER_VERSION,
  Roster,
  SECAGG_PROTOCOL,
  ServerMessage,
} from '../../../../shared/protocol/secagg.ts';

/** What a schema takes, without what it says of it. */
const bare = (schema: z.ZodType): unknown =>
  JSON.parse(
    JSON.stringify(z.toJSONSchema(schema, { io: 'input' }), (name, value) =>
      name === 'description' && typeof value === 'string' ? undefined : value,
    ),
  );
const shapeOf = (...schemas: z.ZodType[]) => toHex(hashJson('shape', schemas.map(bare))).slice(0, 16);

/** A digest beside a version that others have seen never changes: a new shape gets a new version, and a line here. */
const SHAPES: Record<string, string> = {
  'roster/4': 'e406e0c6c2d38e26',
  'fedcar-secagg/3': '3244d24fc2614d8d',
  'fedcar-secagg/3 roster/4 run/3': '2d60e8d03842887b',
  'fedcar-secagg/3 roster/4 run/4': '997e06d748a2c0df',
  'fedcar-secagg/4': '787950309a57e3c8',
  'fedcar-secagg/4 roster/4 run/4': 'b523d908d64ce9d2',
  'fedcar-secagg/4 roster/4 run/5': '1c0c6914b26ecd5d',
  'fedcar-secagg/4 roster/4 run/6': 'f9032659fa134e8d',
  'fedcar-secagg/4 roster/4 run/7': '7098b3f42a0c310e',
  'fedcar-secagg/4 roster/4 run/8': 'b456754e5aed65c1',
  'fedcar-secagg/4 roster/4 run/9': 'c1b7c005574225f9',
};

it.each([
  [`roster/${ROSTER_VERSION}`, shapeOf(Roster)],
  [SECAGG_PROTOCOL, shapeOf(ServerMessage, ClientMessage)],
  [RUN_VERSION, shapeOf(Instruction, ParticipantMessage, VectorChunk)],
])('%s means what it meant', (version, shape) => {
  expect(
    SHAPES[version],
    `raise ${version} if released state or peers know it, and put ${shape} beside it`,
  ).toBe(shape);
});
