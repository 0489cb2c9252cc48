/**
 * Memory of the one isolate in which local workerd runs the Worker and all objects: JavaScript heap, buffers and
 * WebAssembly, looked at over and over. The inspector collects no garbage, so all figures include what waits for a
 * collection. Changing documents is measured apart: here the regions that index them share the isolate with the edge,
 * which on the platform is an accident.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../../client/client.ts';
import type { Deployment } from '../deployment.ts';
import { openHeap } from './inspected-heap.ts';

export interface Memory {
  /** WebAssembly memory: ONNX Runtime's and the kernel's. It never shrinks. */
  wasm_mb: number;
  /** WebAssembly and the largest JavaScript heap seen from the cold start over many searches. */
  isolate_peak_mb: number;
  /** The same while documents are uploaded, and the edge goes over to the new index. Null: left out. */
  isolate_replacing_mb: number | null;
}

const POLL_MS = 20;
const SEARCHES = 60;
const UPLOADED = 20;

export async function measureMemory(
  deployment: Deployment,
  queries: readonly string[],
  replacements: number,
): Promise<Memory> {
  const { url } = deployment;
  const client = new Client(url);
  const heap = await openHeap(await deployment.inspector());
  let peak = 0;
  let on = true;
  const watching = (async () => {
    while (on) {
      const { usedBytes, backingBytes } = await heap.usage();
      peak = Math.max(peak, usedBytes + backingBytes);
      await sleep(POLL_MS);
    }
  })();
  const search = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const fedcar = { explain: i % 4 === 0 };
      await client.call('POST /search', { body: { query: `${queries[i % queries.length]} ${i}`, fedcar } });
    }
  };
  try {
    await search(SEARCHES);
    const serving = peak;
    peak = 0;
    for (let turn = 0; turn < replacements; turn++) {
      await client.call('POST /items', { body: { items: documents(turn) } });
      await fetch(`${url}/bench/refresh`);
      // The isolate asks for the pointer anew, and loads the new segments while it holds the old index.
      await Promise.all([
        client.call('POST /models/{version}/activate', { params: { version: 0 } }),
        search(SEARCHES / 3),
      ]);
    }
    on = false;
    await watching;
    const held = (await (await fetch(`${url}/bench/held`)).json()) as { wasmBytes: number };
    const mb = (bytes: number) => Math.round(bytes / 1e5) / 10;
    return {
      wasm_mb: mb(held.wasmBytes),
      isolate_peak_mb: mb(held.wasmBytes + serving),
      isolate_replacing_mb: replacements === 0 ? null : mb(held.wasmBytes + peak),
    };
  } finally {
    on = false;
    await watching.catch(() => {});
    heap.close();
  }
}

/** Texts long enough to fill the encoder's microbatches. */
function documents(turn: number) {
  return Array.from({ length: UPLOADED }, (_, i) => ({
    key: `uploaded/${turn}/${i}`,
    title: `Notice ${turn}.${i}`,
    text: `Depot ${turn * UPLOADED + i} hands out parcels until eight in the evening. ${'Bring the notice and a document with a photograph. '.repeat(4)}`,
  }));
}
