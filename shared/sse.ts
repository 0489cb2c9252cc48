/** Server-sent events (WHATWG HTML, section 9.2), as far as completions use them: written, and read with a limit. */

export interface ServerEvent {
  /** `message` unless the event names itself. */
  event: string;
  data: string;
}

/** One event; `data` is JSON unless it is a string already. */
export function eventText(data: unknown, event?: string): string {
  const name = event === undefined ? '' : `event: ${event}\n`;
  return `${name}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

/**
 * Events of a byte stream, as they come. A rest without an empty line after it still counts: some servers leave the
 * last one out. @throws RangeError past `maxBytes`.
 */
export async function* readEvents(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<ServerEvent, void> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let bytes = 0;
  /** Of the event that is not complete yet, in pieces: joined when it is, not whenever some of it comes. */
  let held: string[] = [];
  /** The last characters: an empty line may be cut anywhere. */
  let tail = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (value !== undefined) {
        bytes += value.length;
        if (bytes > maxBytes) throw new RangeError(`event stream: more than ${maxBytes} bytes`);
      }
      const piece = done ? `${decoder.decode()}\n\n` : decoder.decode(value, { stream: true });
      held.push(piece);
      const complete = EMPTY_LINE.test(tail + piece);
      const events = complete ? held.join('').split(EMPTY_LINE) : [];
      if (complete) held = [events.pop() ?? ''];
      tail = (complete ? held[0]! : tail + piece).slice(-LONGEST_END);
      for (const text of events) {
        const event = parsed(text);
        if (event !== null) yield event;
      }
      if (done) return;
    }
  } finally {
    // Whoever stops reading early wants no more of it.
    await reader.cancel().catch(() => {});
  }
}

const EMPTY_LINE = /\r?\n\r?\n/;
/** Characters of an empty line's end that may have come before the rest of it. */
const LONGEST_END = 3;

function parsed(text: string): ServerEvent | null {
  let event = 'message';
  const data: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === 'data') data.push(value ?? '');
    else if (field === 'event') event = value ?? '';
  }
  return data.length === 0 ? null : { event, data: data.join('\n') };
}
