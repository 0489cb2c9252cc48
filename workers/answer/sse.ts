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
  let held = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (value !== undefined) {
        bytes += value.length;
        if (bytes > maxBytes) throw new RangeError(`event stream: more than ${maxBytes} bytes`);
      }
      held += done ? `${decoder.decode()}\n\n` : decoder.decode(value, { stream: true });
      const events = held.split(/\r?\n\r?\n/);
      held = events.pop() ?? '';
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
