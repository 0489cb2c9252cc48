/**
 * A round's state as rows for a SQL store: the state of a large round exceeds what one row takes (2 MB), a message
 * does not. Message rows never change once written; only the row `round` does.
 */
import type { MessagePhase, ServerMessages, ServerState } from './server-state.ts';

export interface StateRow {
  key: string;
  json: string;
}

/** Key of everything that is not a member's message. */
export const ROUND_ROW = 'round';

export function stateRows(state: ServerState): StateRow[] {
  const { messages, ...rest } = state;
  const rows: StateRow[] = [{ key: ROUND_ROW, json: JSON.stringify(rest) }];
  for (const [phase, bySender] of Object.entries(messages)) {
    for (const [sender, message] of Object.entries(bySender)) {
      rows.push({ key: `${phase}/${sender}`, json: JSON.stringify(message) });
    }
  }
  return rows;
}

/** @returns null when there is no row `round`. */
export function stateFromRows(rows: Iterable<StateRow>): ServerState | null {
  let rest: Omit<ServerState, 'messages'> | null = null;
  const messages: Record<MessagePhase, Record<string, unknown>> = {
    advertise: {},
    share: {},
    masked: {},
    consistency: {},
    unmask: {},
  };
  for (const { key, json } of rows) {
    if (key === ROUND_ROW) rest = JSON.parse(json) as Omit<ServerState, 'messages'>;
    else {
      const [phase, sender] = key.split('/') as [MessagePhase, string];
      messages[phase][sender] = JSON.parse(json);
    }
  }
  return rest === null ? null : { ...rest, messages: messages as unknown as ServerMessages };
}
