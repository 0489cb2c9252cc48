/** The JavaScript heap of a Worker's isolate, through workerd's inspector. */
import { fetch as fetchUpgrading } from 'miniflare';

export interface HeapUsage {
  /** JavaScript objects. */
  usedBytes: number;
  /** Buffers behind typed arrays, WASM memories not included. */
  backingBytes: number;
}

/** As the inspector's protocol says it. */
export interface ProtocolHeapUsage {
  usedSize: number;
  embedderHeapUsedSize?: number;
  backingStorageSize: number;
}

export interface OpenHeap {
  /** No garbage is collected on demand: the figures include it. */
  usage(): Promise<HeapUsage>;
  close(): void;
}

export function heapUsage({
  usedSize,
  embedderHeapUsedSize = 0,
  backingStorageSize,
}: ProtocolHeapUsage): HeapUsage {
  return { usedBytes: usedSize + embedderHeapUsedSize, backingBytes: backingStorageSize };
}

/** Connects to the isolate of the Worker. */
export async function openHeap(inspector: URL): Promise<OpenHeap> {
  const base = inspector.href.replace('ws:', 'http:');
  const targets = (await (await fetchUpgrading(new URL('/json', base).href)).json()) as {
    id: string;
    webSocketDebuggerUrl: string;
  }[];
  const target = targets.find(({ id }) => id.startsWith('core:user:'));
  if (target === undefined) throw new Error('the inspector lists no Worker');
  const address = target.webSocketDebuggerUrl.replace('ws:', 'http:');
  const { webSocket } = await fetchUpgrading(address, { headers: { Upgrade: 'websocket' } });
  if (webSocket === null) throw new Error('the inspector accepts no connection');
  const waiting = new Map<number, { resolve: (usage: HeapUsage) => void; reject: (error: Error) => void }>();
  let last = 0;
  webSocket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result: ProtocolHeapUsage };
    if (id === undefined) return;
    waiting.get(id)?.resolve(heapUsage(result));
    waiting.delete(id);
  });
  webSocket.addEventListener('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('the inspector closed the connection'));
  });
  webSocket.accept();
  return {
    usage: () =>
      new Promise((resolve, reject) => {
        last += 1;
        waiting.set(last, { resolve, reject });
        webSocket.send(JSON.stringify({ id: last, method: 'Runtime.getHeapUsage' }));
      }),
    close: () => webSocket.close(),
  };
}
