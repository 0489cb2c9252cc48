import { expect, test } from 'vitest';
import { encodeModel } from '../../../../models/onnx/encode.ts';
import type { OnnxGraph, OnnxNode } from '../../../../models/onnx/model.ts';
import { graphRunner, runnerOf } from '../../../helpers/run-onnx.ts';

const node = (
  operator: string,
  inputs: string[],
  output: string,
  rest: Partial<OnnxNode> = {},
): OnnxNode => ({
  ...{ operator, domain: '', inputs, outputs: [output], attributes: {} },
  ...rest,
});
const floats = (values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const value = (name: string, shape: (number | string)[] = []) => ({ name, dtype: 'float32', shape }) as const;

test('a model of one node, byte by byte as onnx.proto numbers its fields', () => {
  const graph: OnnxGraph = {
    ...{ name: 'g', nodes: [node('Neg', ['x'], 'y')], initializers: [] },
    ...{ inputs: [value('x', ['N'])], outputs: [value('y', [2])] },
  };
  const wanted = [
    '080a1206666564636172', // ir_version, producer_name
    '3a3a', // graph
    '0a120a01781201791a03672f3022034e65673a00', // node
    '120167', // name
    '5a100a0178120b0a09080112050a0312014e', // input x [N]
    '620f0a0179120a0a08080112040a020802', // output y [2]
    '42040a001015', // opset_import
    '42110a0d636f6d2e6d6963726f736f66741001', // ONNX Runtime's operators
  ];
  expect(Buffer.from(encodeModel(graph)).toString('hex')).toBe(wanted.join(''));
});

test('ONNX Runtime reads attributes of every kind, symbolic shapes and inline tensors', async () => {
  const graph: OnnxGraph = {
    name: 'attributes',
    nodes: [
      node('Transpose', ['x'], 'turned', { attributes: { perm: { kind: 'ints', value: [1, 0] } } }),
      node('LeakyRelu', ['turned'], 'leaky', { attributes: { alpha: { kind: 'float', value: 0.25 } } }),
      node('Concat', ['leaky', 'more'], 'joined', { attributes: { axis: { kind: 'int', value: -1 } } }),
      node('Gelu', ['joined'], 'y', { attributes: { approximate: { kind: 'string', value: 'tanh' } } }),
    ],
    initializers: [{ name: 'more', dtype: 'float32', shape: [2, 1], bytes: floats([0, 3]) }],
    inputs: [value('x', ['N', 2])],
    outputs: [value('joined', [2, 'M']), value('y', [2, 'M'])],
  };
  const runner = await graphRunner(graph);
  const found = await runner.run({ x: { dtype: 'float32', shape: [2, 2], values: [1, -4, 2, -8] } });
  expect(found.joined).toEqual({ shape: [2, 3], values: [1, 2, 0, -1, -2, 3] });
  expect(found.y!.values[5]).toBeCloseTo(2.9964, 3);
  await runner.release();
});

test('ONNX Runtime reads branches and external tensors', async () => {
  const branch = (name: string, operator: string): OnnxGraph => ({
    ...{ name, nodes: [node(operator, ['x', 'w'], `${name}_y`)], initializers: [], inputs: [] },
    outputs: [value(`${name}_y`, [3])],
  });
  const graph: OnnxGraph = {
    name: 'branches',
    nodes: [
      node('Less', ['zero', 'flag'], 'isPositive'),
      node('If', ['isPositive'], 'y', {
        attributes: {
          then_branch: { kind: 'graph', value: branch('then', 'Add') },
          else_branch: { kind: 'graph', value: branch('else', 'Mul') },
        },
      }),
    ],
    initializers: [
      { name: 'zero', dtype: 'float32', shape: [], bytes: floats([0]) },
      { name: 'w', dtype: 'float32', shape: [3], location: 'w.bin', byteLength: 12 },
    ],
    inputs: [value('x', [3]), value('flag')],
    outputs: [value('y', [3])],
  };
  const runner = await runnerOf(encodeModel(graph), [{ path: 'w.bin', data: floats([10, 20, 30]) }]);
  const run = async (flag: number) => {
    const x = { dtype: 'float32', shape: [3], values: [1, 2, 3] } as const;
    return (await runner.run({ x, flag: { dtype: 'float32', shape: [], values: [flag] } })).y!.values;
  };
  expect(await run(1)).toEqual([11, 22, 33]);
  expect(await run(-1)).toEqual([10, 40, 90]);
  await runner.release();
});
