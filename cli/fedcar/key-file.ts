/**
 * A file with an Ed25519 key: a participant's identity, or the admin key that signs a collection's rosters. Only its
 * owner can read it. Beside it lies which roster it signed last for each collection, so that it never signs two that
 * contradict each other.
 */
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { fromBase64Url, toBase64Url } from '../../shared/crypto/bytes.ts';
import { generateSigner, type Signer, signerFromSeed } from '../../shared/crypto/ed25519.ts';
import { fingerprint } from '../../shared/crypto/fingerprint.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import { Bytes32 } from '../../shared/protocol/byte-strings.ts';
import type { RosterPin } from '../../shared/secagg/roster.ts';
import { Failure } from './failure.ts';

const KeyFile = z.strictObject({ format: z.literal('fedcar-key/1'), key: Bytes32, seed: Bytes32 });
const Pins = z.record(z.string(), z.strictObject({ epoch: z.int().nonnegative(), hash: z.string() }));

export interface KeptKey {
  signer: Signer;
  /** Base64url, as it stands in rosters. */
  key: string;
  /** For people to compare. */
  fingerprint: string;
}

/** @throws Failure when the file exists: a key that is overwritten is lost */
export async function makeKey(file: string): Promise<KeptKey> {
  const { seed, signer } = await generateSigner(systemRandom);
  const content = { format: 'fedcar-key/1', key: toBase64Url(signer.key), seed: toBase64Url(seed) };
  try {
    await writeFile(file, `${JSON.stringify(content)}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new Failure(`${file} exists: a key is never overwritten`);
  }
  return kept(signer);
}

/** @throws Failure when the file is no key, or others may read it */
export async function readKey(file: string): Promise<KeptKey> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Failure(
      error.code === 'ENOENT' ? `${file}: no such file; fedcar keys new makes one` : error.message,
    );
  });
  let parsed: z.infer<typeof KeyFile>;
  try {
    parsed = KeyFile.parse(JSON.parse(text));
  } catch {
    throw new Failure(`${file} is not a key that fedcar keys new made`);
  }
  const signer = await signerFromSeed(fromBase64Url(parsed.seed, 32));
  if (toBase64Url(signer.key) !== parsed.key) throw new Failure(`${file} is damaged: its parts do not fit`);
  return kept(signer);
}

function kept(signer: Signer): KeptKey {
  return { signer, key: toBase64Url(signer.key), fingerprint: fingerprint(signer.key) };
}

const pinsOf = (file: string): string => `${file}.signed.json`;

/** The roster of a collection that this key signed last; null before the first. */
export async function lastSigned(file: string, collection: string): Promise<RosterPin | null> {
  const text = await readFile(pinsOf(file), 'utf8').catch(() => null);
  return text === null ? null : (Pins.parse(JSON.parse(text))[collection] ?? null);
}

export async function keepSigned(file: string, collection: string, pin: RosterPin): Promise<void> {
  const text = await readFile(pinsOf(file), 'utf8').catch(() => '{}');
  const all = { ...Pins.parse(JSON.parse(text)), [collection]: pin };
  // A crash leaves the old file or the new one, never half of it.
  await writeFile(`${pinsOf(file)}.new`, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 });
  await rename(`${pinsOf(file)}.new`, pinsOf(file));
  await chmod(pinsOf(file), 0o600);
}
