/** In which ways the questions of a gate are answered, and in which order: one snapshot after the other. */
import type { GateRound, StateRef, TriedSetting } from '../protocol/rounds.ts';
import type { ServingParameters } from '../protocol/serving-parameters.ts';
import type { GateAnswers } from '../round/gate-figures.ts';

/** One way of answering all questions. */
export interface Way {
  of: TriedSetting['of'] | 'baseline';
  parameters: ServingParameters;
  unasked: boolean;
  /** Whether questions that train are put to it, too. */
  everyone: boolean;
  /** Whether those alone are that are about documents of which the candidate learned nothing. */
  untrained: boolean;
}

/** The first ways; those that are tried follow. */
const CANDIDATE = 0;
const SERVING = 1;
const BASELINE = 2;
const FIRST_TRIED = 3;

/** A snapshot that questions are put to, and the ways in which it is asked. */
export interface Pass {
  ref: StateRef;
  ways: number[];
}

export class GateWays {
  readonly all: readonly Way[];
  readonly #spec: GateRound;

  constructor(spec: GateRound) {
    const { parameters, tried } = spec;
    const { candidate, serving, baseline } = parameters;
    // Whatever the coordinator asks for: with noise no unit that trains pays for a gate.
    const everyone = spec.noiseMultiplier === 0 && tried.some((setting) => setting.everyone);
    // What is remembered of others' questions may change the answers to many: no charge of a gate covers that.
    const remembers = spec.noiseMultiplier === 0;
    const held = { unasked: false, everyone: false, untrained: false };
    const untrained = everyone && tried.some((setting) => setting.untrained);
    this.#spec = spec;
    // Versions are compared without what one region remembers; its weight is among what is tried.
    const alone = (parameters: ServingParameters) => ({ ...parameters, memory: 0 });
    this.all = [
      { of: 'candidate', parameters: alone(candidate), ...held },
      { of: 'serving', parameters: alone(serving), ...held, everyone: everyone && !untrained },
      { of: 'baseline', parameters: alone(baseline), ...held, everyone: untrained, untrained },
      ...tried.map((setting) => ({
        ...setting,
        parameters: remembers ? setting.parameters : alone(setting.parameters),
        everyone: everyone && setting.everyone,
      })),
    ];
  }

  get everyone(): boolean {
    return this.all.some((way) => way.everyone);
  }

  /** Whether of the questions that train those alone are put to it that the candidate learned nothing of. */
  get untrained(): boolean {
    return this.all.some((way) => way.untrained);
  }

  /** Plain search first: how rows began is kept for the others. What is the same is asked once. */
  passes(): Pass[] {
    const passes: Pass[] = [];
    for (const of of ['baseline', 'candidate', 'serving'] as const) {
      const ref = this.#spec[of];
      const own = this.all.flatMap((way, index) => (way.of === of ? [index] : []));
      const same = passes.find((pass) => pass.ref.hash === ref.hash);
      if (same !== undefined) same.ways.push(...own);
      else passes.push({ ref, ways: own });
    }
    return passes;
  }

  /** Of a held-out question, what is added up. @param found whether a way found its document: 1 or 0 */
  answers(found: (way: number) => number): GateAnswers {
    const [candidate, serving, mips] = [CANDIDATE, SERVING, BASELINE].map((way) => found(way) === 1);
    return {
      ...{ candidate: candidate!, serving: serving!, mips: mips! },
      tried: this.#tried(found, (way) => !way.untrained),
    };
  }

  /** Of a question that trains. */
  trainingAnswers(found: (way: number) => number): Float64Array {
    return this.#tried(found, (way) => way.everyone);
  }

  #tried(found: (way: number) => number, isAsked: (way: Way) => boolean): Float64Array {
    const tried = this.all.slice(FIRST_TRIED);
    return Float64Array.from(tried, (way, index) => {
      if (!isAsked(way)) return 0;
      const reference =
        way.unasked || way.untrained ? BASELINE : way.of === 'candidate' ? CANDIDATE : SERVING;
      return found(FIRST_TRIED + index) - found(reference);
    });
  }

  /** Titles that the candidate and plain search found. */
  titles(found: (way: number) => number): { found: number; mips: number } {
    return { found: found(CANDIDATE), mips: found(BASELINE) };
  }
}
