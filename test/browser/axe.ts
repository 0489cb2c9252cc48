/**
 * What axe finds wrong with a page, in both schemes, on a phone and on a desk: each of both once, and with FEDCAR_FULL=1
 * each with each.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { askPage, picture } from './ask-page.ts';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Found {
  passes: { id: string }[];
  violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
}

const VIEWS = [
  { colorScheme: 'light', width: 390 },
  { colorScheme: 'dark', width: 1440 },
  { colorScheme: 'light', width: 1440 },
  { colorScheme: 'dark', width: 390 },
] as const;
const SHOWN = process.env.FEDCAR_FULL === '1' ? VIEWS : VIEWS.slice(0, 2);

/** @param where names the pictures. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  for (const { colorScheme, width } of SHOWN) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height: 900 });
    const found = (await page.evaluate(
      `(async () => { ${SOURCE}; return await axe.run({ resultTypes: ['violations'] }); })()`,
    )) as Found;
    expect(found.passes.length).toBeGreaterThan(10);
    const wrong = found.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`,
    );
    expect(wrong, `${where}, ${colorScheme}, ${width} px`).toEqual([]);
    expect(await askPage(page, 'overhanging')).toEqual([]);
    await picture(page, `${where}-${colorScheme}-${width}`);
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: null });
  await page.setViewportSize({ width: 1280, height: 900 });
}
