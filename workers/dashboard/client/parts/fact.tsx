/** One line of a list of figures: a name and what it is. */
import type { Child } from 'hono/jsx/dom';

export interface FactProps {
  name: string;
  note?: string;
  children: Child;
}

export function Fact({ name, note, children }: FactProps) {
  return (
    <div>
      <dt>
        {name}
        {note === undefined ? null : <small> {note}</small>}
      </dt>
      <dd>{children}</dd>
    </div>
  );
}
