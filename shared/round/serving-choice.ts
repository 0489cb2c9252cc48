/**
 * The public rule by which a gate's sum becomes what a collection serves: which settings it tries beside a version's own,
 * one axis at a time, and what of it is taken. Everything here is computed from the released sum alone. Pure.
 */
import { MOST_TRIED, type TriedSetting } from '../protocol/rounds.ts';
import type { ServingParameters } from '../protocol/serving-parameters.ts';

/** What is tried on each axis. */
const LADDERS = {
  words: [0.22, 0.44, 0.7, 1, 1.5],
} as const satisfies Partial<Record<keyof ServingParameters, readonly number[]>>;

/** Weights of memory that are tried: the largest is the start. */
const MEMORY = [0.3, 0.5, 0.7] as const;
/** Share of all questions that documents without questions may lose to memory; one held-out unit is always allowed. */
const MOST_LOST = 0.0025;

const AXES = Object.keys(LADDERS) as (keyof typeof LADDERS)[];

/** What a gate can tell apart: an axis of which it knows nothing is not tried. */
export interface Known {
  words: boolean;
  /** Whether regions remember their logs, and may ask them: without noise. */
  memory: boolean;
  /** Whether units that train may say what suits the version that serves: without noise, if it never learned. */
  everyone: boolean;
}

/** The settings that a gate tries of both versions. Their number does not depend on anybody's records. */
export function triedSettings(
  present: Record<TriedSetting['of'], ServingParameters>,
  known: Known,
): TriedSetting[] {
  const tried: TriedSetting[] = [];
  for (const of of ['candidate', 'serving'] as const) {
    for (const axis of AXES) {
      if (!known[axis]) continue;
      for (const value of LADDERS[axis]) {
        if (value === present[of][axis]) continue;
        const setting = {
          of,
          unasked: false,
          untrained: false,
          parameters: { ...present[of], memory: 0, [axis]: value },
        };
        tried.push({ ...setting, everyone: false });
        if (known.everyone && of === 'serving') tried.push({ ...setting, everyone: true });
      }
    }
    if (known.memory) tried.push(...memorySettings(of, present[of]));
  }
  return tried.slice(0, MOST_TRIED);
}

/** Weights of memory, also of none, for documents that are asked about and as if nobody had asked about them. */
function memorySettings(of: TriedSetting['of'], present: ServingParameters): TriedSetting[] {
  const settings = (unasked: boolean, weights: readonly number[]) =>
    weights.map((memory) => ({
      of,
      unasked,
      everyone: false,
      untrained: false,
      parameters: { ...present, memory },
    }));
  return [...settings(false, MEMORY), ...settings(true, [0, ...MEMORY])];
}

/** A version's parameters as the gate would have them, and what they win against the present ones. */
export interface ServingChoice {
  parameters: ServingParameters;
  /** Wins less losses over held-out units of what is taken, axis by axis, added up. */
  gained: number;
  /** Noised figures that `gained` is made of. */
  figures: number;
}

export interface ChoiceRule {
  deviation: number;
  confidence: number;
  /** What a gain must be where there is no noise. */
  least: number;
}

interface Sums {
  tried: readonly TriedSetting[];
  sums: ArrayLike<number>;
}

/**
 * On each axis the setting that wins most, where that is beyond the noise: the largest of m figures of noise alone is
 * √(2 ln m) deviations up, so that much more is asked than of one. Where units that train were asked as well, they say
 * which, and held-out ones what it gains.
 * @param sums of the settings, in their order
 * @param near what is taken of equals: what suits the other version, or else the present one
 */
export function chooseServing(
  of: TriedSetting['of'],
  present: ServingParameters,
  { tried, sums }: Sums,
  rule: ChoiceRule,
  near: ServingParameters = present,
): ServingChoice {
  const choice: ServingChoice = { parameters: present, gained: 0, figures: 0 };
  const all = tried.map((setting, at) => ({ ...setting, gained: sums[at]! }));
  for (const axis of AXES) {
    const own = all.filter(
      (each) => each.of === of && !each.unasked && each.parameters[axis] !== present[axis],
    );
    const held = own.filter(({ everyone }) => !everyone);
    if (held.length === 0) continue;
    const everyone = own.filter((each) => each.everyone);
    const judged = everyone.length > 0 ? everyone : held;
    const apart = ({ parameters }: TriedSetting) => Math.abs(parameters[axis] - near[axis]);
    const noise = rule.deviation * (rule.confidence + Math.sqrt(2 * Math.log(judged.length)));
    const wins = judged.filter(({ parameters, gained }) => {
      // What suits the other version, by many more questions, is taken if it does not lose.
      const isNear = parameters[axis] === near[axis] && near[axis] !== present[axis];
      return gained >= (isNear ? 0 : Math.max(rule.least, noise));
    });
    const [best] = wins.sort((a, b) => b.gained - a.gained || apart(a) - apart(b));
    if (best === undefined) continue;
    const value = best.parameters[axis];
    choice.parameters = { ...choice.parameters, [axis]: value };
    choice.gained += held.find(({ parameters }) => parameters[axis] === value)!.gained;
    choice.figures += 1;
  }
  return choice;
}

/**
 * The weight of memory with which most of all questions are found, of those that documents without questions can bear:
 * what these lose, of what they find without memory or by plain search, whichever is less, is no more than a small share
 * of all questions; none where there is no such weight. The present one where none was tried: gates with noise try none,
 * so that sums here are exact.
 * @param units that judged
 * @param unasked share of the rows that did not learn: so many of all questions are taken to be about such documents
 */
export function chooseMemory(
  of: TriedSetting['of'],
  present: ServingParameters,
  { tried, sums }: Sums,
  { units, unasked }: { units: number; unasked: number },
): number {
  const found = (isUnasked: boolean, memory: number): number | null => {
    const at = tried.findIndex(
      (each) =>
        each.of === of &&
        each.unasked === isUnasked &&
        each.parameters.memory === memory &&
        each.parameters.words === present.words,
    );
    return at < 0 ? null : sums[at]!;
  };
  const without = found(true, 0);
  if (without === null) return present.memory;
  // Sums of such questions are what is found beyond plain search.
  const floor = Math.min(0, without);
  const mayLose = Math.max(1, (MOST_LOST * units) / unasked);
  const allowed = MEMORY.map((memory) => {
    const kept = found(true, memory)!;
    const gained = (1 - unasked) * found(false, memory)! + unasked * kept;
    return { memory, gained, lost: floor - kept };
  }).filter(({ lost }) => lost <= mayLose);
  const [best] = allowed.sort((a, b) => b.gained - a.gained || b.memory - a.memory);
  if (best === undefined) return 0;
  const there = allowed.find(({ memory }) => memory === present.memory);
  // What is there stays unless another one wins more.
  return there !== undefined && there.gained >= best.gained ? present.memory : best.memory;
}
