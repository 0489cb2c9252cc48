/** Who a request comes from. */
import type { Grant, Scope } from '../../shared/protocol/access.ts';

interface Named {
  /** For logs and the audit log: a token's public id, or one of the words below. */
  id: string;
  scopes: readonly Scope[];
  /** null: every collection, and the deployment itself. */
  collections: readonly string[] | null;
}

export type Principal =
  /** The bearer of the deployment's secret; everybody in development without one; who needs no token. */
  | (Named & { kind: 'root' | 'open' | 'anonymous' })
  | (Named & { kind: 'token'; grant: Grant })
  /** Whom an OpenID Connect issuer has signed in; the id is a hash of issuer and subject. */
  | (Named & { kind: 'person' });
