/** BERT (Devlin et al. 2019): all-MiniLM, and with another tokenizer multilingual-e5-small and paraphrase-multilingual-MiniLM. */
import { embeddingLayer, encodeTokens } from '../encoder/bert.ts';
import { readBertConfig } from '../importer/bert-config.ts';
import { bertLayout } from '../importer/bert-layout.ts';
import type { Architecture } from './architecture.ts';

export const bert: Architecture = {
  embed: embeddingLayer,
  encode: encodeTokens,
  import: {
    shapeOf: (config) => readBertConfig(config),
    layout: bertLayout,
    prefixes: ['', 'bert.'],
  },
};
