/** What serves now and why, what it cost in privacy, and when the next run comes. */
import type { Client } from '../../client/client.ts';
import type { Privacy } from '../../shared/protocol/api/privacy.ts';
import { pc } from '../colours.ts';
import { percent } from '../table.ts';

/** @param version what the run made; null where there was none */
export async function verdict(client: Client, version: number | null): Promise<string> {
  const privacy = await client.call('GET /privacy');
  const served = version === null ? [] : [`  ${await servingLine(client, version)}`];
  return [...served, `  ${privacyLine(privacy)}`, `  ${nextLine(privacy)}`, ''].join('\n');
}

async function servingLine(client: Client, version: number): Promise<string> {
  const { state, held_out } = await client.call('GET /models/{version}', { params: { version } });
  const judged =
    held_out === null
      ? ''
      : ` (on ${Math.round(held_out.units)} logged questions kept aside: ${percent(held_out.mips)} → ${percent(held_out.accuracy)})`;
  return state === 'serving'
    ? pc.green(`The trained version ${version} serves${judged}.`)
    : pc.yellow(`The gate did not publish version ${version}${judged}: what served before goes on serving.`);
}

function privacyLine({ noise, epsilon, delta, budget, left }: Privacy): string {
  if (noise === 'off') {
    return 'ε: infinite. Noise is off in this run, so the model may betray single questions; a deployment has it on.';
  }
  const factor = Math.exp(epsilon);
  const times = factor < 100 ? factor.toFixed(1) : factor.toExponential(1);
  return `ε = ${epsilon.toFixed(2)} of ${budget} (δ = ${delta}), ${left.toFixed(2)} are left: whether one question was in the training changes the odds of anything seen in the model at most ${times} times. Memory is not covered by it.`;
}

function nextLine({ schedule: { next_at, waiting } }: Privacy): string {
  if (next_at !== null) return `The next run comes on ${new Date(next_at).toISOString().slice(0, 10)}.`;
  return `No run is planned: ${waiting?.detail ?? 'the settings turn them off'}.`;
}
