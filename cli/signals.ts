/** Signals that ask the process to end, and a library that answers them before what runs could be put away. */

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
 * Makes `thing`, whose own listeners would end the process at a signal, and lets them do so only where nobody else
 * listens.
 * @returns it, with what takes its listeners away
 */
export function withoutHasteAtSignals<T>(make: () => T): [T, () => void] {
  const before = SIGNALS.map((signal) => new Set(process.listeners(signal)));
  const thing = make();
  const undo = SIGNALS.flatMap((signal, index) =>
    process
      .listeners(signal)
      .filter((listener) => !before[index]!.has(listener))
      .map((listener) => {
        const polite = (name: NodeJS.Signals) => {
          if (process.listenerCount(signal) === 1) listener.call(process, name);
        };
        process.off(signal, listener);
        process.on(signal, polite);
        return () => process.off(signal, polite);
      }),
  );
  return [thing, () => undo.forEach((each) => void each())];
}
