/**
 * Where participants of a run ask what to do and hand in what they made. Every call may be repeated: messages are
 * idempotent by (round, phase, sender). Nothing heavy happens here: the coordinator's alarm does what follows.
 */
import type { Ack, Arrived } from '../../shared/protocol/fl.ts';
import { entryOf } from '../../shared/protocol/names.ts';
import { type Instruction, type ParticipantMessage, VectorChunk } from '../../shared/protocol/rounds.ts';
import type { RoundEvent } from '../../shared/round/round-machine.ts';
import type { Certificates } from './certificates.ts';
import type { ActiveRun, RunStore } from './run-store.ts';
import type { Runner } from './runner.ts';
import type { SecureSum } from './secure-sum.ts';

/** A run that is on keeps participants polling at this pace, should a wake-up be lost. */
const POLL_MS = 15_000;

export interface RoundServiceDeps {
  runs: RunStore;
  runner: Runner;
  /** Null where sums are plain. */
  secure: SecureSum | null;
  certificates: Certificates;
  /** Asks for an alarm at this time or sooner. */
  comeBy(at: number): Promise<void>;
  now(): number;
}

export class RoundService {
  readonly #deps: RoundServiceDeps;

  constructor(deps: RoundServiceDeps) {
    this.#deps = deps;
  }

  async poll(participant: string): Promise<Instruction> {
    const { runs, secure, certificates } = this.#deps;
    const id = runs.active()?.round?.id;
    if (id !== undefined) await this.#event(id, { type: 'back', participant });
    const run = runs.active();
    if (run === null || run.round === null) {
      const due = certificates.dueFrom(participant);
      if (due !== null) return { do: 'certify', run: due, versions: certificates.madeIn(due) };
      return { do: 'wait', ms: run === null ? 0 : POLL_MS, round: null };
    }
    const status = entryOf(run.round.participants, participant)?.phase;
    if (run.round.phase === 'open' && run.spec !== null && (status === 'invited' || status === 'working')) {
      return { do: 'work', spec: run.spec };
    }
    const round = run.round.id;
    const message = secure?.messageFor(round, participant) ?? null;
    return message === null ? { do: 'wait', ms: POLL_MS, round } : { do: 'answer', round, message };
  }

  async report(message: ParticipantMessage): Promise<Ack> {
    const { runs, runner, certificates } = this.#deps;
    if (message.type === 'poll') return { current: true };
    if (message.type === 'statement') return { current: await certificates.take(message) };
    if (message.type === 'secagg') return this.#secureMessage(message);
    if (message.type !== 'ready') return { current: await this.#event(message.round, message) };
    const run = runs.active();
    if (run?.round?.id !== message.round) return { current: false };
    if (!runner.complete(message.participant, run)) {
      const { participant } = message;
      await this.#event(message.round, { type: 'failed', participant, code: 'work' });
      return { current: false };
    }
    this.#note(message, run);
    const { participant } = message;
    return { current: await this.#event(message.round, { type: 'ready', participant }) };
  }

  /**
   * Keeps what comes with a participant's first word that it is ready. Whoever is not asked has nothing to say of the
   * version, and nobody may say it again once others have spoken.
   */
  #note({ participant, probe, extraNoise }: ParticipantMessage & { type: 'ready' }, run: ActiveRun): void {
    const phase = run.round === null ? undefined : entryOf(run.round.participants, participant)?.phase;
    if (run.round?.phase !== 'open' || phase === undefined || phase === 'ready' || phase === 'excluded')
      return;
    const counted = run.spec?.kind === 'gate' ? probe : null;
    if (counted === null && extraNoise === undefined) return;
    this.#deps.runs.save({
      ...run,
      ...(counted !== null && { probes: { ...run.probes, [participant]: counted } }),
      ...(extraNoise !== undefined && { extraNoise: { ...run.extraNoise, [participant]: extraNoise } }),
    });
  }

  /** Which pieces of a participant's vector are here. */
  arrived(participant: string, round: string): Arrived {
    const { runner, secure } = this.#deps;
    return {
      chunks: runner.chunksOf(participant, round),
      frames: secure?.framesOf(round, participant) ?? [],
    };
  }

  /** One frame of a masked vector. */
  async putFrame(participant: string, round: string, bytes: Uint8Array): Promise<Ack> {
    const { secure, comeBy, now } = this.#deps;
    if (secure?.state(round) == null) return { current: false };
    const { outcome, effects } = await secure.receiveFrame(round, participant, bytes, now());
    if (effects.length > 0) await comeBy(now());
    return { current: outcome.ok };
  }

  async #secureMessage(message: ParticipantMessage & { type: 'secagg' }): Promise<Ack> {
    const { secure, comeBy, now } = this.#deps;
    if (secure?.state(message.round) == null) return { current: false };
    const { participant, round } = message;
    const { outcome, effects } = await secure.receive(round, participant, message.message, now());
    const waiting = secure.state(round)?.phase === 'advertise';
    if (effects.length > 0 || waiting) await comeBy(now());
    return { current: outcome.ok };
  }

  async putChunk(input: unknown, bytes: Uint8Array): Promise<Ack> {
    const { participant, round, chunk } = VectorChunk.parse(input);
    return { current: this.#deps.runner.storeChunk(participant, round, chunk, bytes) };
  }

  /** Takes an event into the round, and has the alarm come when what follows is due: now, or by an earlier deadline. */
  async #event(id: string, event: RoundEvent): Promise<boolean> {
    const { runs, runner, comeBy, now } = this.#deps;
    const before = runs.active()?.round;
    const accepted = runner.event(id, event);
    const round = runs.active()?.round;
    if (round == null) return accepted;
    if (round.phase === 'open') {
      if (round.deadlineAt < (before?.deadlineAt ?? 0)) await comeBy(round.deadlineAt);
      return accepted;
    }
    // A report may be the repeat of one after which no alarm was set; polls of a secure sum are too many for that.
    if (event.type !== 'back' || before?.phase === 'open') await comeBy(now());
    return accepted;
  }
}
