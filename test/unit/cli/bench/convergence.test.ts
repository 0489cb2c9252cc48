import { expect, it } from 'vitest';
import { type Curve, drawCurves } from '../../../../cli/bench/convergence.ts';

const curve = (panel: string, name: string, values: number[]): Curve => ({
  panel,
  name,
  points: values.map((top1, index) => ({ round: index + 1, top1 })),
});

it('draws each curve within the axes of its panel, and says in words what it shows', () => {
  const svg = drawCurves([
    curve('Noise <off>', 'eight regions', [0.62, 0.8, 0.94]),
    curve('Noise <off>', 'one place', [0.62, 0.95]),
    curve('Noise on', 'eight regions', [0.6, 0.9]),
  ]);
  expect(svg).toContain(
    'eight regions from 62.0 % to 94.0 % in 3 rounds, one place from 62.0 % to 95.0 % in 2 rounds.',
  );
  expect(svg).toContain('Noise &lt;off>');
  // From 60 to 100 %, 260 high from 40 on: 0.62 lies at 40 + (1 − 0.02/0.4) · 260.
  expect(svg).toContain('d="M46.0 287.0L236.0 170.0L426.0 79.0"');
  expect(svg).toContain('d="M46.0 287.0L236.0 72.5"');
  expect(svg.match(/<path class="a"/g)).toHaveLength(4);
});

it('refuses what is no curve', () => {
  expect(() => drawCurves([])).toThrow(RangeError);
  expect(() => drawCurves([curve('one', 'short', [0.5])])).toThrow('short: 1 points are no curve');
  const five = Array.from({ length: 5 }, (_, n) => curve('one', `${n}`, [0, 1]));
  expect(() => drawCurves(five)).toThrow('at most 4');
});
