/** Whether a living collection may get other settings: by the settings themselves, its ledger, and what it does now. */
import type { CoordinatorApi, Outcome } from '../../shared/protocol/objects.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { changeProblem, patched, type SettingsPatch } from '../../shared/protocol/settings-changes.ts';
import { settingsProblem } from './rosters.ts';

/** The settings after the change, or why there is none. */
export async function changedSettings(
  before: CollectionSettings,
  patch: SettingsPatch,
  hub: Pick<CoordinatorApi, 'privacy' | 'runs'>,
): Promise<Outcome<CollectionSettings>> {
  const after = patched(before, patch);
  const [{ charges, epsilon }, [last]] = await Promise.all([hub.privacy(), hub.runs(1)]);
  const problem = changeProblem(before, after, charges.length === 0 ? null : { epsilon });
  if (problem !== null) return { ok: false, code: 'setting_fixed', detail: problem };
  const unfit = settingsProblem(after, before);
  if (unfit !== null) return { ok: false, code: 'invalid_request', detail: unfit };
  if (last?.state === 'running') {
    const detail = `run ${last.run} goes by the settings as they are: wait for it or cancel it`;
    return { ok: false, code: 'run_in_progress', detail };
  }
  return { ok: true, value: after };
}
