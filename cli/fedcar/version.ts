/** The version of this package: of the command, and of the Worker that it deploys. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../worker-bundle.ts';

export const VERSION: string = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')).version;
