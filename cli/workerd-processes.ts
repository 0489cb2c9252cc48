/** The workerd processes that a process started, from /proc; none where the system has no /proc. */
import { readdirSync, readFileSync } from 'node:fs';

export function workerdProcesses(parent = process.pid): number[] {
  return all().filter((pid) => {
    const status = statusOf(pid);
    return field(status, 'PPid') === String(parent) && field(status, 'Name') === 'workerd';
  });
}

/** Peak resident memory in MB (10⁶ bytes), all isolates and the runtime itself; null where /proc does not tell. */
export function peakWorkerdMemoryMb(): number | null {
  const peaks = workerdProcesses().map((pid) => Number.parseInt(field(statusOf(pid), 'VmHWM') ?? '0', 10));
  return peaks.length === 0 ? null : Math.round((Math.max(...peaks) * 1024) / 1e5) / 10;
}

/** Whether the process runs; one that has ended and was not asked about does not. */
export function isAlive(pid: number): boolean {
  const state = field(statusOf(pid), 'State');
  return state !== undefined && state !== 'Z';
}

function all(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** Empty when the process has ended meanwhile. */
function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

function field(status: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1];
}
