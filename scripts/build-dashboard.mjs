/**
 * Bundles what browsers load for /ask, /widget.js, /dashboard and /docs into modules of strings, dist/pages/files.js and pdf.js, which the
 * Worker imports. Names carry a hash of the content. Run by wrangler before it bundles (wrangler.toml) and by vitest's
 * configuration, so that nobody has to remember it; takes about a tenth of a second.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const TARGET = join(ROOT, 'dist', 'pages', 'files.js');

const TYPES = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

const IN_BROWSERS = {
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'hono/jsx/dom',
};

async function bundle(entry, options = {}) {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    legalComments: 'inline',
    // Below a node_modules the project's own is not read, and the same sources have to give the same scripts: where the
    // installed package cannot be written, those that came with it serve.
    tsconfigRaw: {},
    logLevel: 'warning',
    ...options,
  });
  return outputFiles[0].text;
}

function named(name, type, text) {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return { name: `${name}-${hash}.${type}`, type: TYPES[type], text };
}

/**
 * The script that reads PDFs. It takes seconds to bundle and changes with its library alone, so it is made once; being
 * 1.6 MB, it is a module of its own, which the Worker reads when somebody asks for it.
 */
async function buildPdf(target) {
  // The library's version is the one that package.json pins: where it lies is npm's affair, which is not below this
  // folder in an installed package.
  const sources = ['shared/retrieval/pdf-text.ts', 'package.json', 'scripts/build-dashboard.mjs'];
  const texts = await Promise.all(sources.map((source) => readFile(join(ROOT, source), 'utf8')));
  const mark = `// of ${createHash('sha256').update(texts.join()).digest('hex')}`;
  const known = await readFile(target, 'utf8').catch(() => '');
  if (known.startsWith(mark)) return (await import(pathToFileURL(target).href)).pdf.name;
  const text = await bundle('shared/retrieval/pdf-text.ts', { format: 'esm', target: 'es2022' });
  const pdf = named('pdf', 'js', text);
  await replace(target, `${mark}\nexport const pdf = ${JSON.stringify(pdf, null, 1)};\n`);
  return pdf.name;
}

/** Several processes may do so at the same time. */
async function replace(target, text) {
  await mkdir(dirname(target), { recursive: true });
  const fresh = `${target}.${process.pid}`;
  await writeFile(fresh, text);
  await rename(fresh, target);
}

/** Writes the modules when they changed. */
export async function buildDashboard(target = TARGET) {
  // Loaded by the dashboard's script where somebody drops a PDF, by its name.
  const pdf = await buildPdf(join(dirname(target), 'pdf.js'));
  const define = { PDF_SCRIPT: JSON.stringify(`/ui/${pdf}`) };
  const [script, ask, reference, widget, dashboard, docs, askStyle, icon] = await Promise.all([
    bundle('workers/dashboard/client/main.tsx', { ...IN_BROWSERS, define, external: ['/ui/*'] }),
    bundle('workers/ask/client/main.tsx', IN_BROWSERS),
    bundle('workers/docs/client/main.ts', { format: 'esm', target: 'es2022' }),
    // A classic script: only those know the tag that brought them.
    bundle('workers/widget/widget.ts', { format: 'iife', target: 'es2022', loader: { '.css': 'text' } }),
    bundle('workers/dashboard/style/dashboard.css'),
    bundle('workers/docs/docs.css'),
    bundle('workers/ask/style/ask.css'),
    readFile(join(ROOT, 'workers/dashboard/style/icon.svg'), 'utf8'),
  ]);
  const files = {
    script: named('dashboard', 'js', script),
    askScript: named('ask', 'js', ask),
    docsScript: named('docs', 'js', reference),
    widget: named('widget', 'js', widget),
    askStyle: named('ask', 'css', askStyle),
    dashboardStyle: named('dashboard', 'css', dashboard),
    docsStyle: named('docs', 'css', docs),
    icon: named('icon', 'svg', icon),
  };
  const text = `export const files = ${JSON.stringify(files, null, 1)};\n`;
  if ((await readFile(target, 'utf8').catch(() => null)) === text) return;
  await replace(target, text);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildDashboard();
