/**
 * RFC 8785 (JSON Canonicalization Scheme): one byte string for each JSON value, so that hashes and signatures over
 * JSON messages are well defined. Invariant: two values give the same text only if they are equal.
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** A lone surrogate has no UTF-8 form; every one would hash like U+FFFD. */
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/** @throws TypeError for what JSON cannot say: undefined, functions, NaN, infinities, lone surrogates. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`canonical JSON: number is not finite: ${value}`);
    return JSON.stringify(value);
  }
  if (typeof value === 'string') {
    if (LONE_SURROGATE.test(value)) throw new TypeError('canonical JSON: string has a lone surrogate');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    // The default order of Array.prototype.sort is the RFC's: by UTF-16 code units.
    const names = Object.keys(value).sort();
    const record = value as Record<string, unknown>;
    return `{${names.map((name) => `${canonicalJson(name)}:${canonicalJson(record[name])}`).join(',')}}`;
  }
  throw new TypeError(`canonical JSON: cannot represent a ${typeof value}`);
}
