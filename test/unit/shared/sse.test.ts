/** Server-sent events, written and read. */
import { describe, expect, it } from 'vitest';
import { eventText, readEvents, type ServerEvent } from '../../../shared/sse.ts';

function streamOf(pieces: readonly (string | Uint8Array)[], cancelled: () => void = () => {}) {
  const encoder = new TextEncoder();
  const left = [...pieces];
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = left.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(typeof piece === 'string' ? encoder.encode(piece) : piece);
    },
    cancel: cancelled,
  });
}

async function read(pieces: readonly (string | Uint8Array)[], maxBytes = 1000): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const event of readEvents(streamOf(pieces), maxBytes)) events.push(event);
  return events;
}

describe('server-sent events', () => {
  it('come back as they were written', async () => {
    const text = eventText([1, 'zwei'], 'chunks') + eventText({ a: 'b\nc' }) + eventText('[DONE]');
    const expected = [
      { event: 'chunks', data: '[1,"zwei"]' },
      { event: 'message', data: '{"a":"b\\nc"}' },
      { event: 'message', data: '[DONE]' },
    ];
    expect(await read([text])).toEqual(expected);
    const bytes = new TextEncoder().encode(text);
    expect(await read(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(expected);
  });

  it.each([
    ['data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    ['data:a\n\n', ['a']],
    ['data: a\ndata: b\n\n', ['a\nb']],
    [': comment\n\nid: 7\nretry: 1\ndata: x\n\n', ['x']],
    ['data: no empty line at the end', ['no empty line at the end']],
    ['event: only a name\n\n', []],
    ['data: grüße 🦒\n\n', ['grüße 🦒']],
  ])('%j holds %j', async (text, data) => {
    expect((await read([text])).map((event) => event.data)).toEqual(data);
  });

  it('are not read without end', async () => {
    await expect(read(['data: x\n\n', 'y'.repeat(2000)])).rejects.toThrow(RangeError);
  });

  it('are given up when nobody reads on', async () => {
    let cancelled = false;
    const stream = streamOf(['data: a\n\n', 'data: b\n\n', 'data: c\n\n'], () => {
      cancelled = true;
    });
    for await (const { data } of readEvents(stream, 1000)) if (data === 'a') break;
    expect(cancelled).toBe(true);
  });
});
