/**
 * What a checkpoint of BERT or of its kind holds, in Hugging Face's naming, and what it becomes in the artifact: one row
 * per artifact tensor. Query, key and value are joined along the output axis, so that one product makes all three.
 */

export interface BertShape {
  width: number;
  layers: number;
  heads: number;
  intermediate: number;
  vocabulary: number;
  /** Rows of the position table that the checkpoint has. */
  positions: number;
  /** The row of the position table that belongs to a text's first token. */
  firstPosition: number;
  /** Rows of the segment table that the checkpoint has. */
  segments: number;
}

export interface LayoutRow {
  /** The artifact's name for it. */
  name: string;
  /** `linear` and `table` rows are quantised in int8 artifacts; `plain` always stays fp32. */
  kind: 'linear' | 'table' | 'plain';
  /** Shape in the artifact. */
  shape: number[];
  /**
   * Checkpoint tensors, joined along their first axis; `shape` is what the checkpoint must have, `firstRow` the row (0
   * unless given) with which the part that is kept begins.
   */
  sources: { name: string; shape: number[]; firstRow?: number }[];
  /** Of the one source, the rows that are kept; all unless given. */
  keptRows?: Int32Array;
}

/** The layout of every tensor of the encoder, in the order in which the artifact stores them. */
export function bertLayout(bert: BertShape, keptPositions: number): LayoutRow[] {
  const { width, intermediate } = bert;
  const linear = (name: string, source: string, out: number, inputs: number): LayoutRow[] => [
    {
      name: `${name}.weight`,
      kind: 'linear',
      shape: [out, inputs],
      sources: [{ name: `${source}.weight`, shape: [out, inputs] }],
    },
    plain(`${name}.bias`, [{ name: `${source}.bias`, shape: [out] }], [out]),
  ];
  const norm = (name: string, source: string): LayoutRow[] => [
    plain(`${name}.gamma`, [{ name: `${source}.weight`, shape: [width] }], [width]),
    plain(`${name}.beta`, [{ name: `${source}.bias`, shape: [width] }], [width]),
  ];

  const rows: LayoutRow[] = [
    {
      name: 'embeddings.word',
      kind: 'table',
      shape: [bert.vocabulary, width],
      sources: [{ name: 'embeddings.word_embeddings.weight', shape: [bert.vocabulary, width] }],
    },
    plain(
      'embeddings.position',
      [
        {
          name: 'embeddings.position_embeddings.weight',
          shape: [bert.positions, width],
          firstRow: bert.firstPosition,
        },
      ],
      [keptPositions, width],
    ),
    plain(
      'embeddings.type',
      [{ name: 'embeddings.token_type_embeddings.weight', shape: [bert.segments, width] }],
      [width],
    ),
    ...norm('embeddings.norm', 'embeddings.LayerNorm'),
  ];
  for (let i = 0; i < bert.layers; i++) {
    const from = `encoder.layer.${i}`;
    const projections = ['query', 'key', 'value'].map((part) => `${from}.attention.self.${part}`);
    rows.push(
      {
        name: `layer.${i}.attention.qkv.weight`,
        kind: 'linear',
        shape: [3 * width, width],
        sources: projections.map((name) => ({ name: `${name}.weight`, shape: [width, width] })),
      },
      plain(
        `layer.${i}.attention.qkv.bias`,
        projections.map((name) => ({ name: `${name}.bias`, shape: [width] })),
        [3 * width],
      ),
      ...linear(`layer.${i}.attention.output`, `${from}.attention.output.dense`, width, width),
      ...norm(`layer.${i}.attention.norm`, `${from}.attention.output.LayerNorm`),
      ...linear(`layer.${i}.intermediate`, `${from}.intermediate.dense`, intermediate, width),
      ...linear(`layer.${i}.output`, `${from}.output.dense`, width, intermediate),
      ...norm(`layer.${i}.output.norm`, `${from}.output.LayerNorm`),
    );
  }
  return rows;
}

function plain(name: string, sources: LayoutRow['sources'], shape: number[]): LayoutRow {
  return { name, kind: 'plain', shape, sources };
}
