/** Why a version has no certificate of its own, and where what it learned and what its run charged is certified. */
import type { Version } from '../protocol/api/version.ts';

type Uncertified = Pick<Version, 'version' | 'run' | 'parent' | 'certificate' | 'training'>;

/** The certified candidate of the run that made a version of weights alone; null where it made something else. */
function candidateOf({ run, certificate }: Uncertified, all: readonly Uncertified[]): Uncertified | null {
  if (certificate !== null || run === null) return null;
  return all.find((other) => other.run === run && other.certificate !== null) ?? null;
}

/** The version that a version of weights alone has its rows of. */
function learnedAt(of: Uncertified, all: readonly Uncertified[]): Uncertified | undefined {
  let at: Uncertified | undefined = of;
  while (at !== undefined && candidateOf(at, all) !== null) {
    const { parent, version }: Uncertified = at;
    // Versions are numbered as they are made.
    at = all.find((other) => other.version === parent && other.version < version);
  }
  return at;
}

/** A sentence about a version whose `certificate` is null. @param all the collection's versions */
export function whyUncertified(of: Uncertified, all: readonly Uncertified[]): string {
  const none = `version ${of.version} has no certificate`;
  const candidate = candidateOf(of, all);
  if (candidate !== null) {
    const from = learnedAt(of, all);
    const learned =
      from === undefined || from.version === 0
        ? 'It learned nothing'
        : `It learned what version ${from.version} did`;
    return (
      `${none} of its own: its run found what else to weigh the version by that served, and nobody was told of its ` +
      `bytes. ${learned}; what the run charged is in the certificate of its candidate, version ${candidate.version}`
    );
  }
  if (of.run === null) return `${none}: it is plain search, which learned nothing and charged nothing`;
  if (of.training.imported !== undefined)
    return `${none}: the file that it was imported from came without one`;
  return `${none}: sums of its run were plain, so that no roster says whose signature counts, or an earlier release made it`;
}
