/** Says in one line why the system cannot start. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
