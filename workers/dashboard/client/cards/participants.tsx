/** Who trains in the collection: its own regions, separate operators, and those who are invited. */
import { useRef, useState } from 'hono/jsx/dom';
import type { IssuedInvitation, Participant } from '../../../../shared/protocol/api/participant.ts';
import { clientOf, type Target, troubleOf } from '../api.ts';
import { ago, dateTime } from '../format.ts';
import { useLoaded } from '../loaded.ts';
import { Badge } from '../parts/badge.tsx';
import { Card, LoadState } from '../parts/card.tsx';
import { Copyable } from '../parts/copy.tsx';
import { Failure } from '../parts/notice.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { PARTICIPANTS } from '../texts.ts';
import type { ViewProps } from '../views/view.ts';
import type { Tone } from '../words.ts';

const COLUMNS: readonly Column[] = ['Participant', 'State', ['Key', 'roomy'], ['Last spoke', 'number roomy']];

const TONES: Record<Participant['state'], Tone> = {
  invited: 'busy',
  enrolled: 'warn',
  member: 'good',
  leaving: 'plain',
};

export function ParticipantsCard({ state, store, ask }: Pick<ViewProps, 'state' | 'store' | 'ask'>) {
  const { target, now } = state;
  const { of, again } = useLoaded(`participants ${target.collection} ${target.token}`, () =>
    clientOf(target).call('GET /participants'),
  );
  const remove = ({ name, state: standing }: Participant) =>
    ask({
      title: PARTICIPANTS.removeAsk(name),
      text: <p>{standing === 'invited' ? PARTICIPANTS.withdrawText : PARTICIPANTS.removeText}</p>,
      verb: standing === 'invited' ? PARTICIPANTS.withdraw : PARTICIPANTS.remove,
      act: async () => {
        const trouble = await store.act((client) =>
          client.call('DELETE /participants/{name}', { params: { name } }),
        );
        await again();
        return trouble;
      },
    });
  const { value } = of;
  return (
    <Card id="participants" title={PARTICIPANTS.title}>
      <LoadState of={of} />
      {value === null ? null : <Invite target={target} onInvited={again} />}
      {value === null ? null : (
        <Table columns={COLUMNS} actions>
          {value.participants.map((one) => (
            <Row key={one.name} one={one} now={now} onRemove={() => remove(one)} />
          ))}
        </Table>
      )}
      <p class="hint">{PARTICIPANTS.hint}</p>
    </Card>
  );
}

function Row({ one, now, onRemove }: { one: Participant; now: number; onRemove: () => void }) {
  const { name, kind, state, fingerprint, expires_at, last_seen_at, fault } = one;
  return (
    <tr>
      <th scope="row" class="named">
        <bdi>{name}</bdi>
        <small>{PARTICIPANTS.kinds[kind]}</small>
        {fault === null ? null : (
          <small class="loss">
            {ago(fault.at, now)}: {fault.detail}
          </small>
        )}
      </th>
      <td>
        <Badge tone={TONES[state]}>{state}</Badge>
        {expires_at === null ? null : <small>{PARTICIPANTS.until(dateTime(expires_at))}</small>}
      </td>
      <td class="roomy named">{fingerprint === null ? PARTICIPANTS.noKey : <code>{fingerprint}</code>}</td>
      <td class="number roomy">{last_seen_at === null ? PARTICIPANTS.notSeen : ago(last_seen_at, now)}</td>
      <td class="number">
        {kind === 'region' || state === 'leaving' ? null : (
          <button type="button" class="button small" onClick={onRemove}>
            {state === 'invited' ? PARTICIPANTS.withdraw : PARTICIPANTS.remove}
            <span class="unseen"> {name}</span>
          </button>
        )}
      </td>
    </tr>
  );
}

function Invite({ target, onInvited }: { target: Target; onInvited: () => Promise<void> }) {
  const name = useRef<HTMLInputElement>(null);
  const hours = useRef<HTMLInputElement>(null);
  const [issued, setIssued] = useState<IssuedInvitation | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      const made = await clientOf(target).call('POST /participants/invitations', {
        body: {
          name: name.current?.value.trim() ?? '',
          expires_hours: Number(hours.current?.value ?? 72),
        },
      });
      setIssued(made);
      setTrouble(null);
    } catch (error) {
      setTrouble(troubleOf(error).text);
    }
    await onInvited();
  };
  return (
    <>
      <form class="line" onSubmit={submit}>
        <label class="field">
          {PARTICIPANTS.name}
          <input ref={name} required maxlength={64} placeholder="clinic-b" />
        </label>
        <label class="field narrow">
          {PARTICIPANTS.hours}
          <input ref={hours} type="number" min={1} max={720} value="72" />
        </label>
        <button type="submit" class="button primary">
          {PARTICIPANTS.invite}
        </button>
      </form>
      <Failure text={trouble} />
      {issued === null ? null : (
        <div class="made" role="status">
          <p>{PARTICIPANTS.once(issued.name, dateTime(issued.expires_at))}</p>
          <Copyable name={PARTICIPANTS.invitation} text={issued.invitation} />
          <p>{PARTICIPANTS.command}</p>
          <Copyable
            name={PARTICIPANTS.commandName}
            text={`fedcar join ${location.origin} --invite ${issued.invitation} --data ./documents`}
          />
        </div>
      )}
    </>
  );
}
