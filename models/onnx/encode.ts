/**
 * Serialises a model to ONNX's protocol-buffer form (onnx.proto, IR version 10). Field numbers are written out
 * beside each field, so that they can be compared with the schema.
 */
import {
  type Attribute,
  DATA_TYPES,
  type ExternalTensor,
  type InlineTensor,
  type OnnxGraph,
  type OnnxNode,
  type ValueInfo,
} from './model.ts';
import { WireMessage } from './wire.ts';

const IR_VERSION = 10;
/** The standard operator set: 21 is the first in which every operator used here has its current form. */
export const OPSET = 21;
/** `AttributeProto.AttributeType`. */
const ATTRIBUTE_TYPES = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;
/** `TensorProto.DataLocation.EXTERNAL`. */
const EXTERNAL = 1;

/** The bytes of a ModelProto. */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const opset = (domain: string, version: number) => new WireMessage().string(1, domain).integer(2, version);
  return new WireMessage()
    .integer(1, IR_VERSION)
    .string(2, 'fedcar')
    .message(7, encodeGraph(graph))
    .message(8, opset('', OPSET))
    .message(8, opset('com.microsoft', 1))
    .finish()
    .slice();
}

function encodeGraph(graph: OnnxGraph): WireMessage {
  const message = new WireMessage();
  graph.nodes.forEach((node, index) => {
    message.message(1, encodeNode(node, `${graph.name}/${index}`));
  });
  message.string(2, graph.name);
  for (const tensor of graph.initializers) message.message(5, encodeTensor(tensor));
  for (const value of graph.inputs) message.message(11, encodeValue(value));
  for (const value of graph.outputs) message.message(12, encodeValue(value));
  return message;
}

function encodeNode(node: OnnxNode, name: string): WireMessage {
  const message = new WireMessage();
  for (const input of node.inputs) message.string(1, input);
  for (const output of node.outputs) message.string(2, output);
  message.string(3, name).string(4, node.operator);
  for (const [key, value] of Object.entries(node.attributes)) message.message(5, encodeAttribute(key, value));
  return message.string(7, node.domain);
}

function encodeAttribute(name: string, attribute: Attribute): WireMessage {
  const message = new WireMessage().string(1, name);
  if (attribute.kind === 'float') message.float(2, attribute.value);
  else if (attribute.kind === 'int') message.integer(3, attribute.value);
  else if (attribute.kind === 'string') message.string(4, attribute.value);
  else if (attribute.kind === 'graph') message.message(6, encodeGraph(attribute.value));
  else for (const value of attribute.value) message.integer(8, value);
  return message.integer(20, ATTRIBUTE_TYPES[attribute.kind]);
}

function encodeTensor(tensor: InlineTensor | ExternalTensor): WireMessage {
  const message = new WireMessage();
  for (const size of tensor.shape) message.integer(1, size);
  message.integer(2, DATA_TYPES[tensor.dtype]).string(8, tensor.name);
  if ('bytes' in tensor) return message.data(9, tensor.bytes);
  const entry = (key: string, value: string) => new WireMessage().string(1, key).string(2, value);
  return message
    .message(13, entry('location', tensor.location))
    .message(13, entry('offset', '0'))
    .message(13, entry('length', String(tensor.byteLength)))
    .integer(14, EXTERNAL);
}

function encodeValue(value: ValueInfo): WireMessage {
  const shape = new WireMessage();
  for (const size of value.shape) {
    const dimension = new WireMessage();
    shape.message(1, typeof size === 'number' ? dimension.integer(1, size) : dimension.string(2, size));
  }
  const tensor = new WireMessage().integer(1, DATA_TYPES[value.dtype]).message(2, shape);
  return new WireMessage().string(1, value.name).message(2, new WireMessage().message(1, tensor));
}
