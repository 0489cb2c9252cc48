/**
 * Goes from view to view without loading the page again: links are links, the back button goes back, and a reader who
 * cannot see the page hears where they are.
 */
import { type Place, placeOf } from '../place.ts';

export class Navigation {
  #listener: (place: Place) => void = () => {};
  #place: Place;

  constructor() {
    this.#place = here();
  }

  get place(): Place {
    return this.#place;
  }

  /** Returns how to stop. */
  listen(listener: (place: Place) => void): () => void {
    this.#listener = listener;
    const follow = (event: MouseEvent) => this.#follow(event);
    const back = () => this.#arrive();
    document.addEventListener('click', follow);
    addEventListener('popstate', back);
    return () => {
      document.removeEventListener('click', follow);
      removeEventListener('popstate', back);
    };
  }

  go(href: string): void {
    history.pushState(null, '', href);
    this.#arrive();
  }

  /** A link into the dashboard of the same collection; any other is the browser's. */
  #follow(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const changed = event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    if (link === null || changed || event.defaultPrevented || link.target !== '') return;
    const url = new URL(link.href, location.href);
    if (url.origin !== location.origin || url.hash !== '') return;
    const place = placeOf(url);
    if (place === null || place.collection !== this.#place.collection) return;
    event.preventDefault();
    this.go(link.href);
  }

  #arrive(): void {
    const { view } = this.#place;
    this.#place = here();
    this.#listener(this.#place);
    if (this.#place.view === view) return;
    scrollTo(0, 0);
    document.getElementById('main')?.focus({ preventScroll: true });
  }
}

function here(): Place {
  return (
    placeOf(new URL(location.href)) ?? { view: 'search', collection: 'default', item: null, compare: null }
  );
}
