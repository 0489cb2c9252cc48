/** Text for a terminal: how wide it is there, in lines of a width, and without what a terminal would act upon. */

const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Extended_Pictographic}/u;
const NARROW = /^(?:\p{Mn}|\p{Me}|\p{Cf})$/u;
/** Colours, which take no place (ECMA-48, select graphic rendition). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the sequence begins with one
const COLOURS = /\u001B\[[\d;]*m/g;

/** Columns that a text takes on one line. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text.replace(COLOURS, '')) {
    if (!NARROW.test(character)) width += WIDE.test(character) && !/^[\d#*©®™]$/.test(character) ? 2 : 1;
  }
  return width;
}

/** A text that a service or a file gives, in one line: what a terminal would act upon is shown instead. */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return text.replace(/[\u0000-\u001F\u007F-\u009F\u2028\u2029]/g, (mark) =>
    mark === '\n' ? '\\n' : mark === '\t' ? '\\t' : `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const ACTED_UPON = /\u001B\[[\d;]*m|[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029]/g;

/** Lines for people: of what a terminal would act upon colours stay, and all else is shown instead. */
export function harmless(text: string): string {
  return text.replace(ACTED_UPON, (found) => (found.length > 1 ? found : visible(found)));
}

/** Lines of at most `width` columns, broken between words; a word that is longer is divided. */
export function wrap(text: string, width: number): string[] {
  if (!Number.isFinite(width)) return text.split('\n');
  const most = Math.max(1, Math.floor(width));
  return text.split('\n').flatMap((line) => wrapLine(line, most));
}

function wrapLine(line: string, width: number): string[] {
  const lines: string[] = [];
  let open = '';
  for (const word of line.split(' ')) {
    const joined = open === '' ? word : `${open} ${word}`;
    if (displayWidth(joined) <= width) {
      open = joined;
      continue;
    }
    if (open !== '') lines.push(open);
    open = word;
    while (displayWidth(open) > width) {
      const head = headOf(open, width);
      lines.push(head);
      open = open.slice(head.length);
    }
  }
  return [...lines, open];
}

/** Columns of a terminal; without end where the output goes elsewhere. */
export function widthOf({ isTTY, columns }: { isTTY?: boolean; columns?: number }): number {
  return isTTY && columns ? columns : Number.POSITIVE_INFINITY;
}

/**
 * Breaks lines that are longer between words, and begins what follows as far in as their text. What has no space stays
 * whole. A service may have said any of it, so that it is made harmless.
 */
export function reflow(given: string, width: number): string {
  const text = harmless(given);
  if (!Number.isFinite(width)) return text;
  return text
    .split('\n')
    .map((line) => (displayWidth(line) <= width ? line : broken(line, width)))
    .join('\n');
}

/** What a line begins with that its rest hangs behind: a colour, spaces, a number such as `0.49` or `* [3]`. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a colour begins with one
const LEAD = /^(?:\u001B\[[\d;]*m)*(?: *(?:\* )?(?:\[\d+\]|\d+\.\d\d) +| *)/;

function broken(line: string, width: number): string {
  const lead = LEAD.exec(line)![0];
  const indent = ' '.repeat(displayWidth(lead));
  const lines: string[] = [];
  let begin = lead;
  let open = lead;
  for (const word of line.slice(lead.length).split(' ')) {
    const joined = open === begin ? open + word : `${open} ${word}`;
    if (displayWidth(joined) <= width || open === begin) open = joined;
    else {
      lines.push(open.trimEnd());
      begin = indent;
      open = indent + word;
    }
  }
  return [...lines, open].join('\n');
}

/** As much as fits, at least one character; after a comma, a slash or a dash where its second half has one. */
function headOf(word: string, width: number): string {
  let head = '';
  for (const character of word) {
    if (head !== '' && displayWidth(head + character) > width) break;
    head += character;
  }
  const at = Math.max(head.lastIndexOf(','), head.lastIndexOf('/'), head.lastIndexOf('-'));
  return at > head.length / 2 ? head.slice(0, at + 1) : head;
}
