/** The dashboard before its script runs: the frame that stays, and grey places where figures will be. */
import { Page } from './page.tsx';

export function Shell() {
  return (
    <Page
      title="fedcar dashboard"
      description="Training, privacy, versions and regions of a fedcar collection"
      style="dashboardStyle"
      script="script"
    >
      <div id="root">
        <header class="top">
          <div class="top-line">
            <span class="brand">fedcar</span>
          </div>
        </header>
        <main class="page" aria-busy="true">
          <h1>Loading…</h1>
          <noscript>
            <p class="notice warn">
              This page draws its figures with a script of its own. The same figures are served under{' '}
              <code>/v1</code>; the <a href="/docs">API reference</a> lists them.
            </p>
          </noscript>
          {[1, 2, 3].map(() => (
            <div class="card">
              <div class="skeleton" />
            </div>
          ))}
        </main>
      </div>
    </Page>
  );
}
