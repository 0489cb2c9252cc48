import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settingRows, settingsPage } from '../../../cli/settings-page.ts';
import { PROJECT } from '../../../cli/worker-bundle.ts';
import { CollectionSettings } from '../../../shared/protocol/settings.ts';

/** Paths of everything that is not an object with names; entries of lists are left out. */
function leaves(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([name, inner]) =>
    leaves(inner, path === '' ? name : `${path}.${name}`),
  );
}

describe('docs/settings.md', () => {
  it('is what the schemas say: npm run docs:settings writes it again', async () => {
    expect(await readFile(join(PROJECT, 'docs', 'settings.md'), 'utf8')).toBe(settingsPage());
  });

  it('has every setting with its default, its range and what it means', () => {
    const rows = new Map(settingRows().map((row) => [row.path, row]));
    const settings = leaves(CollectionSettings.parse({})).map((path) => path.replace(/\.kind$/, ''));
    expect(settings.length).toBeGreaterThan(50);
    for (const path of settings.filter((each) => !each.startsWith('privacy.training.optimiser'))) {
      expect(rows.get(path), path).toBeDefined();
    }
    for (const { path, range, meaning } of rows.values()) {
      expect(range, path).not.toBe('');
      expect(meaning.length, path).toBeGreaterThan(8);
    }
    expect(rows.get('privacy.training.steps')).toMatchObject({ fallback: '7', fixed: false });
    expect(rows.get('privacy.training.optimiser.rowNoise')).toMatchObject({ fallback: '1.8' });
    expect(rows.get('training.phases[].optimiser.rowNoise')).toMatchObject({ fallback: '0' });
    expect(rows.get('adapter.rank')).toMatchObject({ range: 'integer, 1 to 128', fixed: true });
    expect(rows.get('privacy.epsilon')).toMatchObject({ range: 'number, at most 100, more than 0' });
    expect(rows.get('schedule.quietHours.from')?.meaning).toContain('08:30');
  });
});
