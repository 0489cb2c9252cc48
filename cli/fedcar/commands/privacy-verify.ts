/** `fedcar privacy verify`: certificates of versions and logs of participants, checked offline. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { rowsIn } from '../../../shared/certificate/content.ts';
import { signedVersion } from '../../../shared/certificate/signed-version.ts';
import type { Certificate } from '../../../shared/protocol/certificate.ts';
import { table } from '../../table.ts';
import type { Context, Shown } from '../context.ts';
import { Failure } from '../failure.ts';
import { withExamples } from '../help.ts';
import type { Register } from '../program.ts';
import { type Evidence, examine, readEvidence } from '../verify-files.ts';

interface VerifyOptions {
  adminKey?: string;
  model?: string;
}

export function addVerify(privacy: Command, bind: Parameters<Register>[1]): void {
  const verifying = privacy
    .command('verify')
    .description('check certificates of versions and logs of participants; asks nobody')
    .argument('<files...>', 'what model export and join --export-log wrote')
    .option('--admin-key <key>', 'the collection’s admin key, or its fingerprint, from whom you trust')
    .option('--model <file>', 'the version as model export wrote it')
    .action(bind((context, files: string[], options: VerifyOptions) => verify(context, files, options)));
  withExamples(verifying, [
    ['privacy verify faq-3.certificate.json', 'who signed what, and whether ε follows from it'],
    ['privacy verify a.log.json b.log.json', 'whether both were told the same of every round'],
  ]);
}

async function verify(context: Context, files: string[], options: VerifyOptions): Promise<Shown> {
  const here = (file: string) => resolve(context.io.cwd, file);
  const all = await Promise.all(files.map((file) => readEvidence(file, here(file))));
  const model = options.model === undefined ? undefined : await readFile(here(options.model));
  const { problems, notes } = await examine(all, { adminKey: options.adminKey, model });
  if (problems.length > 0)
    throw new Failure(['does not hold:', ...problems.map((each) => `  ${each}`)].join('\n'));
  const json = { holds: true, files: all.map(summaryOf), notes };
  const text = (width: number) =>
    [...all.map((each) => textOf(each, width)), ...notes.map((note) => `note: ${note}`)].join('\n\n');
  return { json, text };
}

function summaryOf(evidence: Evidence) {
  if (evidence.kind === 'log') {
    const { collection, participant, rounds } = evidence.log;
    return { file: evidence.file, kind: evidence.kind, collection, participant, rounds: rounds.length };
  }
  const { collection, version, run, claims, statements, missing, rounds } = evidence.certificate;
  const signed = statements.map(({ statement }) => statement.participant);
  const what = { collection, version, run, rounds: rounds.length, signed, missing, claims };
  return { file: evidence.file, kind: evidence.kind, ...what };
}

function textOf(evidence: Evidence, width: number): string {
  if (evidence.kind === 'log') {
    const { participant, collection, rounds } = evidence.log;
    return `${evidence.file}: ${rounds.length} rounds of ${collection}, signed by ${participant}`;
  }
  return table(linesOf(evidence.certificate), '', [0, 1], width);
}

function linesOf(certificate: Certificate): string[][] {
  const { collection, version, run, snapshot, rounds, statements, claims, learned } = certificate;
  const made = signedVersion(certificate);
  const signed = statements.map(({ statement }) => statement.participant).join(', ');
  const lines = [
    ['holds', `version ${version} of ${collection}, run ${run}`],
    ['snapshot judged', `sha256 ${snapshot}`],
    [
      'what it learned',
      made === null
        ? 'not signed: of an earlier release'
        : `${learned == null ? '' : `${rowsIn(learned)} rows, `}sha256 ${made.learned}`,
    ],
    ['signed by', signed],
  ];
  if (claims === null) return lines;
  const operators = claims.operators.map(
    ({ operator, members, signed }) => `${operator} ${signed}/${members}`,
  );
  lines.push(['operators', operators.join(', ')]);
  if (claims.run_epsilon === null || claims.spent === null) return [...lines, ['noise', 'off']];
  const noise = Object.entries(claims.noise_in_effect).map(([kind, z]) => `${kind} ${z.toFixed(2)}`);
  return [
    ...lines,
    ['unit', `one ${claims.unit}`],
    ['ε of the run', `${claims.run_epsilon.toFixed(3)} at δ ${claims.delta}, ${rounds.length} rounds`],
    ['ε after it', `${claims.spent.toFixed(3)} of ${claims.budget} promised`],
    ['noise in effect', `at least ${noise.join(', ')}`],
  ];
}
