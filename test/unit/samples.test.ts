/** The demo's corpus: counts, uniqueness, references, and no held-out wording among the training wordings. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BeirDocument, type BeirFolder, type JudgedQuery, openBeir } from '../../cli/beir.ts';

const folder = join(import.meta.dirname, '../../samples');
const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};
const normalise = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
const countBy = <T>(items: readonly T[], key: (item: T) => string) => {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
};

describe('samples', () => {
  let beir: BeirFolder;
  let documents: BeirDocument[];
  let training: JudgedQuery[];
  let test: JudgedQuery[];
  beforeAll(async () => {
    beir = await openBeir(folder, { withhold: 'unseen.txt' });
    documents = await collect(beir.documents());
    training = await collect((await openBeir(folder)).training());
    test = await collect(beir.test());
  });

  it('has four regions of at least thirty documents', () => {
    expect(beir.regions).toEqual(['apac', 'sam', 'weur', 'wnam']);
    expect(documents.length).toBeGreaterThanOrEqual(120);
    for (const count of countBy(documents, (d) => d.region).values())
      expect(count).toBeGreaterThanOrEqual(30);
    for (const d of documents) expect(d.id.startsWith(`${d.region}/`)).toBe(true);
  });

  it('has twelve wordings a document, of which three or more are held out', () => {
    const trained = countBy(training, (q) => q.document);
    const held = countBy(test, (q) => q.document);
    for (const { id } of documents) {
      expect(held.get(id) ?? 0, id).toBeGreaterThanOrEqual(3);
      expect((trained.get(id) ?? 0) + (held.get(id) ?? 0), id).toBeGreaterThanOrEqual(12);
    }
  });

  it('says everything once: titles, texts and wordings, held-out ones included', () => {
    for (const texts of [
      documents.map((d) => d.title),
      documents.map((d) => d.text),
      [...training, ...test].map((q) => q.text),
    ]) {
      const seen = countBy(texts, normalise);
      expect([...seen].filter(([, count]) => count > 1)).toEqual([]);
    }
  });

  it('withholds about a fifth of every region', () => {
    expect(beir.withheld.size / documents.length).toBeGreaterThan(0.17);
    expect(beir.withheld.size / documents.length).toBeLessThan(0.23);
    expect(new Set([...beir.withheld].map((id) => id.split('/')[0])).size).toBe(4);
  });

  it('has documents of several paragraphs, some long', () => {
    const words = documents.map((d) => d.text.split(/\s+/).length);
    expect(Math.min(...words)).toBeGreaterThan(50);
    expect(words.filter((count) => count > 250).length).toBeGreaterThanOrEqual(8);
  });
});
