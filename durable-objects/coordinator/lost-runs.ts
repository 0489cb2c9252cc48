/** What runs have charged that published no version: the ledger never gives it back. */
import { type LedgerEntry, type PrivacyPolicy, spent } from '../../shared/privacy/ledger.ts';
import type { Privacy } from '../../shared/protocol/api/privacy.ts';
import type { RunStore } from './run-store.ts';

/** Of the runs whose charges still count: how many had any, and the ε of a record that paid for all of them that could. */
export function lostRuns(
  runs: RunStore,
  policy: PrivacyPolicy,
  entries: readonly LedgerEntry[],
  now: number,
): Privacy['lost'] {
  const spans = runs.unpublishedSince(now - policy.retentionMs);
  const charged = spans.map(({ from, to }) => entries.filter(({ atMs }) => atMs >= from && atMs <= to));
  const lost = charged.filter((own) => own.length > 0);
  return { runs: lost.length, epsilon: spent(policy, lost.flat(), now).epsilon };
}
