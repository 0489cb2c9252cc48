/** Processor time of the workerd processes that this process started, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** Ticks a second of the times in /proc on every Linux that Node runs on. */
const TICKS = 100;

/** Milliseconds since their start, all threads; NaN where /proc does not tell. */
export function workerdProcessorMs(): number {
  let ticks = 0;
  let found = false;
  try {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const stat = statOf(pid);
      if (stat === null || stat.command !== 'workerd' || stat.parent !== process.pid) continue;
      ticks += stat.ticks;
      found = true;
    }
  } catch {
    return Number.NaN;
  }
  return found ? (1000 * ticks) / TICKS : Number.NaN;
}

/** Null when the process has ended meanwhile. */
function statOf(pid: string): { command: string; parent: number; ticks: number } | null {
  try {
    // `pid (command) state ppid … utime stime …`; the command may hold spaces and brackets.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const command = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'));
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { command, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return null;
  }
}
