/** Four steps, shown until a version was trained: which of them are done is told by what the service shows. */
import { hrefOf, type View } from '../../place.ts';
import { Badge } from '../parts/badge.tsx';
import { Card } from '../parts/card.tsx';
import type { State } from '../store.ts';
import { STEPS } from '../texts.ts';

export function FirstSteps({ state: { regions, models, target } }: { state: State }) {
  const documents = regions.value?.regions.reduce((sum, { items }) => sum + items, 0);
  const trained = models.value?.some(({ version }) => version > 0);
  if (documents === undefined || trained !== false) return null;
  // Questions are counted nowhere, so the steps between are told apart by the documents alone.
  const steps: [name: string, text: string, view: View, done: boolean | null][] = [
    [STEPS.add, STEPS.addText, 'documents', documents > 0],
    [STEPS.ask, STEPS.askText, 'search', null],
    [STEPS.feedback, STEPS.feedbackText, 'search', null],
    [STEPS.train, STEPS.trainText, 'training', false],
  ];
  return (
    <Card id="first-steps" title={STEPS.title}>
      <ol class="first-steps">
        {steps.map(([name, text, view, done]) => (
          <li>
            <div>
              <a href={hrefOf({ view, collection: target.collection })}>{name}</a>
              {done === null ? null : (
                <Badge tone={done ? 'good' : 'plain'}>{done ? STEPS.done : STEPS.open}</Badge>
              )}
            </div>
            <p class="hint">{text}</p>
          </li>
        ))}
      </ol>
    </Card>
  );
}
