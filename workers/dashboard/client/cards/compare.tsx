/** Two versions side by side: what was measured of each, what their runs were set to, and one question asked of both. */
import { useRef, useState } from 'hono/jsx/dom';
import type { SearchResponse } from '../../../../shared/protocol/api/search.ts';
import type { Version } from '../../../../shared/protocol/api/version.ts';
import { hrefOf } from '../../place.ts';
import { clientOf, type Target, troubleOf } from '../api.ts';
import { count, DASH, dateTime, percent, points } from '../format.ts';
import { Card, Empty, LoadState } from '../parts/card.tsx';
import { Failure } from '../parts/notice.tsx';
import { COMPARE } from '../texts.ts';
import type { ViewProps } from '../views/view.ts';
import { VERSION_STATES } from '../words.ts';
import { Move } from './hit.tsx';

/** Results that are looked at, to say where one stood in the other version. */
const LOOKED_AT = 10;
/** Characters of a setting that are shown. */
const LONGEST = 200;

export function CompareCard({ state, place, go }: Pick<ViewProps, 'state' | 'place' | 'go'>) {
  const versions = state.models.value ?? [];
  const { target, models } = state;
  const chosen = place.compare ?? defaultPair(versions);
  const found = chosen?.map((number) => versions.find(({ version }) => version === number));
  const [older, newer] = found ?? [];
  const choose = (pair: readonly [number, number]) =>
    go(hrefOf({ view: 'training', collection: target.collection, compare: pair }));
  return (
    <Card id="compare" title={COMPARE.title}>
      <LoadState of={models} />
      {chosen === null ? (
        models.value === null ? null : (
          <Empty title={COMPARE.none}>{COMPARE.noneText}</Empty>
        )
      ) : (
        <div class="line">
          <Choice
            name={COMPARE.one}
            versions={versions}
            chosen={chosen[0]}
            onChoose={(v) => choose([v, chosen[1]])}
          />
          <Choice
            name={COMPARE.other}
            versions={versions}
            chosen={chosen[1]}
            onChoose={(v) => choose([chosen[0], v])}
          />
        </div>
      )}
      {older === undefined || newer === undefined ? null : (
        <>
          <Differences older={older} newer={newer} />
          <AskBoth
            key={`${older.version} ${newer.version}`}
            target={target}
            older={older.version}
            newer={newer.version}
          />
        </>
      )}
    </Card>
  );
}

/** What serves, and what stood before it. */
function defaultPair(versions: readonly Version[]): readonly [number, number] | null {
  const serving = versions.find(({ state }) => state === 'serving');
  const other = versions.find((each) => each !== serving);
  if (serving === undefined || other === undefined) return null;
  return serving.version === 0 ? [0, other.version] : [serving.parent ?? 0, serving.version];
}

interface ChoiceProps {
  name: string;
  versions: readonly Version[];
  chosen: number;
  onChoose: (version: number) => void;
}

function Choice({ name, versions, chosen, onChoose }: ChoiceProps) {
  return (
    <label class="field">
      {name}
      <select onChange={(event: Event) => onChoose(Number((event.target as HTMLSelectElement).value))}>
        {versions.map(({ version, state }) => (
          <option value={String(version)} selected={version === chosen}>
            {COMPARE.version(version, (VERSION_STATES[state]?.label ?? state).toLowerCase())}
          </option>
        ))}
      </select>
    </label>
  );
}

type Row = readonly [name: string, older: string, newer: string, difference?: number | null];

/** Where the two differ: what was measured first, then every setting and figure of their runs. */
function rowsOf(older: Version, newer: Version): Row[] {
  const share = (name: string, of: (version: Version) => number | null): Row => {
    const [a, b] = [of(older), of(newer)];
    const gain = a === null || b === null ? null : b - a;
    return [name, a === null ? DASH : percent(a), b === null ? DASH : percent(b), gain];
  };
  const text = (name: string, of: (version: Version) => string): Row => [name, of(older), of(newer)];
  const names = [...new Set([...Object.keys(older.training), ...Object.keys(newer.training)])].sort();
  const rows: Row[] = [
    share(COMPARE.accuracy, ({ held_out }) => held_out?.accuracy ?? null),
    share(COMPARE.plain, ({ held_out }) => held_out?.mips ?? null),
    share(COMPARE.titles, ({ probe }) =>
      probe === null || probe.titles === 0 ? null : probe.found / probe.titles,
    ),
    share(COMPARE.own, ({ own }) => (own === null || own.questions === 0 ? null : own.right / own.questions)),
    text(COMPARE.learned, (version) => `${count(version.active_rows)} / ${count(version.rows)}`),
    text(COMPARE.made, (version) => dateTime(version.created_at)),
    text(COMPARE.from, ({ parent }) => (parent === null ? DASH : `v${parent}`)),
    ...names.map((name) =>
      text(name, ({ training }) => shown(Object.hasOwn(training, name) ? training[name] : null)),
    ),
  ];
  return rows.filter(([, a, b]) => a !== b);
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return DASH;
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function Differences({ older, newer }: { older: Version; newer: Version }) {
  return (
    <div class="scroll">
      <table class="compared">
        <thead>
          <tr>
            <td />
            <th scope="col">v{older.version}</th>
            <th scope="col">v{newer.version}</th>
          </tr>
        </thead>
        <tbody>
          {rowsOf(older, newer).map(([name, a, b, gain]) => (
            <tr>
              <th scope="row" class="named">
                {name}
              </th>
              <td class="named">{a}</td>
              <td class="named">
                {b}
                {gain == null ? null : <small class={gain < 0 ? 'loss' : 'gain'}>{points(gain)}</small>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface Answers {
  query: string;
  older: SearchResponse;
  newer: SearchResponse;
}

function AskBoth({ target, older, newer }: { target: Target; older: number; newer: number }) {
  const field = useRef<HTMLInputElement>(null);
  const [answers, setAnswers] = useState<Answers | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    const query = field.current?.value.trim() ?? '';
    if (query === '') return;
    const find = (model_version: number) =>
      clientOf(target).call('POST /search', {
        body: {
          query,
          ai_search_options: { retrieval: { max_num_results: LOOKED_AT } },
          fedcar: { model_version },
        },
      });
    try {
      const [a, b] = await Promise.all([find(older), find(newer)]);
      setAnswers({ query, older: a, newer: b });
      setTrouble(null);
    } catch (error) {
      setTrouble(troubleOf(error).text);
    }
  };
  return (
    <>
      <form class="ask" onSubmit={submit}>
        <label class="unseen" for="compare-query">
          {COMPARE.question}
        </label>
        <input id="compare-query" ref={field} maxlength={4096} placeholder={COMPARE.placeholder} />
        <button type="submit" class="button">
          {COMPARE.ask}
        </button>
      </form>
      <Failure text={trouble} />
      {answers === null ? null : <Ranked answers={answers} names={[older, newer]} />}
    </>
  );
}

/** The newer version's order, each with its place in the older one's. */
function Ranked({ answers, names: [older, newer] }: { answers: Answers; names: readonly [number, number] }) {
  const placeIn = (key: string) => answers.older.chunks.findIndex(({ item }) => item.key === key) + 1;
  return (
    <div role="status">
      <p class="hint">{COMPARE.order(newer, older, answers.query)}</p>
      <ol class="ranked">
        {answers.newer.chunks.slice(0, LOOKED_AT / 2).map(({ item }, index) => (
          <li>
            <bdi>{item.title === '' ? item.key : item.title}</bdi>{' '}
            <Move
              place={index + 1}
              before={placeIn(item.key)}
              compared={LOOKED_AT}
              name={COMPARE.name(older)}
            />
          </li>
        ))}
      </ol>
    </div>
  );
}
