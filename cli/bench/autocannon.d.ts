/** The part of autocannon that the benches use; it comes without types. */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events';

  interface Request {
    method: string;
    path: string;
    headers: Record<string, string>;
    body: string;
  }

  interface Options {
    url: string;
    connections: number;
    duration: number;
    /** Seconds. */
    timeout: number;
    requests: (Partial<Request> & { setupRequest?: (request: Request) => Request })[];
    verifyBody: (body: string) => boolean;
  }

  interface Result {
    /** Seconds. */
    duration: number;
    errors: number;
    non2xx: number;
    mismatches: number;
  }

  /** A promise that also emits: `response` has (client, status, bytes, milliseconds). */
  export default function autocannon(options: Options): EventEmitter & Promise<Result>;
}
