/** What a gate's sum does: the candidate serves, or the version that serves is weighed otherwise, or all stays as it is. */
import { learnedOf } from '../../shared/certificate/content.ts';
import { freeBuffer } from '../../shared/free-buffer.ts';
import { entryOf } from '../../shared/protocol/names.ts';
import { encodeParameters } from '../../shared/protocol/parameters.ts';
import type { GateRound, StateRef } from '../../shared/protocol/rounds.ts';
import { type ServingParameters, START_PARAMETERS } from '../../shared/protocol/serving-parameters.ts';
import { decodeSnapshot } from '../../shared/protocol/snapshot.ts';
import type { AdapterSettings } from '../../shared/protocol/training-settings.ts';
import { deviationOf } from '../../shared/round/noised-release.ts';
import { judge } from '../../shared/round/release.ts';
import { contributorsOf } from '../../shared/round/round-machine.ts';
import type { SumApplierDeps } from './apply-sum.ts';
import type { CertifiedVersion } from './certificates.ts';
import type { ActiveRun } from './run-store.ts';
import { servingOf, type VersionRow, type Versions } from './versions.ts';

/** Uses a gate's sum. May be repeated until the run has ended. */
export async function publishVerdict(
  run: ActiveRun,
  spec: GateRound,
  sum: Float64Array,
  deps: SumApplierDeps,
): Promise<void> {
  const { runs, versions, settings, storage, context, now } = deps;
  if (run.summed === null) return;
  const deviation = deviationOf(spec, run.summed);
  // Who is not in the sum has no say either.
  const judges = run.round === null ? [] : contributorsOf(run.round);
  const probes = judges.flatMap((name) => entryOf(run.probes, name) ?? []);
  const candidate = run.candidate ?? 0;
  const { rows, active_rows } = versions.get(candidate) ?? { rows: 0, active_rows: 0 };
  const unasked = 1 - active_rows / Math.max(1, rows);
  const verdict = judge(sum, spec, probes, settings.gate, { deviation, unasked });
  const { serve, parameters } = verdict;
  // Before a revision takes the place of what was judged.
  const isSigned = settings.privacy.aggregation !== 'plain';
  const judged = isSigned ? contentOf(spec.candidate, versions) : null;
  const judgedServing = isSigned && serve === 'serving' ? contentOf(spec.serving, versions) : null;
  if (serve === 'candidate') await versions.reweigh(candidate, parameters, context);
  const base = serve === 'serving' ? versions.get(run.against ?? 0) : null;
  // Another version may have been made to serve by hand meanwhile: what was found is not about it.
  const stands = base !== null && versions.serving()?.version === base.version;
  const weighed = stands ? await reweighed(base, run.run, parameters, deps) : null;
  if (runs.active()?.run !== run.run) return;
  storage.transactionSync(() => {
    versions.judge(candidate, verdict.heldOut, verdict.probe, serve === 'candidate');
    if (weighed !== null) versions.judge(weighed.version, verdict.heldOutServing, null, true);
    runs.save(run, { ended_at: now() });
    const published = serve === 'candidate' || weighed !== null;
    const reason = serve === 'candidate' ? null : verdict.reason;
    runs.end(run.run, published ? 'published' : 'rejected', weighed?.version ?? candidate, reason, now());
    if (judged !== null) {
      const made = [{ version: candidate, ...judged, serving: weightsOf(versions, candidate) }];
      if (weighed !== null && judgedServing !== null)
        made.push({ version: weighed.version, ...judgedServing, serving: parameters });
      deps.certify({ version: candidate, run: run.run, snapshot: spec.candidate.hash, made });
    }
    deps.clean();
  });
}

/** What a version learned that a gate compared; null where its snapshot is gone. */
function contentOf({ hash }: StateRef, versions: Versions): Pick<CertifiedVersion, 'learned'> {
  const bytes = versions.snapshotNamed(hash);
  if (bytes === null) return { learned: null };
  const learned = learnedOf(decodeSnapshot(bytes));
  // Many megabytes, which would wait for a collection.
  freeBuffer(bytes);
  return { learned };
}

function weightsOf(versions: Versions, version: number): ServingParameters {
  const row = versions.get(version);
  return row === null ? START_PARAMETERS : servingOf(row);
}

/** A version of weights alone: adapter and rows as they are in `base`. */
async function reweighed(
  base: VersionRow,
  run: string,
  serving: ServingParameters,
  { versions, context, now }: { versions: Versions } & Pick<SumApplierDeps, 'context' | 'now'>,
): Promise<VersionRow> {
  const parameters = versions.parameters(base.version, context.model.width);
  const draft = {
    parent: base.version,
    run,
    adapter: JSON.parse(base.adapter) as AdapterSettings,
    parameters,
    training: JSON.parse(base.training) as Record<string, unknown>,
    serving,
    state: 'available' as const,
  };
  return await versions.create(draft, parameters && encodeParameters(parameters), context, now());
}
