/** The folder of the bundled command, which has `main.mjs` and the programs that benches start. */
export function bundledCommand(root?: string, cache?: string): Promise<string>;
