/** What is promised, what was spent of it, and what the regions were told. */
import { FeedbackCard } from '../cards/feedback.tsx';
import { PrivacyCard } from '../cards/privacy.tsx';
import type { ViewProps } from './view.ts';

export function PrivacyView({ state, store, ask }: ViewProps) {
  return (
    <>
      <PrivacyCard state={state} />
      <FeedbackCard state={state} store={store} ask={ask} />
    </>
  );
}
