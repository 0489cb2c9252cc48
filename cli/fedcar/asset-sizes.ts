/** How large the files are that wrangler uploads as assets: all but what .assetsignore leaves out, as git would. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';

export interface AssetSizes {
  files: number;
  bytes: number;
  largest: number;
}

export async function assetSizes(directory: string): Promise<AssetSizes> {
  const text = await readFile(join(directory, '.assetsignore'), 'utf8').catch(() => '');
  const rules = ['.assetsignore', ...text.split('\n')].flatMap(ruleOf);
  const sizes: number[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const path = file.slice(directory.length + 1).split(sep);
    if (entry.isFile() && !isIgnored(path, rules)) sizes.push((await stat(file)).size);
  }
  return { files: sizes.length, bytes: sizes.reduce((a, b) => a + b, 0), largest: Math.max(0, ...sizes) };
}

interface Rule {
  ignores: boolean;
  folders: boolean;
  matches: RegExp;
}

/** One line: `!` takes back what an earlier line ignored, a slash inside ties it to the top, one at the end to folders. */
function ruleOf(line: string): Rule[] {
  const text = line.trim();
  if (text === '' || text.startsWith('#')) return [];
  const ignores = !text.startsWith('!');
  const pattern = ignores ? text : text.slice(1);
  const name = pattern.replace(/^\//, '').replace(/\/$/, '');
  const source = name.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*');
  const anchored = pattern.startsWith('/') || name.includes('/');
  return [
    {
      ignores,
      folders: pattern.endsWith('/'),
      matches: new RegExp(`${anchored ? '^' : '(?:^|/)'}${source}$`),
    },
  ];
}

/** Nothing below an ignored folder comes back. */
function isIgnored(path: readonly string[], rules: readonly Rule[]): boolean {
  return path.some((_, i) => {
    const part = path.slice(0, i + 1).join('/');
    const isFolder = i < path.length - 1;
    const last = rules.findLast(({ folders, matches }) => (!folders || isFolder) && matches.test(part));
    return last?.ignores ?? false;
  });
}
