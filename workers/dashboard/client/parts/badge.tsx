/** A state in a word. Its colour says nothing that the word does not. */
import type { Child } from 'hono/jsx/dom';
import type { Tone } from '../words.ts';

export function Badge({ tone, children }: { tone: Tone; children: Child }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}
