/** Signals that ask the process to end, so that what runs can be put away before. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Signals that come so close are one: a terminal and the process that passes it on may both send it. */
const SAME_MS = 500;

/** Resolves at the first SIGINT or SIGTERM, so that what runs can be put away; a later one ends the process at once. */
export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    let firstAt: number | null = null;
    const hear = (exitCode: number) => () => {
      if (firstAt !== null && Date.now() - firstAt > SAME_MS) process.exit(exitCode);
      firstAt ??= Date.now();
      resolve();
    };
    process.on('SIGINT', hear(130));
    process.on('SIGTERM', hear(143));
  });
}

/**
 * Ends the process with the status that shells expect, once `stop` has put away what runs; a later signal ends it at once.
 * @returns takes the listeners away
 */
export function endAtSignals(stop: () => Promise<void>): () => void {
  const statuses: [NodeJS.Signals, number][] = [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ];
  const undo = statuses.map(([signal, status]) => {
    let firstAt: number | null = null;
    const end = () => {
      if (firstAt !== null && Date.now() - firstAt > SAME_MS) process.exit(status);
      firstAt ??= Date.now();
      void stop().finally(() => process.exit(status));
    };
    process.on(signal, end);
    return () => process.off(signal, end);
  });
  return () => undo.forEach((each) => void each());
}

/**
 * Takes away the listeners that a library has added since: they would end the process, and what it runs, in the middle of
 * a request.
 * @returns to be called once the library has started
 */
export function rememberListeners(): () => void {
  const before = SIGNALS.map((signal) => new Set(process.listeners(signal)));
  return () => {
    for (const [index, signal] of SIGNALS.entries()) {
      for (const listener of process.listeners(signal))
        if (!before[index]!.has(listener)) process.removeListener(signal, listener);
    }
  };
}
