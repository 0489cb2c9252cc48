import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { errorText, type LogLevel, logLine, masked, observeLog, setLogLevel } from '../../../shared/log.ts';

const SECRET = 'A'.repeat(43);
let lines: string[];

beforeEach(() => {
  lines = [];
  for (const name of ['log', 'warn', 'error'] as const) {
    vi.spyOn(console, name).mockImplementation((line: string) => void lines.push(line));
  }
});
afterEach(() => {
  vi.restoreAllMocks();
  setLogLevel('info');
  observeLog(() => {});
});

const only = () => {
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0]!) as Record<string, unknown>;
};

describe('logLine', () => {
  it('writes one JSON object, without a line break whatever a field holds', () => {
    logLine('region_failed', { level: 'error', region: 'weur', error: 'a\nb' });
    expect(lines[0]).not.toContain('\n');
    expect(only()).toEqual({ level: 'error', event: 'region_failed', region: 'weur', error: 'a\nb' });
  });

  it.each(['query', 'text', 'messages', 'token', 'authorization', 'contributor'])(
    'leaves out the value of a field %s',
    (name) => {
      logLine('request', { [name]: 'words of a person' });
      expect(lines[0]).not.toContain('words');
    },
  );

  it('masks tokens wherever they stand, and cuts long values', () => {
    logLine('failed', { error: `no fc_0123456789abcdef_${SECRET} here`, detail: 'x'.repeat(5000) });
    const line = only();
    expect(line.error).toBe('no fc_*** here');
    expect((line.detail as string).length).toBeLessThan(400);
  });

  it('writes what reaches the level, and tells the observer of every warning all the same', () => {
    const heard: [LogLevel, string][] = [];
    observeLog((level, event) => heard.push([level, event]));
    setLogLevel('error');
    logLine('request');
    logLine('cache_put_failed', { level: 'warn' });
    logLine('failed', { level: 'error' });
    expect(lines.map((line) => JSON.parse(line).event)).toEqual(['failed']);
    expect(heard).toEqual([
      ['warn', 'cache_put_failed'],
      ['error', 'failed'],
    ]);
  });
});

it('masks what follows Bearer', () => {
  expect(masked('authorization: bearer abc.def, more')).toBe('authorization: Bearer *** more');
});

it('names errors', () => {
  expect(errorText(new RangeError('too far'))).toBe('RangeError: too far');
  expect(errorText('plain')).toBe('plain');
});
