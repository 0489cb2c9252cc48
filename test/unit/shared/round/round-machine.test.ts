import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contributorsOf,
  openRound,
  type RoundEvent,
  type RoundState,
  stepRound,
} from '../../../../shared/round/round-machine.ts';

const open = (names: string[], minParticipants = 1): RoundState =>
  openRound('r.0', names, { now: 0, phaseDeadlineMs: 600_000, minParticipants });

function play(state: RoundState, events: [RoundEvent, number][]) {
  const effects = [];
  let current = state;
  for (const [event, now] of events) {
    const result = stepRound(current, event, now);
    current = result.state;
    effects.push(...result.effects);
  }
  return { state: current, effects };
}

const ready = (participant: string): RoundEvent => ({ type: 'ready', participant });

describe('round machine', () => {
  it('releases when all are ready', () => {
    const { state, effects } = play(open(['a', 'b']), [
      [ready('b'), 10],
      [ready('a'), 20],
    ]);
    expect(state.phase).toBe('released');
    expect(effects).toEqual([{ effect: 'release', contributors: ['a', 'b'] }]);
  });

  it('keeps why somebody stays out of the secure sum, and decides nothing by it', () => {
    const released = play(open(['a', 'b']), [
      [ready('b'), 10],
      [ready('a'), 20],
    ]).state;
    const late = stepRound(released, { type: 'failed', participant: 'a', code: 'secure_sum' }, 30);
    expect(late).toEqual({
      state: { ...released, error: 'a: what it was told of the secure sum does not fit', behind: false },
      effects: [],
      accepted: false,
    });
    const stranger = { type: 'failed', participant: 'x', code: 'work' } as const;
    expect(stepRound(released, stranger, 30).state).toBe(released);
  });

  it('waits for those who say that they are at work, up to a bound', () => {
    const working: RoundEvent = { type: 'working', participant: 'a' };
    const begun = open(['a', 'b', 'c']);
    const moved = play(begun, [[working, 500_000]]).state;
    expect(moved.deadlineAt).toBe(1_100_000);
    expect(play(moved, [[working, 900_000]]).state.deadlineAt).toBe(1_500_000);
    let state = moved;
    for (let at = 1_000_000; at < 6_000_000; at += 500_000) state = play(state, [[working, at]]).state;
    expect(state.deadlineAt).toBe(10 * 600_000);
    expect(play(state, [[working, 5_999_999]]).state.deadlineAt).toBe(6_000_000);
    const { effects } = play(moved, [[{ type: 'tick' }, 1_100_000]]);
    expect(effects).toMatchObject([{ effect: 'abort' }]);
  });

  it('goes on without those who are away or failed', () => {
    const { state, effects } = play(open(['a', 'b', 'c']), [
      [{ type: 'away', participant: 'c' }, 1],
      [{ type: 'failed', participant: 'b', code: 'work' }, 2],
      [ready('a'), 3],
    ]);
    expect(effects).toEqual([{ effect: 'release', contributors: ['a'] }]);
    expect(state.participants.c?.phase).toBe('missed');
  });

  it('aborts below the least number of participants and says who failed why', () => {
    const { state, effects } = play(open(['a', 'b', 'c'], 2), [
      [ready('a'), 1],
      [{ type: 'failed', participant: 'b', code: 'work' }, 2],
      [{ type: 'tick' }, 600_000],
    ]);
    expect(state.phase).toBe('aborted');
    expect(effects[0]).toMatchObject({ effect: 'abort' });
    expect(state.error).toBe(
      '1 of 3 participants answered where 2 are needed; b: its work failed; its own log says why',
    );
  });

  it('waits until the deadline for those who are away when it needs them', () => {
    const away: RoundEvent = { type: 'away', participant: 'b' };
    const { state, effects } = play(open(['a', 'b'], 2), [
      [away, 1],
      [ready('a'), 2],
    ]);
    expect(effects).toEqual([]);
    const later = play(state, [
      [{ type: 'back', participant: 'b' }, 3],
      [ready('b'), 4],
    ]);
    expect(later.effects).toEqual([{ effect: 'release', contributors: ['a', 'b'] }]);
    expect(stepRound(state, { type: 'tick' }, 600_000).effects).toMatchObject([{ effect: 'abort' }]);
  });

  it('waits for stragglers a bounded multiple of what the first half needed', () => {
    const { state } = play(open(['a', 'b', 'c', 'd']), [
      [ready('a'), 5_000],
      [ready('b'), 20_000],
    ]);
    expect(state.deadlineAt).toBe(80_000);
    expect(stepRound(state, { type: 'tick' }, 79_999).state.phase).toBe('open');
    const late = stepRound(state, { type: 'tick' }, 80_000);
    expect(late.effects).toEqual([{ effect: 'release', contributors: ['a', 'b'] }]);
    expect(late.state.participants.d?.phase).toBe('missed');
  });

  it('gives a straggler that says it is at work some more, by what the round took, and nothing for silence', () => {
    const working: RoundEvent = { type: 'working', participant: 'd' };
    const half = play(open(['a', 'b', 'c', 'd']), [
      [ready('a'), 1_000],
      [ready('b'), 2_000],
    ]).state;
    expect(half.deadlineAt).toBe(30_000);
    // The least is half a minute.
    expect(play(half, [[working, 20_000]]).state.deadlineAt).toBe(50_000);
    const later = play({ ...half, deadlineAt: 200_000 }, [[working, 190_000]]).state;
    expect(later.deadlineAt).toBe(190_000 + 95_000);
    // No word makes a deadline sooner; nor does somebody else's end.
    expect(play(later, [[working, 191_000]]).state.deadlineAt).toBe(191_000 + 95_500);
    expect(play(later, [[ready('c'), 200_000]]).state.deadlineAt).toBe(later.deadlineAt);
    // At most as much as there is patience for.
    const slow = play({ ...half, deadlineAt: 2_000_000 }, [[working, 1_900_000]]).state;
    expect(slow.deadlineAt).toBe(1_900_000 + 600_000);
    const { effects } = play(later, [[{ type: 'tick' }, 285_000]]);
    expect(effects).toEqual([{ effect: 'release', contributors: ['a', 'b'] }]);
  });

  it('accepts an answer after a failure: the participant came back', () => {
    const { state } = play(open(['a', 'b']), [
      [{ type: 'failed', participant: 'a', code: 'work' }, 1],
      [ready('a'), 2],
      [ready('b'), 3],
    ]);
    expect(contributorsOf(state)).toEqual(['a', 'b']);
  });

  it('refuses strangers and everything new after the end', () => {
    expect(stepRound(open(['a']), ready('z'), 1).accepted).toBe(false);
    const { state } = play(open(['a', 'b']), [
      [ready('a'), 1],
      [{ type: 'tick' }, 600_000],
    ]);
    expect(stepRound(state, ready('b'), 600_001)).toMatchObject({ accepted: false, effects: [] });
    expect(stepRound(state, { type: 'working', participant: 'a' }, 600_001).accepted).toBe(false);
  });

  it('accepts the repeat of an answer that it counted, also after the end', () => {
    const { state } = play(open(['a']), [[ready('a'), 1]]);
    expect(stepRound(state, ready('a'), 2)).toEqual({ state, effects: [], accepted: true });
    const aborted = stepRound(open(['a']), { type: 'cancel', detail: 'x' }, 1).state;
    expect(stepRound(aborted, ready('a'), 2).accepted).toBe(false);
  });

  it('does not wait for who is away, but for who came back', () => {
    const away: RoundEvent = { type: 'away', participant: 'b' };
    const back: RoundEvent = { type: 'back', participant: 'b' };
    const given = play(open(['a', 'b', 'c']), [
      [away, 1],
      [back, 2],
      [ready('a'), 3],
      [ready('c'), 4],
    ]);
    expect(given.state).toMatchObject({ phase: 'open', participants: { b: { phase: 'invited' } } });
    const working: RoundEvent = { type: 'working', participant: 'b' };
    const { state } = play(given.state, [
      [working, 5],
      [away, 6],
      [back, 7],
    ]);
    expect(state.participants.b).toEqual({ phase: 'working', progress: 0 });
  });

  it('does not wait for who was removed, and holds it against nobody', () => {
    const { state, effects } = play(open(['a', 'b', 'c']), [
      [ready('a'), 1],
      [{ type: 'working', participant: 'c' }, 2],
      [{ type: 'removed', participant: 'c' }, 3],
      [ready('b'), 4],
    ]);
    expect(effects).toEqual([{ effect: 'release', contributors: ['a', 'b'] }]);
    expect(state).toMatchObject({ phase: 'released', error: null });
  });

  it('ends exactly once whatever the order of events, and never counts somebody twice', () => {
    const names = ['a', 'b', 'c'];
    const event = fc.oneof(
      fc.constantFrom(...names).map((n): RoundEvent => ready(n)),
      fc.constantFrom(...names).map((n): RoundEvent => ({ type: 'failed', participant: n, code: 'work' })),
      fc.constantFrom(...names).map((n): RoundEvent => ({ type: 'working', participant: n })),
      fc.constant<RoundEvent>({ type: 'tick' }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), fc.integer({ min: 1, max: 3 }), (events, least) => {
        const timed = events.map((e, i): [RoundEvent, number] => [e, i]);
        const end: [RoundEvent, number] = [{ type: 'tick' }, 1e9];
        const { state, effects } = play(open(names, least), [...timed, end]);
        expect(effects).toHaveLength(1);
        expect(state.phase).toBe(contributorsOf(state).length >= least ? 'released' : 'aborted');
        if (effects[0]?.effect === 'release') expect(effects[0].contributors).toEqual(contributorsOf(state));
      }),
    );
  });
});
