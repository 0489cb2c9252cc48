/** Times, sizes and small numbers as people read them. */

/** A moment in UTC to the minute: operators of one federation sit in many time zones. */
export function moment(ms: number | null): string {
  return ms === null ? '–' : `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')}Z`;
}

/** Binary units above a kibibyte, as the platform's limits are given. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 1 << 20) return `${(count / 1024).toFixed(1)} KiB`;
  return `${(count / 2 ** 20).toFixed(1)} MiB`;
}
