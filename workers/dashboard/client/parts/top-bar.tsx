/** The bar that stays: which collection, which view, and the token. */
import { hrefOf, type Place, VIEWS } from '../../place.ts';
import type { State } from '../store.ts';
import { PAGE, VIEW_NAMES } from '../texts.ts';

export interface TopBarProps {
  state: State;
  place: Place;
  onToken: () => void;
}

export function TopBar({ state, place, onToken }: TopBarProps) {
  const { collection, token } = state.target;
  const query = collection === 'default' ? '' : `?collection=${encodeURIComponent(collection)}`;
  return (
    <header class="top">
      <a class="skip" href="#main">
        {PAGE.skip}
      </a>
      <div class="top-line">
        <span class="brand">fedcar</span>
        <CollectionChoice names={state.collections} place={place} />
        <nav class="places" aria-label={PAGE.views}>
          {VIEWS.map((view) => (
            <a
              href={hrefOf({ view, collection })}
              {...(view === place.view ? { 'aria-current': 'page' } : {})}
            >
              {VIEW_NAMES[view]}
            </a>
          ))}
        </nav>
        <span class="top-end">
          <a href={`/ask${query}`}>{PAGE.ask}</a>
          <a href="/docs">{PAGE.api}</a>
          <button type="button" class="button small" onClick={onToken}>
            {token === null ? PAGE.token : PAGE.tokenInUse}
          </button>
        </span>
      </div>
    </header>
  );
}

function CollectionChoice({ names, place }: { names: readonly string[]; place: Place }) {
  const { view, collection: chosen } = place;
  // A token may not list collections: then the one in the address is all there is.
  if (names.length < 2) return <span class="collection">{chosen}</span>;
  const go = (event: Event) => {
    location.href = hrefOf({ view, collection: (event.target as HTMLSelectElement).value });
  };
  return (
    <label class="collection">
      <span class="unseen">{PAGE.collection}</span>
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
