/** The whole page. Every part draws what the store has; nothing else is remembered but what is being asked. */
import { useEffect, useState } from 'hono/jsx/dom';
import { AccuracyCard } from './cards/accuracy.tsx';
import { Overview } from './cards/overview.tsx';
import { PrivacyCard } from './cards/privacy.tsx';
import { RegionsCard } from './cards/regions.tsx';
import { SearchCard } from './cards/search.tsx';
import { TrainingCard } from './cards/training.tsx';
import { VersionsCard } from './cards/versions.tsx';
import { Confirm, type Question } from './parts/confirm.tsx';
import { TokenDialog } from './parts/token-dialog.tsx';
import { TopBar } from './parts/top-bar.tsx';
import type { Store } from './store.ts';

export function App({ store }: { store: Store }) {
  const [state, setState] = useState(store.state);
  const [question, setQuestion] = useState<Question | null>(null);
  const [tokenOpen, setTokenOpen] = useState(false);
  useEffect(() => store.start(setState), []);
  useEffect(() => {
    if (state.asked !== null) setTokenOpen(true);
  }, [state.asked]);
  const useToken = (token: string | null) => {
    setTokenOpen(false);
    store.useToken(token);
  };
  return (
    <>
      <TopBar state={state} onToken={() => setTokenOpen(true)} />
      <main id="main" class="page" tabindex={-1}>
        {state.asked === null ? null : (
          <p class="notice warn" role="status">
            This deployment asks for a token.{' '}
            <button type="button" class="link" onClick={() => setTokenOpen(true)}>
              Give one
            </button>
          </p>
        )}
        <Overview state={state} />
        <TrainingCard state={state} store={store} ask={setQuestion} />
        <div class="columns">
          <div>
            <AccuracyCard state={state} />
            <VersionsCard state={state} store={store} ask={setQuestion} />
          </div>
          <div>
            <PrivacyCard state={state} />
            <RegionsCard state={state} />
          </div>
        </div>
        <SearchCard state={state} />
      </main>
      <Confirm question={question} onClose={() => setQuestion(null)} />
      <TokenDialog
        open={tokenOpen}
        asked={state.asked}
        given={state.target.token !== null}
        onToken={useToken}
        onClose={() => setTokenOpen(false)}
      />
    </>
  );
}
