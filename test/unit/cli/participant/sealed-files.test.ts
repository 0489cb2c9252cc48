/** Secrets of a round in `fedcar join`: what lies on the disk while it is on, and what a deleted file still holds. */
import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JobFiles } from '../../../../cli/participant/job-files.ts';
import { toBase64Url } from '../../../../shared/crypto/bytes.ts';
import { systemRandom } from '../../../../shared/crypto/random.ts';
import type { Job } from '../../../../shared/participant/shard-store.ts';

let folder = '';
let kept = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedcar-sealed-'));
  kept = join(folder, 'kept');
  mkdirSync(kept);
});
afterEach(() => rmSync(folder, { recursive: true }));

const JOB = {
  spec: { id: 'r.0' },
  phase: 'secure',
  cursor: 0,
  units: 0,
  tokens: 0,
  probe: null,
} as unknown as Job;
const job = () => join(folder, 'job');
let links = 0;

/** Hard links: what stays of a file, in the blocks that it had, when its name is gone. */
function linkAll(): void {
  for (const file of readdirSync(job())) linkSync(join(job(), file), join(kept, `${links++}`));
}

const filesIn = (place: string) => readdirSync(place).map((file) => readFileSync(join(place, file)));
const holds = (place: string, bytes: Uint8Array | string) =>
  filesIn(place).some((content) => content.includes(typeof bytes === 'string' ? bytes : Buffer.from(bytes)));

describe('a round', () => {
  it('leaves nothing readable of its secrets, in no file that it ever had', () => {
    const files = new JobFiles(job());
    const secrets = Array.from({ length: 4 }, () => toBase64Url(systemRandom(32)));
    const vector = systemRandom(4096);
    for (const secret of secrets) {
      const state = new TextEncoder().encode(JSON.stringify({ secrets: { seed: secret } }));
      files.save(JOB, { secagg: state, vector });
      linkAll();
    }
    const key = readFileSync(join(job(), 'key'));
    // All of it can be read as long as the round is on, also by the process after this one.
    const again = new JobFiles(job());
    expect(new TextDecoder().decode(again.blob('secagg')!)).toContain(secrets[3]);
    expect(again.blob('vector')).toEqual(vector);
    expect(holds(kept, key)).toBe(true);
    again.clear();
    for (const place of [kept, job()]) {
      for (const bytes of [...secrets, vector, key]) expect(holds(place, bytes)).toBe(false);
    }
    expect(readdirSync(job())).toEqual(['job.json']);
    expect([again.job(), again.blob('secagg')]).toEqual([null, null]);
    // The next round has a key of its own.
    again.save(JOB, { vector });
    expect(readFileSync(join(job(), 'key'))).not.toEqual(key);
    expect(new JobFiles(job()).blob('vector')).toEqual(vector);
  });

  it('is over when its key was forgotten and the process died, or when an earlier release wrote it', () => {
    const files = new JobFiles(job());
    files.save(JOB, { secagg: Uint8Array.of(1, 2, 3) });
    rmSync(join(job(), 'key'));
    const after = new JobFiles(job());
    expect([after.job(), after.blob('secagg')]).toEqual([null, null]);
    writeFileSync(join(job(), '7.bin'), Uint8Array.of(1, 2, 3));
    writeFileSync(join(job(), 'job.json'), JSON.stringify({ job: JOB, files: { secagg: '7.bin' }, next: 8 }));
    expect(new JobFiles(job()).job()).toBeNull();
    expect(readdirSync(job())).toEqual(['job.json']);
  });

  it('is refused when a file is not what was written', () => {
    const files = new JobFiles(job());
    files.save(JOB, { secagg: Uint8Array.of(1, 2, 3) });
    const [file] = readdirSync(job()).filter((name) => name.endsWith('.bin'));
    const bytes = readFileSync(join(job(), file!));
    bytes[14]! ^= 1;
    writeFileSync(join(job(), file!), bytes);
    expect(() => files.blob('secagg')).toThrow('cannot be opened');
    writeFileSync(join(job(), file!), Uint8Array.of(1));
    expect(() => files.blob('secagg')).toThrow('cannot be opened');
  });
});
