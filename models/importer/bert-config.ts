/** config.json of BERT and of what is built like it. Whatever would change the result and is not implemented is an error. */
import { z } from 'zod';
import type { CheckpointShape } from '../architecture/architecture.ts';

const Config = z.looseObject({
  hidden_act: z.string(),
  hidden_size: z.int().positive(),
  num_hidden_layers: z.int().positive(),
  num_attention_heads: z.int().positive(),
  intermediate_size: z.int().positive(),
  vocab_size: z.int().positive(),
  max_position_embeddings: z.int().positive(),
  type_vocab_size: z.int().positive(),
  layer_norm_eps: z.number().positive(),
  position_embedding_type: z.string().default('absolute'),
});

/** Throws a TypeError that names the field. */
export function readBertConfig(value: unknown): CheckpointShape {
  const parsed = Config.safeParse(value);
  if (!parsed.success) throw new TypeError(`config.json: ${z.prettifyError(parsed.error)}`);
  const config = parsed.data;
  if (config.hidden_act !== 'gelu') {
    throw new TypeError(
      `config.json: hidden_act is '${config.hidden_act}', only 'gelu' (by erf) is supported`,
    );
  }
  if (config.position_embedding_type !== 'absolute') {
    throw new TypeError(
      `config.json: position_embedding_type is '${config.position_embedding_type}', only 'absolute' is supported`,
    );
  }
  if (config.hidden_size % config.num_attention_heads !== 0) {
    throw new TypeError(
      `config.json: hidden_size ${config.hidden_size} is not a multiple of num_attention_heads ${config.num_attention_heads}`,
    );
  }
  return {
    width: config.hidden_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    intermediate: config.intermediate_size,
    vocabulary: config.vocab_size,
    positions: config.max_position_embeddings,
    firstPosition: 0,
    segments: config.type_vocab_size,
    layerNormEpsilon: config.layer_norm_eps,
  };
}
