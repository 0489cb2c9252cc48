/** What turns token ids and lengths into values; none of it is trained. */
import { int } from '../emitter.ts';
import { makeNode, type Node, type Operator } from '../node.ts';

export const WORD_ROWS: Operator<{ tensor: string; width: number }> = {
  name: 'wordRows',
  shape: ([ids], { width }) => [...ids!.shape, width],
  lower(emitter, [ids], { attributes: { tensor } }) {
    const { dtype } = emitter.stored(tensor);
    const rows = emitter.emit('Gather', [emitter.artifact(tensor, dtype), ids!], { axis: int(0) });
    if (dtype === 'float32') return rows;
    const scales = emitter.emit('Gather', [emitter.artifact(`${tensor}.scale`, 'float32'), ids!], {
      axis: int(0),
    });
    const column = emitter.emit('Unsqueeze', [scales, emitter.integers([-1], 'int64')]);
    return emitter.emit('Mul', [emitter.emit('Cast', [rows], { to: int(1) }), column]);
  },
  derivative: () => [null],
};

/** The rows of the frozen matrix `tensor` [vocabulary, width] that int32 `ids` name, dequantised. */
export const wordRows = (ids: Node, tensor: string, width: number): Node =>
  makeNode(WORD_ROWS, [ids], { tensor, width });

export const LEADING_ROWS: Operator<{ count: string }> = {
  name: 'leadingRows',
  shape: ([table], { count }) => [count, ...table!.shape.slice(1)],
  lower: (emitter, [table], { attributes: { count } }) =>
    emitter.emit('Slice', [table!, emitter.integers([0], 'int64'), emitter.sizes([count])]),
  derivative: () => [null],
};

/** The first `count` (a symbol) rows of a frozen table. */
export const leadingRows = (table: Node, count: string): Node => makeNode(LEADING_ROWS, [table], { count });

export const TOKEN_MASK: Operator<{ most: number | null }> = {
  name: 'tokenMask',
  shape: () => ['B', 'S'],
  lower(emitter, [lengths], { attributes: { most } }) {
    const tokens = emitter.emit('Squeeze', [emitter.sizes(['S'])]);
    const constant = (value: number) => emitter.integers([value], 'int64', []);
    const positions = emitter.emit('Range', [constant(0), tokens, constant(1)]);
    const column = emitter.emit('Unsqueeze', [lengths!, emitter.integers([1], 'int64')]);
    const all = emitter.emit('Cast', [column], { to: int(7) });
    const limits = most === null ? all : emitter.emit('Min', [all, constant(most)]);
    return emitter.emit('Cast', [emitter.emit('Less', [positions, limits])], { to: int(1) });
  },
  derivative: () => [null],
};

/** 1 for a unit's own tokens, or for the first `most` of them, 0 for the rest and padding: [B, S] from int32 `lengths` [B]. */
export const tokenMask = (lengths: Node, most: number | null = null): Node =>
  makeNode(TOKEN_MASK, [lengths], { most });

export const TO_FLOAT: Operator<Record<string, never>> = {
  name: 'toFloat',
  shape: ([x]) => x!.shape,
  lower: (emitter, [x]) => emitter.emit('Cast', [x!], { to: int(1) }),
  derivative: () => [null],
};
export const toFloat = (x: Node): Node => makeNode(TO_FLOAT, [x], {});
