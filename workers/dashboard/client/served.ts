/**
 * What the dashboard reads of the answers under /v1. Types alone, without the browser's: a test holds them against the
 * routes' own schemas, so that a field that is renamed there does not stay here.
 */

export interface Receipt {
  accepted: number;
  duplicates: number;
  region: string;
}
