/** Words as one text, with a space between them: a list of many that is read more easily than quoted. */
export function wordSet(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}
