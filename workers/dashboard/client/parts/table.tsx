/** A table that scrolls by itself where it is wider than its card. */
import type { Child } from 'hono/jsx/dom';

/** What a column is called, and the classes of its cells: `number` stands to the right, `roomy` goes on small screens. */
export type Column = string | readonly [name: string, classes: string];

export interface TableProps {
  columns: readonly Column[];
  /** Whether the last cell of each row holds buttons: a column that has a name for readers of the screen alone. */
  actions?: boolean;
  /** Rows. */
  children: Child;
}

export function Table({ columns, actions = false, children }: TableProps) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            {columns.map((column) => {
              const [name, classes] = typeof column === 'string' ? [column] : column;
              return (
                <th scope="col" class={classes}>
                  {name}
                </th>
              );
            })}
            {actions ? (
              <th scope="col">
                <span class="unseen">Action</span>
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
