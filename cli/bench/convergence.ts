/**
 * `bench convergence`: draws what `bench accuracy --json` printed as a picture for the documentation: top-1 on the
 * training questions of each round, before its step. Curves of one panel share their axes.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { z } from 'zod';

export interface Curve {
  panel: string;
  name: string;
  /** Round, counted from 1, and top-1 from 0 to 1. */
  points: { round: number; top1: number }[];
}

const Report = z.object({ curve: z.array(z.object({ top1: z.number().nullable() })) });

const PANEL = { width: 380, height: 260, left: 46, top: 40, gap: 30, bottom: 64 };
const CLASSES = ['a', 'b', 'c', 'd'];

export async function benchConvergence(args: string[]): Promise<void> {
  const { curve, out } = new Command('bench convergence')
    .description('Draw curves of accuracy benches as an SVG.')
    .requiredOption(
      '--curve <panel|name|file>',
      'a curve: title of its panel, its name, and a file whose last line a bench printed; may be repeated',
      (value: string, all: string[] = []) => [...all, value],
    )
    .option('--out <file>', 'write there instead of standard output')
    .exitOverride()
    .parse(args, { from: 'user' })
    .opts<{ curve: string[]; out?: string }>();
  const svg = drawCurves(await Promise.all(curve.map(readCurve)));
  if (out === undefined) process.stdout.write(svg);
  else await writeFile(out, svg);
}

async function readCurve(flag: string): Promise<Curve> {
  const [panel, name, file] = flag.split('|');
  if (!panel || !name || !file) throw new RangeError(`--curve: expected PANEL|NAME|FILE, got ${flag}`);
  const last = (await readFile(file, 'utf8')).trim().split('\n').at(-1) ?? '';
  let json: unknown;
  try {
    json = JSON.parse(last);
  } catch {
    throw new RangeError(`--curve: the last line of ${file} is no JSON`);
  }
  const report = Report.safeParse(json);
  if (!report.success) throw new RangeError(`--curve: ${file} has no curve`);
  const points = report.data.curve.flatMap(({ top1 }, index) =>
    top1 === null ? [] : [{ round: index + 1, top1 }],
  );
  return { panel, name, points };
}

/** @throws RangeError without curves, for a curve of fewer than two points, and for more than four in a panel */
export function drawCurves(curves: readonly Curve[]): string {
  const panels = [...new Set(curves.map(({ panel }) => panel))];
  if (panels.length === 0) throw new RangeError('there is no curve to draw');
  for (const { name, points } of curves) {
    if (points.length < 2) throw new RangeError(`${name}: ${points.length} points are no curve`);
  }
  const width = panels.length * (PANEL.left + PANEL.width) + (panels.length - 1) * PANEL.gap + 10;
  const height = PANEL.top + PANEL.height + PANEL.bottom;
  const body = panels.map((panel, at) => {
    const own = curves.filter((curve) => curve.panel === panel);
    if (own.length > CLASSES.length) throw new RangeError(`${panel}: at most ${CLASSES.length} curves`);
    const x = at * (PANEL.left + PANEL.width + PANEL.gap) + PANEL.left;
    return drawPanel(panel, own, x);
  });
  const said = panels.map((panel) => {
    const names = curves.filter((curve) => curve.panel === panel).map(describe);
    return `${panel}: ${names.join(', ')}.`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="t d" font-family="system-ui, -apple-system, 'Segoe UI', sans-serif" font-size="13">
  <title id="t">Top-1 on training questions by round</title>
  <desc id="d">${escaped(said.join(' '))}</desc>
  <style>
    text { fill: #1f2933; } .h { font-weight: 600; } .s { fill: #52606d; font-size: 12px; }
    .grid { stroke: #d5dbe1; } path { fill: none; stroke-width: 2; }
    .a { stroke: #2066b0; } .b { stroke: #b0651a; stroke-dasharray: 6 4; } .c { stroke: #2c7a3f; } .d { stroke: #7a3fa0; stroke-dasharray: 2 3; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f5f7fa; } .s { fill: #cbd2d9; } .grid { stroke: #3e4c59; }
      .a { stroke: #7db7f5; } .b { stroke: #f0b266; } .c { stroke: #86d39a; } .d { stroke: #cfa6ec; }
    }
  </style>
${body.join('\n')}
</svg>
`;
}

function drawPanel(title: string, curves: readonly Curve[], left: number): string {
  const rounds = Math.max(...curves.flatMap(({ points }) => points.map(({ round }) => round)));
  const values = curves.flatMap(({ points }) => points.map(({ top1 }) => top1));
  const low = Math.max(0, Math.floor(Math.min(...values) * 10) / 10);
  const high = Math.min(1, Math.ceil(Math.max(...values) * 10) / 10);
  const x = (round: number) => left + ((round - 1) / (rounds - 1)) * PANEL.width;
  const y = (value: number) => PANEL.top + (1 - (value - low) / (high - low || 1)) * PANEL.height;
  const lines: string[] = [`  <text class="h" x="${left}" y="20">${escaped(title)}</text>`];
  const steps = Math.round((high - low) * 10) || 1;
  for (let step = 0; step <= steps; step++) {
    const value = low + (step * (high - low)) / steps;
    const at = fixed(y(value));
    lines.push(
      `  <line class="grid" x1="${left}" x2="${left + PANEL.width}" y1="${at}" y2="${at}"/>`,
      `  <text class="s" x="${left - 8}" y="${at}" dy="4" text-anchor="end">${Math.round(100 * value)} %</text>`,
    );
  }
  const foot = PANEL.top + PANEL.height + 18;
  lines.push(
    `  <text class="s" x="${left}" y="${foot}">round 1</text>`,
    `  <text class="s" x="${left + PANEL.width}" y="${foot}" text-anchor="end">${rounds}</text>`,
  );
  for (const [index, curve] of curves.entries()) {
    const path = curve.points.map(
      ({ round, top1 }, i) => `${i === 0 ? 'M' : 'L'}${fixed(x(round))} ${fixed(y(top1))}`,
    );
    const legend = left + (index % 2) * (PANEL.width / 2);
    const row = foot + 20 + 18 * Math.floor(index / 2);
    lines.push(
      `  <path class="${CLASSES[index]}" d="${path.join('')}"/>`,
      `  <path class="${CLASSES[index]}" d="M${legend} ${row - 4}h26"/>`,
      `  <text class="s" x="${legend + 32}" y="${row}">${escaped(curve.name)}</text>`,
    );
  }
  return lines.join('\n');
}

function describe({ name, points }: Curve): string {
  const percent = (value: number | undefined) => `${(100 * (value ?? 0)).toFixed(1)} %`;
  return `${name} from ${percent(points[0]?.top1)} to ${percent(points.at(-1)?.top1)} in ${points.length} rounds`;
}

function fixed(value: number): string {
  return value.toFixed(1);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
