/** Every command that talks to a service, against one real deployment in workerd. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fedcar as run } from '../../../helpers/fedcar.ts';
import { fedcarService } from '../../../helpers/fedcar-service.ts';
import { feedback, ITEMS } from '../../../helpers/help-desk.ts';
import { signedCertificate } from '../../shared/certificate/signed.ts';

const service = fedcarService();
const { fedcar, ok } = service;

const BRIEF = JSON.stringify([
  {
    train: 'head',
    rounds: 'local',
    passes: 1,
    optimiser: { kind: 'momentum', momentum: 0, headRate: 1, decay: 'constant', warmup: 0 },
  },
]);

/** The help desk's questions as a BEIR folder; of the test questions every other one is graded 2. */
function beirFolder(): string {
  const beir = join(service.folder, 'beir');
  mkdirSync(join(beir, 'qrels'), { recursive: true });
  const questions = feedback(1);
  const lines = (values: object[]) => values.map((value) => JSON.stringify(value)).join('\n');
  writeFileSync(join(beir, 'corpus.jsonl'), lines(ITEMS.map(({ key, ...item }) => ({ _id: key, ...item }))));
  writeFileSync(
    join(beir, 'queries.jsonl'),
    lines(questions.map(({ query }, i) => ({ _id: `q${i}`, text: query }))),
  );
  const judged = (from: number, to: number) =>
    questions
      .slice(from, to)
      .map(({ item }, i) => `q${from + i}\t${item}\t${1 + (i % 2)}`)
      .join('\n');
  writeFileSync(join(beir, 'qrels', 'train.tsv'), judged(0, 4));
  writeFileSync(join(beir, 'qrels', 'test.tsv'), judged(4, 16));
  return beir;
}

describe('collections', () => {
  it('are created with settings, shown, listed and deleted', async () => {
    const dry = await ok('collections create desk --regions weur,apac --dry-run --json');
    expect(dry.json()).toMatchObject({ dry_run: true, settings: { regions: ['weur', 'apac'] } });
    const made = await ok([
      ...'collections create desk --regions weur,apac --set schedule.everyHours=0 --set training.seed=7'.split(
        ' ',
      ),
      ...['--set', `training.phases=${BRIEF}`, '--set', 'heldOutShare=0.25'],
      ...['--set', 'gate.margin=-1', '--set', 'gate.probeTolerance=1', '--set', 'privacy.noise=off'],
    ]);
    expect(made.out).toBe('collection desk: regions weur, apac\n');
    await ok('collections create gone');
    expect((await ok('collections list')).out).toMatch(/^name +created +regions\ndesk +.*weur, apac\ngone /);
    const shown = await ok('collections show desk --json');
    expect(shown.json()).toMatchObject({ name: 'desk', settings: { heldOutShare: 0.25 } });
    // What was shown makes the same collection again.
    writeFileSync(join(service.folder, 'desk.json'), shown.out);
    const again = await ok('collections create again --settings desk.json --json');
    expect(again.json().settings).toEqual(shown.json().settings);
    await ok('collections delete again -y');
  });

  it('are not deleted without being asked for', async () => {
    const refused = await fedcar('collections delete gone');
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain('pass -y');
    expect((await ok('collections delete gone --dry-run')).out).toMatch(/^would delete the collection gone/);
    expect((await ok('collections delete gone -y')).out).toBe('collection gone is deleted\n');
    const again = await fedcar('collections delete gone -y --json');
    expect(again).toMatchObject({ code: 1, out: '' });
    expect(JSON.parse(again.err)).toMatchObject({ error: { code: 'unknown_collection', status: 404 } });
  });
});

describe('ingest', () => {
  const lines = () => {
    const file = join(service.folder, 'items.jsonl');
    const records = [
      { key: 'blank', text: ' ' },
      ...ITEMS.map(({ key, title, text }) => ({ key, title, text })),
    ];
    writeFileSync(file, records.map((record) => JSON.stringify(record)).join('\n'));
    return file;
  };

  it('takes JSON lines but for blank ones, and a second time finds everything as it was', async () => {
    const file = lines();
    const dry = await ok(`ingest -c desk --dry-run ${file}`);
    expect(dry.out).toContain(`${ITEMS.length} documents and 0 questions\nleft out: 1 document`);
    const first = await ok(`ingest -c desk --json ${file}`);
    expect(first.json()).toMatchObject({
      documents: { created: ITEMS.length, unchanged: 0, blank: ['blank'] },
    });
    expect(first.err).toContain('1 document has neither text nor title: blank');
    expect(first.err).toContain('documents');
    const second = await ok(`ingest -c desk --json ${file}`);
    expect(second.json()).toMatchObject({ documents: { created: 0, unchanged: ITEMS.length, resumed: 0 } });
  });

  it('takes a folder of Markdown, HTML and text under their paths', async () => {
    mkdirSync(join(service.folder, 'docs', 'deep'), { recursive: true });
    writeFileSync(join(service.folder, 'docs', 'zoo.md'), '# The zoo\n\nWhat giraffes eat.\n');
    writeFileSync(
      join(service.folder, 'docs', 'deep', 'moon.html'),
      '<title>Moon &amp; tides</title><p>Why the sea rises.',
    );
    writeFileSync(join(service.folder, 'docs', 'deep', 'left-luggage.txt'), 'Where suitcases are kept.');
    writeFileSync(join(service.folder, 'docs', 'ignored.png'), 'not text');
    const sent = await ok(`ingest -c desk --region apac ${join(service.folder, 'docs')}`);
    expect(sent.out).toBe('3 documents: 3 new, 0 changed, 0 as they were\n');
    const found = await ok('query -c desk --json -n 1 why are there tides');
    expect(found.json()).toMatchObject({
      chunks: [{ item: { key: 'deep/moon.html', title: 'Moon & tides', region: 'apac' } }],
    });
  });

  it('says which line of which file is wrong', async () => {
    const file = join(service.folder, 'wrong.jsonl');
    writeFileSync(file, '{"key": "a", "text": "fine"}\n{"key": "b", "txt": "not"}\n');
    const ran = await fedcar(`ingest -c desk ${file}`);
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(/left out: .*wrong\.jsonl:2: field "txt"/);
    expect((await fedcar('ingest nowhere')).err).toContain('no such file or folder');
  });

  it('is undone by export: documents come out as they went in', async () => {
    expect((await ok('export -c desk all.jsonl')).out).toBe(`${ITEMS.length + 4} documents in all.jsonl\n`);
    const again = await ok('ingest -c desk --json all.jsonl');
    expect(again.json()).toMatchObject({
      documents: { unchanged: ITEMS.length + 4, created: 0, updated: 0 },
    });
    expect((await fedcar('export -c desk all.jsonl')).err).toContain('EEXIST');
  });

  it('refuses a BEIR folder whose regions the collection does not have', async () => {
    const ran = await fedcar(`ingest -c desk ${join(import.meta.dirname, '../../../../samples')}`);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('create one with --regions apac,sam,weur,wnam');
  });
});

describe('questions', () => {
  it('are answered with passages, for people and for programs', async () => {
    const [item] = ITEMS;
    const ran = await ok(['query', '-c', 'desk', '--explain', item?.title as string]);
    expect(ran.out).toContain(item?.key);
    expect(ran.out).toMatch(/cosine 0\.\d+, plain 0\.\d+/);
    expect(ran.out).toContain('model version 0');
    expect((await fedcar('query -c desk --limit 99 x')).code).toBe(2);
  });

  it('are answered in words, with sources', async () => {
    const [item] = ITEMS;
    const ran = await ok(['ask', '-c', 'desk', `${item?.title}?`]);
    expect(ran.out).toContain(item?.text);
    expect(ran.out).toMatch(
      new RegExp(`sources \\(\\* cited\\):\\n\\* \\[1\\] ${item?.title}  ${item?.key}#0  `),
    );
    const answer = (await ok(['ask', '-c', 'desk', '--json', `${item?.title}?`])).json();
    expect(answer).toMatchObject({ model_version: 0, errors: [] });
  });

  it('become feedback once', async () => {
    const file = join(service.folder, 'log.jsonl');
    writeFileSync(
      file,
      feedback(3)
        .map((record) => JSON.stringify(record))
        .join('\n'),
    );
    const first = await ok(`feedback import -c desk --region weur ${file} --json`);
    const { accepted } = first.json<{ accepted: number }>();
    expect(accepted).toBeGreaterThan(20);
    const again = await ok(`feedback import -c desk --region weur ${file} --json`);
    expect(again.json()).toEqual({
      ...{ accepted: 0, duplicates: accepted, refused: 0, resumed: 0, unknown: [] },
    });
  });
});

describe('evaluation', () => {
  it('puts the test questions of a BEIR folder, with their grades, before a version is judged', async () => {
    expect((await ok('evaluation show -c desk')).out).toContain('no questions');
    const beir = beirFolder();
    expect((await ok(`evaluation put -c desk ${beir} --dry-run`)).out).toMatch(
      /^would judge .* by 12 questions/,
    );
    expect((await ok(`evaluation put -c desk ${beir} --limit 8`)).out).toMatch(/^8 questions, since /);
    expect((await ok('evaluation show -c desk --json')).json()).toMatchObject({ questions: 8 });
    await ok(['collections', 'create', 'unjudged', '--set', 'schedule.everyHours=0']);
    await ok(`evaluation put -c unjudged ${beir}`);
    expect((await ok('evaluation delete -c unjudged -y')).out).toContain('no questions');
  });
});

describe('training', () => {
  it('is started, watched, listed; and its version can go back and forth', async () => {
    expect((await ok('train list -c desk')).out).toContain('no run yet');
    expect((await ok('train start -c desk --dry-run')).out).toBe('would start a training run of desk\n');
    const ran = await ok('train start -c desk --watch -y');
    expect(ran.out).toMatch(/^run r\w+: version 1 serves\n$/);
    expect(ran.err).toContain('training');
    const { runs } = (await ok('train list -c desk --json')).json<{ runs: { state: string }[] }>();
    expect(runs.map(({ state }) => state)).toEqual(['published']);
    expect((await ok('train watch -c desk')).out).toMatch(/version 1 serves/);
    expect((await ok('train cancel -c desk')).out).toContain('had ended: published');
    expect((await ok('model list -c desk')).out).toMatch(/1 +serving[\s\S]*0 +available/);
    expect((await ok('model show -c desk')).out).toMatch(/version +1, serving/);
    // The hub asked the uploaded questions itself.
    expect((await ok('model show -c desk --json')).json()).toMatchObject({ own: { questions: 8 } });
    expect((await ok('model rollback -c desk')).out).toMatch(/^version 0 serves/);
    expect((await fedcar('model rollback -c desk')).err).toContain('nothing to go back to');
    expect((await ok('model activate 1 -c desk')).out).toMatch(/^version 1 serves/);
    const missing = await fedcar('model activate 9 -c desk');
    expect(missing.code).toBe(1);
    expect(missing.err).toMatch(/unknown_version/);
  });

  it('that fails ends with 1 and says why', async () => {
    await ok('collections create empty --set privacy.noise=off --set schedule.everyHours=0');
    const ran = await fedcar('train start -c empty --watch --json');
    expect(ran.code).toBe(1);
    expect(ran.json()).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('too few training queries'),
    });
  });
});

describe('a version in a file', () => {
  const settings = ['training.seed=7', 'schedule.everyHours=0', 'privacy.noise=off'].flatMap((one) => [
    '--set',
    one,
  ]);

  it('is the same version in another collection, once it is activated', async () => {
    const file = join(service.folder, 'v1.fcs');
    const saved = (await ok(`model export 1 -c desk -o ${file} --json`)).json<{ sha256: string }>();
    const { hash } = (await ok('model show 1 -c desk --json')).json<{ hash: string }>();
    expect(saved.sha256).toBe(hash);
    await ok(['collections', 'create', 'twin', '--regions', 'weur', ...settings]);
    const early = await fedcar(`model import -c twin ${file}`);
    expect(early.err).toContain(
      'none of the passages that the version was trained for is in this collection',
    );
    await ok(`ingest -c twin ${join(service.folder, 'items.jsonl')}`);
    const refused = await fedcar(`model import -c twin ${file} --sha256 ${'0'.repeat(64)}`);
    expect(refused.err).toContain(`its sha256 is ${hash}`);
    writeFileSync(
      join(service.folder, 'other.certificate.json'),
      JSON.stringify((await signedCertificate()).certificate),
    );
    const wrong = await fedcar(`model import -c twin ${file} --certificate other.certificate.json`);
    expect(wrong.err).toMatch(/certificate: of version \d+ of \S+, and the file is of version 1 of desk/);
    expect((await ok(`model import -c twin ${file} --sha256 ${hash}`)).out).toMatch(
      new RegExp(`^version 1 is available, ${ITEMS.length} trained rows`),
    );
    expect((await ok(`model import -c twin ${file} --json`)).json()).toMatchObject({ version: 1 });
    const asked = 'query --json -n 3 where on earth is my box --model-version';
    type Found = { chunks: { item: { key: string }; scoring_details: { head_score: number } }[] };
    expect((await ok('model show -c twin --json')).json()).toMatchObject({ version: 0 });
    await ok('model activate 1 -c twin');
    // The other has more documents, which never learned; what did learn scores the same in both.
    const score = async (name: string) =>
      (await ok(`${asked} 1 -c ${name}`)).json<Found>().chunks.find(({ item }) => item.key === 'late')
        ?.scoring_details.head_score;
    expect(await score('twin')).toBeCloseTo((await score('desk')) as number, 3);
  });

  it('is refused when it is something else', async () => {
    const zero = join(service.folder, 'v0.fcs');
    await ok(`model export 0 -c desk -o ${zero}`);
    expect((await fedcar(`model import -c twin ${zero}`)).err).toContain('version 0 is plain search');
    writeFileSync(join(service.folder, 'junk.fcs'), 'not a snapshot');
    expect((await fedcar(`model import -c twin ${join(service.folder, 'junk.fcs')}`)).err).toContain(
      'not a snapshot',
    );
  });
});

describe('privacy', () => {
  it('shows what was promised and spent', async () => {
    expect((await ok('privacy show -c desk')).out).toContain('noise is off');
    expect((await ok('privacy show')).out).toMatch(
      /promised +ε 4 at δ 0\.00001[\s\S]*nothing was charged yet/,
    );
  });

  it('plans from the collection’s own settings', async () => {
    const plan = (await ok('privacy plan --live --steps 50 --json')).json();
    expect(plan).toMatchObject({ steps: 50, budget: 4, retention_days: 365 });
  });
});

it('says where it looked when nothing answers', async () => {
  const ran = await run('train list --url http://127.0.0.1:1', { cwd: service.folder });
  expect(ran).toMatchObject({ code: 1, out: '' });
  expect(ran.err).toMatch(/http:\/\/127\.0\.0\.1:1 cannot be reached/);
});

describe('who may do what', () => {
  it('is said by tokens, which are shown once', async () => {
    const made = await ok('tokens create website --scopes query,feedback --days 30');
    expect(made.out).toMatch(/^fc_[0-9a-f]{16}_\S+\n$/);
    expect(made.err).toContain('shown this once');
    const { tokens } = (await ok('tokens list --json')).json<{ tokens: { id: string; name: string }[] }>();
    expect(tokens).toMatchObject([{ name: 'website', scopes: ['query', 'feedback'], collections: null }]);
    const id = tokens[0]?.id as string;
    expect((await ok(`tokens revoke ${id}`)).out).toBe(`token ${id} is revoked\n`);
    expect((await ok('tokens list')).out).toMatch(new RegExp(`^id .*\n${id} +website .*revoked`));
    expect((await fedcar('tokens create x --scopes everything')).code).toBe(2);
  });
});

describe('participants', () => {
  it('are listed with fingerprints, invited once, and taken back', async () => {
    expect((await ok('participants list -c desk')).out).toMatch(
      /^name +kind +state +fingerprint +last seen\n(apac|weur) +region +member +(\w{4}-){3}\w{4}/,
    );
    const invited = await ok('participants invite clinic -c desk --hours 1');
    expect(invited.out).toMatch(/^fci2\.desk\.clinic\./);
    expect((await ok('participants list -c desk')).out).toMatch(/clinic +outside +invited +–/);
    expect((await fedcar('participants remove clinic -c desk')).code).toBe(2);
    await ok('participants remove clinic -c desk -y');
    expect((await ok('participants list -c desk')).out).not.toContain('clinic');
  });

  it('are admitted by a key that the deployment does not have', async () => {
    await ok('collections create signed --regions weur,apac,sam --set schedule.everyHours=0');
    const made = (await ok('keys new admin.key --json')).json<{ key: string; fingerprint: string }>();
    expect((await ok('keys show admin.key')).out).toContain(made.fingerprint);
    expect((await fedcar('keys new admin.key')).err).toContain('never overwritten');
    expect((await fedcar('keys show items.jsonl')).err).toContain('is not a key');
    const used = await ok('participants use-key admin.key -c signed -y');
    expect(used.out).toContain(`rosters are signed by ${made.fingerprint}`);
    expect((await ok('participants sign admin.key -c signed --dry-run')).out).toMatch(
      /^would sign the roster/,
    );
    const signed = await ok('participants sign admin.key -c signed -y');
    expect(signed.out).toMatch(/^epoch \d+ is in force/);
    expect(signed.err).toContain('3 members');
    expect((await ok('participants sign admin.key -c signed')).out).toContain('no roster waits');
    await ok('keys new other.key');
    await ok('participants use-key other.key -c signed -y');
    expect((await fedcar('participants sign admin.key -c signed -y')).err).toContain('is to be signed by');
  });
});

describe('settings', () => {
  it('change where they may change', async () => {
    await ok('collections set desk schedule.everyHours=12 gate.margin=0');
    const { settings } = (await ok('collections show desk --json')).json<{ settings: object }>();
    expect(settings).toMatchObject({ schedule: { everyHours: 12 }, gate: { margin: 0, probeTolerance: 1 } });
    const fixed = await fedcar('collections set desk heldOutShare=0.5');
    expect(fixed.err).toContain('settings.heldOutShare: fixed for the life of a collection');
  });
});

describe('the doctor', () => {
  it('finds everything well', async () => {
    const said = await ok('doctor -c desk --json');
    const { findings } = said.json<{ findings: { name: string; state: string }[] }>();
    expect(findings.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(findings.map(({ name }) => name)).toEqual([
      ...['node', 'configuration', 'regions', 'assets', 'service', 'clock', 'readiness', 'version', 'token'],
      ...['model', 'training', 'documents', 'languages'],
    ]);
  });

  it('says what is wrong, with status 1', async () => {
    const empty = await ok('doctor -c empty');
    expect(empty.out).toMatch(
      /warning +training +run r\w+ failed: too few training queries: 0 documents have/,
    );
    const away = await run('doctor --url http://127.0.0.1:1', { cwd: service.folder });
    expect(away.code).toBe(1);
    expect(away.out).toMatch(/wrong +service +http:\/\/127\.0\.0\.1:1 cannot be reached/);
  });
});

it('evaluates the test questions of a BEIR folder', async () => {
  const beir = beirFolder();
  const { results } = (await ok(`eval -c desk ${beir} --json`)).json<{ results: { version: number }[] }>();
  expect(results.map(({ version }) => version)).toEqual([0, 1]);
  expect((await ok(`eval -c desk ${beir} --limit 3 --model-version 0`)).out).toMatch(
    /0 \(plain search\) +\d+\.\d %/,
  );
  const sent = await ok(`ingest -c twin --json ${beir}`);
  expect(sent.json()).toMatchObject({ documents: { unchanged: ITEMS.length }, records: { accepted: 4 } });
});
