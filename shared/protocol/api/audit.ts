/** Entries of the audit log: what was done with admin and train scope. */
import { z } from 'zod';

export const AuditEntry = z
  .strictObject({
    id: z.int().describe('Grows with every entry'),
    at: z.number().describe('When the request came, milliseconds since 1970'),
    principal: z
      .string()
      .describe('A token’s id, `root` for the deployment’s secret, `open` for development without one'),
    action: z.string().describe('Method and route, without what stood in its parameters'),
    collection: z.string().nullable().describe('The collection it was about; null: the whole deployment'),
    target: z.string().nullable().describe('What the path named; null where that is a person, or nothing'),
    request_id: z.string().describe('Names the request in the Worker’s log'),
    status: z
      .int()
      .nullable()
      .describe('Status of the answer; null when it is not known, because the Worker ended before'),
  })
  .meta({ id: 'AuditEntry', description: 'An entry of the audit log' });
export type AuditEntry = z.infer<typeof AuditEntry>;

/** What is known before it is done. */
export type AuditInput = Omit<AuditEntry, 'id' | 'status'>;

export const AuditPage = z
  .strictObject({
    entries: z.array(AuditEntry).describe('Newest first'),
    next: z.int().nullable().describe('`before` of the next page; null on the last'),
  })
  .meta({ id: 'AuditPage', description: 'A page of the audit log' });
export type AuditPage = z.infer<typeof AuditPage>;
