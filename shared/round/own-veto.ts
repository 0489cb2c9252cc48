/** Whether the hub's own questions and titles keep a candidate from the gate. */
import type { OwnJudgement } from '../protocol/api/evaluation.ts';
import type { GateSettings } from '../protocol/settings.ts';

/** Why the candidate is not published, or null. */
export function ownVeto(
  { questions, right, serving, titles, found, mips }: OwnJudgement,
  { evaluationTolerance, probeTolerance }: Pick<GateSettings, 'evaluationTolerance' | 'probeTolerance'>,
): string | null {
  if (right < serving - evaluationTolerance * questions) {
    return `of the hub's own ${questions} questions it answers ${right} right, the version that serves ${serving}; at most ${evaluationTolerance} of them may be lost`;
  }
  if (found < mips - probeTolerance * titles) {
    return `of the hub's own ${titles} titles of untrained documents it finds ${found}, plain search ${mips}; at most ${probeTolerance} of them may be lost`;
  }
  return null;
}
