/**
 * A folder of XLM-RoBERTa's kind as sentence-transformers saves it: seeded weights over the golden Unigram vocabulary,
 * positions that begin after the padding token's id, one segment.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BertShape } from '../../models/importer/bert-layout.ts';
import { draftFolder, type FolderDraft, f32 } from './bert-folder.ts';
import { tinyCheckpoint } from './tiny-bert.ts';

const VECTORS = join(import.meta.dirname, '../vectors/hugging-face-tokenizers-0.23.3-unigram.json');
export const UNIGRAM_JSON: { model: { vocab: [string, number][] }; added_tokens: { content: string }[] } =
  JSON.parse(readFileSync(VECTORS, 'utf8')).tokenizers[0].json;

export const XLM_SHAPE: BertShape = {
  width: 16,
  layers: 3,
  heads: 2,
  intermediate: 40,
  // <mask> stands behind the vocabulary, and real models have a few rows more.
  vocabulary: UNIGRAM_JSON.model.vocab.length + 3,
  positions: 34,
  firstPosition: 2,
  segments: 1,
};

export const XLM_PROMPTS = { query: 'query: ', passage: 'passage: ' };

export function draftXlmFolder(seed = 11): FolderDraft {
  const weights = tinyCheckpoint(XLM_SHAPE, seed);
  const bert = draftFolder();
  return {
    json: {
      ...bert.json,
      'config.json': {
        model_type: 'xlm-roberta',
        hidden_act: 'gelu',
        hidden_size: XLM_SHAPE.width,
        num_hidden_layers: XLM_SHAPE.layers,
        num_attention_heads: XLM_SHAPE.heads,
        intermediate_size: XLM_SHAPE.intermediate,
        vocab_size: XLM_SHAPE.vocabulary,
        max_position_embeddings: XLM_SHAPE.positions,
        type_vocab_size: XLM_SHAPE.segments,
        layer_norm_eps: 1e-5,
        pad_token_id: 1,
      },
      'sentence_bert_config.json': { max_seq_length: 32, do_lower_case: false },
      'config_sentence_transformers.json': {
        prompts: { ...XLM_PROMPTS, classification: 'classify: ' },
        default_prompt_name: null,
      },
      'tokenizer.json': UNIGRAM_JSON,
    },
    tensors: new Map(
      [...weights].map(([name, { shape, values }]) => [`roberta.${name}`, f32(shape, values)]),
    ),
  };
}
