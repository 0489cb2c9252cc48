/**
 * docs/settings.md, made from the settings' own schemas: what each means, its default, its range, and whether it may
 * change. `npm run docs:settings` writes the file; a test holds it against what is made here.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { addTo } from '../shared/multimap.ts';
import { CollectionSettings } from '../shared/protocol/settings.ts';
import { FIXED } from '../shared/protocol/settings-changes.ts';
import { type Schema, typeOf } from '../workers/docs/reference.ts';
import { allLimits, markdownTable } from './schema-table.ts';
import { PROJECT } from './worker-bundle.ts';

const FILE = join(PROJECT, 'docs', 'settings.md');

const INTRODUCTION = `# Settings of a collection

<!-- Made from the schemas by \`npm run docs:settings\`: change the descriptions there. -->

Everything has a default, chosen by measurement where it can be measured ([decisions](decisions)). A collection gets its
settings when it is made (\`fedcar collections create NAME --set PATH=VALUE\`, \`POST /v1/collections\`) and keeps them but
for those that may change later (\`fedcar collections set\`, \`PATCH /v1/collections/{name}\`; what that means for a running
collection is in [operations.md](operations.md#changing-settings)). Unknown fields are errors.

\`[]\` is any entry of a list. Settings marked \`fixed\` stay as they are for the life of a collection.
`;

interface Row {
  path: string;
  fallback: string;
  range: string;
  meaning: string;
  fixed: boolean;
}

/** The settings as a JSON Schema of what may be given. */
const SCHEMA = z.toJSONSchema(z.strictObject(CollectionSettings.shape), { io: 'input' }) as Schema;
const DEFAULTS: unknown = CollectionSettings.parse({});

/** All settings, without the objects that only hold them. */
export function settingRows(): Row[] {
  return rowsOf(SCHEMA, '', DEFAULTS);
}

function rowsOf(schema: Schema, path: string, defaults: unknown): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const given = (defaults as Record<string, unknown> | null | undefined)?.[name];
    return fieldRows(field, at, given === undefined ? field.default : given);
  });
}

function fieldRows(field: Schema, path: string, fallback: unknown): Row[] {
  // What may also be null, and alternatives of a kind: their fields follow below the name itself.
  const options = field.anyOf ?? field.oneOf ?? [];
  const inner = options.filter(({ properties }) => properties !== undefined);
  const entries = field.items?.properties === undefined ? [] : [field.items];
  if (field.properties !== undefined) return rowsOf(field, path, fallback);
  const own = rowOf(field, path, fallback);
  return [
    own,
    ...inner.flatMap((option) => rowsOf(withoutKind(option), path, fallback)),
    ...entries.flatMap((entry) => rowsOf(entry, `${path}[]`, undefined)),
  ];
}

/** The kind of an alternative stands in the row of the setting itself. */
function withoutKind({ properties = {}, ...rest }: Schema): Schema {
  const { kind: _, ...others } = properties;
  return { ...rest, properties: others };
}

function rowOf(field: Schema, path: string, fallback: unknown): Row {
  const { default: _, ...bare } = field;
  const kinds = (field.oneOf ?? []).map(({ properties }) => JSON.stringify(properties?.kind?.const));
  const type = kinds.length > 0 ? kinds.join(' or ') : plainType(bare);
  return {
    path,
    fallback: fallback === undefined ? '' : shown(fallback),
    range: [type, ...allLimits(bare)].join(', '),
    meaning: field.description ?? '',
    fixed: FIXED.some(([name]) => name === path || path.startsWith(`${name}.`)),
  };
}

function plainType(field: Schema): string {
  if (field.items?.properties !== undefined) return 'list';
  if (field.anyOf?.some(({ properties }) => properties !== undefined)) return 'see below, or null';
  return typeOf(field);
}

/** A list of objects is too long for a table; its entries have rows of their own. */
function shown(value: unknown): string {
  if (Array.isArray(value) && typeof value[0] === 'object') return `${value.length} entries`;
  return JSON.stringify(value);
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ path, fallback, range, meaning, fixed }) => {
    const name = `\`${path}\`${fixed ? ' (fixed)' : ''}`;
    return [name, fallback === '' ? 'none' : `\`${fallback}\``, range, meaning];
  });
  return markdownTable(['setting', 'default', 'values', 'meaning'], lines);
}

/** The whole page. */
export function settingsPage(): string {
  const groups = new Map<string, Row[]>([['', []]]);
  const isGroup = (name: string) => SCHEMA.properties?.[name]?.properties !== undefined;
  for (const row of settingRows()) {
    const [head = ''] = row.path.split(/[.[]/);
    addTo(groups, isGroup(head) ? head : '', row);
  }
  const sections = [...groups].map(([name, rows]) => {
    if (name === '') return `## The collection\n\n${table(rows)}\n`;
    return `## ${name}\n\n${SCHEMA.properties?.[name]?.description}.\n\n${table(rows)}\n`;
  });
  return [INTRODUCTION, ...sections, phases()].join('\n');
}

/** What `training.phases` is unless set: too long for its table. */
function phases(): string {
  const { training } = CollectionSettings.parse({});
  return `## Default of \`training.phases\`\n\n\`\`\`json\n${JSON.stringify(training.phases, null, 2)}\n\`\`\`\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await writeFile(FILE, settingsPage());
