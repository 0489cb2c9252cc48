/**
 * Where regions lie and what flows, in one picture: documents and questions stay at the dots, masked sums go to the
 * coordinator, versions come back to every location. Drawn in the pixels that there are, so that words stay legible.
 */
import { useEffect, useRef, useState } from 'hono/jsx/dom';
import type { Privacy } from '../../../../shared/protocol/api/privacy.ts';
import type { Regions } from '../../../../shared/protocol/api/region.ts';
import type { Version } from '../../../../shared/protocol/api/version.ts';
import { count, many } from '../format.ts';
import { LAND, MAP_COLUMNS, MAP_ROWS, placeOnMap } from '../map.ts';
import { Card, LoadState } from '../parts/card.tsx';
import type { State } from '../store.ts';
import { FLOW } from '../texts.ts';

const LEGEND_HEIGHT = 96;
const WIDEST = 960;

export function FlowCard({ state: { regions, privacy, models } }: { state: State }) {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const host = place.current;
    if (host === null) return;
    const sized = new ResizeObserver(() => setWidth(Math.min(WIDEST, host.clientWidth)));
    sized.observe(host);
    return () => sized.disconnect();
  }, []);
  const serving = models.value?.find(({ state }) => state === 'serving');
  const ready = regions.value !== null && privacy.value !== null;
  return (
    <Card id="flow" title={FLOW.title}>
      <LoadState of={regions.value === null ? regions : privacy} />
      <div ref={place} class="flow">
        {ready && width > 0 ? (
          <Picture regions={regions.value!} privacy={privacy.value!} serving={serving} width={width} />
        ) : null}
      </div>
      {ready ? (
        <ul class="legend">
          <li>
            <i class="swatch spent" /> {FLOW.stays}
          </li>
          <li>
            <i class="swatch dashed" /> {privacy.value!.aggregation === 'secure' ? FLOW.masked : FLOW.plain}
          </li>
          <li>
            <i class="swatch returned" /> {FLOW.versions}
          </li>
        </ul>
      ) : null}
    </Card>
  );
}

interface Dot {
  name: string;
  /** Null of one that did not answer. */
  items: number | null;
  x: number;
  y: number;
}

interface PictureProps {
  regions: Regions;
  privacy: Privacy;
  serving: Version | undefined;
  width: number;
}

function Picture({ regions, privacy, serving, width }: PictureProps) {
  const cell = width / MAP_COLUMNS;
  // Rows are six degrees, columns five.
  const mapHeight = MAP_ROWS * cell * 1.1;
  const dots = dotsOf(regions, cell, mapHeight);
  const height = mapHeight + LEGEND_HEIGHT;
  const hub = { x: width / 2, y: mapHeight + 34 };
  const known = dots.filter(({ items }) => items !== null);
  const label = FLOW.label({
    regions: dots.map(
      ({ name, items }) => `${name}: ${items === null ? FLOW.away : many(items, 'document')}`,
    ),
    secure: privacy.aggregation === 'secure',
    version: serving?.version ?? 0,
  });
  return (
    <svg role="img" aria-label={label} width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
      <Land cell={cell} />
      {known.map(({ x, y }) => (
        <path class="sum" d={`M${x} ${y} Q${x} ${(y + hub.y) / 2 + 30} ${hub.x} ${hub.y - 18}`} />
      ))}
      {dots.map((dot) => (
        <RegionDot dot={dot} width={width} />
      ))}
      <rect class="hub" x={hub.x - 110} y={hub.y - 18} width={220} height={42} rx={10} />
      <text class="hub-name" x={hub.x} y={hub.y} text-anchor="middle">
        {FLOW.hub}
      </text>
      <text class="note" x={hub.x} y={hub.y + 15} text-anchor="middle">
        {privacy.aggregation === 'secure' ? FLOW.sumOnly : FLOW.seesEach}
      </text>
      <path class="back" d={`M${hub.x} ${hub.y + 24} v16`} />
      <text class="note" x={hub.x} y={hub.y + 54} text-anchor="middle">
        {FLOW.serves(serving?.version ?? 0)}
      </text>
    </svg>
  );
}

/** One path for all of it: a circle for each cell of land. */
function Land({ cell }: { cell: number }) {
  const radius = cell * 0.32;
  const circles = LAND.flatMap((row, y) =>
    [...row].flatMap((mark, x) =>
      mark === '#'
        ? [
            `M${((x + 0.5) * cell).toFixed(1)} ${((y + 0.5) * cell * 1.1).toFixed(1)}m${-radius} 0a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`,
          ]
        : [],
    ),
  );
  return <path class="land" d={circles.join('')} />;
}

/** Those whose names are no place stand in a row over the southern sea; several in one place beside each other. */
function dotsOf({ regions, away }: Regions, cell: number, mapHeight: number): Dot[] {
  const all = [
    ...regions.map(({ region, items }) => ({ name: region, items })),
    ...away.map((name) => ({ name, items: null })),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
  const taken = new Map<string, number>();
  let homeless = 0;
  return all.map(({ name, items }) => {
    const place = placeOnMap(name);
    if (place === null) {
      const at = homeless++;
      return { name, items, x: (2 + (at % 4) * 17) * cell, y: mapHeight - (1 + Math.floor(at / 4)) * 16 };
    }
    const [column, row] = place;
    const before = taken.get(`${column} ${row}`) ?? 0;
    taken.set(`${column} ${row}`, before + 1);
    return { name, items, x: (column + 0.5) * cell, y: (row + 0.5) * cell * 1.1 + before * 17 };
  });
}

function RegionDot({ dot: { name, items, x, y }, width }: { dot: Dot; width: number }) {
  // Names on the right half of the map stand to the left of their dots, away from the edge.
  const left = x > width * 0.62;
  const short = name.length > 12 ? `${name.slice(0, 11)}…` : name;
  return (
    <g class={items === null ? 'region-dot away' : 'region-dot'}>
      <circle cx={x} cy={y} r={5} />
      <text x={left ? x - 9 : x + 9} y={y + 4} text-anchor={left ? 'end' : 'start'}>
        {short}
        {width < 500 ? '' : ` · ${items === null ? FLOW.away : count(items)}`}
      </text>
    </g>
  );
}
