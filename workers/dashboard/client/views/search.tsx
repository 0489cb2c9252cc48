/** How things stand, and a question to the retriever. */
import { FirstSteps } from '../cards/first-steps.tsx';
import { Overview } from '../cards/overview.tsx';
import { SearchCard } from '../cards/search.tsx';
import type { ViewProps } from './view.ts';

export function SearchView({ state }: ViewProps) {
  return (
    <>
      <Overview state={state} />
      <FirstSteps state={state} />
      <SearchCard state={state} />
    </>
  );
}
