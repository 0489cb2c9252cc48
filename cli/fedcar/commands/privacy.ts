/** `fedcar privacy`: what was promised and spent, and what a schedule would cost. */
import { InvalidArgumentError } from 'commander';
import { CollectionSettings } from '../../../shared/protocol/settings.ts';
import { whole } from '../../bench/accuracy-options.ts';
import { settingsFrom } from '../../settings-flags.ts';
import { table } from '../../table.ts';
import type { Context, Shown } from '../context.ts';
import { moment } from '../format.ts';
import { withExamples } from '../help.ts';
import { costOfNoise, type PrivacyPlan, planPrivacy } from '../privacy-plan.ts';
import type { Register } from '../program.ts';
import { addVerify } from './privacy-verify.ts';

interface PlanOptions {
  live: boolean;
  epsilon?: number;
  budget?: number;
  steps?: number;
  rate?: number;
  noise?: number;
  set: string[];
}

export const privacyCommands: Register = (program, bind) => {
  const privacy = program.command('privacy').description('what training reveals at most');
  const showing = privacy
    .command('show')
    .description('promised, spent, left, and what the next run costs')
    .action(bind((context) => show(context)));
  withExamples(showing, [['privacy show -c faq', 'ε spent and left, and what the next run costs']]);
  addVerify(privacy, bind);
  const plan = privacy
    .command('plan')
    .description('ε of a schedule, or the noise for an ε; computed here')
    .option('--live', "begin with the collection's settings, not the defaults", false)
    .option('--epsilon <e>', 'ε of one run', positive)
    .option('--budget <e>', 'ε of every window as long as the retention time', positive)
    .option('--steps <n>', 'training rounds of a run', whole(1))
    .option('--rate <q>', 'share of the questions that a round samples', positive)
    .option('--noise <z>', 'the other way round: ε of training rounds with this noise multiplier', positive)
    .option(
      '--set <path=value>',
      'any other setting; may be repeated',
      (value: string, all: string[]) => [...all, value],
      [],
    )
    .action(bind((context, options: PlanOptions) => makePlan(context, options)));
  withExamples(plan, [
    ['privacy plan --epsilon 1', 'the noise for ε = 1 a run, and how many runs fit'],
    ['privacy plan --noise 6 --steps 200 --rate 0.2', 'ε of 200 rounds with noise multiplier 6'],
  ]);
};

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('expected a number above 0.');
  return value;
}

async function show(context: Context): Promise<Shown> {
  const spent = await (await context.client()).call('GET /privacy');
  if (spent.noise === 'off') {
    return { json: spent, text: 'noise is off: nothing is promised about single questions' };
  }
  const { next_run } = spent;
  const lines = [
    [
      'promised',
      `ε ${spent.budget} at δ ${spent.delta} in every ${spent.retention_days} days, unit: one ${spent.unit}`,
    ],
    [
      'spent',
      `ε ${figure(spent.epsilon)} by the ledger (RDP ${figure(spent.epsilon_rdp)}, PLD ${figure(spent.epsilon_pld)} as a fixed schedule)`,
    ],
    ['left', `ε ${figure(spent.left)}`],
    [
      'next run',
      `ε ${figure(next_run.epsilon)} after it: ${next_run.fits ? 'allowed' : 'the budget does not allow it'}`,
    ],
    [
      'sums',
      `${spent.aggregation}; the noise that is charged holds with ${spent.honest} honest of ${spent.members} members`,
    ],
  ];
  const head = ['charged', 'rounds', 'sampling rate', 'noise multiplier', 'last'];
  const charges = spent.charges.map((charge) => [
    charge.kind,
    String(charge.rounds),
    charge.sampling_rate.toPrecision(3),
    charge.noise_multiplier.toFixed(2),
    moment(charge.last_at),
  ]);
  const ledger = (width: number) =>
    charges.length === 0 ? 'nothing was charged yet' : table([head, ...charges], '', [0], width);
  return { json: spent, text: (width) => `${table(lines, '', [0, 1], width)}\n\n${ledger(width)}` };
}

async function makePlan(context: Context, options: PlanOptions): Promise<Shown> {
  const settings = await settingsOf(context, options);
  if (options.noise !== undefined) {
    const cost = costOfNoise(settings, options.noise);
    const { steps, samplingRate } = settings.privacy.training;
    const text = `${steps} rounds at sampling rate ${samplingRate} with noise multiplier ${options.noise}: ε ${figure(cost.epsilon)} by the ledger, ${figure(cost.epsilon_rdp)} by RDP, ${figure(cost.epsilon_pld)} by PLD, δ ${settings.privacy.delta}`;
    return { json: { noise_multiplier: options.noise, delta: settings.privacy.delta, ...cost }, text };
  }
  const plan = planPrivacy(settings);
  return { json: plan, text: (width) => textOf(plan, settings.schedule.everyHours, width) };
}

async function settingsOf(context: Context, options: PlanOptions): Promise<CollectionSettings> {
  const set: string[] = [];
  if (options.epsilon !== undefined) set.push(`privacy.runEpsilon=${options.epsilon}`);
  if (options.budget !== undefined) set.push(`privacy.epsilon=${options.budget}`);
  if (options.steps !== undefined) set.push(`privacy.training.steps=${options.steps}`);
  if (options.rate !== undefined) set.push(`privacy.training.samplingRate=${options.rate}`);
  let base: object = {};
  if (options.live) {
    const params = { name: context.collection };
    const found = await (await context.client()).call('GET /collections/{name}', { params });
    base = CollectionSettings.parse(found.settings);
  }
  return settingsFrom([...set, ...options.set], base);
}

function textOf(plan: PrivacyPlan, everyHours: number, width: number): string {
  const { noise, steps, sampling_rate } = plan;
  const lines = [
    [
      'a run',
      `${steps} rounds at sampling rate ${sampling_rate} with noise multiplier ${noise.train.toFixed(2)}; counts ${noise.counts.toFixed(2)}, gate ${noise.gate.toFixed(2)}`,
    ],
    [
      'budget',
      `ε ${plan.budget} at δ ${plan.delta} in every ${plan.retention_days} days, unit: one ${plan.unit}`,
    ],
  ];
  const head = ['runs', 'ε by the ledger', 'by RDP', 'by PLD'];
  const rows = plan.runs.map((row) => [
    String(row.runs),
    figure(row.epsilon),
    figure(row.epsilon_rdp),
    figure(row.epsilon_pld),
  ]);
  const pace =
    plan.sustainable_hours === null
      ? 'the budget does not allow a single run'
      : `the budget allows ${plan.fit} in a window: one every ${plan.sustainable_hours} hours for ever${
          everyHours > 0 && everyHours < plan.sustainable_hours
            ? `; every ${everyHours} hours it is spent after ${Math.round((plan.fit * everyHours) / 24)} days, and the schedule waits`
            : ''
        }`;
  return `${table(lines, '', [0, 1], width)}\n\n${table([head, ...rows], '', [0], width)}\n\n${pace}`;
}

function figure(epsilon: number): string {
  return epsilon >= 1000 ? epsilon.toExponential(1) : epsilon.toFixed(3);
}
