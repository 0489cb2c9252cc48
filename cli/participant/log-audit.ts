/** A participant's own log of rounds: exported under its signature, and held against what others were told. */
import { writeFile } from 'node:fs/promises';
import { signLog } from '../../shared/certificate/round-log.ts';
import { fromBase64Url } from '../../shared/crypto/bytes.ts';
import { fingerprint } from '../../shared/crypto/fingerprint.ts';
import type { RoundLogFile } from '../../shared/protocol/certificate.ts';
import type { Context, Shown } from '../fedcar/context.ts';
import { Failure } from '../fedcar/failure.ts';
import { examine, readEvidence } from '../fedcar/verify-files.ts';
import type { ParticipantState } from './state.ts';

async function ownLog(state: ParticipantState): Promise<RoundLogFile> {
  const membership = state.membership();
  if (membership === null) throw new Failure(`${state.folder}: not enrolled`);
  const { collection, name } = membership.agreement;
  const { signer } = await state.identity();
  return signLog({ collection, participant: name, rounds: [...state.log.all()] }, signer);
}

export async function exportLog(
  context: Context,
  state: ParticipantState,
  file: string,
  path: string,
): Promise<Shown> {
  const log = await ownLog(state);
  return await context.change(
    { what: `write the log of ${log.rounds.length} rounds to ${file}` },
    async () => {
      await writeFile(path, `${JSON.stringify(log, null, 1)}\n`);
      const key = fingerprint(fromBase64Url(log.key, 32));
      const json = {
        file,
        collection: log.collection,
        participant: log.participant,
        rounds: log.rounds.length,
        key,
      };
      return { json, text: `${file}: ${log.rounds.length} rounds, signed with the key ${key}` };
    },
  );
}

/** @throws Failure that names every round of which others were told otherwise */
export async function auditLogs(
  state: ParticipantState,
  files: readonly string[],
  here: (file: string) => string,
): Promise<Shown> {
  const log = await ownLog(state);
  const others = await Promise.all(files.map((file) => readEvidence(file, here(file))));
  const adminKey = state.membership()!.agreement.admin_key;
  const { problems, notes } = await examine([{ file: state.folder, kind: 'log', log }, ...others], {
    adminKey,
  });
  if (problems.length > 0)
    throw new Failure(['does not agree:', ...problems.map((each) => `  ${each}`)].join('\n'));
  const text = `${log.rounds.length} rounds here; ${files.length} files tell the same of those that they know`;
  const lines = [text, ...notes.map((note) => `note: ${note}`)];
  return {
    json: { agrees: true, rounds: log.rounds.length, files: files.length, notes },
    text: lines.join('\n'),
  };
}
