/** The shipped model: a unit's results do not depend on what shares its microbatch, at the encoder's real sizes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildModel, MODES } from '../../../../models/encoder/build-model.ts';
import { fsSource } from '../../../../models/fs-source.ts';
import { ModelManifest } from '../../../../models/manifest.ts';
import { modelRunner } from '../../../helpers/run-onnx.ts';
import { someUnits, stepFeeds, stepInputs } from '../../../helpers/training-step.ts';

const SHIPPED = join(import.meta.dirname, '../../../../models/minilm');
const full = process.env.FEDCAR_FULL === '1';
/** Lengths with the batch sizes to try; all of them where FEDCAR_FULL is 1. */
const SIZES = full
  ? [8, 9, 13, 15, 16, 22, 48].map((tokens) => [tokens, [2, 3, 4, 5, 6, 7, 8, 9]] as const)
  : ([
      [8, [5]],
      [13, [3]],
    ] as const);

describe.each(full ? (['int8', 'fp32'] as const) : (['int8'] as const))(
  'the shipped model, %s',
  (lowering) => {
    test("a unit's queries, loss and norms are bit-identical in any microbatch", async () => {
      const manifest = ModelManifest.parse(JSON.parse(readFileSync(join(SHIPPED, 'manifest.json'), 'utf8')));
      const adapter = { kind: 'full' } as const;
      const runner = await modelRunner(buildModel({ manifest, adapter, lowering }), fsSource(SHIPPED));
      for (const [tokens, counts] of SIZES) {
        const options = { tokens, clip: [1, Infinity, Infinity], rows: 150 } as const;
        const run = (units: ReturnType<typeof someUnits>) =>
          runner.run(stepFeeds(stepInputs(manifest.width, adapter, units, options), MODES.joint));
        const [unit] = someUnits(1, tokens, 7);
        const alone = await run([unit!]);
        for (const count of counts) {
          const place = count - 1;
          const shared = await run(someUnits(count, tokens, 90 + count).with(place, unit!));
          for (const name of ['queries', 'loss', 'correct', 'norm_adapter', 'norm_head']) {
            const size = alone[name]!.values.length;
            const own = shared[name]!.values.slice(place * size, (place + 1) * size);
            expect([tokens, count, name, own]).toEqual([tokens, count, name, alone[name]!.values]);
          }
        }
      }
      await runner.release();
    }, 600_000);
  },
);
