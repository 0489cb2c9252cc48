/** Answers that one view alone shows: loaded when it opens, and again when asked. The last one stays while that fails. */
import { useEffect, useRef, useState } from 'hono/jsx/dom';
import { troubleOf } from './api.ts';
import type { Loaded } from './store.ts';

export interface Loading<T> {
  of: Loaded<T>;
  /** Asks once more; ends when the answer is there. */
  again: () => Promise<void>;
}

/**
 * @param name what the answer is about: another name is another answer, which is loaded at once
 * @param load asks for it
 */
export function useLoaded<T>(name: string, load: () => Promise<T>): Loading<T> {
  const [kept, setKept] = useState<{ name: string; of: Loaded<T> }>({
    name,
    of: { value: null, trouble: null },
  });
  // What an older question brings is dropped.
  const last = useRef(0);
  const again = async () => {
    const mine = (last.current ?? 0) + 1;
    last.current = mine;
    const of = await load().then(
      (value) => ({ value, trouble: null }),
      (error) => ({ value: kept.name === name ? kept.of.value : null, trouble: troubleOf(error) }),
    );
    if (mine === last.current) setKept({ name, of });
  };
  useEffect(() => {
    void again();
  }, [name]);
  return { of: kept.name === name ? kept.of : { value: null, trouble: null }, again };
}

/** A list that is loaded page by page, as far as the reader asks for. */
export interface Pages<T> {
  of: Loaded<T[]>;
  /** Null where there is no page behind these. */
  more: (() => Promise<void>) | null;
  again: () => Promise<void>;
}

export interface Page<T> {
  entries: T[];
  /** Names the page behind this one; null on the last. */
  next: string | null;
}

/** @param load asks for the first page with null, for another by its name */
export function usePages<T>(name: string, load: (after: string | null) => Promise<Page<T>>): Pages<T> {
  const [behind, setBehind] = useState<{ name: string; entries: T[]; next: string | null } | null>(null);
  const [trouble, setTrouble] = useState<Loaded<T[]>['trouble']>(null);
  const first = useLoaded(name, () => load(null));
  const known = behind?.name === name ? behind : null;
  const next = known === null ? (first.of.value?.next ?? null) : known.next;
  const more = async () => {
    try {
      const page = await load(next);
      setBehind({ name, entries: [...(known?.entries ?? []), ...page.entries], next: page.next });
      setTrouble(null);
    } catch (error) {
      setTrouble(troubleOf(error));
    }
  };
  const again = async () => {
    setBehind(null);
    await first.again();
  };
  const { value } = first.of;
  const entries = value === null ? null : [...value.entries, ...(known?.entries ?? [])];
  return {
    of: { value: entries, trouble: first.of.trouble ?? trouble },
    more: next === null ? null : more,
    again,
  };
}
