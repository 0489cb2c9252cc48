/** The dashboard before its script runs: the frame that stays, and grey places where figures will be. */
import { Page } from './page.tsx';

const PLACES = ['Training', 'Accuracy', 'Versions', 'Search'];

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
          <noscript>
            <p class="notice warn">
              This page draws its figures with a script of its own. The same figures are served under{' '}
              <code>/v1</code>; the <a href="/docs">API reference</a> lists them.
            </p>
          </noscript>
          {PLACES.map((name) => (
            <section class="card" aria-label={name}>
              <h2>{name}</h2>
              <div class="skeleton" />
            </section>
          ))}
        </main>
      </div>
    </Page>
  );
}
