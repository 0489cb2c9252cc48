/**
 * XLM-RoBERTa (Conneau et al. 2020, arXiv 1911.02116): multilingual-e5-base, bge-m3, granite-embedding-multilingual. BERT's
 * layers; a text's first token has the position after the padding token's id, and there is one segment.
 */
import { z } from 'zod';
import { embeddingLayer, encodeTokens } from '../encoder/bert.ts';
import { readBertConfig } from '../importer/bert-config.ts';
import { bertLayout } from '../importer/bert-layout.ts';
import type { Architecture } from './architecture.ts';

const Padding = z.looseObject({ pad_token_id: z.int().nonnegative().default(1) });

export const xlmRoberta: Architecture = {
  embed: embeddingLayer,
  encode: encodeTokens,
  import: {
    shapeOf: (config) => ({
      ...readBertConfig(config),
      firstPosition: Padding.parse(config).pad_token_id + 1,
    }),
    layout: bertLayout,
    prefixes: ['', 'roberta.'],
  },
};
