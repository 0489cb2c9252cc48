/** What the pages of the documentation show to be typed: blocks of shell, commands, and requests in their text. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../../cli/worker-bundle.ts';

export const PAGES = [
  'README.md',
  'docs/cli.md',
  'docs/api.md',
  'docs/ask.md',
  'docs/coming-from-ai-search.md',
] as const;

export function pageText(page: string): string {
  return readFileSync(join(PROJECT, page), 'utf8');
}

function shellBlocks(page: string): string[] {
  return [...pageText(page).matchAll(/^ *```sh\n(.*?)^ *```$/gms)].map(([, block]) => block!);
}

/** Blocks that consist of requests. */
export function curlBlocks(page: string): string[] {
  return shellBlocks(page).filter((block) => /\bcurl /m.test(block));
}

/** Lines of the other blocks, without comments. */
export function commandLines(page: string): string[] {
  return shellBlocks(page)
    .filter((block) => !/\bcurl /m.test(block))
    .flatMap((block) => block.split('\n'))
    .map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}

/** Arguments of a command line of `fedcar`, however it is called; null for another program. */
export function fedcarArguments(line: string): string[] | null {
  const rest = /^(?:npx fedcar|node cli\/fedcar\.mjs|fedcar) (.*)$/.exec(line)?.[1];
  if (rest === undefined) return null;
  return [...rest.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
}

/** Requests that stand in the text and in tables, such as `GET`, `PUT /items/{key}`: each with its method. */
export function namedRequests(page: string): { method: string; path: string }[] {
  const found: { method: string; path: string }[] = [];
  for (const line of pageText(page).split('\n')) {
    let methods: string[] = [];
    for (const [, method, path = ''] of line.matchAll(
      /`(GET|POST|PUT|PATCH|DELETE)(?: (\/[^`\s?]*))?[^`]*`/g,
    )) {
      methods.push(method!);
      if (path === '') continue;
      for (const each of methods) found.push({ method: each, path });
      methods = [];
    }
  }
  return found;
}
