/** A part of the page under its own heading, with what went wrong while loading it. */
import type { Child } from 'hono/jsx/dom';
import type { Loaded } from '../store.ts';

export interface CardProps {
  id: string;
  title: Child;
  /** Buttons beside the heading. */
  action?: Child;
  children: Child;
}

export function Card({ id, title, action, children }: CardProps) {
  return (
    <section id={id} class="card" aria-labelledby={`${id}-title`}>
      <div class="card-head">
        <h2 id={`${id}-title`} tabindex={-1}>
          {title}
        </h2>
        {action ?? null}
      </div>
      {children}
    </section>
  );
}

/** Nothing while all is well; a grey place before the first answer. */
export function LoadState({ of: { value, trouble } }: { of: Loaded<unknown> }) {
  if (trouble !== null && trouble.kind !== 'token') {
    const older = value === null ? '' : ' These are the last figures that came.';
    return (
      <p class="notice bad" role="status">
        {trouble.text}
        {older}
      </p>
    );
  }
  return value === null ? <div class="skeleton" /> : null;
}

export function Empty({ title, children }: { title: string; children: Child }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      <p>{children}</p>
    </div>
  );
}
