/**
 * What a released sum does to its run: counts become a plan, gradients new parameters, held-out answers a verdict.
 * Each result is saved in one transaction with the run's next step, so that a sum is used exactly once.
 */
import { adaptiveClipRule } from '../../shared/privacy/adaptive-clipping.ts';
import { type Likeness, likenessOf } from '../../shared/privacy/smoothing.ts';
import { encodeParameters, type Parameters } from '../../shared/protocol/parameters.ts';
import type { RoundSpec, TrainRound } from '../../shared/protocol/rounds.ts';
import { type ServingParameters, START_PARAMETERS } from '../../shared/protocol/serving-parameters.ts';
import { phasesOf } from '../../shared/protocol/settings.ts';
import { carriedOffset } from '../../shared/retrieval/prior-offset.ts';
import { decodeRound } from '../../shared/round/mechanism.ts';
import { countsShares, type NoisePlan, planNoise } from '../../shared/round/noise-plan.ts';
import { chooseActive, deviationOf, expandHead, floatsOf } from '../../shared/round/noised-release.ts';
import { countedSince, countsShareFor, tooFewQuestions } from '../../shared/round/planner.ts';
import { applyRound, followClip, type HeadSmoothing, trainFigures } from '../../shared/round/release.ts';
import { mostHeldOut, mostUnits, sumProblem } from '../../shared/round/release-checks.ts';
import { withRowPrior } from '../../shared/round/row-prior.ts';
import { beginsWhole, positionOf, trainRounds } from '../../shared/round/run-plan.ts';
import { samplingRateOf } from '../../shared/round/secure-round.ts';
import { Values } from '../values.ts';
import { beginTraining, letAllLearn, optimiserFor, phaseOf } from './begin-training.ts';
import { addCensus } from './census.ts';
import { saveDemand } from './demand.ts';
import { publishVerdict } from './gate-verdict.ts';
import { withKept } from './parameters.ts';
import { type ActiveRun, nextRound } from './run-store.ts';
import type { RunnerDeps } from './runner.ts';
import type { TrainingState } from './training-state.ts';
import { servingOf } from './versions.ts';

const DAY_MS = 86_400_000;

export interface SumApplierDeps
  extends Pick<
    RunnerDeps,
    | 'runs'
    | 'rows'
    | 'versions'
    | 'settings'
    | 'context'
    | 'storage'
    | 'now'
    | 'participants'
    | 'certify'
    | 'ownJudge'
  > {
  state: TrainingState;
  fail(run: ActiveRun, reason: string): void;
  /** Forgets what only the run needed. */
  clean(): void;
}

export class SumApplier {
  readonly #deps: SumApplierDeps;
  readonly #state: TrainingState;
  /** Made once a run, and again after an eviction. */
  #likeness: { run: string; of: Likeness } | null = null;

  constructor(deps: SumApplierDeps) {
    this.#deps = deps;
    this.#state = deps.state;
  }

  async release(run: ActiveRun, words: Uint32Array): Promise<void> {
    const { spec } = run;
    if (spec === null) return;
    const sum = decodeRound(words, spec);
    const problem = this.#problem(run, spec, sum);
    if (problem !== null) {
      // Nobody knows who it was; to learn from it, or to be judged by it, would let one member decide what is served.
      this.#deps.fail(run, `the sum of round ${spec.id} is none that honest participants make: ${problem}`);
      return;
    }
    if (run.stage === 'census') this.#censused(run, spec, sum[0]!);
    else if (spec.kind === 'count') await this.#counted(run, sum);
    else if (spec.kind === 'train') await this.#trained(run, spec, sum);
    else if (run.stage === 'offset') await letAllLearn(run, spec, sum, this.#deps);
    else await publishVerdict(run, spec, sum, this.#deps);
  }

  #problem(run: ActiveRun, spec: RoundSpec, sum: Float64Array): string | null {
    const { summed } = run;
    if (summed === null) return null;
    const most = run.most ?? Number.POSITIVE_INFINITY;
    const { heldOutShare } = this.#deps.settings;
    const units = spec.kind === 'gate' ? mostHeldOut(most, heldOutShare) : most;
    const limits = {
      ...{ units, trained: most, deviation: deviationOf(spec, summed) },
      contributors: summed.survivors,
    };
    return sumProblem(spec, sum, limits);
  }

  /** How many questions there are: goes on with the run, or ends it before anything else is charged. */
  #censused(run: ActiveRun, { from, startedAt }: RoundSpec, total: number): void {
    const { runs, settings, storage, now } = this.#deps;
    const { spec, summed } = run;
    const variance = spec === null || summed === null ? 0 : deviationOf(spec, summed) ** 2;
    const oldest = startedAt - settings.retentionDays * DAY_MS;
    storage.transactionSync(() => {
      const values = new Values(storage);
      const censuses = addCensus(values, { from, at: startedAt, total, variance }, oldest);
      const few = tooFewQuestions({
        plan: planNoise(settings.privacy, settings.retentionDays),
        ...{ documents: run.documents, censuses, from: run.from, readUntil: runs.lastTrainedAt() },
      });
      runs.save(run, { ended_at: now() });
      const noise = run.noise && {
        ...run.noise,
        ...this.#noiseFor(run, countedSince(censuses, run.from).total),
      };
      if (few === null) return runs.save({ ...nextRound(run), noise, stage: 'count' });
      runs.end(run.run, 'postponed', null, few, now());
      this.#deps.clean();
    });
  }

  /** Noise of counts and steps, whose shares of the run go by how many questions a document has. */
  #noiseFor({ documents }: ActiveRun, total: number): Pick<NoisePlan, 'counts' | 'train'> {
    const { privacy, retentionDays } = this.#deps.settings;
    const planOf = (share: number) => planNoise(privacy, retentionDays, share);
    const share = countsShareFor(countsShares(privacy), (of) => planOf(of).counts, { documents, total });
    const { counts, train } = planOf(share);
    return { counts, train };
  }

  /** Counts of documents: those that are asked for enough learn, with all their passages or those that are asked for. */
  async #counted(counting: ActiveRun, sum: Float64Array): Promise<void> {
    if (counting.passages != null) return this.#passagesCounted(counting, sum);
    const { runs, rows, versions, settings, context, storage, now } = this.#deps;
    const { spec, summed } = counting;
    const deviation = spec === null || summed === null ? 0 : deviationOf(spec, summed);
    const total = sum.reduce((all, count) => all + count, 0);
    const run = { ...counting, most: mostUnits(total, deviation * Math.sqrt(sum.length)) };
    const names = this.#state.manifest();
    const before = versions.parameters(run.base, context.model.width);
    const learned = new Set(rows.itemsOf(before?.activeRows ?? []).values());
    const counts = sum.subarray(0, names.length);
    const { active, units } = chooseActive(
      counts,
      deviation,
      (place) => learned.has(names[place]!),
      settings,
    );
    saveDemand(storage, rows, new Map(names.map((name, place) => [name, counts[place]!])), deviation, now());
    if (active.length < 2) return this.#tooFew(run, active.length);
    const asked = new Map(active.map((place) => [names[place]!, counts[place]!]));
    const passages = rows.rowsOf([...asked.keys()]);
    // Without noise a second count costs no privacy.
    if (run.noise === null && passages.length > asked.size) {
      const content = await this.#state.savePassages(passages.map(({ row }) => row));
      if (runs.active()?.run !== run.run) return;
      storage.transactionSync(() => {
        runs.save(run, { ended_at: now() });
        runs.save({ ...nextRound(run), units, passages: content });
      });
      return;
    }
    const learns = passages.map(({ row, item }) => ({ row, count: asked.get(item)! }));
    await beginTraining(run, units, learns, this.#deps);
  }

  /** Counts of the passages of documents that learn: those that are asked for learn, of each document one at least. */
  async #passagesCounted(run: ActiveRun, sum: Float64Array): Promise<void> {
    const { rows, versions, settings, context } = this.#deps;
    const before = new Set(versions.parameters(run.base, context.model.width)?.activeRows ?? []);
    const counted = this.#state.passages();
    const { active } = chooseActive(sum, 0, (place) => before.has(counted[place]!), settings);
    // A document may have been deleted or changed while its passages were counted.
    const standing = rows.standing(counted);
    const learns = new Set(active.filter((place) => standing.has(counted[place]!)));
    const best = new Map<string, number>();
    counted.forEach((row, place) => {
      const item = standing.get(row);
      if (item === undefined) return;
      const known = best.get(item);
      if (known === undefined || sum[place]! > sum[known]!) best.set(item, place);
    });
    if (best.size < 2) return this.#tooFew(run, best.size);
    for (const place of best.values()) learns.add(place);
    const chosen = [...learns].sort((a, b) => a - b);
    const learning = chosen.map((place) => ({ row: counted[place]!, count: sum[place]! }));
    await beginTraining(run, run.units, learning, this.#deps);
  }

  #tooFew(run: ActiveRun, documents: number): void {
    const { activeThreshold } = this.#deps.settings.training;
    const found = `too few training queries: ${documents} documents have ${activeThreshold} or more`;
    this.#deps.fail(run, `${found}, and it takes 2 documents to tell apart`);
  }

  async #trained(run: ActiveRun, spec: TrainRound, sum: Float64Array): Promise<void> {
    const { runs, rows, versions, settings, context, storage, now } = this.#deps;
    const { plan, summed } = run;
    if (plan === null || summed === null) throw new Error('a train round needs a plan and a sum');
    const figures = trainFigures(sum, spec);
    const parameters = this.#state.parameters();
    let optimiser = this.#state.optimiser();
    const steps = trainRounds(plan);
    const position = positionOf(plan, run.trained);
    const phase = phaseOf(settings, plan, run.trained);
    const expected = samplingRateOf(spec) * (run.units / position.parts);
    const deviation = deviationOf(spec, summed);
    const { rates } = plan.phases[position.phase]!;
    const schedule = { step: position.step, steps: position.steps, expected, deviation, rates };
    const { width } = context.model;
    const directions = spec.directions === null ? null : floatsOf(this.#state.directions());
    const full = directions === null ? sum : expandHead(sum, spec, parameters, directions, width);
    const smoothing = this.#smoothing(run, parameters);
    applyRound(parameters, optimiser, full, spec, phase.optimiser, schedule, smoothing);
    const clipNorm = this.#followClip(sum, spec, schedule.expected);
    const following: ActiveRun = { ...nextRound(run), trained: run.trained + 1, clipNorm };
    const averaged = this.#averaged(run, parameters, steps);
    const finds = run.keptOut !== undefined && beginsWhole(plan, following.trained);
    if (following.trained < steps && !finds) {
      // A new phase starts with an optimiser that remembers nothing.
      if (positionOf(plan, following.trained).phase !== position.phase)
        optimiser = optimiserFor(settings, plan, following.trained, parameters);
    } else {
      const newest = averaged ?? this.#withPrior(parameters);
      const kept = this.#keptBefore(run);
      const standing = new Set(rows.standing(kept?.activeRows ?? []).keys());
      const learned = withKept(newest, kept, standing, context.model.width);
      const draft = {
        parent: run.base,
        run: run.run,
        adapter: settings.adapter,
        parameters: learned,
        training: this.#provenance(spec),
        serving: this.#startOf(run, learned.activeRows.length),
      };
      const candidate = await versions.create(draft, encodeParameters(learned), context, now());
      // The run was cancelled while the version was made.
      if (runs.active()?.run !== run.run) return versions.discardCandidates();
      following.stage = finds ? 'offset' : 'gate';
      following.candidate = candidate.version;
    }
    storage.transactionSync(() => {
      this.#state.save(parameters, spec.train, optimiser);
      if (smoothing !== null) this.#state.saveTotal(smoothing.total);
      if (averaged !== null) this.#state.saveAverage(encodeParameters(averaged));
      runs.save(run, { ended_at: now(), loss: figures.loss, accuracy: figures.accuracy });
      runs.save(following);
    });
  }

  /**
   * What earlier runs taught, which this one leaves as it is where it does not teach again: with noise a run reads a part
   * of the log. Without noise it reads all of it, and what is not in it any more is forgotten.
   */
  #keptBefore({ noise, base }: ActiveRun): Parameters | null {
    return noise === null ? null : this.#deps.versions.parameters(base, this.#deps.context.model.width);
  }

  /** What the last step left, as it is served. */
  #withPrior(parameters: Parameters): Parameters {
    const { rows, settings, context } = this.#deps;
    const counts = this.#state.counts();
    if (counts === null) return parameters;
    const start = rows.embeddings(Array.from(parameters.activeRows), context.model.width);
    return { ...parameters, head: withRowPrior(parameters.head, start, counts, settings.training.rowPrior) };
  }

  /** Null where steps are not smoothed. */
  #smoothing(run: ActiveRun, { activeRows }: Parameters): HeadSmoothing | null {
    const kept = this.#state.smoothing();
    if (kept === null) return null;
    if (this.#likeness?.run !== run.run) {
      const { rows, context } = this.#deps;
      const { width } = context.model;
      const of = likenessOf(rows.embeddings(Array.from(activeRows), width), width);
      this.#likeness = { run: run.run, of };
    }
    return { ...kept, likeness: this.#likeness.of };
  }

  #followClip(sum: Float64Array, spec: TrainRound, expected: number): number | null {
    const { adaptiveClip, clipNorm } = this.#deps.settings.privacy.training;
    if (!spec.adaptiveClip || adaptiveClip === null) return null;
    return followClip(sum, spec, adaptiveClipRule(adaptiveClip, clipNorm), expected);
  }

  /** The mean over the last steps of a run with noise; null before them, and without noise. */
  #averaged(run: ActiveRun, parameters: Parameters, steps: number): Parameters | null {
    if (run.noise === null) return null;
    const first = Math.floor(steps * (1 - this.#deps.settings.privacy.training.averageLast));
    return run.trained < first ? null : this.#state.average(parameters, run.trained - first);
  }

  /**
   * One slice of the hub's own judgement of the run's candidate. @returns whether it may go to the gate: not while there is
   * more to ask, and not after a veto, with which the run has ended
   */
  async passesHub(run: ActiveRun): Promise<boolean> {
    const { runs, versions, ownJudge, storage, now } = this.#deps;
    const candidate = run.candidate ?? 0;
    if (run.passesHub) return true;
    const against = versions.serving()?.version ?? 0;
    const verdict = await ownJudge.step(run.run, candidate, against);
    if (!verdict.done || runs.active()?.run !== run.run) return false;
    const { figures, veto } = verdict;
    storage.transactionSync(() => {
      if (figures !== null) versions.judgedByHub(candidate, figures);
      if (veto === null) return runs.save({ ...run, passesHub: true, against });
      versions.discardCandidates();
      runs.end(run.run, 'rejected', candidate, veto, now());
      this.#deps.clean();
    });
    return false;
  }

  /** What a candidate is weighed by at first: as what it began from, but for the offset, which is of the rows of that. */
  #startOf({ base, noise, offset }: ActiveRun, learned: number): ServingParameters {
    const { rows, versions, context } = this.#deps;
    const before = versions.get(base);
    if (before === null) return START_PARAMETERS;
    const serving = servingOf(before);
    if (offset !== undefined || serving.offset === null || noise !== null)
      return { ...serving, offset: offset ?? null };
    const shares = [
      { learned: before.active_rows, rows: before.rows },
      { learned, rows: rows.liveCount() },
    ] as const;
    return { ...serving, offset: carriedOffset(serving.offset, ...shares, context.temperature) };
  }

  /** How a version was made, for everyone who is served by it. */
  #provenance(spec: TrainRound): Record<string, unknown> {
    const { settings } = this.#deps;
    const phases = phasesOf(settings);
    const { temperature, tokenDropout, rowPrior } = settings.training;
    const noise = spec.noiseMultiplier > 0 ? 'on' : 'off';
    const { aggregation, adaptiveClip, gradientNorm } = spec;
    const rule = { temperature, phases, tokenDropout, ...(noise === 'off' && { rowPrior }) };
    return { aggregation, noise, ...rule, ...(adaptiveClip && { lastClipNorm: gradientNorm }) };
  }
}
