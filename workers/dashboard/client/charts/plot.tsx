/**
 * One uPlot chart: as wide as its place, drawn again when the colour scheme changes. The picture has a name for those
 * who cannot see it; the figures themselves stand in a table beside it.
 */
import { useEffect, useRef } from 'hono/jsx/dom';
import uPlot from 'uplot';
import { readTheme, type Theme } from './theme.ts';

export type PlotOptions = Omit<uPlot.Options, 'width' | 'height'>;

export interface PlotProps {
  label: string;
  height: number;
  data: uPlot.AlignedData;
  /** What else than data and colour scheme the picture depends on. */
  look?: string;
  options: (theme: Theme) => PlotOptions;
}

export function Plot({ label, height, data, options, look = '' }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const clear = useRef<(() => void) | null>(null);
  // New figures come as new arrays with every answer, mostly the same as before.
  const content = JSON.stringify(data);
  useEffect(() => {
    const host = place.current;
    if (host === null) return;
    // Two updates within a frame run the same effect twice, and only the second one's end is remembered.
    clear.current?.();
    let plot: uPlot | null = null;
    const draw = () => {
      plot?.destroy();
      plot = new uPlot({ ...options(readTheme()), width: host.clientWidth, height }, data, host);
    };
    draw();
    const sized = new ResizeObserver(() => {
      if (host.clientWidth > 0) plot?.setSize({ width: host.clientWidth, height });
    });
    sized.observe(host);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    clear.current = () => {
      sized.disconnect();
      scheme.removeEventListener('change', draw);
      plot?.destroy();
    };
    return clear.current;
  }, [content, height, look]);
  return <div class="plot" role="img" aria-label={label} ref={place} />;
}

/** Axes alike in all charts. */
export function axis({ muted, line, font }: Theme, more: uPlot.Axis = {}): uPlot.Axis {
  return {
    stroke: muted,
    font,
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
    gap: 6,
    ...more,
  };
}
