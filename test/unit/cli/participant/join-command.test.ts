/** `fedcar join` as a command line: what it asks for, and with which status it ends. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import type { Io } from '../../../../cli/fedcar/io.ts';
import { main } from '../../../../cli/fedcar/main.ts';
import { toBase64Url } from '../../../../shared/crypto/bytes.ts';
import { signerFromSeed } from '../../../../shared/crypto/ed25519.ts';
import { signTerms, spellTerms, termsHash } from '../../../../shared/participant/terms.ts';
import { spellInvitation } from '../../../../shared/protocol/enrolment.ts';
import { CollectionSettings } from '../../../../shared/protocol/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'fedcar-join-command-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'queries.jsonl'), '{"query":"where is my card","item":"card"}\n');
writeFileSync(join(folder, 'bad.jsonl'), '{"query":""}\n');

const invitation = spellInvitation({
  ...{ collection: 'default', name: 'clinic-a' },
  ...{ adminKey: 'A'.repeat(43), terms: 'C'.repeat(43), secret: 'B'.repeat(43) },
});

async function run(...args: string[]) {
  const said = { out: '', err: '' };
  const io: Io = {
    env: {},
    cwd: folder,
    stdin: Readable.from([]),
    stdout: { write: (text: string) => (said.out += text) },
    stderr: { write: (text: string) => (said.err += text) },
    now: () => Date.now(),
    interrupted: () => new Promise(() => {}),
  };
  const status = await main(['join', ...args], io);
  return { status, ...said };
}

const ENROLLED = { collection: 'default', name: 'clinic-a' };
/** Nothing listens there. */
const NOWHERE = 'http://127.0.0.1:9';

describe('fedcar join', () => {
  it.each([
    ['an address that is none', ['here'], 'here is not one'],
    ['no TLS to another machine', ['http://rag.example.org', '--data', '.'], 'has no TLS; --allow-http'],
    ['no data', [NOWHERE, '--invite', invitation], '--data: the folder to train on is needed'],
    ['an invitation that is none', [NOWHERE, '--data', '.', '--invite', 'abc'], 'expected an invitation'],
    [
      'a token without TLS',
      ['http://rag.test', '--allow-http', '--data', '.', '--upload', '--token', 'secret'],
      'a token is sent over https only',
    ],
    ['rounds that are none', [NOWHERE, '--data', '.', '--rounds', '0'], 'from 1 on'],
  ])('asks again for %s', async (_, args, detail) => {
    const { status, err } = await run(...args);
    expect([status, err]).toEqual([2, expect.stringContaining(detail)]);
  });

  it.each([
    ['a first time without invitation', [NOWHERE, '--data', '.'], 'give the invitation with --invite'],
    ['a log that is not one', [NOWHERE, '--data', '.', '--log', 'bad.jsonl'], 'bad.jsonl:1: field'],
    ['leaving without a membership', [NOWHERE, '--leave', '-y'], 'not enrolled'],
  ])('fails at %s', async (_, args, detail) => {
    const { status, err } = await run(...args);
    expect([status, err]).toEqual([1, expect.stringContaining(detail)]);
  });

  it('only says what it would do with --dry-run, and uses up nothing', async () => {
    const args = [NOWHERE, '--data', '.', '--state', 'none', '--dry-run', '--json'];
    const { status, out } = await run(...args, '--invite', invitation);
    expect(status).toBe(0);
    expect(JSON.parse(out)).toEqual({
      dry_run: true,
      would: `take part in default at ${NOWHERE}`,
      participant: 'clinic-a',
      records: 1,
      documents: 0,
    });
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  it('shows the terms that the admin key signed, and takes them when told to', async () => {
    const admin = await signerFromSeed(new Uint8Array(32).fill(1));
    const { adapter, privacy, heldOutShare, retentionDays } = CollectionSettings.parse({});
    const document = spellTerms({
      ...{ version: 1, collection: 'default', model: { name: 'minilm', sha256: '0'.repeat(64) } },
      ...{ terms: { adapter, privacy, heldOutShare, retentionDays }, ownMembers: 4 },
    });
    const asked: string[] = [];
    const hub = createServer(async (request, response) => {
      asked.push(request.url!.split('/').at(-1)!);
      const signed = await signTerms(document, admin);
      response.end(JSON.stringify(request.url!.endsWith('/terms') ? signed : ENROLLED));
    });
    await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = hub.address() as AddressInfo;
      const parts = { collection: 'default', name: 'clinic-a', secret: 'B'.repeat(43) };
      const terms = termsHash(document);
      const invite = spellInvitation({ ...parts, adminKey: toBase64Url(admin.key), terms });
      const args = [`http://127.0.0.1:${port}`, '--data', '.', '--state', 'taken', '--invite', invite];
      const unasked = await run(...args);
      expect([unasked.status, unasked.err]).toEqual([
        2,
        expect.stringContaining('to take part in default on these terms without being asked, pass -y'),
      ]);
      expect(unasked.err).toMatch(/budget +ε 4, δ 0.00001 in any 365 days\n/);
      expect(unasked.err).toContain('the service trains with 4 members of its own');
      expect(asked).toEqual(['terms']);
      // The model at hand is not the one of the terms: all that comes before was done.
      const taken = await run(...args, '-y');
      expect([taken.status, taken.err]).toEqual([1, expect.stringContaining('uses the encoder minilm')]);
      expect(asked).toEqual(['terms', 'terms', 'enrol']);
      const again = await run(...args);
      expect(again.err).not.toContain('budget');
      expect(asked).toHaveLength(3);
    } finally {
      hub.close();
    }
  });

  it('shows examples', async () => {
    const { status, out } = await run('--help');
    expect([status, out]).toEqual([
      0,
      expect.stringContaining('fedcar join https://rag.example.org --invite'),
    ]);
  });
});
