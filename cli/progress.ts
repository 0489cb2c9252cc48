/** Progress on standard error: bars on a terminal, plain lines where there is none. Standard output stays clean. */
import cliProgress from 'cli-progress';

export interface Progress {
  /** Steps done, and a few words about the present one. */
  update(done: number, note?: string): void;
  /** Steps in all, when that is known late. */
  total(steps: number): void;
  end(note?: string): void;
}

export interface Output {
  isTTY?: boolean;
  write(text: string): unknown;
}

/** Plain lines come at most so often. */
const LINE_MS = 5000;

export function progress(name: string, steps: number, output: Output = process.stderr): Progress {
  return output.isTTY ? bar(name, steps) : lines(name, steps, output, () => Date.now());
}

function bar(name: string, steps: number): Progress {
  const shown = new cliProgress.SingleBar({
    format: `${name.padEnd(18)} {bar} {value}/{total}  {note}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 28,
    hideCursor: true,
    gracefulExit: false,
    linewrap: false,
  });
  shown.start(Math.max(1, steps), 0, { note: '' });
  return {
    update: (done, note = '') => shown.update(done, { note }),
    total: (all) => shown.setTotal(Math.max(1, all)),
    end(note = '') {
      shown.update(shown.getTotal(), { note });
      shown.stop();
    },
  };
}

/** A line at the start, at the end, and at most every five seconds between. */
export function lines(name: string, steps: number, output: Output, now: () => number): Progress {
  let all = steps;
  let last = now();
  const began = last;
  const say = (text: string) => output.write(`${name}: ${text}\n`);
  return {
    update(done, note = '') {
      if (now() - last < LINE_MS) return;
      last = now();
      say(`${done}/${all}${note ? `  ${note}` : ''}`);
    },
    total(steps) {
      all = steps;
    },
    end(note = '') {
      say(`done in ${((now() - began) / 1000).toFixed(1)} s${note ? `, ${note}` : ''}`);
    },
  };
}
