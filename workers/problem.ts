/**
 * Errors as problem documents (RFC 9457). `code` is stable and meant for programs, `detail` for people: it names
 * the field, the limit and the value. Nothing else turns an error into a response.
 */
import { engineRefusal } from '../durable-objects/engine-refusal.ts';
import type { OpenAiError, ProblemDocument, ProblemField } from '../shared/protocol/api/problem.ts';
import type { Refusal } from '../shared/protocol/objects.ts';
import { ObjectFailure } from './object-failure.ts';

const CODES = {
  invalid_request: [400, 'The request does not fit the schema'],
  invalid_name: [400, 'The name is not allowed'],
  malformed_json: [400, 'The body is not JSON'],
  malformed_body: [400, 'The body cannot be decoded'],
  body_too_complex: [400, 'The body has too many parts'],
  signature_missing: [401, 'A signature of a participant is needed'],
  signature_invalid: [401, 'The signature does not hold'],
  clock_skew: [401, 'The clocks are too far apart'],
  unauthorized: [401, 'A bearer token is needed'],
  forbidden: [403, 'The token does not allow this'],
  not_a_participant: [403, 'The signer does not take part here'],
  invitation_unknown: [403, 'There is no such invitation'],
  invitation_expired: [403, 'The invitation has expired'],
  invitation_used: [403, 'The invitation was used with another key'],
  terms_changed: [403, 'The terms are not those of the invitation'],
  terms_unsigned: [409, 'The terms wait for the signature of the admin key'],
  unknown_route: [404, 'There is no such route'],
  unknown_collection: [404, 'There is no such collection'],
  unknown_item: [404, 'There is no such item'],
  unknown_version: [404, 'There is no such version'],
  no_certificate: [404, 'The version has no certificate'],
  unknown_run: [404, 'There is no such run'],
  unknown_region: [404, 'There is no such region in the collection'],
  unknown_encoder: [404, 'There is no such encoder'],
  unknown_token: [404, 'There is no such token'],
  unknown_participant: [404, 'There is no such participant'],
  state_gone: [404, 'The round is not about this'],
  method_not_allowed: [405, 'The route does not have this method'],
  conflict: [409, 'The request does not fit the present state'],
  clicks_off: [409, 'The collection takes no clicks'],
  setting_fixed: [409, 'The setting cannot be changed'],
  collection_exists: [409, 'There is such a collection already'],
  signature_replayed: [409, 'The request was made before'],
  reindex_in_progress: [409, 'The encoder of the collection is being changed'],
  run_in_progress: [409, 'A training run is in progress'],
  budget_spent: [409, 'The privacy budget has no room for a run now'],
  no_documents: [409, 'There is nothing to train on yet'],
  unreadable_file: [422, 'The file cannot be read'],
  jurisdiction_unavailable: [422, 'The runtime has no such jurisdiction'],
  payload_too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'The body is of a kind that is not read here'],
  too_many_requests: [429, 'Too many requests'],
  client_left: [499, 'The client left before its answer was ready'],
  contributor_limit: [429, 'The contributor has given as much feedback as is allowed'],
  token_limit: [429, 'The token has given as much feedback as is allowed'],
  feedback_full: [429, 'The region keeps as much feedback as is allowed'],
  internal_error: [500, 'The server failed'],
  no_converter: [501, 'The deployment reads no such files'],
  storage_full: [507, 'There is no room left in the storage'],
  region_failed: [503, 'A region cannot be used'],
  coordinator_failed: [503, 'The coordinator of the collection cannot be used'],
  directory_failed: [503, 'The directory cannot be used'],
  audit_full: [503, 'The audit log has no room'],
  converter_failed: [503, 'The file could not be converted'],
  encoder_failed: [503, 'The encoder cannot be used'],
  secret_missing: [503, 'The deployment has no secret'],
  unavailable: [503, 'The service is not available at the moment'],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof CODES;
export type ProblemStatus = (typeof CODES)[ProblemCode][0];

/** Paths of OpenAI's API, whose clients read `error`. */
const OPENAI_PATH =
  /^\/v1(\/collections\/[^/]+)?\/(chat\/completions|completions|embeddings|responses|models(\/[^/]+)?)$/;

/** There is nothing at `path`. Clients of OpenAI's API hear what there is of it. */
export function noRoute(path: string): Problem {
  const offered = OPENAI_PATH.test(path) ? '; of OpenAI’s API there are chat/completions and models' : '';
  return new Problem('unknown_route', `There is no route ${path}${offered}`);
}

/** Thrown anywhere below a route; the application turns it into a response. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: string;
  readonly status: ProblemStatus;
  readonly title: string;
  readonly errors: ProblemField[] | undefined;
  readonly headers: Record<string, string>;

  constructor(
    code: ProblemCode,
    detail: string,
    more: { errors?: ProblemField[]; headers?: Record<string, string>; shownCode?: string } = {},
  ) {
    super(detail);
    const [status, title] = CODES[code];
    this.code = more.shownCode ?? code;
    this.status = status;
    this.title = title;
    this.errors = more.errors;
    this.headers = more.headers ?? {};
  }

  document(request: { path: string; requestId: string }): ProblemDocument {
    const { code, status, title, errors } = this;
    return {
      type: `urn:fedcar:problem:${code}`,
      title,
      status,
      detail: this.message,
      instance: request.path,
      code,
      request_id: request.requestId,
      ...(errors ? { errors } : {}),
      ...(OPENAI_PATH.test(request.path) ? { error: openAiError(this) } : {}),
    };
  }

  response(request: { path: string; requestId: string }): Response {
    return Response.json(this.document(request), {
      status: this.status,
      headers: {
        ...this.headers,
        'content-type': 'application/problem+json',
        'x-request-id': request.requestId,
      },
    });
  }
}

/** As clients of OpenAI's API read an error; `param` is the first field that is wrong, as `messages.0.content`. */
export function openAiError({ status, code, message, errors }: Problem): OpenAiError {
  const kinds: Record<number, string> = {
    401: 'authentication_error',
    403: 'permission_error',
    429: 'rate_limit_error',
  };
  const type = kinds[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error');
  const param = errors?.[0]?.pointer.replace(/^#?\//, '').replaceAll('/', '.') ?? null;
  return { message, type, param, code };
}

/**
 * A refusal of an object: a known code keeps its status, any other is, under the object's own code, what `otherwise` is:
 * a conflict, but for routes all of whose refusals are of another kind.
 */
export function problemOf(refusal: Refusal, otherwise: ProblemCode = 'conflict'): Problem {
  const { code, detail, retryAfter } = refusal;
  const headers: Record<string, string> =
    retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  return Object.hasOwn(CODES, code)
    ? new Problem(code as ProblemCode, detail, { headers })
    : new Problem(otherwise, detail, { headers, shownCode: code });
}

/**
 * What failures become. The encoder says what is wrong with it, an object that fails is named; what is left is a bug of
 * the edge.
 */
export function problemOfFailure(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const refusal = engineRefusal(error);
  if (refusal !== null) return problemOf(refusal);
  if (error instanceof ObjectFailure) return problemOfObject(error);
  return new Problem('internal_error', 'The failure was logged under the request id.');
}

/** What is left without the object, and whether another try is worth it. */
const WITHOUT = {
  region: 'the others work',
  coordinator: 'documents in its regions and other collections can be used',
  directory: 'what isolates remember goes on for a while; nothing can be created, changed or authorised',
} as const;

function problemOfObject({ of, retryable, overloaded, full }: ObjectFailure): Problem {
  if (full)
    return new Problem('storage_full', `${of.title} has no room left: delete something, or give it more.`);
  if (overloaded || retryable) {
    const seconds = overloaded ? '10' : '1';
    const why = overloaded ? 'has too much to do' : 'is being started again';
    const detail = `${of.title} ${why}. Try again in ${seconds} s.`;
    return new Problem('unavailable', detail, { headers: { 'retry-after': seconds } });
  }
  const detail = `${of.title} failed; ${WITHOUT[of.object]}. The failure was logged under the request id.`;
  return new Problem(`${of.object}_failed`, detail, { headers: { 'retry-after': '30' } });
}
