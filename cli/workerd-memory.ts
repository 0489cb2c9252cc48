/** Memory of the workerd processes that this process started, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** Peak resident memory in MB (10⁶ bytes), all isolates and the runtime itself; null where /proc does not tell. */
export function peakWorkerdMemoryMb(): number | null {
  const peaks: number[] = [];
  try {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const status = statusOf(pid);
      if (status === null || field(status, 'PPid') !== String(process.pid)) continue;
      if (field(status, 'Name') !== 'workerd') continue;
      peaks.push(Number.parseInt(field(status, 'VmHWM') ?? '0', 10));
    }
  } catch {
    return null;
  }
  return peaks.length === 0 ? null : Math.round((Math.max(...peaks) * 1024) / 1e5) / 10;
}

/** Null when the process has ended meanwhile. */
function statusOf(pid: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return null;
  }
}

function field(status: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1];
}
