/** Accuracy on held-out questions by version. The same figures stand in the table of versions. */
import { AccuracyPlot, measuredOf } from '../charts/accuracy-plot.tsx';
import { count } from '../format.ts';
import { Card, Empty, LoadState } from '../parts/card.tsx';
import type { State } from '../store.ts';

/** The newest of them fit beside each other. */
const MOST = 24;

export function AccuracyCard({ state: { models } }: { state: State }) {
  const measured = measuredOf(models.value ?? []).slice(-MOST);
  const newest = measured.at(-1);
  return (
    <Card id="accuracy" title="Accuracy by version">
      <LoadState of={models} />
      {models.value !== null && newest === undefined ? (
        <Empty title="Nothing measured yet">
          Some of the questions are kept aside and never trained on. When a run ends, its version is judged by
          them, and stands here beside plain search.
        </Empty>
      ) : null}
      {newest === undefined ? null : (
        <>
          <p class="legend">
            <span>
              <i class="swatch spent" /> serving
            </span>
            <span>
              <i class="swatch soft" /> available
            </span>
            <span>
              <i class="swatch none" /> rejected
            </span>
            <span>
              <i class="swatch dashed" /> plain search (MIPS)
            </span>
          </p>
          <AccuracyPlot versions={measured} />
          <p class="hint">
            Share of held-out questions whose document comes first; the newest over{' '}
            {count(newest.held_out.units)} questions
            {newest.training.noise === 'on' ? ', with noise in every figure' : ''}.
          </p>
        </>
      )}
    </Card>
  );
}
