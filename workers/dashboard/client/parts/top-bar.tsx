/** The bar that stays: which collection, where on the page, and the token. */
import type { State } from '../store.ts';

const PLACES = [
  ['training', 'Training'],
  ['accuracy', 'Accuracy'],
  ['versions', 'Versions'],
  ['privacy', 'Privacy'],
  ['regions', 'Regions'],
  ['search', 'Search'],
] as const;

export function TopBar({ state, onToken }: { state: State; onToken: () => void }) {
  const { collection, token } = state.target;
  return (
    <header class="top">
      <a class="skip" href="#main">
        Skip to the figures
      </a>
      <div class="top-line">
        <span class="brand">fedcar</span>
        <CollectionChoice names={state.collections} chosen={collection} />
        <nav class="places" aria-label="On this page">
          {PLACES.map(([id, name]) => (
            <a href={`#${id}`}>{name}</a>
          ))}
        </nav>
        <span class="top-end">
          <a href="/docs">API</a>
          <button type="button" class="button small" onClick={onToken}>
            {token === null ? 'Token' : 'Token in use'}
          </button>
        </span>
      </div>
    </header>
  );
}

function CollectionChoice({ names, chosen }: { names: readonly string[]; chosen: string }) {
  // A token may not list collections: then the one in the address is all there is.
  if (names.length < 2) return <span class="collection">{chosen}</span>;
  const go = (event: Event) => {
    const { value } = event.target as HTMLSelectElement;
    location.search = value === 'default' ? '' : `?collection=${encodeURIComponent(value)}`;
  };
  return (
    <label class="collection">
      <span class="unseen">Collection</span>
      <select onChange={go}>
        {[...new Set([chosen, ...names])].sort().map((name) => (
          <option value={name} selected={name === chosen}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
