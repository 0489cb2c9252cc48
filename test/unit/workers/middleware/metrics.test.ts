import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CoordinatorApi } from '../../../../shared/protocol/objects.ts';
import { Gauges } from '../../../../workers/middleware/gauges.ts';
import { Metrics } from '../../../../workers/middleware/metrics.ts';
import type { Services } from '../../../../workers/services.ts';
import { caughtLog, guardedApp, SECRET } from '../../../helpers/guarded-app.ts';
import { memoryServices } from '../../../helpers/memory-services.ts';
import { snapshotOf } from '../../../helpers/snapshots.ts';

beforeEach(() => void caughtLog());
afterEach(() => void vi.restoreAllMocks());

/** The samples of a text in Prometheus' format. @throws Error for a line that the format does not have. */
function parsed(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const typed = new Set<string>();
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.trimEnd().split('\n')) {
    const type = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line)?.[1];
    if (type !== undefined) typed.add(type);
    if (line.startsWith('#')) continue;
    const found = /^([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*\})? (-?[\d.e+-]+)$/.exec(line);
    if (found === null) throw new Error(`not a sample: ${line}`);
    const [, name = '', labels = '', value] = found;
    expect(typed).toContain(typed.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ''));
    expect(samples.has(name + labels), line).toBe(false);
    samples.set(name + labels, Number(value));
  }
  return samples;
}

describe('the exposition', () => {
  it('has cumulative buckets up to infinity, a sum and a count', () => {
    const metrics = new Metrics();
    for (const seconds of [0.001, 0.02, 0.02, 99]) {
      metrics.observe('fedcar_request_duration_seconds', { route: '/v1/search' }, seconds);
    }
    const samples = parsed(metrics.text());
    const bucket = (le: string) =>
      samples.get(`fedcar_request_duration_seconds_bucket{route="/v1/search",le="${le}"}`);
    expect([bucket('0.005'), bucket('0.01'), bucket('0.025'), bucket('30'), bucket('+Inf')]).toEqual([
      1, 1, 3, 3, 4,
    ]);
    expect(samples.get('fedcar_request_duration_seconds_sum{route="/v1/search"}')).toBeCloseTo(99.041);
    expect(samples.get('fedcar_request_duration_seconds_count{route="/v1/search"}')).toBe(4);
  });

  it('escapes labels', () => {
    const metrics = new Metrics();
    metrics.count('fedcar_requests_total', { route: 'a"b\\c\nd' });
    expect(metrics.text()).toContain('{route="a\\"b\\\\c\\nd"} 1');
    parsed(metrics.text());
  });
});

describe('GET /v1/metrics', () => {
  it('counts requests by route and status, refusals, and parts of searches', async () => {
    const { ask, token } = guardedApp();
    await ask('/v1/search', { body: { query: 'x' }, token: SECRET });
    await ask('/v1/collections/default/search', { body: { query: 'x' }, token: SECRET });
    await ask('/v1/collections/default', { method: 'PATCH', body: {}, token: SECRET });
    await ask('/v1/search', { body: { query: 'x' } });
    await ask(`/v1/items/${'x'.repeat(300)}`, { token: token({ scopes: ['feedback'] }) });
    const { text, headers } = await ask('/v1/metrics', { token: SECRET });
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const samples = parsed(text);
    expect(samples.get('fedcar_requests_total{route="/v1/search",method="POST",status="200"}')).toBe(2);
    expect(samples.get('fedcar_requests_total{route="/v1/search",method="POST",status="401"}')).toBe(1);
    expect(
      samples.get('fedcar_requests_total{route="/v1/collections/:name",method="PATCH",status="400"}'),
    ).toBe(1);
    expect(samples.get('fedcar_requests_total{route="/v1/items/:key",method="GET",status="403"}')).toBe(1);
    expect(samples.get('fedcar_auth_rejected_total{reason="no_token"}')).toBe(1);
    expect(samples.get('fedcar_auth_rejected_total{reason="scope"}')).toBe(1);
    expect(samples.get('fedcar_part_duration_seconds_count{part="embed"}')).toBe(2);
    expect([...samples.keys()].some((key) => key.startsWith('fedcar_isolate_start_time_seconds'))).toBe(true);
  });

  it('does not grow with what clients invent', async () => {
    const { ask } = guardedApp();
    const size = async () => parsed((await ask('/v1/metrics', { token: SECRET })).text).size;
    await ask('/v1/nothing', { token: SECRET });
    await ask('/v1/nothing', { method: 'PROPFIND', token: SECRET });
    await size();
    const before = await size();
    for (let i = 0; i < 50; i++) {
      await ask(`/v1/nothing-${i}`, { token: SECRET });
      await ask(`/v1/nothing-${i}`, { method: `X${i}`, token: SECRET });
    }
    expect(await size()).toBeLessThanOrEqual(before + 1);
  });
});

describe('gauges', () => {
  const version = {
    revision: 0,
    hash: '',
    bytes: 1,
    created_at: 0,
    parent: null,
    run: null,
    held_out: null,
    probe: null,
  };
  function services(state: { reads: number; fails: boolean }): Services {
    const memory = memoryServices({
      snapshot: snapshotOf([{ item: 'a', region: 'weur', vector: [1] }]),
      regions: { weur: 'answers' },
      embed: () => Float32Array.of(1),
    });
    const coordinator = {
      async privacy() {
        state.reads += 1;
        if (state.fails) throw new Error('away');
        return { noise: 'on', epsilon: 1.25, budget: 4 };
      },
      versions: async () => [
        { ...version, version: 2, state: 'serving', rows: 10, active_rows: 4, training: {} },
        { ...version, version: 1, state: 'rejected', rows: 10, active_rows: 4, training: {} },
      ],
      runs: async () => [{ state: 'published', finished: 7, started_at: 5000 }],
      regions: async () => [{ region: 'weur', items: 3, passages: 9, last_contribution_at: null }],
    } as unknown as CoordinatorApi;
    return { ...memory, coordinator: () => coordinator };
  }

  it('show each collection’s privacy, versions, last run and documents', async () => {
    const state = { reads: 0, fails: false };
    const made = services(state);
    const { collection } = made as unknown as { collection: Parameters<Gauges['text']>[1][number] };
    const time = { ms: 0 };
    const gauges = new Gauges(() => time.ms);
    const samples = parsed(await gauges.text(made, [collection]));
    expect(samples.get('fedcar_privacy_epsilon{collection="default"}')).toBe(1.25);
    expect(samples.get('fedcar_privacy_epsilon_budget{collection="default"}')).toBe(4);
    expect(samples.get('fedcar_model_version{collection="default"}')).toBe(2);
    expect(samples.get('fedcar_model_versions{collection="default",state="rejected"}')).toBe(1);
    expect(samples.get('fedcar_run_state{collection="default",state="published"}')).toBe(1);
    expect(samples.get('fedcar_region_items{collection="default",region="weur"}')).toBe(3);
    time.ms += 59_000;
    await gauges.text(made, [collection]);
    expect(state.reads).toBe(1);
    time.ms += 1000;
    state.fails = true;
    const away = parsed(await gauges.text(made, [collection]));
    expect([...away]).toEqual([['fedcar_collection_up{collection="default"}', 0]]);
  });
});
