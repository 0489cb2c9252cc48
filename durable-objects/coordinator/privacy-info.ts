/** What a collection says of its privacy: the promise, what is spent, what the next run would cost. */
import { type LedgerEntry, project, runsLeft } from '../../shared/privacy/ledger.ts';
import { reportLedger } from '../../shared/privacy/ledger-report.ts';
import { roomFor } from '../../shared/privacy/ledger-room.ts';
import type { Privacy, PrivacyCharge } from '../../shared/protocol/api/privacy.ts';
import {
  type AggregationGraph,
  type AnyRoster,
  DEPLOYMENT,
  type Roster,
} from '../../shared/protocol/secagg.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { planNoise, policyOf } from '../../shared/round/noise-plan.ts';
import { graphOf } from '../../shared/round/secure-round.ts';
import { operatorsOf, protectionOf } from '../../shared/secagg/operators.ts';
import type { LedgerStore } from '../ledger-store.ts';
import { lostRuns } from './lost-runs.ts';
import type { RunStore } from './run-store.ts';

export function describePrivacy(
  { privacy, memory, feedback, retentionDays }: CollectionSettings,
  { ledger, runs }: { ledger: LedgerStore; runs: RunStore },
  roster: Pick<Roster, 'members' | 'threshold' | 'colluders'> | null,
  members: number,
  now: number,
): Omit<Privacy, 'schedule'> {
  const policy = ledger.covering(policyOf(privacy, retentionDays));
  const entries = ledger.entries();
  const plan = planNoise(privacy, retentionDays);
  const report = reportLedger(policy, entries, now);
  const room = roomFor(policy, entries, plan.releases, now);
  const from = room?.from ?? now - policy.retentionMs - 1;
  const next = project(policy, entries, plan.releases, now, from);
  return {
    aggregation: roster === null ? 'plain' : 'secure',
    graph: roster === null ? null : describeGraph(graphOf(roster, privacy.completeUpTo, new Uint8Array(32))),
    noise: privacy.noise,
    unit: privacy.unit,
    memory: { use: memory, covered: false },
    clicks: feedback.clicks,
    delta: privacy.delta,
    budget: privacy.epsilon,
    retention_days: retentionDays,
    epsilon: report.epsilon,
    epsilon_rdp: report.epsilonRdp,
    epsilon_pld: report.epsilonPld,
    left: Math.max(0, privacy.epsilon - report.epsilon),
    honest: roster === null ? 1 : roster.threshold - roster.colluders,
    operators: roster === null ? [] : operatorsOf(roster),
    colluders: roster?.colluders ?? 0,
    protects: roster === null ? 'nobody' : protectionOf(roster),
    members,
    next_run: {
      epsilon: next.epsilon,
      fits: room !== null,
      noise_multiplier: plan.train,
      runs_left: runsLeft(policy, entries, plan.releases, now, { from }),
    },
    lost: lostRuns(runs, policy, entries, now),
    charges: summarise(entries),
  };
}

/** In rosters of earlier releases members have no operator: regions are the deployment's, guests each their own. */
export function withOperators(
  { members, threshold, colluders }: AnyRoster,
  participants: { isOutside(name: string): boolean },
): Pick<Roster, 'members' | 'threshold' | 'colluders'> {
  const operated = members.map((member) => {
    const operator = participants.isOutside(member.id) ? member.id : DEPLOYMENT;
    return { operator, ...member };
  });
  return { members: operated, threshold, colluders };
}

/** The graph without its seed, which is another one every round. */
function describeGraph(graph: AggregationGraph): NonNullable<Privacy['graph']> {
  if (graph.kind === 'complete') return graph;
  const { kind, security, degree, shareThreshold } = graph;
  return { kind, security, degree, share_threshold: shareThreshold };
}

function summarise(entries: readonly LedgerEntry[]): PrivacyCharge[] {
  const groups = new Map<string, PrivacyCharge>();
  for (const { kind, samplingRate, noiseMultiplier, steps, atMs } of entries) {
    const key = `${kind} ${samplingRate} ${noiseMultiplier}`;
    const known = groups.get(key);
    groups.set(key, {
      kind,
      sampling_rate: samplingRate,
      noise_multiplier: noiseMultiplier,
      rounds: (known?.rounds ?? 0) + steps,
      last_at: Math.max(known?.last_at ?? 0, atMs),
    });
  }
  return [...groups.values()];
}
