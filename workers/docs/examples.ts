/**
 * Examples of requests and answers, for the OpenAPI document and the page made from it. A test holds each against its
 * route's own schema.
 */

interface Example {
  request?: unknown;
  response?: unknown;
}

const LATE = {
  key: 'shipping/late',
  title: 'Delayed shipments',
  format: 'markdown',
  text: '# Delayed shipments\n\nIf nothing has arrived five days after the estimated date, write to us.',
  metadata: { team: 'logistics', year: 2026 },
};
const QUERY = 'still nothing in the mail';

/** By method and path. */
export const EXAMPLES: Record<string, Example> = {
  'post /v1/search': {
    request: {
      query: QUERY,
      ai_search_options: { retrieval: { max_num_results: 3, match_threshold: 0.3 } },
      fedcar: { explain: true },
    },
    response: {
      search_query: QUERY,
      chunks: [
        {
          id: 'shipping/late#0',
          type: 'text',
          score: 0.82,
          text: 'Delayed shipments: If nothing has arrived five days after the estimated date, write to us.',
          item: {
            key: LATE.key,
            title: LATE.title,
            region: 'weur',
            timestamp: 1_767_225_600_000,
            metadata: LATE.metadata,
          },
          scoring_details: {
            ...{ base_score: 0.31, head_score: 0.42, vector_score: 0.67, vector_rank: 1 },
            ...{ keyword_score: 0.12, keyword_rank: 1, fusion_method: 'sum' },
            words: [{ word: 'days', score: 0.12 }],
          },
        },
      ],
      model_version: 2,
      errors: [],
    },
  },
  'post /v1/chat/completions': { request: { messages: [{ role: 'user', content: QUERY }] } },
  'post /v1/items': {
    request: LATE,
    response: {
      key: LATE.key,
      region: 'weur',
      passages: 1,
      indexed: 1,
      status: 'created',
      change: 'created',
    },
  },
  'put /v1/items/{key}': {
    request: { title: LATE.title, format: LATE.format, text: LATE.text },
    response: {
      key: LATE.key,
      region: 'weur',
      passages: 1,
      indexed: 1,
      status: 'updated',
      change: 'updated',
    },
  },
  'post /v1/feedback': { request: { query: QUERY, item: LATE.key, relevant: true } },
  'post /v1/collections': {
    request: { name: 'handbook', settings: { regions: ['weur', 'wnam', 'apac'], privacy: { epsilon: 2 } } },
  },
  'post /v1/tokens': { request: { name: 'website', scopes: ['query', 'feedback'] } },
};

interface Media {
  example?: unknown;
}
type Content = Record<string, Media> | undefined;
type PathItems = Record<string, Record<string, unknown>>;

/** Puts the examples where they belong in the document. */
export function addExamples(paths: PathItems): void {
  for (const [route, { request, response }] of Object.entries(EXAMPLES)) {
    const [method = '', path = ''] = route.split(' ');
    const operation = paths[path]?.[method] as
      | { requestBody?: { content?: Content }; responses?: Record<string, { content?: Content }> }
      | undefined;
    const asked = operation?.requestBody?.content?.['application/json'];
    if (asked !== undefined && request !== undefined) asked.example = request;
    const answered = operation?.responses?.['200']?.content?.['application/json'];
    if (answered !== undefined && response !== undefined) answered.example = response;
  }
}
