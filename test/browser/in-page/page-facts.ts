/** What a test asks of a page and Playwright has no word for. Runs in the page. */
import { contrast } from './contrast.ts';
import type { PageFacts } from './facts.ts';

function unnamedControls(): string[] {
  return [...document.querySelectorAll('button, a, input, select')]
    .filter((element) => element.checkVisibility() && !element.hasAttribute('aria-label'))
    .filter((element) => {
      const labels = (element as HTMLInputElement).labels?.length ?? 0;
      return element.textContent?.trim() === '' && labels === 0;
    })
    .map((element) => element.outerHTML);
}

function inkByPicture(): Record<string, number> {
  const drawn: Record<string, number> = {};
  for (const canvas of document.querySelectorAll('canvas')) {
    const name = canvas.closest('[role=img]')?.getAttribute('aria-label') ?? 'without a name';
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    let inked = 0;
    for (let i = 3; i < pixels.length; i += 4) inked += (pixels[i] ?? 0) > 0 ? 1 : 0;
    drawn[name] = inked;
  }
  return drawn;
}

function overhanging(): string[] {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll('body *')]
    .filter((element) => element.getBoundingClientRect().right > width + 0.5)
    .map((element) => `${element.tagName}.${element.getAttribute('class')}`);
}

function keptForLong(): string[] {
  return [...Object.keys(localStorage), ...document.cookie.split(';').filter((each) => each !== '')];
}

function toTop(): void {
  scrollTo(0, 0);
}

export const facts: PageFacts = {
  contrast,
  unnamedControls,
  inkByPicture,
  overhanging,
  keptForLong,
  toTop,
};
