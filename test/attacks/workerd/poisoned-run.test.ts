/**
 * One member of three sends false vectors inside the bounds, through the real objects: in the train round it moves every
 * row to one place, in the gate it reports as many wins as may be. The others are honest, and their questions are real.
 */
import { Shard } from '../../../durable-objects/region/shard.ts';
import { pack, unpack } from '../../../shared/crypto/packed-ring.ts';
import type { EvaluationSet } from '../../../shared/protocol/api/evaluation.ts';
import type { Run } from '../../../shared/protocol/api/run.ts';
import type { RoundSpec } from '../../../shared/protocol/rounds.ts';
import {
  BRIEF,
  collection,
  FEW_ITEMS,
  fill,
  finished,
  hubOf,
  hubStub,
  replaced,
  start,
} from '../../workerd/objects.ts';
import { attack } from '../outcome.ts';

const REGIONS = ['weur', 'enam', 'apac'];
const WIDTH = 384;
/** Some of the length that so many units may move rows by. */
const PUSH = 150;
/** What the member adds to a coordinate of its vector, in units of the sum; null: it stays honest. */
type Poison = (spec: RoundSpec, at: number, passages: Float32Array) => number | null;

/** Every row is moved to the next document's passage, which the coordinator gives out to all. */
const inTraining: Poison = (spec, at, passages) => {
  if (spec.kind !== 'train' || at >= passages.length) return null;
  return PUSH * (passages[at]! - passages[(at + WIDTH) % passages.length]!);
};
/** Units that nobody has, which the candidate alone answers right: they are gained, and travel at half of their size. */
const inGate: Poison = (spec, at) => (spec.kind === 'gate' ? ([60, 30, 30, 0][at] ?? 0) : null);

/** A run of which one member, the first to have its vector ready, poisons each round. */
async function poisoned(name: string, poison: Poison[], set: EvaluationSet | null): Promise<Run> {
  const settings = {
    training: { ...BRIEF, activeThreshold: 1 },
    heldOutShare: 0.25,
    privacy: { aggregation: 'secure', noise: 'off' },
  };
  await collection(name, settings, REGIONS);
  await fill(name, REGIONS);
  if (set !== null) await hubOf(name).setEvaluation(set);
  const hit = new Set<string>();
  let passages: Float32Array = new Float32Array(0);
  let run: Run | undefined;
  const falsify = (original: Shard['saveJob']): Shard['saveJob'] =>
    function (this: Shard, job, blobs = {}) {
      const { vector } = blobs;
      if (vector != null && !hit.has(job.spec.id)) {
        hit.add(job.spec.id);
        const { bits, dimension } = job.spec;
        const words = unpack(vector, bits, dimension);
        for (let at = 0; at < words.length; at++) {
          for (const add of poison)
            words[at]! += Math.round((add(job.spec, at, passages) ?? 0) / job.spec.gridStep);
        }
        return original.call(this, job, { ...blobs, vector: pack(words, bits) });
      }
      return original.call(this, job, blobs);
    };
  await replaced(Shard.prototype, 'saveJob', falsify, async () => {
    // Rows have numbers once they are registered.
    await hubOf(name).refresh();
    passages = await hubStub(name).rowEmbeddings(FEW_ITEMS.map((_, row) => row + 1));
    run = await finished(name, await start(name));
  });
  return run!;
}

/** Questions of the operator's own, which no region has logged. */
const OWN: EvaluationSet = {
  queries: FEW_ITEMS.map(({ key, title }) => ({ _id: key, text: title })),
  qrels: FEW_ITEMS.map(({ key }) => ({ query_id: key, corpus_id: key, score: 1 })),
};

const told = ({ state, error }: Run) => `${state}: ${error}`;

// With a reason what is published is the version that served, with the weights that the gate found for it.
const REFUSED =
  /^(rejected|published): held-out wins minus losses( against the serving version with the weights found for it)? are (-\d+|0) of \d+, where 1 are needed$/;

attack('a poisoned train round, with an honest gate', REFUSED, async () =>
  told(await poisoned('poison-train', [inTraining], null)),
);

attack(
  'a poisoned train round and a poisoned gate, where only members judge: still possible',
  /^published: null$/,
  async () => told(await poisoned('poison-both', [inTraining, inGate], null)),
);

attack(
  'a poisoned train round and a poisoned gate, where the hub has questions of its own',
  /^rejected: of the hub's own 4 questions it answers [01] right, the version that serves 4/,
  async () => told(await poisoned('poison-judged', [inTraining, inGate], OWN)),
);

attack(
  'an honest run, where the hub has questions of its own, goes on to the gate',
  /^(published: null|(rejected|published): held-out .*), 4 of 4 right at the hub$/,
  async () => {
    const run = await poisoned('honest-judged', [], OWN);
    const [judged] = (await hubOf('honest-judged').versions()).flatMap(({ own }) => own ?? []);
    return `${told(run)}, ${judged?.right} of ${judged?.questions} right at the hub`;
  },
);
