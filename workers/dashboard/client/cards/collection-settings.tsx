/** The settings of the collection as they are in force. */
import { clientOf, type Target } from '../api.ts';
import { useLoaded } from '../loaded.ts';
import { Card, LoadState } from '../parts/card.tsx';
import { Fact } from '../parts/fact.tsx';
import { SETTINGS } from '../texts.ts';

export function CollectionSettingsCard({ target }: { target: Target }) {
  const { collection } = target;
  const { of } = useLoaded(`settings ${collection} ${target.token}`, () =>
    clientOf(target).call('GET /collections/{name}', { params: { name: collection } }),
  );
  const { value } = of;
  return (
    <Card id="settings" title={SETTINGS.title}>
      <LoadState of={of} />
      {value === null ? null : (
        <dl class="figures">
          {linesOf('', value.settings).map(([name, setting]) => (
            <Fact name={name}>
              <code>{setting}</code>
            </Fact>
          ))}
        </dl>
      )}
      <p class="hint">{SETTINGS.hint}</p>
    </Card>
  );
}

/** Groups of settings line by line, as `privacy.noise`; what is deeper stays together. */
function linesOf(group: string, settings: object): [name: string, setting: string][] {
  return Object.entries(settings).flatMap(([name, setting]): [string, string][] => {
    const isGroup = typeof setting === 'object' && setting !== null && !Array.isArray(setting);
    if (isGroup && group === '') return linesOf(`${name}.`, setting);
    const isList = Array.isArray(setting) && setting.every((each) => typeof each === 'string');
    return [[group + name, isList ? setting.join(', ') : shown(setting)]];
  });
}

function shown(setting: unknown): string {
  return typeof setting === 'object' ? JSON.stringify(setting) : String(setting);
}
