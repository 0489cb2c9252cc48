/** What becomes of questions, in plain words that the collection's own account fills in. */
import { useEffect, useState } from 'hono/jsx/dom';
import type { Privacy } from '../../../shared/protocol/api/privacy.ts';
import { clientOf, type Target, type Trouble, troubleOf } from '../../dashboard/client/api.ts';
import { ASK, PRIVACY, privacyInWords, TROUBLE } from '../texts.ts';

/** @param name of the tab whose questions it is about. */
export function PrivacyPage({ target, name }: { target: Target; name: string }) {
  const [privacy, setPrivacy] = useState<Privacy | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  useEffect(() => {
    clientOf(target)
      .call('GET /privacy')
      .then(setPrivacy, (error) => setTrouble(troubleOf(error)));
  }, []);
  const query = target.collection === 'default' ? '' : `?collection=${encodeURIComponent(target.collection)}`;
  return (
    <>
      <header class="top">
        <div class="top-line">
          <span class="brand">{target.collection === 'default' ? PRIVACY.title : target.collection}</span>
          <span class="top-end">
            <a href={`/ask${query}`}>{PRIVACY.back}</a>
          </span>
        </div>
      </header>
      <main class="ask-page prose">
        <h1>{PRIVACY.heading}</h1>
        {trouble === null ? null : (
          <p class="notice warn" role="alert">
            {trouble.kind === 'token' ? TROUBLE.closed : trouble.text}
          </p>
        )}
        {privacy === null && trouble === null ? <p class="hint">{ASK.loading}</p> : null}
        {privacy === null
          ? null
          : privacyInWords(privacy, name).map(({ title, text }) => (
              <section>
                <h2>{title}</h2>
                <p>{text}</p>
              </section>
            ))}
        {privacy === null ? null : (
          <details>
            <summary>{PRIVACY.figures}</summary>
            <pre tabindex={0}>{JSON.stringify(privacy, null, 2)}</pre>
          </details>
        )}
      </main>
    </>
  );
}
