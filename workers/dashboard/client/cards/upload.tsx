/** Where files are dropped, or chosen with the keyboard, and what becomes of each. */
import { useRef, useState } from 'hono/jsx/dom';
import { type Target, troubleOf } from '../api.ts';
import { count, many } from '../format.ts';
import { Card } from '../parts/card.tsx';
import { UPLOAD } from '../texts.ts';
import {
  chosenFiles,
  type Dropped,
  droppedFiles,
  type Fate,
  READ_ENDINGS,
  readable,
  uploadAll,
} from '../upload.ts';

/** Files whose refusal is told one by one. */
const TOLD = 20;

interface Progress {
  total: number;
  fates: Fate[];
  /** What ended it before its time; null: nothing did. */
  trouble: string | null;
  done: boolean;
}

export interface UploadProps {
  target: Target;
  onStored: () => Promise<void>;
}

export function UploadCard({ target, onStored }: UploadProps) {
  const [over, setOver] = useState(false);
  const [progress, setProgress] = useState<Progress | null>(null);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const busy = progress !== null && !progress.done;
  const take = async (dropped: Dropped[]) => {
    if (busy || dropped.length === 0) return;
    const { read, unread } = readable(dropped);
    let now: Progress = { total: read.length + unread.length, fates: unread, trouble: null, done: false };
    const show = (change: Partial<Progress>) => {
      now = { ...now, ...change };
      setProgress(now);
    };
    show({});
    try {
      await uploadAll(target, read, (fates) => show({ fates: [...now.fates, ...fates] }));
    } catch (error) {
      show({ trouble: troubleOf(error).text });
    }
    show({ done: true });
    await onStored();
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer !== null) void droppedFiles(event.dataTransfer).then(take);
  };
  const chosen = (event: Event) => {
    const input = event.target as HTMLInputElement;
    const list = chosenFiles(input.files ?? new DataTransfer().files);
    input.value = '';
    void take(list);
  };
  return (
    <Card id="upload" title={UPLOAD.title}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the buttons in it do the same with the keyboard. */}
      <div
        class={over ? 'drop over' : 'drop'}
        onDragOver={(event: DragEvent) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <p>{UPLOAD.drop}</p>
        <p class="buttons">
          <button
            type="button"
            class="button primary"
            aria-disabled={String(busy)}
            onClick={() => files.current?.click()}
          >
            {UPLOAD.files}
          </button>
          <button
            type="button"
            class="button"
            aria-disabled={String(busy)}
            onClick={() => folder.current?.click()}
          >
            {UPLOAD.folder}
          </button>
        </p>
        <input ref={files} type="file" hidden multiple aria-label={UPLOAD.files} onChange={chosen} />
        <input ref={folder} type="file" hidden webkitdirectory aria-label={UPLOAD.folder} onChange={chosen} />
        <p class="hint">{UPLOAD.kinds(READ_ENDINGS.join(' '))}</p>
      </div>
      {progress === null ? null : <Outcome progress={progress} />}
    </Card>
  );
}

function Outcome({ progress: { total, fates, trouble, done } }: { progress: Progress }) {
  const refused = fates.filter((fate) => 'refused' in fate);
  const stored = fates.flatMap((fate) => ('stored' in fate ? [fate.stored] : []));
  const waiting = stored.filter(({ status }) => status === 'indexing').length;
  const notes = stored.filter(({ note }) => note !== undefined);
  return (
    <div class="outcomes">
      {done ? null : <progress aria-label={UPLOAD.title} max={total} value={fates.length} />}
      <p role="status">
        {done ? '' : `${count(fates.length)} / ${count(total)}. `}
        {UPLOAD.stored(many(stored.length, 'document'))}
        {waiting === 0 ? '' : ` ${UPLOAD.waiting(count(waiting))}`}
      </p>
      {trouble === null ? null : (
        <p class="notice bad" role="alert">
          {trouble}
        </p>
      )}
      {refused.length === 0 ? null : (
        <div class="notice warn">
          <p>{UPLOAD.refused(many(refused.length, 'file'))}</p>
          <ul>
            {refused.slice(0, TOLD).map(({ path, refused: why }) => (
              <li>
                <bdi>{path}</bdi>: {why}
              </li>
            ))}
            {refused.length > TOLD ? <li>{UPLOAD.more(count(refused.length - TOLD))}</li> : null}
          </ul>
        </div>
      )}
      {notes.slice(0, TOLD).map(({ key, note }) => (
        <p class="hint">
          <bdi>{key}</bdi>: {note}
        </p>
      ))}
    </div>
  );
}
