/** What serves now and why, and what it cost in privacy. */

import type { Client } from '../../client/client.ts';
import type { Privacy } from '../../shared/protocol/api/privacy.ts';
import { pc } from '../colours.ts';
import { percent } from '../table.ts';

export async function verdict(client: Client, version: number): Promise<string> {
  const [{ state, held_out }, privacy] = await Promise.all([
    client.call('GET /models/{version}', { params: { version } }),
    client.call('GET /privacy'),
  ]);
  const judged =
    held_out === null
      ? ''
      : ` (on ${Math.round(held_out.units)} training questions kept aside: ${percent(held_out.mips)} → ${percent(held_out.accuracy)})`;
  const serving =
    state === 'serving'
      ? `The trained version ${version} serves${judged}.`
      : `The gate did not publish version ${version}${judged}: what served before goes on serving.`;
  return `  ${state === 'serving' ? pc.green(serving) : pc.yellow(serving)}\n  ${privacyLine(privacy)}\n`;
}

function privacyLine({ noise, epsilon, delta }: Privacy): string {
  if (noise === 'off') {
    return 'ε: infinite. Noise is off in this run, so the model may betray single questions; a deployment has it on.';
  }
  const factor = Math.exp(epsilon);
  const times = factor < 100 ? factor.toFixed(1) : factor.toExponential(1);
  return `ε = ${epsilon.toFixed(2)} (δ = ${delta}): whether one question was in the training changes the odds of anything seen in the model at most ${times} times.`;
}
