/** The body of an answer, held against a limit by what it says of itself and by what comes. */

/** @throws Error for more than `most` bytes; the rest is not read */
export async function boundedBytes(response: Response, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const said = Number(response.headers.get('content-length') ?? 0);
  if (said > most) {
    await response.body?.cancel();
    throw new Error(`has ${said} bytes, more than ${most}`);
  }
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > most) throw new Error(`has more than ${most} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
