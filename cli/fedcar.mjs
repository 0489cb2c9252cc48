#!/usr/bin/env node
/**
 * The `fedcar` command, from a checkout or from an installed package. The sources are TypeScript with imports that
 * Node cannot follow by itself, and no Node strips types below node_modules: what runs is a bundle of them. Where the
 * Node at hand is too old for the platform's tools, the command starts itself again on another.
 */
import module from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { otherNode, runOn } from '../scripts/node-runtime.mjs';

function nodeToRunOn() {
  try {
    return otherNode(process.versions.node, (line) => console.error(line));
  } catch (error) {
    console.error(error.message);
    return process.exit(1);
  }
}

const node = nodeToRunOn();
if (node === null) {
  const { bundledCommand } = await import('../scripts/command-bundle.mjs');
  const bundle = await bundledCommand();
  // What V8 made of it goes with it.
  module.enableCompileCache(join(bundle, 'compiled'));
  const { main } = await import(pathToFileURL(join(bundle, 'main.mjs')).href);
  process.exitCode = await main(process.argv.slice(2));
} else {
  await runOn(node);
}
