/** Runs the functions of in-page/ in a page, past its policy against foreign scripts. */
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { PageFacts } from './in-page/facts.ts';

let script: Promise<string> | null = null;

async function bundled(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'in-page/page-facts.ts')],
    bundle: true,
    format: 'iife',
    globalName: 'inPage',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

export async function askPage<Name extends keyof PageFacts>(
  page: Page,
  name: Name,
): Promise<ReturnType<PageFacts[Name]>> {
  script ??= bundled();
  return await page.evaluate(`(() => { ${await script}; return inPage.facts.${name}(); })()`);
}

/** All text that can be seen has a contrast of at least 4.5. */
export async function expectContrast(page: Page, where: string): Promise<void> {
  const { looked, pale } = await askPage(page, 'contrast');
  expect(looked).toBeGreaterThan(5);
  expect(pale, where).toEqual([]);
}

export async function expectToFit(page: Page, width: number): Promise<void> {
  await page.setViewportSize({ width, height: 800 });
  // Charts are drawn again when they hear of it.
  await expect
    .poll(() => askPage(page, 'overhanging'), { message: `on a screen of ${width} px` })
    .toEqual([]);
}

/** Pictures to look at: written where FEDCAR_SCREENSHOTS names a folder. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.FEDCAR_SCREENSHOTS;
  if (folder === undefined) return;
  await askPage(page, 'toTop');
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
