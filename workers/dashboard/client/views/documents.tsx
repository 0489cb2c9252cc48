/** Documents: upload by drop or choice, the list, and one of them with its passages. */
import { DocumentCard } from '../cards/document.tsx';
import { DocumentsCard, documentsAfter } from '../cards/documents.tsx';
import { UploadCard } from '../cards/upload.tsx';
import { usePages } from '../loaded.ts';
import type { ViewProps } from './view.ts';

export function DocumentsView({ state, store, place, ask, go }: ViewProps) {
  const { target, now } = state;
  const pages = usePages(`${target.collection} ${target.token}`, (after) => documentsAfter(target, after));
  const changed = async () => {
    await Promise.all([pages.again(), store.refresh()]);
  };
  if (place.item !== null) {
    return <DocumentCard state={state} item={place.item} store={store} ask={ask} go={go} onGone={changed} />;
  }
  return (
    <>
      <UploadCard target={target} onStored={changed} />
      <DocumentsCard pages={pages} collection={target.collection} now={now} go={go} />
    </>
  );
}
