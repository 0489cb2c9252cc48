/** The subject of `fedcar bench engine` in Node: one command a request; prints its port. Argument: the model's folder. */
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { fsSource } from '../../../models/fs-source.ts';
import { nodeOrtWasm } from '../../../models/ort-wasm-node.ts';
import { type Command, EngineSubject } from './engine-subject.ts';

const subject = new EngineSubject(fsSource(process.argv[2] ?? ''), await nodeOrtWasm());

const server = createServer(async (request, response) => {
  try {
    if (request.url === '/heap') {
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      response.end(JSON.stringify({ usedSize: heapUsed, backingStorageSize: arrayBuffers }));
    } else response.end(JSON.stringify(await subject.perform((await json(request)) as Command)));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}).listen(0, '127.0.0.1', () => console.log((server.address() as { port: number }).port));
