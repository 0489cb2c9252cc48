/**
 * What the dashboard reads of the answers under /v1. Types alone, without the browser's: a test holds them against the
 * routes' own schemas, so that a field that is renamed there does not stay here.
 */

export interface Region {
  region: string;
  items: number;
  passages: number;
  last_contribution_at: number | null;
  /** Questions for its documents, and the standard deviation of the noise in their number. */
  asked_for: { units: number; deviation: number } | null;
}

export interface Regions {
  regions: Region[];
  away: string[];
}

export interface Receipt {
  accepted: number;
  duplicates: number;
  region: string;
}
