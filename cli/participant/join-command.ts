/** `fedcar join`: take part in a collection of another operator with an own query log, as a service or once. */
import { createHash } from 'node:crypto';
import { isAbsolute, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError } from 'commander';
import { Client } from '../../client/client.ts';
import { fromBase64Url } from '../../shared/crypto/bytes.ts';
import { fingerprint } from '../../shared/crypto/fingerprint.ts';
import { HubError } from '../../shared/participant/http-port.ts';
import type { Job } from '../../shared/participant/shard-store.ts';
import { Invitation, readInvitation, type TermsDocument } from '../../shared/protocol/enrolment.ts';
import { ProtocolError } from '../../shared/secagg/errors.ts';
import { whole } from '../bench/accuracy-options.ts';
import type { Context, Shown } from '../fedcar/context.ts';
import { Failure, UsageError } from '../fedcar/failure.ts';
import { withExamples } from '../fedcar/help.ts';
import type { Register } from '../fedcar/program.ts';
import { tokenOf } from '../fedcar/target.ts';
import { blankLines, type IngestedDocument, uploadDocuments } from '../ingest.ts';
import { PROJECT } from '../worker-bundle.ts';
import { type ParticipantData, readData } from './data.ts';
import type { Connection } from './join.ts';
import { auditLogs, exportLog } from './log-audit.ts';
import { type Ended, serve } from './service.ts';
import { spelledTerms } from './spelled-terms.ts';
import { ParticipantState } from './state.ts';

export interface JoinOptions {
  invite?: string;
  data?: string;
  log?: string;
  only?: string;
  state?: string;
  model: string;
  rounds?: number;
  once: boolean;
  epsilon?: number;
  poll: number;
  upload: boolean;
  allowPlain: boolean;
  allowNoNoise: boolean;
  allowSparse: boolean;
  maxEpsilon?: number;
  maxDelta?: number;
  minColluders?: number;
  maxMembers?: number;
  onlyMembers?: string[];
  ownEpsilon?: number;
  allowHttp: boolean;
  leave: boolean;
  exportLog?: string;
  audit?: string[];
}

function invitation(text: string): string {
  if (Invitation.safeParse(text).success) return text;
  throw new InvalidArgumentError('expected an invitation (fci2.…).');
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 100)) throw new InvalidArgumentError('expected a number above 0, at most 100.');
  return value;
}

function listed(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (!names.includes('')) return names;
  throw new InvalidArgumentError('expected names or fingerprints, separated by commas.');
}

export const joinCommand: Register = (program, bind) => {
  const command = program
    .command('join')
    .description("take part in another operator's collection: train on an own query log, which stays here")
    .argument('<address>', "the other operator's service")
    .option('--invite <invitation>', 'needed the first time; also FEDCAR_JOIN_INVITE', invitation)
    .option('--data <folder>', 'BEIR folder, or documents with queries.jsonl')
    .option('--log <file>', 'query log as JSON lines: { query, item, relevant?, id?, contributor? }')
    .option('--only <region>', 'of a BEIR folder with regions.tsv, the queries of one region')
    .option('--state <folder>', 'keys, ledger and work in progress (default: .fedcar/join/…)')
    .option('--model <folder>', "the encoder's artifact", join(PROJECT, 'models', 'minilm'))
    .option('--rounds <n>', 'end after so many rounds', whole(1))
    .option('--once', 'end with the run that is on, or the next one', false)
    .option('--epsilon <ε>', "an own privacy budget below the collection's", positive)
    .option('--poll <seconds>', 'how often to ask while nothing is under way', whole(1, 3600), 20)
    .option('--upload', 'upload the documents of the folder first; needs a token with ingest', false)
    .option('--allow-plain', 'also where the coordinator sees every vector', false)
    .option('--allow-no-noise', 'also where sums have no noise', false)
    .option('--allow-sparse', 'also where small sums protect from an honest coordinator only', false)
    .option('--max-epsilon <ε>', "the largest budget of the collection's that is taken", positive)
    .option('--max-delta <δ>', "the largest δ of the collection's that is taken", positive)
    .option('--min-colluders <m>', 'the least m that is taken: members that may collude', whole(0))
    .option('--max-members <n>', 'the most members of a roster to work under', whole(2))
    .option(
      '--only-members <list>',
      'names or fingerprints, separated by commas, of who may be in it',
      listed,
    )
    .option('--own-epsilon <ε>', 'add noise until it alone keeps ε below this', positive)
    .option('--allow-http', 'also without TLS to another machine', false)
    .option('--leave', 'end the membership instead', false)
    .option('--export-log <file>', 'instead: write down, signed, what it was told of every round')
    .option('--audit <files...>', "instead: hold that against others' logs and certificates; asks nobody")
    .action(bind((context, address: string, options: JoinOptions) => joinAt(context, address, options)));
  withExamples(command, [
    [
      'join https://rag.example.org --invite fci2.… --data ./desk',
      'shows the terms and asks, then serves every run',
    ],
    ['join https://rag.example.org --data ./desk --once', 'take part in one run'],
    ['join https://rag.example.org --leave', 'end the membership'],
    ['join https://rag.example.org --audit other.log.json', 'whether another was told the same'],
  ]);
};

async function joinAt(context: Context, address: string, options: JoinOptions): Promise<Shown> {
  const { io } = context;
  const url = addressOf(address, options.allowHttp);
  const here = (path: string) => (isAbsolute(path) ? path : resolve(io.cwd, path));
  const local = options.exportLog !== undefined || options.audit !== undefined;
  if (context.flags.dryRun && !options.leave && !local) return await rehearse(context, url, here, options);
  const name = createHash('sha256').update(`${url} ${context.collection}`).digest('hex').slice(0, 12);
  const state = new ParticipantState(here(options.state ?? join('.fedcar', 'join', name)));
  const stop = new AbortController();
  void io.interrupted().then(() => stop.abort());
  const connection: Connection = {
    fetch: (to, init) =>
      fetch(to, { ...init, signal: AbortSignal.any([stop.signal, init.signal ?? stop.signal]) }),
    now: () => io.now(),
    pause: (ms) => sleep(ms, undefined, { signal: stop.signal }).catch(() => {}),
    waitS: 25,
  };
  await state.lock();
  try {
    if (options.audit !== undefined) return await auditLogs(state, options.audit, here);
    if (options.exportLog !== undefined) {
      return await exportLog(context, state, options.exportLog, here(options.exportLog));
    }
    if (options.leave) return await leave(context, state, connection);
    return await takePart(context, state, url, here, options, connection, () => stop.signal.aborted);
  } catch (error) {
    if (error instanceof HubError) throw new Failure(explain(error));
    if (error instanceof ProtocolError) throw new Failure(`${url}: ${error.detail}`);
    throw error;
  } finally {
    state.release();
  }
}

interface Source {
  data: ParticipantData;
  invitation: string | null;
}

/** What the options name, checked: before an invitation is used up. */
async function sourceOf(
  context: Context,
  here: (path: string) => string,
  options: JoinOptions,
): Promise<Source> {
  if (options.data === undefined) throw new UsageError('--data: the folder to train on is needed');
  const given = options.invite ?? context.io.env.FEDCAR_JOIN_INVITE?.trim();
  if (given !== undefined && given !== '') invitation(given);
  const data = await readData(here(options.data), {
    log: options.log === undefined ? undefined : here(options.log),
    only: options.only,
  });
  return { data, invitation: given || null };
}

/** Reads all that is here, asks nobody and keeps nothing. */
async function rehearse(
  context: Context,
  url: string,
  here: (path: string) => string,
  options: JoinOptions,
): Promise<Shown> {
  const { data, invitation } = await sourceOf(context, here, options);
  const invited = invitation === null ? null : readInvitation(invitation);
  const collection = invited?.collection ?? context.collection;
  const counts = { records: data.records.length, documents: data.documents.length };
  const what = `take part in ${collection} at ${url}`;
  const as = invited === null ? '' : ` as ${invited.name}`;
  return {
    json: { dry_run: true, would: what, participant: invited?.name ?? null, ...counts },
    text: `would ${what}${as} with ${counts.records} records; ${counts.documents} documents`,
  };
}

async function takePart(
  context: Context,
  state: ParticipantState,
  url: string,
  here: (path: string) => string,
  options: JoinOptions,
  connection: Connection,
  stopping: () => boolean,
): Promise<Shown> {
  // A token that must not travel is refused before an invitation is used up.
  const token = options.upload ? tokenOf(context.io, context.flags, url) : undefined;
  const { data, invitation } = await sourceOf(context, here, options);
  const { signer } = await state.identity();
  const adminPrint =
    invitation === null ? '' : fingerprint(fromBase64Url(readInvitation(invitation).adminKey, 32));
  const enrolment = {
    url,
    invitation,
    epsilon: options.epsilon,
    ownEpsilon: options.ownEpsilon,
    allowed: {
      plain: options.allowPlain,
      noNoise: options.allowNoNoise,
      sparse: options.allowSparse,
      maxEpsilon: options.maxEpsilon,
      maxDelta: options.maxDelta,
      minColluders: options.minColluders,
    },
    async agree(terms: TermsDocument) {
      context.say(`terms, signed by the admin key ${adminPrint}:\n${spelledTerms(terms)}`);
      await context.confirm(`take part in ${terms.collection} on these terms`);
    },
  };
  // The encoder and what trains it are loaded by no other command.
  const { becomeMember, openParticipant } = await import('./join.ts');
  const membership = await becomeMember(state, signer, enrolment, connection);
  const { agreement, budget } = membership;
  context.say(`${agreement.name} of ${agreement.collection} at ${url}`);
  context.say(
    `own key ${fingerprint(signer.key)}, admin key ${fingerprint(fromBase64Url(agreement.admin_key, 32))}`,
  );
  if (options.upload) {
    const { collection } = agreement;
    await upload(context, new Client(url, { collection, token }), data.documents);
  }
  const { participant, shard, ledger, follow } = await openParticipant({
    state,
    membership,
    data,
    model: here(options.model),
    connection,
    limits: { maxMembers: options.maxMembers, only: options.onlyMembers },
    note: (reason) => context.say(reason),
  });
  const spent =
    agreement.terms.privacy.noise === 'off'
      ? 'noise is off: nothing bounds what sums say of them'
      : `ε ${ledger.spent(connection.now()).toFixed(2)} of ${budget.epsilon} spent`;
  context.say(`${data.records.length} records; ${spent}`);
  const began = shard.rounds;
  const say = reporter((line) => context.say(line), connection.now);
  const ended = await serve({
    participant,
    shard,
    follow,
    now: connection.now,
    rounds: options.rounds,
    once: options.once,
    idleMs: 1000 * options.poll,
    pause: connection.pause,
    stopping,
    onStep: say,
    onTrouble: (message, ms) => context.say(`${message}; again in ${ms / 1000} s`),
  });
  const rounds = shard.rounds - began;
  const epsilon = ledger.spent(connection.now());
  const json = {
    collection: agreement.collection,
    participant: agreement.name,
    rounds,
    epsilon,
    budget: budget.epsilon,
    ended: ended.replace(' ', '_') as Ended,
  };
  return { json, text: `${rounds} rounds; ε ${epsilon.toFixed(2)} of ${budget.epsilon} spent; ${ended}` };
}

async function upload(
  context: Context,
  client: Client,
  documents: readonly IngestedDocument[],
): Promise<void> {
  const bar = context.progress('documents', documents.length);
  const { blank } = await uploadDocuments(client, documents, bar);
  bar.end([`${documents.length - blank.length} documents`, ...blankLines(blank)].join('; '));
}

async function leave(context: Context, state: ParticipantState, connection: Connection): Promise<Shown> {
  const membership = state.membership();
  if (membership === null) throw new Failure(`${state.folder}: not enrolled`);
  const { collection, name } = membership.agreement;
  const { signer } = await state.identity();
  return await context.change({ what: `leave ${collection}`, confirm: true }, async () => {
    const { portOf } = await import('./join.ts');
    await portOf(membership, signer, connection).leave();
    return { json: { collection, participant: name, left: true }, text: `left ${collection}` };
  });
}

/** TLS, unless the service runs on this machine. */
function addressOf(text: string, allowHttp: boolean): string {
  const { protocol, hostname, origin } = parsedAddress(text);
  if (protocol !== 'https:' && protocol !== 'http:')
    throw new UsageError(`address: ${text} is not of the web`);
  const near = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  if (protocol === 'http:' && !near && !allowHttp) {
    throw new UsageError(`address: ${origin} has no TLS; --allow-http takes part all the same`);
  }
  return origin;
}

function parsedAddress(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new UsageError(`address: ${text} is not one`);
  }
}

function explain({ code, message }: HubError): string {
  if (code === 'not_a_participant')
    return `${message}; the membership is over, or was never signed into being`;
  if (code === 'clock_skew') return `${message}; set this machine's clock`;
  return message;
}

/** A line when a round or its phase changes, and at most every ten seconds in between. */
function reporter(say: (line: string) => void, now: () => number): (job: Job | null) => void {
  let shown = '';
  let last = 0;
  return (job) => {
    const step = job === null ? '' : `${job.spec.id} ${job.spec.kind} ${job.phase}`;
    if (job === null || (step === shown && now() - last < 10_000)) {
      if (job === null) shown = '';
      return;
    }
    shown = step;
    last = now();
    const part =
      job.phase === 'work' && job.units > 0 ? `: ${Math.floor((100 * job.cursor) / job.units)} %` : '';
    say(`round ${step}${part}`);
  };
}
