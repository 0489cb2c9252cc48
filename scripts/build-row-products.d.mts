export function rowProducts(): Uint8Array;
