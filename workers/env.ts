/** What the Worker is bound to, and what a request carries through the middleware. */
import type { ObjectsEnv } from '../durable-objects/env.ts';
import type { RequestSignature } from '../shared/crypto/request-signature.ts';
import type { Collection } from '../shared/protocol/api/collection.ts';
import type { AiBinding } from './answer/workers-ai.ts';
import type { FileConverter } from './file-text.ts';
import type { Principal } from './middleware/principal.ts';
import type { Access } from './middleware/rules.ts';
import type { Services } from './services.ts';

/** Bindings, variables and the secret of the deployment. */
export interface Env extends ObjectsEnv {
  /** The secret: the bearer token with every scope. */
  FEDCAR_ADMIN_TOKEN?: string;
  /** Whose sign-ins count and what they allow, as JSON (middleware/oidc-settings.ts); none unless given. */
  FEDCAR_OIDC?: string;
  /** Origins whose pages may call the API, separated by commas; none unless given. */
  FEDCAR_CORS_ORIGINS?: string;
  /** Names beside localhost under which development without a secret answers, separated by commas; none unless given. */
  FEDCAR_HOSTS?: string;
  /** A secret: token of /ask for visitors who have none, bound to the deployment's own address (`origins`). */
  FEDCAR_ASK_TOKEN?: string;
  /** Least level of the log lines that are written: info, warn or error. */
  FEDCAR_LOG_LEVEL?: string;
  /** Counts requests of a principal over one data centre. */
  FEDCAR_RATE_LIMITER?: RateLimit;
  /** Gets a data point for each request. */
  FEDCAR_ANALYTICS?: AnalyticsEngineDataset;
  /** Who writes answers: `extractive` (unless given), `workers-ai` or `openai`. */
  FEDCAR_ANSWERER?: string;
  /** The model that `workers-ai` or `openai` asks. */
  FEDCAR_ANSWER_MODEL?: string;
  /** Base URL for `openai`: of any endpoint that speaks OpenAI's chat completions. */
  FEDCAR_ANSWER_URL?: string;
  /** A secret: bearer token for that endpoint. */
  FEDCAR_ANSWER_KEY?: string;
  /** For `workers-ai`, and for files that have to be converted. */
  AI?: AiBinding & FileConverter;
}

/** Hono's type parameter for every router of the application. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    services: Services;
    /** What the path needs; null where it is public. */
    access: Access | null;
    principal: Principal;
    /** Code of the problem document that answers the request. */
    problemCode?: string;
    /** The collection that the path names, `default` when it names none. Set on the routes that have one. */
    collection: Collection;
    /** The signature that the request bears, which nobody has verified yet. Set on the routes for participants. */
    signature: RequestSignature;
  };
}
