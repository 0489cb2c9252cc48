/** Tokens of the deployment: who has which, a new one for somebody, and the end of one. */
import { useRef, useState } from 'hono/jsx/dom';
import type { TokenCreation } from '../../../../client/client.ts';
import type { Scope } from '../../../../shared/protocol/access.ts';
import type { NewToken, Token, Tokens } from '../../../../shared/protocol/api/token.ts';
import { clientOf, type Target, troubleOf } from '../api.ts';
import { ago, dateTime } from '../format.ts';
import type { Loading } from '../loaded.ts';
import { Badge } from '../parts/badge.tsx';
import { Card, LoadState } from '../parts/card.tsx';
import { Copyable } from '../parts/copy.tsx';
import { Failure } from '../parts/notice.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { TOKENS } from '../texts.ts';
import type { ViewProps } from '../views/view.ts';

const COLUMNS: readonly Column[] = ['Token', 'May', ['Good for', 'roomy'], ['Made', 'roomy']];

export type Purpose = keyof typeof SCOPES_OF;

/** Whoever makes a token thinks of what it is for. */
const SCOPES_OF = {
  agent: ['query', 'feedback'],
  page: ['query', 'feedback'],
  reader: ['query'],
  uploader: ['query', 'ingest'],
  trainer: ['query', 'feedback', 'ingest', 'train'],
  admin: ['admin'],
} as const satisfies Record<string, readonly Scope[]>;
const PURPOSES = Object.keys(SCOPES_OF) as Purpose[];

/** Makes one that is good for the collection alone. @throws ApiError */
export async function makeToken(target: Target, name: string, purpose: Purpose): Promise<NewToken> {
  const { collection } = target;
  const wanted: TokenCreation = {
    name,
    scopes: [...SCOPES_OF[purpose]],
    ...(purpose === 'admin' ? {} : { collections: [collection] }),
    ...(purpose === 'page' ? { origins: [location.origin] } : {}),
  };
  return await clientOf(target).call('POST /tokens', { body: wanted });
}

export interface TokensProps extends Pick<ViewProps, 'state' | 'ask'> {
  tokens: Loading<Tokens>;
}

export function TokensCard({ state, ask, tokens }: TokensProps) {
  const { target, now } = state;
  const revoke = ({ id, name }: Token) =>
    ask({
      title: TOKENS.revokeAsk(name),
      text: <p>{TOKENS.revokeText}</p>,
      verb: TOKENS.revoke,
      act: async () => {
        try {
          await clientOf(target).call('DELETE /tokens/{id}', { params: { id } });
          return null;
        } catch (error) {
          return troubleOf(error);
        } finally {
          await tokens.again();
        }
      },
    });
  const list = tokens.of.value?.tokens ?? [];
  return (
    <Card id="tokens" title={TOKENS.title}>
      <LoadState of={tokens.of} />
      {tokens.of.value === null ? null : <MakeToken target={target} onMade={tokens.again} />}
      {list.length === 0 ? null : (
        <Table columns={COLUMNS} actions>
          {list.map((token) => (
            <Row key={token.id} token={token} now={now} onRevoke={() => revoke(token)} />
          ))}
        </Table>
      )}
    </Card>
  );
}

function Row({ token, now, onRevoke }: { token: Token; now: number; onRevoke: () => void }) {
  const { id, name, scopes, collections, origins, created_at, expires_at, revoked_at } = token;
  const over = revoked_at !== null || (expires_at !== null && expires_at <= now);
  return (
    <tr>
      <th scope="row" class="named">
        <bdi>{name}</bdi>
        <small>
          <code>{id}</code>
        </small>
      </th>
      <td>{scopes.join(', ')}</td>
      <td class="roomy">
        {collections === null ? TOKENS.everything : collections.join(', ')}
        {origins === null ? null : <small>{origins.join(', ')}</small>}
      </td>
      <td class="roomy">
        {ago(created_at, now)}
        {expires_at === null ? null : <small>{TOKENS.until(dateTime(expires_at))}</small>}
      </td>
      <td class="number">
        {over ? (
          <Badge tone="plain">{revoked_at === null ? TOKENS.expired : TOKENS.revoked}</Badge>
        ) : (
          <button type="button" class="button small" onClick={onRevoke}>
            {TOKENS.revoke}
            <span class="unseen"> {name}</span>
          </button>
        )}
      </td>
    </tr>
  );
}

function MakeToken({ target, onMade }: { target: Target; onMade: () => Promise<void> }) {
  const name = useRef<HTMLInputElement>(null);
  const [purpose, setPurpose] = useState<Purpose>('agent');
  const [made, setMade] = useState<{ token: NewToken; purpose: Purpose } | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      setMade({ token: await makeToken(target, name.current?.value.trim() ?? '', purpose), purpose });
      if (name.current !== null) name.current.value = '';
      setTrouble(null);
    } catch (error) {
      setTrouble(troubleOf(error).text);
    }
    await onMade();
  };
  return (
    <>
      <form class="line" onSubmit={submit}>
        <label class="field">
          {TOKENS.name}
          <input ref={name} required maxlength={100} placeholder={TOKENS.namePlaceholder} />
        </label>
        <label class="field">
          {TOKENS.purpose}
          <select
            onChange={(event: Event) => setPurpose((event.target as HTMLSelectElement).value as Purpose)}
          >
            {PURPOSES.map((each) => (
              <option value={each} selected={each === purpose}>
                {TOKENS.purposes[each]}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="button primary">
          {TOKENS.make}
        </button>
      </form>
      <Failure text={trouble} />
      {made === null ? null : <Made target={target} {...made} />}
    </>
  );
}

/** The new one, this once; for pages also where to put it. */
function Made({ target, token, purpose }: { target: Target; token: NewToken; purpose: Purpose }) {
  const { collection } = target;
  const query = collection === 'default' ? '' : `?collection=${encodeURIComponent(collection)}`;
  const named = collection === 'default' ? '' : ` data-collection="${collection}"`;
  return (
    <div class="made" role="status">
      <p>{TOKENS.once(token.name)}</p>
      <Copyable name={TOKENS.text} text={token.token} />
      {purpose === 'page' ? (
        <>
          <p>{TOKENS.link}</p>
          <Copyable name={TOKENS.linkName} text={`${location.origin}/ask${query}#token=${token.token}`} />
          <p>{TOKENS.widget}</p>
          <Copyable
            name={TOKENS.widgetName}
            text={`<script src="${location.origin}/widget.js" data-token="${token.token}"${named}></script>`}
          />
        </>
      ) : null}
    </div>
  );
}
