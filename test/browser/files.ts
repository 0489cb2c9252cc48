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

/** Drops what lies in a file system, folders too, as the browser's own events: over the page, then let go. */
export async function dropPaths(page: Page, paths: string[]): Promise<void> {
  const box = (await page.locator('.drop').boundingBox())!;
  const session = await page.context().newCDPSession(page);
  const at = { x: box.x + box.width / 2, y: box.y + 10 };
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, ...at, data });
  await session.detach();
}
