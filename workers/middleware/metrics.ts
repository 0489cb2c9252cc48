/**
 * Counters and histograms of one isolate, written in Prometheus' text format (version 0.0.4). A deployment has many
 * isolates and a scrape reaches one of them: sums over all come from Analytics Engine. Invariant: label values come
 * from small fixed sets, so that no client can make the tables grow.
 */

interface Definition {
  type: 'counter' | 'histogram' | 'gauge';
  help: string;
}

const HERE = 'in this isolate';

export const DEFINITIONS = {
  fedcar_requests_total: { type: 'counter', help: `Requests answered ${HERE}` },
  fedcar_request_duration_seconds: {
    type: 'histogram',
    help: `Time to the answer's headers ${HERE}; on Cloudflare clocks stand still between inputs and outputs`,
  },
  fedcar_part_duration_seconds: {
    type: 'histogram',
    help: `Parts of answers, as server-timing names them, ${HERE}`,
  },
  fedcar_auth_rejected_total: { type: 'counter', help: `Requests refused for their token ${HERE}` },
  fedcar_rate_limited_total: { type: 'counter', help: `Requests refused for their number ${HERE}` },
  fedcar_log_events_total: { type: 'counter', help: `Warnings and errors logged ${HERE}` },
  fedcar_isolate_start_time_seconds: {
    type: 'gauge',
    help: 'When the isolate that answers began; its label names it',
  },
} as const satisfies Record<string, Definition>;

export type MetricName = keyof typeof DEFINITIONS;
export type Labels = Readonly<Record<string, string>>;

/** Upper bounds in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

interface Histogram {
  counts: number[];
  sum: number;
  count: number;
}

export function labelText(labels: Labels): string {
  const escaped = (value: string) => value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

export class Metrics {
  readonly #numbers = new Map<MetricName, Map<string, number>>();
  readonly #histograms = new Map<MetricName, Map<string, { labels: Labels; values: Histogram }>>();

  count(name: MetricName, labels: Labels, by = 1): void {
    const series = this.#numbers.get(name) ?? new Map<string, number>();
    const text = labelText(labels);
    series.set(text, (series.get(text) ?? 0) + by);
    this.#numbers.set(name, series);
  }

  set(name: MetricName, labels: Labels, value: number): void {
    this.#numbers.set(name, new Map([[labelText(labels), value]]));
  }

  observe(name: MetricName, labels: Labels, seconds: number): void {
    const series = this.#histograms.get(name) ?? new Map();
    this.#histograms.set(name, series);
    const text = labelText(labels);
    const entry = series.get(text) ?? { labels, values: { counts: BUCKETS.map(() => 0), sum: 0, count: 0 } };
    series.set(text, entry);
    const { values } = entry;
    const bucket = BUCKETS.findIndex((bound) => seconds <= bound);
    if (bucket >= 0) values.counts[bucket] += 1;
    values.sum += seconds;
    values.count += 1;
  }

  text(): string {
    const lines: string[] = [];
    for (const [name, { type, help }] of Object.entries(DEFINITIONS) as [MetricName, Definition][]) {
      const numbers = this.#numbers.get(name) ?? new Map<string, number>();
      const histograms = this.#histograms.get(name) ?? new Map();
      if (numbers.size + histograms.size === 0) continue;
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
      for (const [labels, value] of numbers) lines.push(`${name}${labels} ${value}`);
      for (const { labels, values } of histograms.values())
        lines.push(...histogramLines(name, labels, values));
    }
    return lines.map((line) => `${line}\n`).join('');
  }
}

function histogramLines(name: string, labels: Labels, { counts, sum, count }: Histogram): string[] {
  let below = 0;
  const buckets = BUCKETS.map((bound, i) => {
    below += counts[i]!;
    return `${name}_bucket${labelText({ ...labels, le: String(bound) })} ${below}`;
  });
  return [
    ...buckets,
    `${name}_bucket${labelText({ ...labels, le: '+Inf' })} ${count}`,
    `${name}_sum${labelText(labels)} ${sum}`,
    `${name}_count${labelText(labels)} ${count}`,
  ];
}
