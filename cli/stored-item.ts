/** A document as the service has it. */
import { ApiError, type Client } from '../client/client.ts';
import type { Item } from '../shared/protocol/api/item.ts';

/** Null when somebody has deleted it. */
export async function itemOf(client: Client, key: string): Promise<Item | null> {
  try {
    return await client.call('GET /items/{key}', { params: { key } });
  } catch (error) {
    if (error instanceof ApiError && error.code === 'unknown_item') return null;
    throw error;
  }
}
