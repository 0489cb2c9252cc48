/**
 * A round's state as rows for a SQL store. The state of a large round exceeds what one row takes (2 MB), a message does
 * not, and a step changes one message: so every message is a row, written once. Three kinds of rows: `opened`, what is
 * fixed when the round opens; `round`, where it stands; `PHASE/SENDER`, one message.
 */
import { type MessagePhase, noMessages, type ServerState } from './server-state.ts';

export interface StateRow {
  key: string;
  json: string;
}

/** What a step changed. */
export interface RowChanges {
  put: StateRow[];
  /** Keys of rows that are no more. */
  drop: string[];
}

const OPENED = 'opened';
/** Key of the row that changes with every step. */
export const ROUND_ROW = 'round';

const FIXED = ['version', 'parameters', 'roster', 'chain', 'timeouts'] as const;
type Fixed = Pick<ServerState, (typeof FIXED)[number]>;
type Standing = Omit<ServerState, keyof Fixed | 'messages'>;

function partsOf(state: ServerState): { opened: Fixed; standing: Standing } {
  const { messages: _, version, parameters, roster, chain, timeouts, ...standing } = state;
  return { opened: { version, parameters, roster, chain, timeouts }, standing };
}

/**
 * Rows to write and to drop when `after` follows `before` (null: nothing is stored). States share what they have in
 * common, so a message that is the same object was written before.
 */
export function rowChanges(before: ServerState | null, after: ServerState): RowChanges {
  const { opened, standing } = partsOf(after);
  const put: StateRow[] = [{ key: ROUND_ROW, json: JSON.stringify(standing) }];
  if (before === null) put.push({ key: OPENED, json: JSON.stringify(opened) });
  const drop: string[] = [];
  const known = before?.messages ?? noMessages();
  for (const phase of Object.keys(after.messages) as MessagePhase[]) {
    if (after.messages[phase] === known[phase]) continue;
    for (const [sender, message] of Object.entries(after.messages[phase])) {
      if (known[phase][sender] === message) continue;
      put.push({ key: `${phase}/${sender}`, json: JSON.stringify(message) });
    }
    for (const sender of Object.keys(known[phase])) {
      if (!Object.hasOwn(after.messages[phase], sender)) drop.push(`${phase}/${sender}`);
    }
  }
  return { put, drop };
}

/** @returns null unless the rows hold a round. */
export function stateFromRows(rows: Iterable<StateRow>): ServerState | null {
  let opened: Fixed | null = null;
  let standing: Standing | null = null;
  const messages: Record<MessagePhase, Record<string, unknown>> = noMessages();
  for (const { key, json } of rows) {
    if (key === OPENED) opened = JSON.parse(json) as Fixed;
    else if (key === ROUND_ROW) standing = JSON.parse(json) as Standing;
    else {
      const [phase, sender] = key.split('/') as [MessagePhase, string];
      messages[phase][sender] = JSON.parse(json);
    }
  }
  if (opened === null || standing === null) return null;
  return { ...opened, ...standing, messages: messages as ServerState['messages'] };
}
