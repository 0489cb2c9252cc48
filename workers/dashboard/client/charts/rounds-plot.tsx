/** A run's train rounds: the mean loss before each step, and below it how many regions took part. */
import { useState } from 'hono/jsx/dom';
import uPlot from 'uplot';
import type { Round } from '../../../../shared/protocol/api/run.ts';
import { axis, Plot, type PlotOptions } from './plot.tsx';
import type { Theme } from './theme.ts';

/** Both charts point at the same round. */
const SYNC = 'rounds';
const AXIS_WIDTH = 44;

export function RoundsPlot({ rounds }: { rounds: readonly Round[] }) {
  const [pointed, setPointed] = useState<number | null>(null);
  const measured = rounds.filter(({ kind, ended_at }) => kind === 'train' && ended_at !== null);
  const numbers = measured.map(({ round }) => round);
  const losses = measured.map(({ loss }) => loss);
  const joined = measured.map(({ contributors }) => contributors);
  const regions = Math.max(1, ...measured.map(({ participants }) => Object.keys(participants).length));
  const missing = joined.filter((count) => count < regions).length;
  const known = losses.filter((loss) => loss !== null);
  const fell = known.length === 0 ? '' : `${shown(known[0])} → ${shown(known.at(-1))}`;
  const number = pointed === null ? undefined : numbers[pointed];
  const at =
    pointed === null || number === undefined
      ? null
      : `round ${number}: loss ${shown(losses[pointed])}, ${joined[pointed]} regions`;
  return (
    <>
      <p class="plot-name">
        <b>Loss</b> <span>{at ?? fell}</span>
      </p>
      <Plot
        label={`Loss over ${measured.length} rounds, ${fell}`}
        height={190}
        data={[numbers, losses]}
        options={(theme) => lossOptions(theme, (index) => setPointed(index))}
      />
      <p class="plot-name">
        <b>Regions taking part</b>{' '}
        <span>
          {missing === 0 ? `all ${regions} in every round` : `fewer than ${regions} in ${missing} rounds`}
        </span>
      </p>
      <Plot
        label={`Participation: ${missing === 0 ? 'all regions in every round' : `some region missing in ${missing} rounds`}`}
        height={102}
        data={[numbers, joined]}
        options={(theme) => participationOptions(theme, regions)}
      />
    </>
  );
}

function shown(loss: number | null | undefined): string {
  return loss == null ? 'not measured' : loss.toFixed(3);
}

/** Half a round on both sides, so that the first and the last bar are whole. */
const x: uPlot.Scale = { time: false, range: (_, first, last) => [first - 0.6, last + 0.6] };
const cursor: uPlot.Cursor = { sync: { key: SYNC }, y: false, drag: { x: false, y: false } };
const wholeRounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

function lossOptions(theme: Theme, point: (index: number | null) => void): PlotOptions {
  return {
    cursor,
    legend: { show: false },
    padding: [8, 8, 4, 0],
    scales: { x },
    axes: [axis(theme, { show: false }), axis(theme, { size: AXIS_WIDTH })],
    series: [
      {},
      {
        stroke: theme.accent,
        width: 2,
        spanGaps: true,
        // A single round would draw no line.
        points: { show: (plot) => (plot.data[0]?.length ?? 0) < 20, size: 6, fill: theme.accent },
      },
    ],
    hooks: { setCursor: [(plot) => point(plot.cursor.idx ?? null)] },
  };
}

function participationOptions(theme: Theme, regions: number): PlotOptions {
  const bars = uPlot.paths.bars?.({ size: [0.72, 14] });
  return {
    cursor,
    legend: { show: false },
    padding: [10, 8, 0, 0],
    scales: { x, y: { range: [0, regions] } },
    axes: [
      axis(theme, { grid: { show: false }, size: 28, incrs: wholeRounds }),
      axis(theme, { size: AXIS_WIDTH, splits: [0, regions] }),
    ],
    series: [
      {},
      { fill: theme.good, ...(bars === undefined ? {} : { paths: bars }), points: { show: false } },
    ],
  };
}
