/**
 * Standard output and standard error that may go away or fill up, as in `fedcar … | head` or on a full disk: that ends
 * no process. A result that could not be written makes the exit status 1, but for a reader who had seen enough.
 */

/** Called once, at the start of a program. */
export function surviveBrokenStreams(): void {
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    process.stderr.write(`standard output cannot be written (${error.code ?? error.message})\n`);
    // The status may be set only after this.
    process.once('exit', (status) => {
      process.exitCode = status === 0 ? 1 : status;
    });
  });
}
