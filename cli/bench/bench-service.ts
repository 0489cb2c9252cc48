/** The Worker of `bench serve` and `bench scale`: what it answers beside the service's own paths (subjects/serve-worker.ts). */
import type { SnapshotPointer } from '../../shared/protocol/objects.ts';

/** Floats of an embedding that is planted: the shipped encoder's. */
export const PLANTED_WIDTH = 384;
const EMBEDDED_AT_ONCE = 64;

export class BenchService {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    const response = await fetch(`${this.#url}/bench/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} failed: ${text}`);
    return JSON.parse(text) as T;
  }

  async pointer(): Promise<SnapshotPointer> {
    return await this.post('pointer', {});
  }

  /** Of what is planted from now on. */
  async centre(vectors: readonly Float32Array[]): Promise<void> {
    await this.post(
      'centres',
      vectors.map((vector) => Array.from(vector)),
    );
  }

  async embed(texts: readonly string[]): Promise<Float32Array[]> {
    const vectors: Float32Array[] = [];
    for (let from = 0; from < texts.length; from += EMBEDDED_AT_ONCE) {
      const all = await this.post<number[]>('embed', texts.slice(from, from + EMBEDDED_AT_ONCE));
      for (let at = 0; at < all.length; at += PLANTED_WIDTH)
        vectors.push(Float32Array.from(all.slice(at, at + PLANTED_WIDTH)));
    }
    return vectors;
  }
}
