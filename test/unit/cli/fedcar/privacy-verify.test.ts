/** `fedcar privacy verify` and `fedcar join --audit` over files: nobody is asked. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { signLog } from '../../../../shared/certificate/round-log.ts';
import { fromBase64Url } from '../../../../shared/crypto/bytes.ts';
import { fingerprint } from '../../../../shared/crypto/fingerprint.ts';
import type { RoundRecord } from '../../../../shared/protocol/certificate.ts';
import { fedcar } from '../../../helpers/fedcar.ts';
import { NAMES, type Signed, signedCertificate } from '../../shared/certificate/signed.ts';

const cwd = mkdtempSync(join(tmpdir(), 'fedcar-verify-'));
let signed: Signed;
beforeAll(async () => {
  signed = await signedCertificate();
  write('good.json', signed.certificate);
});
afterAll(() => rmSync(cwd, { recursive: true }));

const write = (name: string, value: unknown) => writeFileSync(join(cwd, name), JSON.stringify(value));
const run = (...args: string[]) => fedcar(args, { cwd });

async function log(member: number, rounds: RoundRecord[]): Promise<string> {
  const file = `${NAMES[member]}.log.json`;
  const signer = signed.signers[member]!;
  write(file, await signLog({ collection: 'health', participant: NAMES[member]!, rounds }, signer));
  return file;
}

it('says who signed, what was spent, and that the admin key is for the reader to compare', async () => {
  const { code, out } = await run('privacy', 'verify', 'good.json');
  expect(code).toBe(0);
  const print = fingerprint(fromBase64Url(signed.certificate.admin_key, 32));
  for (const text of ['clinic-a, clinic-b, clinic-c', 'ε of the run', 'of 3 promised', print]) {
    expect(out).toContain(text);
  }
  const known = await run('privacy', 'verify', 'good.json', '--admin-key', print, '--json');
  expect(JSON.parse(known.out)).toMatchObject({ holds: true, notes: [] });
});

it('fails with a sentence for each thing that is wrong', async () => {
  write('forged.json', { ...signed.certificate, snapshot: '6'.repeat(64) });
  const forged = await run('privacy', 'verify', 'forged.json');
  expect(forged.code).toBe(1);
  expect(forged.err).toContain('forged.json: round run.3: judged the snapshot');
  const other = await run('privacy', 'verify', 'good.json', '--admin-key', 'aaaa-bbbb-cccc-dddd');
  expect(other).toMatchObject({ code: 1 });
  expect(other.err).toContain('not aaaa-bbbb-cccc-dddd');
  write('neither.json', { format: 'x' });
  expect((await run('privacy', 'verify', 'neither.json')).err).toContain('neither a certificate');
  write('broken.json', { ...signed.certificate, version: 0 });
  expect((await run('privacy', 'verify', 'broken.json')).err).toContain('broken.json: version:');
});

it('holds logs against each other, and against a certificate', async () => {
  const told = signed.rounds.map((record, i) => (i === 2 ? { ...record, task: 'f'.repeat(64) } : record));
  const [a, b] = [await log(0, signed.rounds), await log(1, signed.rounds)];
  expect(await run('privacy', 'verify', a, b, 'good.json')).toMatchObject({ code: 0 });
  const lied = await log(2, told);
  const found = await run('privacy', 'verify', a, lied);
  expect(found.code).toBe(1);
  expect(found.err).toContain('round run.2: clinic-a and clinic-c were told different things: task');
  expect((await run('privacy', 'verify', 'good.json', lied)).code).toBe(1);
});

it('takes no log that its participant did not sign', async () => {
  const { signers, rounds } = signed;
  const mine = await signLog({ collection: 'health', participant: 'clinic-a', rounds }, signers[0]!);
  write('altered.json', { ...mine, rounds: rounds.slice(1) });
  expect((await run('privacy', 'verify', 'altered.json')).err).toContain('its signature does not hold');
});
