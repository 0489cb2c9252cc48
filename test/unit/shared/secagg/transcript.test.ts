/**
 * Rounds that a second implementation wrote down (test/vectors/second-implementation, made from docs/protocol.md alone).
 * Our members say the very same when they draw the same bytes, our coordinator asks the same and gets the same sum:
 * every label, hashed array, byte order and counter of the protocol is in what is compared.
 */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Bytes, fromBase64Url, toBase64Url } from '../../../../shared/crypto/bytes.ts';
import { signerFromSeed } from '../../../../shared/crypto/ed25519.ts';
import { pack, unpack } from '../../../../shared/crypto/packed-ring.ts';
import { importMaskKey, maskWords } from '../../../../shared/crypto/prg.ts';
import type { RandomSource } from '../../../../shared/crypto/random.ts';
import { addInto } from '../../../../shared/crypto/ring.ts';
import { DiscreteGaussian } from '../../../../shared/privacy/discrete-gaussian.ts';
import { ClientMessage, InviteMessage, ServerMessage } from '../../../../shared/protocol/secagg.ts';
import type { ClientState } from '../../../../shared/secagg/client-state.ts';
import { clientStep } from '../../../../shared/secagg/client-step.ts';
import { ProtocolError } from '../../../../shared/secagg/errors.ts';
import { parametersHash } from '../../../../shared/secagg/parameters.ts';
import { SecaggServer } from '../../../../shared/secagg/server.ts';
import type { MessagePhase } from '../../../../shared/secagg/server-state.ts';
import { MemoryServerStore } from '../../../helpers/memory-server-store.ts';
import { vectorSource } from '../../../helpers/vector-source.ts';
import accusation from '../../../vectors/python-secagg-4-accusation.json' with { type: 'json' };
import complete from '../../../vectors/python-secagg-4-complete.json' with { type: 'json' };
import noise from '../../../vectors/python-secagg-4-noise.json' with { type: 'json' };
import sparse from '../../../vectors/python-secagg-4-sparse.json' with { type: 'json' };
import { TIMEOUTS } from './cohort.ts';

const Transcript = z.strictObject({
  admin: z.string(),
  parametersHash: z.string(),
  silent: z.array(z.string()),
  unchecked: z.array(z.string()),
  dropped: z.array(z.string()),
  convicted: z.array(z.string()),
  keptParts: z.int(),
  members: z.array(
    z.strictObject({
      id: z.string(),
      identity: z.string(),
      vector: z.string(),
      drawn: z.record(z.string(), z.array(z.string())),
    }),
  ),
  messages: z.array(ServerMessage),
  exchanges: z.array(
    z.strictObject({
      to: z.string(),
      message: z.int(),
      reply: ClientMessage,
      frame: z.string().optional(),
    }),
  ),
  sum: z.string(),
});
type Transcript = z.infer<typeof Transcript>;
type Exchange = Transcript['exchanges'][number];

const wordsOf = (text: string) => new Uint32Array(fromBase64Url(text).slice().buffer);

/** Hands out recorded bytes, and no others. */
class Recorded {
  readonly #left: string[];
  constructor(drawn: readonly string[]) {
    this.#left = [...drawn];
  }
  readonly random: RandomSource = (length) => fromBase64Url(this.#left.shift()!, length) as Bytes;
  get left(): number {
    return this.#left.length;
  }
}

/** The phase of each message of the coordinator. */
const PHASE_OF: Record<ServerMessage['kind'], MessagePhase> = {
  invite: 'advertise',
  advertisements: 'share',
  parcels: 'checked',
  maskers: 'masked',
  survivors: 'consistency',
  signatures: 'unmask',
};

class Replay {
  readonly transcript: Transcript;
  readonly server = new SecaggServer(new MemoryServerStore());
  readonly states = new Map<string, ClientState>();
  #now = 0;

  constructor(transcript: Transcript) {
    this.transcript = transcript;
    const { parameters, roster } = InviteMessage.parse(transcript.messages[0]);
    this.server.open({ parameters, roster, timeouts: TIMEOUTS }, 0);
  }

  message({ message }: Exchange): ServerMessage {
    return this.transcript.messages[message]!;
  }

  /** What our member answers, drawing what the other implementation drew. */
  async answer(to: string, message: ServerMessage) {
    const { admin, members } = this.transcript;
    const { identity, vector, drawn } = members.find(({ id }) => id === to)!;
    const recorded = new Recorded(drawn[PHASE_OF[message.kind]] ?? []);
    const frames: Uint8Array[] = [];
    const { state, reply } = await clientStep(this.states.get(to) ?? null, message, {
      self: to,
      signer: await signerFromSeed(fromBase64Url(identity, 32)),
      random: recorded.random,
      trust: { collection: 'help', adminKey: admin, pin: null, approve: () => null, charge: () => {} },
      input: vectorSource(wordsOf(vector)),
      putFrame: (index, frame) => {
        frames[index] = frame;
      },
    });
    return { state, reply, frames, unused: recorded.left };
  }

  /** Whether the coordinator takes it. */
  async takes(to: string, reply: unknown): Promise<boolean> {
    return (await this.server.receive(to, reply, this.#now)).outcome.ok;
  }

  async takesFrame(to: string, frame: Uint8Array): Promise<boolean> {
    return (await this.server.receiveFrame(to, frame, this.#now)).outcome.ok;
  }

  /** Plays the transcript to its end; `visit` sees each exchange before it is delivered. */
  async play(visit: (exchange: Exchange, message: ServerMessage) => Promise<void>): Promise<void> {
    let last: MessagePhase = 'advertise';
    for (const exchange of this.transcript.exchanges) {
      const message = this.message(exchange);
      const phase = PHASE_OF[message.kind];
      if (phase !== last) await this.#close(last);
      last = phase;
      await visit(exchange, message);
      expect(await this.takes(exchange.to, exchange.reply)).toBe(true);
      if (exchange.frame !== undefined) {
        expect(await this.takesFrame(exchange.to, fromBase64Url(exchange.frame))).toBe(true);
      }
    }
    await this.#close(last);
  }

  /** Ends a phase, at its deadline where somebody has not answered. */
  async #close(phase: MessagePhase): Promise<void> {
    if (this.server.state().phase === phase) {
      this.#now = this.server.state().deadline!;
      this.server.tick(this.#now);
    }
    if (this.server.state().phase === 'verify') await this.server.verify(this.#now);
    if (this.server.state().phase === 'charge') this.server.charged(this.#now);
    if (this.server.state().phase === 'reconstruct') await this.server.unmask(this.#now);
  }

  async follow(exchange: Exchange, message: ServerMessage) {
    const answer = await this.answer(exchange.to, message);
    this.states.set(exchange.to, answer.state);
    return answer;
  }
}

/** Copies of a JSON value, each with one text or number changed. */
function* changes(value: unknown): Generator<unknown> {
  if (typeof value === 'string') yield (value[0] === 'A' ? 'B' : 'A') + value.slice(1);
  else if (typeof value === 'number') yield value + 1;
  else if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      for (const changed of changes(item)) yield value.with(i, changed);
    }
  } else if (value !== null && typeof value === 'object') {
    for (const [name, item] of Object.entries(value)) {
      for (const changed of changes(item)) yield { ...value, [name]: changed };
    }
  }
}

const { streams, ...noisy } = noise;
const TRANSCRIPTS: [string, Transcript][] = [
  ['the complete graph with a drop', Transcript.parse(complete)],
  ['a sparse graph with a drop', Transcript.parse(sparse)],
  ['surplus noise taken out again', Transcript.parse(noisy)],
  ['a dealer of a bad parcel', Transcript.parse(accusation)],
];

describe.each(TRANSCRIPTS)('%s: a round by another implementation', (_, transcript) => {
  it('is said by our members in the very same words, and asked and summed alike by our coordinator', async () => {
    const replay = new Replay(transcript);
    const invite = InviteMessage.parse(transcript.messages[0]);
    expect(parametersHash(invite.parameters)).toBe(transcript.parametersHash);
    await replay.play(async (exchange, message) => {
      expect(replay.server.messageFor(exchange.to)).toEqual(message);
      const { reply, frames, unused } = await replay.follow(exchange, message);
      // What a cheat deals is said by no member of ours.
      const cheats = reply.kind === 'share' && transcript.convicted.includes(exchange.to);
      if (cheats) expect(reply).not.toEqual(exchange.reply);
      else expect(reply).toEqual(exchange.reply);
      expect(frames.map(toBase64Url)).toEqual([exchange.frame ?? []].flat());
      expect(unused).toBe(0);
    });
    const { phase, faults, convicted } = replay.server.state();
    expect(phase).toBe('done');
    expect(convicted).toEqual(transcript.convicted);
    expect(faults.map(({ member, code }) => [member, code])).toEqual(
      transcript.convicted.map((cheat) => [cheat, 'bad-share']),
    );
    const [only] = [...replay.server.result()];
    expect(only!.words).toEqual(wordsOf(transcript.sum));
  });

  it('has members that never answer and that drop, and keeps the noise that is needed', () => {
    const { silent, unchecked, dropped, convicted, members, exchanges, keptParts, sum } = transcript;
    const answered = (kind: string) =>
      exchanges.filter(({ reply }) => reply.kind === kind).map(({ to }) => to);
    const ids = members.map(({ id }) => id);
    expect(answered('advertise')).toEqual(ids.filter((id) => !silent.includes(id)));
    expect(answered('share')).toEqual(answered('advertise'));
    expect(answered('checked')).toEqual(answered('share').filter((id) => !unchecked.includes(id)));
    const out = [...dropped, ...convicted];
    expect(answered('masked')).toEqual(answered('checked').filter((id) => !out.includes(id)));
    expect(out).toHaveLength(1);
    const plain = new Uint32Array(wordsOf(sum).length);
    for (const { id, vector } of members) {
      if (answered('masked').includes(id)) addInto(plain, wordsOf(vector));
    }
    const { bits } = InviteMessage.parse(transcript.messages[0]).parameters;
    const reduced = unpack(pack(plain, bits), bits, plain.length);
    if (keptParts === 0) expect(wordsOf(sum)).toEqual(reduced);
    else expect(wordsOf(sum)).not.toEqual(reduced);
  });

  it('is refused with a byte changed anywhere, by who receives it or in what follows', async () => {
    const replay = new Replay(transcript);
    const seen = new Set<string>();
    await replay.play(async (exchange, message) => {
      const { to, reply, frame } = exchange;
      if (!seen.has(message.kind)) {
        seen.add(message.kind);
        for (const changed of changes(message)) {
          const answer = await replay.answer(to, changed as ServerMessage).catch((error: unknown) => error);
          if (answer instanceof Error) expect(answer).toBeInstanceOf(ProtocolError);
          else {
            const said = (answer as { reply: ClientMessage }).reply;
            expect(await replay.takes(to, said), JSON.stringify(changed)).toBe(false);
          }
        }
        for (const changed of changes(reply)) {
          expect(await replay.takes(to, changed), JSON.stringify(changed)).toBe(false);
        }
        if (frame !== undefined) await refusesFrames(replay, exchange, fromBase64Url(frame));
      }
      await replay.follow(exchange, message);
    });
    expect(seen.size).toBe(6);
    expect(replay.server.state().phase).toBe('done');
  });
});

/** Announced, but with one byte changed: no vector, so that the right frame still counts. */
async function refusesFrames(replay: Replay, { to, reply }: Exchange, frame: Uint8Array): Promise<void> {
  expect(await replay.takes(to, reply)).toBe(true);
  for (let at = 0; at < frame.length; at++) {
    const changed = frame.slice();
    changed[at] = changed[at]! ^ 1;
    expect(await replay.takesFrame(to, changed), `byte ${at}`).toBe(false);
  }
}

describe('streams by another implementation', () => {
  const { key, mask, frame, samples } = streams;

  it('go on over all frames in masks, and begin anew for each frame in noise', async () => {
    const stream = await importMaskKey(fromBase64Url(key, 32));
    expect([...(await maskWords(stream, mask.first, mask.words.length))]).toEqual(mask.words);
    expect([...(await maskWords(stream, 0, frame.words.length, frame.index))]).toEqual(frame.words);
  });

  it.each(samples)('give the same noise of variance $variance', async ({ variance, values }) => {
    const stream = await maskWords(await importMaskKey(fromBase64Url(key, 32)), 0, 4096);
    let next = 0;
    const gaussian = new DiscreteGaussian({ numerator: BigInt(variance), denominator: 1n });
    expect(values.map(() => gaussian.sample({ nextWord: () => stream[next++]! }))).toEqual(values);
  });
});
