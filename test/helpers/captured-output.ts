/** What this process writes to one of its streams, instead of writing it, until mocks are restored. */
import { vi } from 'vitest';

export function capturedOutput(stream: NodeJS.WriteStream): string[] {
  const said: string[] = [];
  vi.spyOn(stream, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  return said;
}
