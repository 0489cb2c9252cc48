/** The whole page: the bar, the view that the address names, and the dialogs over it. */
import { useEffect, useState } from 'hono/jsx/dom';
import type { Navigation } from './navigation.ts';
import { Confirm, type Question } from './parts/confirm.tsx';
import { TokenDialog } from './parts/token-dialog.tsx';
import { TopBar } from './parts/top-bar.tsx';
import type { Store } from './store.ts';
import { PAGE, VIEW_NAMES } from './texts.ts';
import { DocumentsView } from './views/documents.tsx';
import { FederationView } from './views/federation.tsx';
import { PrivacyView } from './views/privacy.tsx';
import { SearchView } from './views/search.tsx';
import { SettingsView } from './views/settings.tsx';
import { TrainingView } from './views/training.tsx';
import type { ViewProps } from './views/view.ts';

export function App({ store, navigation }: { store: Store; navigation: Navigation }) {
  const [state, setState] = useState(store.state);
  const [place, setPlace] = useState(navigation.place);
  const [question, setQuestion] = useState<Question | null>(null);
  const [tokenOpen, setTokenOpen] = useState(false);
  useEffect(() => store.start(setState), []);
  useEffect(() => navigation.listen(setPlace), []);
  useEffect(() => {
    document.title = PAGE.titleOf(place.view, place.collection);
    // On a phone the bar is wider than the screen.
    document.querySelector('.places [aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' });
  }, [place.view]);
  useEffect(() => {
    if (state.asked !== null) setTokenOpen(true);
  }, [state.asked]);
  const useToken = (token: string | null) => {
    setTokenOpen(false);
    store.useToken(token);
  };
  return (
    <>
      <TopBar state={state} place={place} onToken={() => setTokenOpen(true)} />
      <main id="main" class="page" tabindex={-1} aria-label={VIEW_NAMES[place.view]}>
        {state.asked === null ? null : (
          <p class="notice warn" role="status">
            {PAGE.needsToken}{' '}
            <button type="button" class="link" onClick={() => setTokenOpen(true)}>
              {PAGE.giveToken}
            </button>
          </p>
        )}
        <h1>{VIEW_NAMES[place.view]}</h1>
        <Current
          state={state}
          store={store}
          place={place}
          ask={setQuestion}
          go={(href) => navigation.go(href)}
        />
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

function Current(props: ViewProps) {
  switch (props.place.view) {
    case 'search':
      return <SearchView {...props} />;
    case 'documents':
      return <DocumentsView {...props} />;
    case 'training':
      return <TrainingView {...props} />;
    case 'privacy':
      return <PrivacyView {...props} />;
    case 'federation':
      return <FederationView {...props} />;
    case 'settings':
      return <SettingsView {...props} />;
  }
}
