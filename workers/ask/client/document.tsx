/** A document by its passages, the one that was found marked, over the page. */
import { useEffect, useRef, useState } from 'hono/jsx/dom';
import type { Item, Passages } from '../../../shared/protocol/api/item.ts';
import { clientOf, type Target, troubleOf } from '../../dashboard/client/api.ts';
import { Dialog } from '../../dashboard/client/parts/dialog.tsx';
import { ASK } from '../texts.ts';
import { originalOf, passageText } from './conversation.ts';
import type { Opened } from './sources.tsx';

type Loaded = { item: Item; passages: Passages['passages'] } | { trouble: string } | null;

export function DocumentDialog({
  target,
  opened,
  onClose,
}: {
  target: Target;
  opened: Opened | null;
  onClose: () => void;
}) {
  return (
    <Dialog id="document" title={opened?.title ?? ''} open={opened !== null} onClose={onClose}>
      {opened === null ? null : <DocumentText key={opened.passage} target={target} opened={opened} />}
      <div class="buttons">
        <button type="button" class="button" onClick={onClose}>
          {ASK.close}
        </button>
      </div>
    </Dialog>
  );
}

function DocumentText({ target, opened }: { target: Target; opened: Opened }) {
  const [loaded, setLoaded] = useState<Loaded>(null);
  const found = useRef<HTMLElement>(null);
  useEffect(() => {
    const client = clientOf(target);
    const params = { key: opened.key };
    Promise.all([
      client.call('GET /items/{key}', { params }),
      client.call('GET /items/{key}/passages', { params }),
    ])
      .then(([item, { passages }]) => setLoaded({ item, passages }))
      .catch((error) => setLoaded({ trouble: troubleOf(error).text }));
  }, [opened.passage]);
  useEffect(() => {
    found.current?.scrollIntoView({ block: 'center' });
  }, [loaded]);
  if (loaded === null) return <p class="hint">{ASK.loading}</p>;
  if ('trouble' in loaded) return <p class="notice bad">{loaded.trouble}</p>;
  const { item, passages } = loaded;
  const original = originalOf(item);
  return (
    <section class="document" tabindex={0} aria-label={opened.title}>
      {passages.map(({ id, text }) =>
        id === opened.passage ? (
          <p ref={found} class="found">
            <span class="unseen">{ASK.cited}: </span>
            <mark>{passageText(text, item.title)}</mark>
          </p>
        ) : (
          <p>{passageText(text, item.title)}</p>
        ),
      )}
      {original === null ? null : (
        <p>
          <a href={original} target="_blank" rel="noopener noreferrer">
            {ASK.original}
          </a>
        </p>
      )}
    </section>
  );
}
