/** What the collection learns: at once, by runs, and within what was promised; versions, and how they differ. */
import { AccuracyCard } from '../cards/accuracy.tsx';
import { CompareCard } from '../cards/compare.tsx';
import { FirstSteps } from '../cards/first-steps.tsx';
import { SpeedsCard } from '../cards/speeds.tsx';
import { TrainingCard } from '../cards/training.tsx';
import { VersionsCard } from '../cards/versions.tsx';
import type { ViewProps } from './view.ts';

export function TrainingView({ state, store, place, ask, go }: ViewProps) {
  return (
    <>
      <FirstSteps state={state} />
      <SpeedsCard state={state} />
      <TrainingCard state={state} store={store} ask={ask} />
      <AccuracyCard state={state} />
      <VersionsCard state={state} store={store} ask={ask} />
      <CompareCard state={state} place={place} go={go} />
    </>
  );
}
