/** Accuracy on held-out questions by version, as bars, against the line of plain search (MIPS). */
import uPlot from 'uplot';
import type { Version } from '../../../../shared/protocol/api/version.ts';
import { percent } from '../format.ts';
import { axis, Plot, type PlotOptions } from './plot.tsx';
import type { Theme } from './theme.ts';

/** Beyond this many bars their figures would touch. */
const MOST_LABELS = 8;

export interface MeasuredVersion extends Version {
  held_out: NonNullable<Version['held_out']>;
}

/** Those that a gate measured, oldest first. */
export function measuredOf(versions: readonly Version[]): MeasuredVersion[] {
  return versions
    .filter((version): version is MeasuredVersion => version.held_out !== null)
    .sort((a, b) => a.version - b.version);
}

export function AccuracyPlot({ versions }: { versions: readonly MeasuredVersion[] }) {
  const places = versions.map((_, index) => index);
  const accuracy = versions.map(({ held_out }) => 100 * held_out.accuracy);
  const mips = versions.map(({ held_out }) => 100 * held_out.mips);
  const label = versions
    .map(
      ({ version, held_out }) =>
        `version ${version}: ${percent(held_out.accuracy)}, plain search ${percent(held_out.mips)}`,
    )
    .join('; ');
  return (
    <Plot
      label={`Accuracy by version. ${label}.`}
      height={230}
      data={[places, accuracy, mips]}
      look={versions.map(({ version, state }) => `${version} ${state}`).join()}
      options={(theme) => optionsOf(versions, theme)}
    />
  );
}

function optionsOf(versions: readonly MeasuredVersion[], theme: Theme): PlotOptions {
  const fills = versions.map(({ state }) =>
    state === 'serving' ? theme.accent : state === 'available' ? theme.accentSoft : theme.line,
  );
  const bars = uPlot.paths.bars?.({
    size: [0.55, 84],
    radius: 0.08,
    // uPlot takes colours of single bars only for both.
    disp: { fill: { unit: 3, values: () => fills }, stroke: { unit: 3, values: () => fills } },
  });
  return {
    legend: { show: false },
    cursor: { show: false },
    padding: [18, 8, 0, 0],
    scales: { x: { time: false, range: [-0.6, versions.length - 0.4] }, y: { range: [0, 100] } },
    axes: [
      axis(theme, {
        grid: { show: false },
        size: 30,
        splits: () => versions.map((_, index) => index),
        values: (_, places) => places.map((place) => `v${versions[place]?.version ?? ''}`),
      }),
      axis(theme, { size: 44, values: (_, values) => values.map((value) => `${value} %`) }),
    ],
    series: [
      {},
      {
        label: 'Accuracy',
        fill: theme.accent,
        ...(bars === undefined ? {} : { paths: bars }),
        points: { show: false },
      },
      {
        label: 'Plain search',
        stroke: theme.warn,
        width: 2,
        dash: [6, 4],
        paths: acrossBars,
        points: { show: false },
      },
    ],
    hooks: versions.length <= MOST_LABELS ? { draw: [(plot) => writeFigures(plot, theme)] } : {},
  };
}

/** A level across the width of each version's place: a line from point to point would show nothing for one version. */
const acrossBars: uPlot.Series.PathBuilder = (plot, series, from, to) => {
  const stroke = new Path2D();
  const values = plot.data[series] as number[];
  for (let place = from; place <= to; place++) {
    const y = plot.valToPos(values[place] as number, 'y', true);
    stroke.moveTo(plot.valToPos(place - 0.5, 'x', true), y);
    stroke.lineTo(plot.valToPos(place + 0.5, 'x', true), y);
  }
  return { stroke };
};

function writeFigures(plot: uPlot, { ink, font }: Theme): void {
  const { ctx } = plot;
  ctx.save();
  ctx.fillStyle = ink;
  ctx.font = font.replace('12px', `600 ${12 * devicePixelRatio}px`);
  ctx.textAlign = 'center';
  (plot.data[1] as number[]).forEach((value, place) => {
    const y = plot.valToPos(value, 'y', true) - 6 * devicePixelRatio;
    ctx.fillText(value.toFixed(1), plot.valToPos(place, 'x', true), y);
  });
  ctx.restore();
}
