/** The bench of reading and splitting still runs, reads each page that it wrote, and says what it promises. */
import { afterEach, expect, it, vi } from 'vitest';
import { PAGE_ENDINGS } from '../../../../cli/bench/made-up-pages.ts';
import { benchRead } from '../../../../cli/bench/read.ts';

afterEach(() => void vi.restoreAllMocks());

it('prints one JSON object with the figures of all pages and by format', async () => {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  await benchRead(['--pages', '10', '--bytes', '2000', '--json']);
  expect(lines).toHaveLength(1);
  const { formats, total_s: total, ...all } = JSON.parse(lines[0]!);
  expect(all).toMatchObject({ pages: 10, bytes: 2000 });
  expect(total).toBeGreaterThan(0);
  expect(Object.keys(formats)).toEqual(PAGE_ENDINGS);
  for (const each of Object.values(formats)) {
    expect(each).toMatchObject({ pages: 2, read_ms: expect.any(Number), split_ms: expect.any(Number) });
    // 2,000 bytes are several times what fits the encoder.
    expect((each as { passages: number }).passages).toBeGreaterThan(4);
  }
});
