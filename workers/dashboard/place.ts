/** Addresses of the dashboard: which view, of which collection, and what is open in it. For the Worker and the page. Pure. */

export const VIEWS = ['search', 'documents', 'training', 'privacy', 'federation', 'settings'] as const;
export type View = (typeof VIEWS)[number];

export interface Place {
  view: View;
  collection: string;
  /** Key of the document that is open; null: none. */
  item: string | null;
  /** Two versions that are compared, the older one first; null: none. */
  compare: readonly [number, number] | null;
}

const ROOT = '/dashboard';

/** Null for an address that is none of the dashboard's. */
export function placeOf({ pathname, searchParams }: URL): Place | null {
  const [, name = 'search', ...rest] = pathname.replace(/\/$/, '').slice(1).split('/');
  const view = VIEWS.find((each) => each === name);
  if (!pathname.startsWith(ROOT) || view === undefined || rest.length > 0) return null;
  const item = searchParams.get('item');
  return {
    view,
    collection: searchParams.get('collection') || 'default',
    item: view === 'documents' && item ? item : null,
    compare: view === 'training' ? pairOf(searchParams.get('compare')) : null,
  };
}

function pairOf(text: string | null): readonly [number, number] | null {
  const found = /^(\d{1,9})-(\d{1,9})$/.exec(text ?? '');
  return found === null ? null : [Number(found[1]), Number(found[2])];
}

export function hrefOf({
  view,
  collection,
  item = null,
  compare = null,
}: Partial<Place> & { view: View }): string {
  const query = new URLSearchParams();
  if (collection !== undefined && collection !== 'default') query.set('collection', collection);
  if (item !== null) query.set('item', item);
  if (compare !== null) query.set('compare', compare.join('-'));
  const below = view === 'search' ? '' : `/${view}`;
  return ROOT + below + (query.size === 0 ? '' : `?${query}`);
}
