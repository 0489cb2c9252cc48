/**
 * What the dashboard reads of the answers under /v1. Types alone, without the browser's: a test holds them against the
 * routes' own schemas, so that a field that is renamed there does not stay here.
 */

export interface HeldOut {
  units: number;
  accuracy: number;
  baseline: number;
  mips: number;
}

export interface ModelVersion {
  version: number;
  rows: number;
  active_rows: number;
  created_at: number;
  state: 'serving' | 'available' | 'rejected';
  held_out: HeldOut | null;
  training: Record<string, unknown>;
}

export interface Round {
  round: number;
  kind: 'count' | 'train' | 'gate';
  phase: string;
  started_at: number;
  ended_at: number | null;
  participants: Record<string, { phase: string; progress: number }>;
  contributors: number;
  loss: number | null;
  error: string | null;
}

export interface Run {
  run: string;
  state: 'running' | 'published' | 'rejected' | 'failed' | 'cancelled';
  reason: string;
  started_at: number;
  ended_at: number | null;
  finished: number;
  planned: number | null;
  version: number | null;
  error: string | null;
  rounds: Round[];
}

export interface Schedule {
  next_at: number | null;
  waiting: { detail: string } | null;
}

export interface Runs {
  /** Newest first, without their rounds. */
  runs: Run[];
  schedule: Schedule;
}

export interface Privacy {
  aggregation: 'secure' | 'plain';
  noise: 'on' | 'off';
  unit: 'record' | 'contributor';
  delta: number;
  budget: number;
  retention_days: number;
  epsilon: number;
  epsilon_rdp: number;
  epsilon_pld: number;
  left: number;
  honest: number;
  members: number;
  next_run: { epsilon: number; fits: boolean; noise_multiplier: number; runs_left: number };
}

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
