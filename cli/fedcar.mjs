#!/usr/bin/env node
/**
 * The `fedcar` command, from a checkout or from an installed package. The sources are TypeScript with imports that
 * Node 20 cannot follow by itself, and no Node strips types below node_modules: tsx does both.
 */
import { register } from 'tsx/esm/api';

register();
const { main } = await import('./fedcar/main.ts');
process.exitCode = await main(process.argv.slice(2));
