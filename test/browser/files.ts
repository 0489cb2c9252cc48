/** Files as somebody drops them on a page. */
import type { Page } from 'playwright-core';

/** Drops files of text where the page takes them. */
export async function dropFiles(
  page: Page,
  files: readonly (readonly [name: string, text: string])[],
): Promise<void> {
  const dropped = await page.evaluateHandle(
    `(() => { const dropped = new DataTransfer();
      for (const [name, text] of ${JSON.stringify(files)}) dropped.items.add(new File([text], name));
      return dropped; })()`,
  );
  await page.locator('.drop').dispatchEvent('drop', { dataTransfer: dropped });
}
