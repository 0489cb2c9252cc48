#!/usr/bin/env node
/**
 * The `fedcar` command, from a checkout or from an installed package. The sources are TypeScript with imports that
 * Node cannot follow by itself, and no Node strips types below node_modules: tsx does both. Where the Node at hand is
 * too old for the platform's tools, the command starts itself again on another.
 */
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
  const { register } = await import('tsx/esm/api');
  register();
  const { main } = await import('./fedcar/main.ts');
  process.exitCode = await main(process.argv.slice(2));
} else {
  await runOn(node);
}
