/** Learning at its three speeds: what a region knows by itself, what versions learned, and what the promise allows next. */
import type { Child } from 'hono/jsx/dom';
import type { Privacy } from '../../../../shared/protocol/api/privacy.ts';
import type { Schedule } from '../../../../shared/protocol/api/schedule.ts';
import type { Version } from '../../../../shared/protocol/api/version.ts';
import { hrefOf } from '../../place.ts';
import { ago, count, dateTime, epsilon, percent, points } from '../format.ts';
import { Badge } from '../parts/badge.tsx';
import { Card, LoadState } from '../parts/card.tsx';
import { Fact } from '../parts/fact.tsx';
import type { State } from '../store.ts';
import { SPEEDS } from '../texts.ts';
import { shownDate } from '../words.ts';

export function SpeedsCard({ state }: { state: State }) {
  const { privacy, models, runs, now } = state;
  const { collection } = state.target;
  return (
    <Card id="speeds" title={SPEEDS.title}>
      <LoadState of={privacy} />
      {privacy.value === null ? null : (
        <div class="speeds">
          <MemorySpeed privacy={privacy.value} href={hrefOf({ view: 'privacy', collection })} />
          <RunSpeed versions={models.value ?? []} now={now} />
          <PromiseSpeed
            privacy={privacy.value}
            schedule={runs.value?.schedule ?? privacy.value.schedule}
            now={now}
            href={hrefOf({ view: 'privacy', collection })}
          />
        </div>
      )}
    </Card>
  );
}

function Speed({ name, badge, children }: { name: string; badge: Child; children: Child }) {
  return (
    <section class="speed" aria-label={name}>
      <h3>
        {name} {badge}
      </h3>
      {children}
    </section>
  );
}

function MemorySpeed({ privacy: { memory }, href }: { privacy: Privacy; href: string }) {
  const on = memory.use !== 'off';
  return (
    <Speed name={SPEEDS.seconds} badge={<Badge tone={on ? 'good' : 'plain'}>{memory.use}</Badge>}>
      <p>{SPEEDS.secondsOf[memory.use]}</p>
      {on ? <p class="hint">{SPEEDS.secondsNote}</p> : null}
      <a href={href}>{SPEEDS.log}</a>
    </Speed>
  );
}

function RunSpeed({ versions, now }: { versions: readonly Version[]; now: number }) {
  const serving = versions.find(({ state }) => state === 'serving');
  if (serving === undefined || serving.version === 0) {
    return (
      <Speed name={SPEEDS.runs} badge={null}>
        <p>{versions.length > 1 ? SPEEDS.runsBase : SPEEDS.runsNone}</p>
      </Speed>
    );
  }
  const measured = serving.held_out;
  return (
    <Speed name={SPEEDS.runs} badge={<Badge tone="good">version {serving.version}</Badge>}>
      <dl class="figures">
        <Fact name="Learned">
          {count(serving.active_rows)} of {count(serving.rows)} passages
        </Fact>
        {measured === null ? null : (
          <Fact name="Right document first">
            {percent(measured.accuracy)} ({points(measured.accuracy - measured.mips)} points)
          </Fact>
        )}
        <Fact name="Trained">{ago(serving.created_at, now)}</Fact>
      </dl>
      <a href="#versions">{SPEEDS.versions}</a>
    </Speed>
  );
}

interface PromiseProps {
  privacy: Privacy;
  schedule: Schedule;
  now: number;
  href: string;
}

function PromiseSpeed({ privacy, schedule, now, href }: PromiseProps) {
  const { next_at, reads_from, waiting, census } = schedule;
  const noisy = privacy.noise === 'on';
  const badge = noisy ? <Badge tone="good">ε ≤ {epsilon(privacy.budget)}</Badge> : null;
  return (
    <Speed name={SPEEDS.promise} badge={badge}>
      <dl class="figures">
        {noisy ? (
          <Fact name="Spent and left">
            ε {epsilon(privacy.epsilon)} and {epsilon(privacy.left)}
          </Fact>
        ) : null}
        <Fact name={SPEEDS.next}>{shownDate(next_at, now)}</Fact>
        {noisy && reads_from !== null ? (
          <Fact name={SPEEDS.reads}>
            {reads_from <= 0 ? 'all questions' : `questions since ${dateTime(reads_from)}`}
            {census === null ? '' : `, about ${count(census.questions)}`}
          </Fact>
        ) : null}
      </dl>
      {noisy ? null : <p>{SPEEDS.promiseNone}</p>}
      {waiting === null ? null : <p class="hint">{waiting.detail}</p>}
      <a href={href}>{SPEEDS.budget}</a>
    </Speed>
  );
}
