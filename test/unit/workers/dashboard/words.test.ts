import { describe, expect, it } from 'vitest';
import { PHASE_ORDER } from '../../../../shared/secagg/server-state.ts';
import { participantPhase, stepsOf } from '../../../../workers/dashboard/client/words.ts';

describe('steps of a round', () => {
  it('follow the order of the protocol, with a place for every phase that a round can wait in', () => {
    const places = ['open', ...PHASE_ORDER.filter((phase) => phase !== 'aborted')].map(
      (phase) => stepsOf(true, phase).current,
    );
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(new Set(places).size).toBe(stepsOf(true, 'open').labels.length);
  });

  it('are two where sums are plain', () => {
    expect(stepsOf(false, 'open')).toEqual({ labels: ['Regions work', 'Sum'], current: 0 });
    expect(stepsOf(false, 'released').current).toBe(1);
  });

  it('show no current one for an aborted round', () => {
    expect(stepsOf(true, 'aborted').current).toBe(-1);
  });
});

it('tells every state of a participant in a word, and one that it does not know as it is', () => {
  const labels = ['invited', 'working', 'ready', 'failed', 'missed', 'excluded'].map(
    (phase) => participantPhase(phase).label,
  );
  expect(new Set(labels).size).toBe(6);
  expect(participantPhase('new-state')).toEqual({ label: 'new-state', tone: 'plain' });
});
