import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { CellRate } from '../../../../workers/middleware/cell-rate.ts';

function clock() {
  const time = { ms: 1_000_000 };
  return { time, now: () => time.ms };
}

describe('a cell rate', () => {
  it('lets a minute’s worth pass at once, then says how long to wait', () => {
    const { time, now } = clock();
    const cellRate = new CellRate({ now, capacity: 10 });
    for (let i = 0; i < 60; i++) expect(cellRate.take('a', 60)).toBe(0);
    expect(cellRate.take('a', 60)).toBe(1);
    time.ms += 1000;
    expect(cellRate.take('a', 60)).toBe(0);
    expect(cellRate.take('a', 60)).toBe(1);
  });

  it('keeps keys apart', () => {
    const { now } = clock();
    const cellRate = new CellRate({ now, capacity: 10 });
    expect(cellRate.take('a', 1)).toBe(0);
    expect(cellRate.take('a', 1)).toBe(60);
    expect(cellRate.take('b', 1)).toBe(0);
  });

  it('remembers no more keys than it may, and forgets those used longest ago', () => {
    const { now } = clock();
    const cellRate = new CellRate({ now, capacity: 2 });
    for (const key of ['a', 'b', 'a', 'c']) cellRate.spend(key, 1);
    expect(cellRate.wait('a', 1)).toBeGreaterThan(0);
    expect(cellRate.wait('b', 1)).toBe(0);
  });

  test.prop([
    fc.integer({ min: 1, max: 120 }),
    fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 200 }),
  ])('passes at most perMinute · (1 + T) requests in T minutes', (perMinute, pauses) => {
    const { time, now } = clock();
    const cellRate = new CellRate({ now, capacity: 10 });
    const begin = time.ms;
    let passed = 0;
    for (const pause of pauses) {
      time.ms += pause;
      if (cellRate.take('a', perMinute) === 0) passed += 1;
      expect(passed).toBeLessThanOrEqual(perMinute * (1 + (time.ms - begin) / 60_000) + 1e-9);
    }
  });

  test.prop([fc.integer({ min: 1, max: 600 }), fc.integer({ min: 0, max: 60_000 })])(
    'lets pass whoever waits as long as it was told',
    (perMinute, later) => {
      const { time, now } = clock();
      const cellRate = new CellRate({ now, capacity: 10 });
      while (cellRate.take('a', perMinute) === 0);
      time.ms += later;
      time.ms += cellRate.wait('a', perMinute) * 1000;
      expect(cellRate.take('a', perMinute)).toBe(0);
    },
  );
});
