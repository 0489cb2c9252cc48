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
  /** Of the terminal. */
  columns?: number;
  write(text: string): unknown;
}

/** Plain lines come at most so often. */
const LINE_MS = 5000;

export function progress(name: string, steps: number, output: Output = process.stderr): Progress {
  return output.isTTY ? bar(name, steps, output.columns ?? 80) : lines(name, steps, output, () => Date.now());
}

/** What a name and figures take beside a bar; a narrow terminal has a short one, so that the note can be read. */
const BESIDE = 52;
const LONGEST_BAR = 28;
const SHORTEST_BAR = 6;

function bar(name: string, steps: number, columns: number): Progress {
  const width = columns < 80 ? 10 : 18;
  // How many there are is not always known.
  const figures = steps > 0 ? '{bar} {value}/{total}' : '{value}';
  const shown = new cliProgress.SingleBar({
    format: `${name.padEnd(width)} ${figures}  {note}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: Math.max(SHORTEST_BAR, Math.min(LONGEST_BAR, columns - BESIDE)),
    hideCursor: true,
    gracefulExit: false,
    linewrap: false,
  });
  let last = 0;
  shown.start(Math.max(1, steps), 0, { note: '' });
  return {
    update(done, note = '') {
      last = done;
      shown.update(done, { note });
    },
    total: (all) => shown.setTotal(Math.max(1, all)),
    end(note = '') {
      shown.update(steps > 0 ? shown.getTotal() : last, { note });
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
      say(`${done}${all > 0 ? `/${all}` : ''}${note ? `  ${note}` : ''}`);
    },
    total(steps) {
      all = steps;
    },
    end(note = '') {
      say(`done in ${((now() - began) / 1000).toFixed(1)} s${note ? `, ${note}` : ''}`);
    },
  };
}
