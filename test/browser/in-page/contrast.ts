/** Contrast of all visible text with what is behind it, after WCAG 2.2 (relative luminance). Runs in the page. */

import type { Pale } from './facts.ts';

type Colour = readonly [red: number, green: number, blue: number, alpha: number];

function parse(text: string): Colour {
  const [red = 0, green = 0, blue = 0, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
  return [red, green, blue, alpha];
}

function over(front: Colour, back: Colour): Colour {
  const mix = (i: 0 | 1 | 2) => front[i] * front[3] + back[i] * (1 - front[3]);
  return [mix(0), mix(1), mix(2), 1];
}

function luminance([red, green, blue]: Colour): number {
  const linear = (value: number) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** Found once for each element. */
const known = new WeakMap<Element, Colour>();

function behind(element: Element): Colour {
  const found = known.get(element) ?? blended(element);
  known.set(element, found);
  return found;
}

function blended(element: Element): Colour {
  const colour = parse(getComputedStyle(element).backgroundColor);
  if (colour[3] === 1) return colour;
  const parent = element.parentElement;
  return over(colour, parent === null ? [255, 255, 255, 1] : behind(parent));
}

/** Null when the contrast is at least 4.5. */
function paleness(text: string, element: Element, colour: string): Pale | null {
  const back = behind(element);
  const [a, b] = [luminance(over(parse(colour), back)), luminance(back)];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  return ratio < 4.5 ? { text: text.slice(0, 60), ratio, colour, behind: back.join() } : null;
}

export function contrast(): { looked: number; pale: Pale[] } {
  const pale: (Pale | null)[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent?.trim() ?? '';
    if (element === null || text === '' || !element.checkVisibility()) continue;
    pale.push(paleness(text, element, getComputedStyle(element).color));
  }
  for (const input of document.querySelectorAll('input')) {
    if (!input.checkVisibility()) continue;
    pale.push(paleness(input.placeholder, input, getComputedStyle(input, '::placeholder').color));
  }
  return {
    looked: pale.length,
    pale: pale.filter((each) => each !== null).sort((a, b) => a.ratio - b.ratio),
  };
}
