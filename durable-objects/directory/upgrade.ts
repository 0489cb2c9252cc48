/**
 * What a new release has to do to stored collections that SQL alone can not: runs when the object starts, changes
 * nothing where nothing is due.
 */
import { toBase64Url } from '../../shared/crypto/bytes.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import type { Federations } from './federations.ts';

export function upgrade({ sql }: DurableObjectStorage, federations: Federations): void {
  const keyless = sql.exec<{ name: string }>("SELECT name FROM collections WHERE contributor_key = ''");
  for (const { name } of keyless.toArray()) {
    const key = toBase64Url(systemRandom(32));
    sql.exec('UPDATE collections SET contributor_key = ? WHERE name = ?', key, name);
  }
  // Whoever asks for the collection next, or the cron, has the next epoch made, and the coordinator told of it.
  for (const name of federations.inEarlierForm()) {
    sql.exec('UPDATE collections SET ready = 0 WHERE name = ?', name);
  }
}
