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

function pictures(): { name: string; ink: number }[] {
  const found = [...document.querySelectorAll('canvas')].map((canvas) => {
    const name = canvas.closest('[role=img]')?.getAttribute('aria-label') ?? 'without a name';
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    let ink = 0;
    for (let i = 3; i < pixels.length; i += 4) ink += (pixels[i] ?? 0) > 0 ? 1 : 0;
    return { name, ink };
  });
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
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
  pictures,
  overhanging,
  keptForLong,
  toTop,
};
