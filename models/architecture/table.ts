/** The architectures that the engine runs and the importer reads, by `model_type` of config.json. */
import type { Architecture } from './architecture.ts';
import { bert } from './bert.ts';
import { xlmRoberta } from './xlm-roberta.ts';

export const ARCHITECTURES = {
  bert,
  'xlm-roberta': xlmRoberta,
} satisfies Record<string, Architecture>;

export type ArchitectureName = keyof typeof ARCHITECTURES;

export const ARCHITECTURE_NAMES = Object.keys(ARCHITECTURES) as [ArchitectureName, ...ArchitectureName[]];
