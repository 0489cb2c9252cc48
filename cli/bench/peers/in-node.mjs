/**
 * A peer in a Node process of its own, run in the folder where it was installed: Orama over the passages of the bench, or
 * transformers.js over its questions. Prints one JSON object. Argument: `orama` or `transformers`.
 */
import { readFileSync } from 'node:fs';

const { width, texts, questions, model } = JSON.parse(readFileSync('data.json', 'utf8'));
const rowsOf = (name) => {
  const bytes = readFileSync(name);
  const floats = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  return Array.from({ length: floats.length / width }, (_, at) =>
    floats.subarray(at * width, (at + 1) * width),
  );
};
const rssMb = () => process.memoryUsage().rss / 1e6;

/** Each question by itself, after a few that warm up. */
async function ask(search) {
  for (const question of questions.keys()) if (question < 10) await search(question);
  const walls = [];
  const found = [];
  const before = process.cpuUsage();
  for (const question of questions.keys()) {
    const began = performance.now();
    found.push(await search(question));
    walls.push(performance.now() - began);
  }
  const { user, system } = process.cpuUsage(before);
  walls.sort((a, b) => a - b);
  const processor_ms = (user + system) / 1000 / questions.length;
  return { p50_ms: walls[walls.length >> 1], processor_ms, found };
}

async function orama() {
  const { create, insertMultiple, search } = await import('@orama/orama');
  const before = rssMb();
  const began = performance.now();
  const db = create({ schema: { text: 'string', vector: `vector[${width}]` } });
  const documents = rowsOf('passages.f32').map((vector, number) => ({
    ...{ id: String(number), text: texts[number] },
    vector: Array.from(vector),
  }));
  await insertMultiple(db, documents, 1000);
  const built = { build_s: (performance.now() - began) / 1000, memory_mb: rssMb() - before };
  const vectors = rowsOf('questions.f32').map((vector) => Array.from(vector));
  const by = async (mode) =>
    await ask(async (question) => {
      const vector = { value: vectors[question], property: 'vector' };
      const wanted = { mode, term: questions[question], vector, similarity: 0, limit: 10 };
      const { hits } = await search(db, wanted);
      return hits.map(({ id }) => Number(id));
    });
  return { vector: { ...(await by('vector')), ...built }, hybrid: { ...(await by('hybrid')), ...built } };
}

async function transformers() {
  const { env, pipeline } = await import('@huggingface/transformers');
  Object.assign(env, { allowRemoteModels: false, localModelPath: '.' });
  const before = rssMb();
  const began = performance.now();
  const threads = { intraOpNumThreads: 1, interOpNumThreads: 1 };
  const extract = await pipeline('feature-extraction', model, { dtype: 'q8', session_options: threads });
  const build_s = (performance.now() - began) / 1000;
  const embedded = await ask(async (question) => {
    const { data } = await extract(questions[question], { pooling: 'mean', normalize: true });
    return Array.from(data);
  });
  return { embedding: { ...embedded, build_s, memory_mb: rssMb() - before } };
}

process.stdout.write(JSON.stringify(await (process.argv[2] === 'orama' ? orama() : transformers())));
