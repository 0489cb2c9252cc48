/** What every view is given. */
import type { Place } from '../../place.ts';
import type { Ask } from '../parts/confirm.tsx';
import type { State, Store } from '../store.ts';

export interface ViewProps {
  state: State;
  store: Store;
  place: Place;
  /** Asks before something that cannot be taken back. */
  ask: Ask;
  /** Opens an address of the dashboard. */
  go: (href: string) => void;
}
