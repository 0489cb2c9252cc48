/** The terms of a collection for people to read: before they are taken, and before they are signed. */
import type { TermsDocument } from '../../shared/protocol/enrolment.ts';
import { table } from '../table.ts';
import { visible } from '../terminal-text.ts';

const share = (part: number): string => `${Number((100 * part).toFixed(2))} %`;

function unitOf({ unit, recordsPerContributor }: TermsDocument['terms']['privacy']): string {
  return unit === 'record'
    ? 'one feedback event'
    : `all of one contributor, at most ${recordsPerContributor} records a round`;
}

function aggregationOf({ aggregation }: TermsDocument['terms']['privacy']): string {
  return aggregation === 'secure'
    ? 'secure: the coordinator learns sums only'
    : 'plain: the coordinator sees every vector';
}

function graphOf({ completeUpTo }: TermsDocument['terms']['privacy']): string {
  return `complete up to ${completeUpTo} members; sparse above, which protects from a coordinator that follows the protocol`;
}

function operatorsOf({ ownMembers }: TermsDocument): string {
  if (ownMembers === 0) return 'the service has no members of its own: only participants from outside train';
  return `the service trains with ${ownMembers} members of its own, who may all collude, and participants from outside`;
}

export function spelledTerms(document: TermsDocument): string {
  const { collection, model, terms } = document;
  const { privacy, retentionDays, heldOutShare, adapter } = terms;
  const { noise, epsilon, delta, threshold, colluders } = privacy;
  const rows = [
    ['collection', collection],
    ['encoder', `${visible(model.name)} (${model.sha256.slice(0, 12)}…), adapter ${adapter.kind}`],
    ['aggregation', aggregationOf(privacy)],
    ['noise', noise === 'on' ? 'on' : 'off: nothing bounds what sums say of a record'],
    ['unit', unitOf(privacy)],
    ...(noise === 'on' ? [['budget', `ε ${epsilon}, δ ${delta} in any ${retentionDays} days`]] : []),
    [
      'threshold',
      `sums of at least ${threshold === null ? 'two thirds of the members' : `${threshold} members`}`,
    ],
    ['colluders', `${colluders} members beside those of the largest operator may collude`],
    ['graph', graphOf(privacy)],
    ['operators', operatorsOf(document)],
    ['held out', `${share(heldOutShare)} of the units judge and never train`],
    ['retention', `records of at most ${retentionDays} days`],
  ];
  return table(rows as string[][], '  ', [0, 1]);
}
