/** The page for those who ask: a field, and the conversation as it grows. */
import { useEffect, useState } from 'hono/jsx/dom';
import { TokenDialog } from '../../dashboard/client/parts/token-dialog.tsx';
import { keepToken } from '../../dashboard/client/token.ts';
import { ASK, TROUBLE } from '../texts.ts';
import { Composer } from './composer.tsx';
import { type Conversation, isBusy, spoken, type Turn } from './conversation.ts';
import { DocumentDialog } from './document.tsx';
import type { Opened } from './sources.tsx';
import { TurnView } from './turn.tsx';
import type { Voting } from './voting.ts';

export function App({ conversation, voting }: { conversation: Conversation; voting: Voting }) {
  const [turns, setTurns] = useState<Turn[]>([]);
  const [opened, setOpened] = useState<Opened | null>(null);
  const [tokenOpen, setTokenOpen] = useState(false);
  useEffect(() => conversation.listen(setTurns), []);
  const refused = turns.at(-1)?.trouble?.kind === 'token' ? turns.at(-1)!.trouble : null;
  const useToken = (token: string | null) => {
    keepToken(token);
    location.reload();
  };
  const { target } = conversation;
  return (
    <>
      <Top collection={target.collection} asked={turns.length > 0} onClear={() => conversation.clear()} />
      <main id="main" class={turns.length === 0 ? 'ask-page begin' : 'ask-page'}>
        {turns.length === 0 ? (
          <div class="welcome">
            <h1>{ASK.heading}</h1>
            <p>{ASK.lead}</p>
          </div>
        ) : (
          <section class="conversation" aria-label={ASK.conversation}>
            <h1 class="unseen">{ASK.conversation}</h1>
            {turns.map((turn) => (
              <TurnView
                key={String(turn.id)}
                turn={turn}
                voting={voting}
                onOpen={setOpened}
                onRetry={() => void conversation.retry(turn.id)}
              />
            ))}
          </section>
        )}
        {refused === null ? null : (
          <p class="notice warn" role="alert">
            {TROUBLE.closed}{' '}
            <button type="button" class="link" onClick={() => setTokenOpen(true)}>
              {TROUBLE.token}
            </button>
          </p>
        )}
        <p class="unseen" role="status">
          {spoken(turns.at(-1))}
        </p>
        <Composer
          busy={isBusy(turns)}
          follows={turns.length > 0}
          onAsk={(question) => void conversation.ask(question)}
          onStop={() => conversation.stop()}
        />
      </main>
      <DocumentDialog target={target} opened={opened} onClose={() => setOpened(null)} />
      <TokenDialog
        open={tokenOpen}
        asked={refused?.text ?? null}
        given={target.token !== null}
        onToken={useToken}
        onClose={() => setTokenOpen(false)}
      />
    </>
  );
}

interface TopProps {
  collection: string;
  asked: boolean;
  onClear: () => void;
}

function Top({ collection, asked, onClear }: TopProps) {
  const query = collection === 'default' ? '' : `?collection=${encodeURIComponent(collection)}`;
  return (
    <header class="top">
      <a class="skip" href="#question">
        {ASK.skip}
      </a>
      <div class="top-line">
        <span class="brand">{collection === 'default' ? ASK.title : collection}</span>
        <span class="top-end">
          {asked ? (
            <button type="button" class="button small" onClick={onClear}>
              {ASK.anew}
            </button>
          ) : null}
          <a href={`/privacy${query}`}>{ASK.privacy}</a>
        </span>
      </div>
    </header>
  );
}
