/** The pages for those who ask before their script runs. */
import { Page } from '../dashboard/page.tsx';
import { ASK, PRIVACY } from './texts.ts';

/** Their names: what the script draws. */
type AskPage = 'ask' | 'privacy';

/** @param token of the page itself, for visitors who have none. */
export function AskShell({ page, token }: { page: AskPage; token: string | null }) {
  const { title, describe, heading } = page === 'ask' ? ASK : PRIVACY;
  return (
    <Page title={title} description={describe} style="askStyle" script="askScript">
      <div id="root" data-page={page} {...(token === null ? {} : { 'data-token': token })}>
        <header class="top">
          <div class="top-line">
            <span class="brand">{title}</span>
          </div>
        </header>
        <main class={page === 'ask' ? 'ask-page begin' : 'ask-page prose'}>
          <div class="welcome">
            <h1>{heading}</h1>
            <noscript>
              <p class="notice warn">{ASK.noScript}</p>
            </noscript>
          </div>
        </main>
      </div>
    </Page>
  );
}
