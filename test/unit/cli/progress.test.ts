import { expect, it } from 'vitest';
import { lines, progress } from '../../../cli/progress.ts';

function output() {
  const written: string[] = [];
  return { written, write: (text: string) => written.push(text) };
}

it('writes a line at most every five seconds where there is no terminal', () => {
  let time = 0;
  const out = output();
  const shown = lines('training', 10, out, () => time);
  shown.update(1);
  time = 5000;
  shown.update(2, 'loss 0.5');
  time = 6000;
  shown.update(3);
  time = 10_000;
  shown.total(20);
  shown.update(4);
  time = 12_345;
  shown.end('published');
  expect(out.written).toEqual([
    'training: 2/10  loss 0.5\n',
    'training: 4/20\n',
    'training: done in 12.3 s, published\n',
  ]);
});

it('uses plain lines for an output that is no terminal', () => {
  const out = output();
  progress('documents', 3, out).end();
  expect(out.written).toHaveLength(1);
});
