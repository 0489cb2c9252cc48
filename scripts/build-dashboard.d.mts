/** Writes the pages' files as one module; by default where the Worker imports them. */
export function buildDashboard(target?: string): Promise<void>;
