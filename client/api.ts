/** Written by `npm run client:types` from the API's description; do not change it by hand. */

/** First words of paths that belong to no collection. */
export const OUTSIDE = ['tokens', 'audit', 'metrics', 'collections'] as const;

/** What each operation takes and answers. */
export interface Operations {
  /** All tokens, newest first, also those that are over */
  'GET /tokens': { answer: Tokens };
  /** Make a token; its text is shown this once */
  'POST /tokens': { body: TokenCreation; answer: NewToken };
  /** Revoke a token; it stops working everywhere within 30 seconds */
  'DELETE /tokens/{id}': { params: { id: string }; answer: Token };
  /** The audit log, newest first */
  'GET /audit': { query?: { before?: number | null; limit?: number | null }; answer: AuditPage };
  /** Metrics for Prometheus */
  'GET /metrics': { answer: null };
  /** All collections */
  'GET /collections': { answer: Collections };
  /** Create a collection with its settings */
  'POST /collections': { body: CollectionCreation; answer: Collection };
  /** A collection and its settings */
  'GET /collections/{name}': { params: { name: string }; answer: Collection };
  /** Change settings of a collection */
  'PATCH /collections/{name}': { params: { name: string }; body: CollectionChange; answer: Collection };
  /** Delete a collection with everything in it */
  'DELETE /collections/{name}': { params: { name: string }; answer: null };
  /** Find the passages that answer a query */
  'POST /search': { body: SearchRequest; answer: SearchResponse };
  /** Answer a question from the documents */
  'POST /chat/completions': { body: ChatRequest; answer: ChatCompletion };
  /** List documents in order of their keys */
  'GET /items': { query?: { after?: string | null; limit?: number | null; region?: string | null; filters?: string | null }; answer: Items };
  /** Add or replace one document, or many */
  'POST /items': { query?: { wait?: 'true' | 'false' | null }; body: ItemUpload | ItemsUpload; answer: ItemReceipt | ItemReceipts };
  /** A document */
  'GET /items/{key}': { params: { key: string }; answer: Item };
  /** Add or replace a document */
  'PUT /items/{key}': { params: { key: string }; query?: { wait?: 'true' | 'false' | null }; body: ItemReplacement; answer: ItemReceipt };
  /** Delete a document; it leaves the results at once */
  'DELETE /items/{key}': { params: { key: string }; answer: null };
  /** Add or replace a document by a file: text, Markdown, HTML, PDF, Word */
  'PUT /items/{key}/file': { params: { key: string }; query?: { wait?: 'true' | 'false' | null; title?: string | null; region?: string | null }; answer: ItemReceipt };
  /** The pieces of a document that are searched */
  'GET /items/{key}/passages': { params: { key: string }; query?: { words?: 'true' | 'false' | null }; answer: Passages };
  /** What the regions were told, newest first */
  'GET /feedback': { query?: { before?: string | null; limit?: number | null; region?: string | null; item?: string | null }; answer: FeedbackPage };
  /** Say what answers a query, or does not */
  'POST /feedback': { body: Feedback | AnswerFeedback | ClickFeedback | FeedbackRecords; answer: FeedbackReceipt };
  /** Delete a contributor’s records from all regions */
  'DELETE /feedback': { query: { contributor: string }; answer: Erasure };
  /** Delete an act of feedback, whole */
  'DELETE /feedback/{event}': { params: { event: string }; answer: Erasure };
  /** Versions, newest first, and the models that answer */
  'GET /models': { answer: ModelVersions };
  /** A version, or a model that answers */
  'GET /models/{version}': { params: { version: number | string }; answer: ModelVersion | Model };
  /** Make a version serve: a rollback, or one that the gate had rejected */
  'POST /models/{version}/activate': { params: { version: number | string }; answer: ModelVersion };
  /** What the participants of its run signed of a version: `fedcar privacy verify` checks it */
  'GET /models/{version}/certificate': { params: { version: number | string }; answer: Certificate };
  /** Make a version of the parts; it serves once it is activated */
  'POST /models/imports/{sha256}': { params: { sha256: string }; body?: ImportOptions; answer: ModelVersion };
  /** Training runs, newest first, without their rounds; and when the next is due */
  'GET /rounds': { query?: { limit?: number | null }; answer: Runs };
  /** Start a training run now */
  'POST /rounds': { answer: Run };
  /** A run with its rounds */
  'GET /rounds/{run}': { params: { run: string }; answer: Run };
  /** Stop a run; what serves goes on serving */
  'POST /rounds/{run}/cancel': { params: { run: string }; answer: Run };
  /** Regions with their documents and last contribution to training */
  'GET /regions': { answer: Regions };
  /** Privacy promised, spent and left */
  'GET /privacy': { answer: Privacy };
  /** Whether the hub has questions of its own */
  'GET /evaluation': { answer: EvaluationInfo };
  /** Questions that no participant touches, for judging versions */
  'PUT /evaluation': { body: EvaluationSet; answer: EvaluationInfo };
  /** Judge by them no more */
  'DELETE /evaluation': { answer: EvaluationInfo };
  /** How far a change of encoder is */
  'GET /reindex': { answer: ReindexAnswer };
  /** Change the encoder of a collection */
  'POST /reindex': { body: ReindexRequest; answer: ReindexAnswer };
  /** Cancel a change of encoder before its switch */
  'DELETE /reindex': { answer: ReindexAnswer };
  /** Who takes part, who is invited, who leaves */
  'GET /participants': { answer: Participants };
  /** Invite a separate operator, once */
  'POST /participants/invitations': { body: InvitationRequest; answer: Invitation };
  /** The roster in force, and the draft that waits for a signature */
  'GET /participants/roster': { answer: RosterInfo };
  /** Put the draft in force, signed with the admin key */
  'PUT /participants/roster': { body: {
  /** What is signed */
  roster: {
    /** Version of the form that is signed */
    version: 4;
    /** Name of the collection */
    collection: string;
    /** Counts the rosters of the collection, from 0 on */
    epoch: number;
    /** SHA-256 of the roster of the epoch before; null for epoch 0 */
    previous: string | null;
    /** Who may take part, in order of id */
    members: readonly ({
      /** Name of the member */
      id: string;
      /** Its Ed25519 key, base64url */
      key: string;
      /** Who runs it: the members of one operator may all collude */
      operator: string;
    })[];
    /** t: the least number of participants that a sum is released for */
    threshold: number;
    /** m: how many participants may collude with the coordinator */
    colluders: number;
  };
  /** By the collection’s admin key, base64url */
  signature: string;
}; answer: RosterInfo };
  /** Sign the terms with the admin key */
  'PUT /participants/terms': { body: {
  /** The terms as JSON text: what is signed, to the letter */
  document: string;
  /** By the collection’s admin key, base64url */
  signature: string;
}; answer: RosterInfo };
  /** Have rosters signed with a key that the deployment does not have */
  'PUT /participants/admin-key': { body: AdminKey; answer: RosterInfo };
  /** Remove a participant, or take its invitation back; the next round goes without */
  'DELETE /participants/{name}': { params: { name: string }; answer: null };
}

/** The key that is to sign rosters */
export interface AdminKey {
  /** Ed25519 key of the holder, base64url */
  key: string;
}

/** Options as Cloudflare AI Search spells them */
export type AiSearchOptions = {
  /** What is looked for and how much of it */
  retrieval?: {
    /** Passages wanted: of a search one of each item, of an answer more where they say more to the question */
    max_num_results?: number | null;
    /** Results whose score is lower are left out */
    match_threshold?: number | null;
    /** `hybrid` adds what the question’s words say to what it means; `vector` and `keyword` search by one alone */
    retrieval_type?: 'vector' | 'keyword' | 'hybrid' | null;
    /** Changes nothing: scores are added. `rrf` and `max` would lose what a trained retriever learned, and are refused */
    fusion_method?: 'sum' | null;
    /** Changes nothing: any word counts, the rare ones most. `and` is refused */
    keyword_match_mode?: 'or' | null;
    /** Neighbouring passages on each side whose texts come with that of a passage */
    context_expansion?: number | null;
    /** Only items whose metadata satisfy every condition; also `folder`, `key` (or `filename`) and `timestamp` in milliseconds. Null: all */
    filters?: {
      [name: string]: string | number | boolean | {
        /** Is this */
        $eq?: string | number | boolean;
        /** Is not this, or is missing */
        $ne?: string | number | boolean;
        /** Is one of these */
        $in?: readonly (string | number | boolean)[];
        /** Is none of these, or is missing */
        $nin?: readonly (string | number | boolean)[];
        /** Is less, or comes before in the order of characters */
        $lt?: string | number;
        /** Is at most this */
        $lte?: string | number;
        /** Is more, or comes after in the order of characters */
        $gt?: string | number;
        /** Is at least this */
        $gte?: string | number;
      };
    } | null;
    /** Changes nothing: results are not boosted by fields, and a list that names any is refused */
    boost_by?: readonly unknown[] | null;
    /** Passages come with an empty `text` */
    metadata_only?: boolean | null;
    /** Where a region fails or is late, what the others have is the answer, and `errors` says whose is missing; with `false` the request fails */
    return_on_failure?: boolean | null;
  } | null;
  /** Changes nothing: a fixed rule makes one query of a conversation. AI Search’s chats ask for it */
  query_rewrite?: {
    /** A conversation becomes one query either way */
    enabled: boolean;
    /** Changes nothing: no model makes the query */
    model?: string | null;
    /** Changes nothing: no model makes the query */
    rewrite_prompt?: string | null;
  } | null;
  /** Changes nothing: passages come in the order of their scores */
  reranking?: {
    /** There is no such step */
    enabled: false;
    /** Changes nothing: there is no such step */
    model?: string | null;
    /** Changes nothing: there is no such step */
    match_threshold?: number | null;
  } | null;
  /** Changes nothing: no answer is kept */
  cache?: {
    /** There is no such step */
    enabled: false;
    /** Changes nothing: there is no such step */
    cache_threshold?: string | null;
  } | null;
} | null;

/** A region whose passages are missing, or who stood in for the configured answerer and why */
export interface AnswerError {
  /** Stable, for programs */
  code: string;
  /** What happened, for people */
  detail: string;
  /** The region whose passages are missing */
  region?: string;
}

/** Whether an answer is accepted */
export interface AnswerFeedback {
  /** The `id` of an answer of /chat/completions, for a day */
  answer: string;
  /** False: what it rests on does not answer the query */
  accepted: boolean;
  /** Passages that this is about, of those retrieved; those that the answer cites unless given */
  chunks?: readonly string[];
  /** Whose record it is. Kept as a keyed hash, never as it is */
  contributor?: string;
  /** Region that is to keep them; the one nearest to the caller unless given */
  region?: string;
}

/** An entry of the audit log */
export interface AuditEntry {
  /** Grows with every entry */
  id: number;
  /** When the request came, milliseconds since 1970 */
  at: number;
  /** A token’s id, `root` for the deployment’s secret, `open` for development without one */
  principal: string;
  /** Method and route, without what stood in its parameters */
  action: string;
  /** The collection it was about; null: the whole deployment */
  collection: string | null;
  /** What the path named; null where that is a person, or nothing */
  target: string | null;
  /** Names the request in the Worker’s log */
  request_id: string;
  /** Status of the answer; null when it is not known, because the Worker ended before */
  status: number | null;
}

/** A page of the audit log */
export interface AuditPage {
  /** Newest first */
  entries: AuditEntry[];
  /** `before` of the next page; null on the last */
  next: number | null;
}

/** A version’s certificate, signed by the participants of its run */
export interface Certificate {
  /** Version of the form */
  format: 'fedcar-certificate/1';
  /** Name of the collection */
  collection: string;
  /** Number of the version there */
  version: number;
  /** Name of the run */
  run: string;
  /** SHA-256 of the encoder’s manifest, hexadecimal */
  encoder: string;
  /** SHA-256 of the candidate’s snapshot that the gate judged, hexadecimal */
  snapshot: string;
  /** What the version learned, of which statements name the hash; null where it is not kept, absent in certificates of earlier releases */
  learned?: {
    /** Shape of the adapter */
    adapter: {
      /** A matrix of the encoder’s width */
      kind: 'full';
    } | {
      /** The product of two narrow matrices */
      kind: 'low-rank';
      /** `low-rank`: the inner width of its two matrices */
      rank: number;
    } | {
      /** The head alone learns */
      kind: 'none';
    };
    /** SHA-256 of the adapter, fp32, little-endian, hexadecimal */
    adapterHash: string;
    /** SHA-256 of each row that learned, ascending, one behind the other, base64url */
    rows: string;
  } | null;
  /** The collection’s Ed25519 admin key, base64url: compare its fingerprint */
  admin_key: string;
  /** The rosters of the run, oldest first */
  rosters: ({
    /** What is signed */
    roster: {
      /** Version of the form that is signed */
      version: 4;
      /** Name of the collection */
      collection: string;
      /** Counts the rosters of the collection, from 0 on */
      epoch: number;
      /** SHA-256 of the roster of the epoch before; null for epoch 0 */
      previous: string | null;
      /** Who may take part, in order of id */
      members: ({
        /** Name of the member */
        id: string;
        /** Its Ed25519 key, base64url */
        key: string;
        /** Who runs it: the members of one operator may all collude */
        operator: string;
      })[];
      /** t: the least number of participants that a sum is released for */
      threshold: number;
      /** m: how many participants may collude with the coordinator */
      colluders: number;
    } | {
      /** Version of the form */
      version: 3;
      /** Name of the collection */
      collection: string;
      /** Counts the rosters of the collection, from 0 on */
      epoch: number;
      /** SHA-256 of the roster of the epoch before; null for epoch 0 */
      previous: string | null;
      /** Who may take part, in order of id */
      members: ({
        /** Name of the member */
        id: string;
        /** Its Ed25519 key, base64url */
        key: string;
      })[];
      /** t: the least number of participants that a sum is released for */
      threshold: number;
      /** m: how many participants may collude with the coordinator */
      colluders: number;
    } | {
      /** Name of the collection */
      collection: string;
      /** Counts the rosters of the collection, from 0 on */
      epoch: number;
      /** SHA-256 of the roster of the epoch before; null for epoch 0 */
      previous: string | null;
      /** Who may take part, in order of id */
      members: ({
        /** Name of the member */
        id: string;
        /** Its Ed25519 key, base64url */
        key: string;
      })[];
      /** t: the least number of participants that a sum is released for */
      threshold: number;
      /** m: how many participants may collude with the coordinator */
      colluders: number;
    };
    /** By the collection’s admin key, base64url */
    signature: string;
  })[];
  /** Every record that a statement names, by serial */
  rounds: RoundRecord[];
  /** What participants signed, by name */
  statements: ({
    /** What is signed */
    statement: {
      /** Version of the form that is signed */
      format: 'fedcar-certificate/1';
      /** Name of the collection */
      collection: string;
      /** Name of the run */
      run: string;
      /** Who signs */
      participant: string;
      /** What it promises its own users */
      promise: {
        /** `off`: nothing is promised */
        noise: 'on' | 'off';
        /** What is protected */
        unit: 'record' | 'contributor';
        /** ε of every window as long as the retention time */
        epsilon: number;
        /** δ of that promise */
        delta: number;
        /** Length of that window, milliseconds */
        retentionMs: number;
        /** The filter that nearly all of δ goes to: an order, or the exact Gaussian one */
        filter: number | 'gaussian';
      };
      /** All that its ledger counts for a record that every round of the run read: of those records, for the one that paid most */
      charges: ({
        /** What it was for: `gate` concerns held-out units, the others those that train */
        kind: 'train' | 'counts' | 'gate';
        /** q: probability with which a unit was read */
        samplingRate: number;
        /** z: the noise charged, as a multiple of the sensitivity; 0 where noise is off */
        noiseMultiplier: number;
        /** How many were charged alike */
        rounds: number;
      })[];
      /** SHA-256 of its record of each round of the run, by serial; none: it took no part */
      rounds: string[];
      /** Of the versions that it was told the run made, those whose content and weights its own gate round judged; absent in statements of earlier releases, and of runs whose gate it did not judge */
      versions?: ({
        /** Its number */
        version: number;
        /** SHA-256 of what a version learned, adapter and rows: the same for all its revisions, hexadecimal */
        learned: string;
        /** What it serves with */
        serving: {
          /** What all words of a question, said without end, add to the cosine of a passage */
          words: number;
          /** Added to the cosine of rows that never learned; null: by the collection’s `inactiveOffset` and the share of such rows */
          offset: number | null;
          /** Part of the way that a document goes towards the logged questions which it answered */
          memory: number;
        };
      })[];
    };
    /** By the participant’s key in the roster, base64url */
    signature: string;
  })[];
  /** Who was asked and has not signed yet */
  missing: string[];
  /** What follows from the statements; null where there are none */
  claims: {
    /** `off`: nothing is promised */
    noise: 'on' | 'off';
    /** What is protected */
    unit: 'record' | 'contributor';
    /** δ of the promise */
    delta: number;
    /** ε of the run alone, by the ledgers’ filter: the largest of the signers’; null without noise */
    run_epsilon: number | null;
    /** ε of all that the signers’ ledgers count after it: the largest; null without noise */
    spent: number | null;
    /** ε that every window was promised: the largest of the signers’ */
    budget: number;
    /** By kind of round: the least noise that was in its sums, as a multiple of the sensitivity */
    noise_in_effect: {
      [name: string]: number;
    };
    /** Who runs the members, the largest first */
    operators: ({
      /** `@deployment`, or the name of a separate operator */
      operator: string;
      /** How many members of the last round’s roster it runs */
      members: number;
      /** Of them, those that signed */
      signed: number;
    })[];
  } | null;
}

/** A question as the last turn of a conversation */
export interface ChatByMessages {
  /** A conversation, oldest turn first; its last user turn asks, or its last system turn where no user speaks */
  messages: readonly Message[];
  /** Absent, or null */
  query?: null;
  /** `fedcar`: as configured; `extractive`; or the configured model by its name */
  model?: string | null;
  /** Answer with server-sent events, as the text is written */
  stream?: boolean | null;
  /** Of a `stream` */
  stream_options?: {
    /** Usage comes before `[DONE]` */
    include_usage?: boolean | null;
    /** Changes nothing: no piece is padded */
    include_obfuscation?: boolean | null;
  } | null;
  /** Of the answering model; higher is more varied */
  temperature?: number | null;
  /** The answering model chooses among the likeliest words, which together have this probability */
  top_p?: number | null;
  /** Another name of `max_completion_tokens`; of both the lower one counts */
  max_tokens?: number | null;
  /** Tokens that the answer may have; a language model never writes more than 8192 */
  max_completion_tokens?: number | null;
  /** Makes the answering model’s choices repeatable where it can */
  seed?: number | null;
  /** The answer ends before any of these */
  stop?: string | readonly string[] | null;
  /** Empty, or with `tool_choice` `none`: no tool of a caller is called here */
  tools?: readonly ({
    /** Kind of tool */
    type: string;
    [name: string]: unknown;
  })[] | null;
  /** An older name of `tools`: empty, or with `function_call` `none` */
  functions?: readonly ({
    [name: string]: unknown;
  })[] | null;
  /** Changes nothing: names the caller to the operator of a model; nobody is told */
  user?: string | null;
  /** Changes nothing: names the caller to the operator of a model; nobody is told */
  safety_identifier?: string | null;
  /** Changes nothing: labels of a stored answer; none is stored */
  metadata?: {
    [name: string]: unknown;
  } | null;
  /** Changes nothing: no answer is stored */
  store?: boolean | null;
  /** Changes nothing: sorts requests into caches; an answer does not depend on it */
  prompt_cache_key?: string | null;
  /** Changes nothing: how long a cache remembers; an answer does not depend on it */
  prompt_cache_retention?: string | null;
  /** Changes nothing: how a cache is used; an answer does not depend on it */
  prompt_cache_options?: {
    [name: string]: unknown;
  } | null;
  /** Changes nothing: how soon and at what price; there is one kind of service */
  service_tier?: string | null;
  /** Changes nothing: makes a model faster, never different */
  prediction?: {
    [name: string]: unknown;
  } | null;
  /** Changes nothing: how long a model thinks; what it may say is the same */
  reasoning_effort?: string | null;
  /** Changes nothing: the usual length */
  verbosity?: 'medium' | null;
  /** Changes nothing: no penalty */
  frequency_penalty?: 0 | null;
  /** Changes nothing: no penalty */
  presence_penalty?: 0 | null;
  /** Changes nothing: empty: no word is favoured */
  logit_bias?: Record<string, unknown> | null;
  /** Changes nothing: none are wanted */
  logprobs?: false | null;
  /** Changes nothing: none are wanted */
  top_logprobs?: 0 | null;
  /** Changes nothing: one answer is what there is */
  n?: 1 | null;
  /** Changes nothing: text is what there is */
  modalities?: readonly unknown[] | null;
  /** Changes nothing: text is what there is */
  response_format?: {
    /** Text */
    type: 'text';
  } | null;
  /** Changes nothing: without functions there is nothing to choose */
  function_call?: 'none' | 'auto' | null;
  /** Changes nothing: without tools there is nothing to choose */
  tool_choice?: 'none' | 'auto' | null;
  /** Changes nothing: without tools nothing is called */
  parallel_tool_calls?: boolean | null;
  /** Changes nothing: null: no voice is wanted */
  audio?: null;
  /** Changes nothing: null: no search of the web is wanted */
  web_search_options?: null;
  /** Changes nothing: null: nothing is wanted */
  moderation?: null;
  /** Changes nothing: one answer is made */
  best_of?: 1 | null;
  /** Changes nothing: the question is not repeated */
  echo?: false | null;
  /** Changes nothing: null: nothing follows the answer */
  suffix?: null;
  /** Changes nothing: no penalty, in servers that multiply it */
  repetition_penalty?: 1 | null;
  /** Changes nothing: no word is left out */
  min_p?: 0 | null;
  ai_search_options?: AiSearchOptions;
  /** Our own options */
  fedcar?: {
    /** `latest` serves; 0 is plain search, without any training */
    model_version?: 'latest' | number | null;
    /** Only this region’s documents */
    region?: string | null;
    /** Region from which the question comes, whose own log adds to the answer; the one nearest to the caller unless given. Only where `askersNameRegion` of the collection allows it */
    asker_region?: string | null;
    /** Whether what the asker’s region remembers adds to the answer, where `memory` of the collection lets it */
    memory?: boolean | null;
    /** Asks now which version serves, and every region for what it has, whatever `freshnessSeconds` of the collection allows */
    fresh?: boolean | null;
    /** Also computes each passage’s cosine in plain embedding search, names the words of the question that it has, and says what memory lifted */
    explain?: boolean | null;
    /** In a stream the chunks are an event of their own, `event: chunks`, as in Cloudflare AI Search; the first completion chunk has none then */
    chunks_event?: boolean | null;
  } | null;
}

/** One question */
export interface ChatByQuery {
  /** What to look for */
  query: string;
  /** Absent, or null */
  messages?: null;
  /** `fedcar`: as configured; `extractive`; or the configured model by its name */
  model?: string | null;
  /** Answer with server-sent events, as the text is written */
  stream?: boolean | null;
  /** Of a `stream` */
  stream_options?: {
    /** Usage comes before `[DONE]` */
    include_usage?: boolean | null;
    /** Changes nothing: no piece is padded */
    include_obfuscation?: boolean | null;
  } | null;
  /** Of the answering model; higher is more varied */
  temperature?: number | null;
  /** The answering model chooses among the likeliest words, which together have this probability */
  top_p?: number | null;
  /** Another name of `max_completion_tokens`; of both the lower one counts */
  max_tokens?: number | null;
  /** Tokens that the answer may have; a language model never writes more than 8192 */
  max_completion_tokens?: number | null;
  /** Makes the answering model’s choices repeatable where it can */
  seed?: number | null;
  /** The answer ends before any of these */
  stop?: string | readonly string[] | null;
  /** Empty, or with `tool_choice` `none`: no tool of a caller is called here */
  tools?: readonly ({
    /** Kind of tool */
    type: string;
    [name: string]: unknown;
  })[] | null;
  /** An older name of `tools`: empty, or with `function_call` `none` */
  functions?: readonly ({
    [name: string]: unknown;
  })[] | null;
  /** Changes nothing: names the caller to the operator of a model; nobody is told */
  user?: string | null;
  /** Changes nothing: names the caller to the operator of a model; nobody is told */
  safety_identifier?: string | null;
  /** Changes nothing: labels of a stored answer; none is stored */
  metadata?: {
    [name: string]: unknown;
  } | null;
  /** Changes nothing: no answer is stored */
  store?: boolean | null;
  /** Changes nothing: sorts requests into caches; an answer does not depend on it */
  prompt_cache_key?: string | null;
  /** Changes nothing: how long a cache remembers; an answer does not depend on it */
  prompt_cache_retention?: string | null;
  /** Changes nothing: how a cache is used; an answer does not depend on it */
  prompt_cache_options?: {
    [name: string]: unknown;
  } | null;
  /** Changes nothing: how soon and at what price; there is one kind of service */
  service_tier?: string | null;
  /** Changes nothing: makes a model faster, never different */
  prediction?: {
    [name: string]: unknown;
  } | null;
  /** Changes nothing: how long a model thinks; what it may say is the same */
  reasoning_effort?: string | null;
  /** Changes nothing: the usual length */
  verbosity?: 'medium' | null;
  /** Changes nothing: no penalty */
  frequency_penalty?: 0 | null;
  /** Changes nothing: no penalty */
  presence_penalty?: 0 | null;
  /** Changes nothing: empty: no word is favoured */
  logit_bias?: Record<string, unknown> | null;
  /** Changes nothing: none are wanted */
  logprobs?: false | null;
  /** Changes nothing: none are wanted */
  top_logprobs?: 0 | null;
  /** Changes nothing: one answer is what there is */
  n?: 1 | null;
  /** Changes nothing: text is what there is */
  modalities?: readonly unknown[] | null;
  /** Changes nothing: text is what there is */
  response_format?: {
    /** Text */
    type: 'text';
  } | null;
  /** Changes nothing: without functions there is nothing to choose */
  function_call?: 'none' | 'auto' | null;
  /** Changes nothing: without tools there is nothing to choose */
  tool_choice?: 'none' | 'auto' | null;
  /** Changes nothing: without tools nothing is called */
  parallel_tool_calls?: boolean | null;
  /** Changes nothing: null: no voice is wanted */
  audio?: null;
  /** Changes nothing: null: no search of the web is wanted */
  web_search_options?: null;
  /** Changes nothing: null: nothing is wanted */
  moderation?: null;
  /** Changes nothing: one answer is made */
  best_of?: 1 | null;
  /** Changes nothing: the question is not repeated */
  echo?: false | null;
  /** Changes nothing: null: nothing follows the answer */
  suffix?: null;
  /** Changes nothing: no penalty, in servers that multiply it */
  repetition_penalty?: 1 | null;
  /** Changes nothing: no word is left out */
  min_p?: 0 | null;
  ai_search_options?: AiSearchOptions;
  /** Our own options */
  fedcar?: {
    /** `latest` serves; 0 is plain search, without any training */
    model_version?: 'latest' | number | null;
    /** Only this region’s documents */
    region?: string | null;
    /** Region from which the question comes, whose own log adds to the answer; the one nearest to the caller unless given. Only where `askersNameRegion` of the collection allows it */
    asker_region?: string | null;
    /** Whether what the asker’s region remembers adds to the answer, where `memory` of the collection lets it */
    memory?: boolean | null;
    /** Asks now which version serves, and every region for what it has, whatever `freshnessSeconds` of the collection allows */
    fresh?: boolean | null;
    /** Also computes each passage’s cosine in plain embedding search, names the words of the question that it has, and says what memory lifted */
    explain?: boolean | null;
    /** In a stream the chunks are an event of their own, `event: chunks`, as in Cloudflare AI Search; the first completion chunk has none then */
    chunks_event?: boolean | null;
  } | null;
}

/** An answer with its sources */
export interface ChatCompletion {
  /** Names the answer in feedback, for a day */
  id: string;
  /** What this is, for clients of OpenAI’s API */
  object: 'chat.completion';
  /** When the answer was begun, seconds since 1970 */
  created: number;
  /** Who wrote the answer */
  model: string;
  /** One answer */
  choices: ({
    /** Always 0: there is one choice */
    index: 0;
    /** The answer as a turn of the conversation */
    message: {
      /** Who speaks */
      role: 'assistant';
      /** The answer. Cites the n-th of `chunks` as [n] */
      content: string;
      /** Always null */
      refusal: null;
    };
    /** Always null */
    logprobs: null;
    /** `length`: the answer was cut at the number of tokens allowed */
    finish_reason: 'stop' | 'length';
  })[];
  usage?: Usage;
  /** What was searched for */
  search_query: string;
  /** What was found, in the order in which the answer numbers it */
  chunks: Chunk[];
  /** Ids of the chunks that the answer cites. Empty: nothing was found */
  citations: string[];
  /** Version of the retriever that found the chunks; 0 is plain search */
  model_version: number;
  /** Only where the coordinator did not say in time which version serves: seconds since this one was known to */
  stale_seconds?: number;
  /** Regions whose passages are missing, and who stood in for the configured answerer and why */
  errors: AnswerError[];
}

/** One `data:` line of a stream of server-sent events */
export interface ChatCompletionChunk {
  /** Names the answer in feedback, for a day */
  id: string;
  /** What this is, for clients of OpenAI’s API */
  object: 'chat.completion.chunk';
  /** When the answer was begun, seconds since 1970 */
  created: number;
  /** Who wrote the answer */
  model: string;
  /** One piece; empty where the usage is told */
  choices: ({
    /** Always 0: there is one choice */
    index: 0;
    /** The next piece */
    delta: {
      /** With the first piece */
      role?: 'assistant';
      /** What is added to the answer */
      content?: string;
    };
    /** Always null */
    logprobs: null;
    /** With the last piece; null before */
    finish_reason: 'stop' | 'length' | null;
  })[];
  /** After the last piece */
  usage?: {
    /** Tokens that the answering model read */
    prompt_tokens: number;
    /** Tokens that it wrote */
    completion_tokens: number;
    /** Both together */
    total_tokens: number;
  } | null;
  /** Version of the retriever that found the chunks; 0 is plain search */
  model_version: number;
  /** Only where the coordinator did not say in time which version serves: seconds since this one was known to */
  stale_seconds?: number;
  /** With `finish_reason` */
  citations?: string[];
  /** With `finish_reason` */
  errors?: AnswerError[];
  /** With the first piece, unless they were an event of their own */
  chunks?: Chunk[];
}

/** A conversation, or a question */
export type ChatRequest = ChatByMessages | ChatByQuery;

/** A passage that was found */
export interface Chunk {
  /** Passage: the item’s key, `#`, and its place in the item */
  id: string;
  /** Of what is found: always text */
  type: 'text';
  /** Calibrated, between 0 and 1; compared with `match_threshold` */
  score: number;
  /** The passage as it is searched: below the title of its item. Empty with `metadata_only` */
  text: string;
  /** The item that the passage is part of */
  item: {
    /** Key of the item */
    key: string;
    /** Title of the item; empty where it has none */
    title: string;
    /** Region that holds the item */
    region: string;
    /** When the item last changed, milliseconds since 1970 */
    timestamp: number;
    /** What the item was uploaded with */
    metadata: {
      [name: string]: string | number | boolean;
    };
  };
  /** Where the score comes from: cosines between −1 and 1, and words */
  scoring_details: {
    /** Cosine in plain embedding search; null unless `explain` asked for it */
    base_score: number | null;
    /** Cosine of the trained retriever; null in search by words alone */
    head_score: number | null;
    /** Whether questions logged in the asker’s region lifted it, of which nothing is shown; only with `explain` */
    from_memory?: boolean;
    /** What the score would be without words; only in hybrid search */
    vector_score?: number;
    /** Place among these passages by `vector_score`, from 1 on; only in hybrid search */
    vector_rank?: number;
    /** Share of the question’s words that the passage has, weighed by how rare they are (BM25), between 0 and 1; not in search by vectors */
    keyword_score?: number;
    /** Place among these passages by `keyword_score`, from 1 on; none where it is 0 */
    keyword_rank?: number;
    /** The cosine and a weight times `keyword_score` are added; only in hybrid search */
    fusion_method?: 'sum';
    /** Words of the question that the passage has, the weightiest first; only with `explain` */
    words?: ({
      /** As the question has it */
      word: string;
      /** What it adds to `keyword_score` */
      score: number;
    })[];
  };
}

/** A result was opened; taken where the setting `feedback.clicks` is `on` */
export interface ClickFeedback {
  /** The `id` of an answer of /chat/completions, for a day */
  answer: string;
  /** A passage that was retrieved for the answer, whose document somebody opened */
  opened: string;
  /** Whose record it is. Kept as a keyed hash, never as it is */
  contributor?: string;
  /** Region that is to keep them; the one nearest to the caller unless given */
  region?: string;
}

/** A collection and its settings */
export interface Collection {
  /** Name of the collection */
  name: string;
  settings: CollectionSettings;
  /** When it was made, milliseconds since 1970 */
  created_at: number;
}

/** Settings that are to be changed */
export interface CollectionChange {
  settings: CollectionSettingsPatch;
}

/** A new collection */
export interface CollectionCreation {
  /** Name of the collection */
  name: string;
  settings?: CollectionSettingsInput;
}

/** What the operator of a collection decides */
export interface CollectionSettings {
  /** Names of its regions. A name that is a location hint, or begins with one, says where it should lie */
  regions: string[];
  /** False: the regions hold documents only, and participants from outside train */
  regionsTrain: boolean;
  /** Guarantees a place; a location hint, the region’s own name where it is one, is best effort. Null: none */
  jurisdiction: 'eu' | 'fedramp' | null;
  /** Folder of the encoder’s artifact among the deployment’s assets; null: the deployment’s own. Another one comes by a re-index */
  encoder: string | null;
  /** How often the encoder was changed: the collection’s objects bear it in their names. Kept by the service */
  generation: number;
  /** Shape of the adapter */
  adapter: {
    /** A matrix of the encoder’s width */
    kind: 'full';
  } | {
    /** The product of two narrow matrices */
    kind: 'low-rank';
    /** `low-rank`: the inner width of its two matrices */
    rank: number;
  } | {
    /** The head alone learns */
    kind: 'none';
  };
  /** How a run trains when noise is off, and what serves */
  training: {
    /** Phases of a run without noise, one after the other; with noise, `privacy.training` says how */
    phases: ({
      /** `head`: only the head learns, from query embeddings that are made once */
      train: 'head' | 'adapter-and-head';
      /** `step`: a round is one step of the server optimiser on the sum of gradients. `local`: a round is a local epoch */
      rounds: 'step' | 'local';
      /** Passes over the data; null: twelve local epochs, or five passes in rounds of one step, and three where there are more rows than units in a round, so that the adapter learns alone */
      passes: number | null;
      /** Units that a round of one step should see over all regions together; null: 256, or 128 for each participant where that is more, up to 2,048, at rates that grow with the square root */
      batch: number | null;
      /** How the server follows the sums */
      optimiser: {
        /** Rule by which the server follows a sum */
        kind: 'momentum' | 'adam';
        /** Share of the last step that is kept */
        momentum: number;
        /** Adam: share of the second moment that is kept */
        beta2: number;
        /** Adam: keeps its division away from zero */
        epsilon: number;
        /** Learning rate of the adapter */
        adapterRate: number;
        /** Learning rate of the head */
        headRate: number;
        /** Multiplies the head’s rate by the number of active rows: each row sees about one unit in so many */
        scaleByRows: boolean;
        /** With noise, the head’s rate is at most such that the noise of all steps adds up to this length in a row where its questions can move it as far, and to less where they can move it less far, or farther; 0: no such limit */
        rowNoise: number;
        /** How learning rates fall from their value to nothing over a run */
        decay: 'constant' | 'linear' | 'cosine';
        /** Share of the run’s first steps in which the rates rise from nothing */
        warmup: number;
      };
      /** Steps within a local epoch */
      local: {
        /** Learning rate of a local step */
        rate: number;
        /** Share of the last local step that is kept */
        momentum: number;
        /** Units of a local step */
        batch: number;
      };
    })[];
    /** τ: logits are τ times the cosine */
    temperature: number;
    /** c_g: the L2 norm to which the gradient of a unit is clipped */
    clipNorm: number;
    /** Share of a query’s tokens that are left out at random wherever the adapter learns from it */
    tokenDropout: number;
    /** Where the adapter learns without noise, a query that an earlier pass of the run answered with certainty takes part in a pass with this probability, at a weight of one over it; 1: every query takes part in every pass */
    leastChance: number;
    /** A row learns from this many training queries on */
    activeThreshold: number;
    /** A row that was active reverts to its passage’s embedding at this count, which is below `activeThreshold` */
    inactiveThreshold: number;
    /** Queries that a passage’s own embedding counts for in its row as it is served */
    rowPrior: number;
    /** Added in training to the cosine of rows that do not learn: they compete at their fixed place */
    margin: number;
    /** So many rows that do not learn compete at most, chosen at random: they travel with every run */
    fixedRows: number;
    /** Added in serving to the cosine of rows that never learned, so that trained rows do not shout them down; where they are not half of the rows, adjusted by the logarithm of the odds. Where an eighth of the documents with questions is four or more, a run without noise finds it, and begins its search here; 0: it is not looked for */
    inactiveOffset: number;
    /** Makes shuffles and starting points repeatable; null: random */
    seed: number | null;
  };
  /** What a trained version has to reach to serve */
  gate: {
    /** Publish only if held-out wins minus losses against the serving version reach this share of the held-out units; below 0: if they lose no more than that */
    margin: number;
    /** Standard deviations of the noise by which it must clear that margin */
    confidence: number;
    /** How far the titles of untrained documents may fall behind plain embedding search in finding their document */
    probeTolerance: number;
    /** How far a version may fall behind the one that serves on the questions that the operator uploaded (`PUT /v1/evaluation`), as a share of them */
    evaluationTolerance: number;
  };
  /** When runs start, and how long a round waits */
  schedule: {
    /** Hours between runs that the cron trigger starts; 0 turns them off */
    everyHours: number;
    /** Within these no run is started by the cron trigger; one that is on goes on. Null: none */
    quietHours: {
      /** Time of day at which they begin, such as 08:30 */
      from: string;
      /** Time of day at which they end */
      to: string;
      /** An IANA name such as Europe/Berlin */
      timeZone: string;
    } | null;
    /** How long a round waits for those of whose progress nothing is heard, in milliseconds */
    phaseDeadlineMs: number;
    /** How long a step of secure aggregation waits, in milliseconds */
    secureDeadlineMs: number;
    /** Rounds go on with at least this many participants */
    minParticipants: number;
  };
  /** What is promised, and how */
  privacy: {
    /** `secure`: the coordinator learns sums only. `plain`: it sees every vector. One region alone is always plain */
    aggregation: 'secure' | 'plain';
    /** t: the least participants for whom a sum is released; null: ⌊2n/3⌋ + 1 */
    threshold: number | null;
    /** m: how many participants may collude with the coordinator */
    colluders: number;
    /** Up to so many members all share secrets with all; in a larger roster each with k others, which protects from a coordinator that follows the protocol only (semi-honest), and takes work and bytes that hardly grow */
    completeUpTo: number;
    /** `on`: everything that leaves a region has differential privacy. `off` is for corpora whose queries are public */
    noise: 'on' | 'off';
    /** What is protected: one query record, or everything of one contributor. Fixed for the collection’s life */
    unit: 'record' | 'contributor';
    /** Records of a contributor that one round uses at most */
    recordsPerContributor: number;
    /** ε: the budget of every window as long as the retention time. Only shrinks once something was charged, and not below what is spent */
    epsilon: number;
    /** δ of that budget; stays once something was charged */
    delta: number;
    /** ε that a run on a fresh budget may spend, its census too, where `uses` does not say it */
    runEpsilon: number;
    /** A question is read by so many runs, each of which spends the same part of the budget; null: by as many as `runEpsilon` leaves room for */
    uses: number | null;
    /** ε of a question that may go to finding out, before a run, whether there are enough questions for one; 0: runs start without asking */
    censusEpsilon: number;
    /** How a run trains when noise is on */
    training: {
      /** What learns */
      train: 'head' | 'adapter-and-head';
      /** Training rounds of a run */
      steps: number;
      /** τ, linear between: soft at first, when all queries say much; sharp at the end */
      temperature: {
        /** τ of the first step */
        first: number;
        /** τ of the last step */
        last: number;
      };
      /** Added in training to the cosine of rows that do not learn, as `training.margin` without noise */
      margin: number;
      /** q: every unit is in a step’s sample with this probability, independently */
      samplingRate: number;
      /** c_g: the L2 norm to which the gradient of a unit is clipped */
      clipNorm: number;
      /** From there on c_g follows a quantile of the gradients’ norms; null: it stays */
      adaptiveClip: {
        /** Share of the units whose gradient should need no clipping */
        quantile: number;
        /** η: a step changes c_g by a factor between exp(−η) and exp(η) */
        rate: number;
      } | null;
      /** Share of c² that goes to loss, hits, units, and to the count that an adaptive c_g follows */
      statisticsShare: number;
      /** Least share of a run’s privacy that goes to the counts from which active rows are chosen: it grows, to one half at most, where by the census there are few questions a document for their noise */
      countsShare: number;
      /** Head updates move along so many principal directions of the documents’ embeddings; 0: along all */
      projection: number;
      /** Sums are weighted by the likeness of documents and along the directions in which they differ; has no effect where `projection` is set */
      smoothing: boolean;
      /** The version is the mean of the parameters over this last share of the steps (Polyak averaging) */
      averageLast: number;
      /** Added in serving to the cosine of rows that never learned, as `training.inactiveOffset` without noise */
      inactiveOffset: number;
      /** How the server follows the sums */
      optimiser: {
        /** Rule by which the server follows a sum */
        kind: 'momentum' | 'adam';
        /** Share of the last step that is kept */
        momentum: number;
        /** Adam: share of the second moment that is kept */
        beta2: number;
        /** Adam: keeps its division away from zero */
        epsilon: number;
        /** Learning rate of the adapter */
        adapterRate: number;
        /** Learning rate of the head */
        headRate: number;
        /** Multiplies the head’s rate by the number of active rows: each row sees about one unit in so many */
        scaleByRows: boolean;
        /** With noise, the head’s rate is at most such that the noise of all steps adds up to this length in a row where its questions can move it as far, and to less where they can move it less far, or farther; 0: no such limit */
        rowNoise: number;
        /** How learning rates fall from their value to nothing over a run */
        decay: 'constant' | 'linear' | 'cosine';
        /** Share of the run’s first steps in which the rates rise from nothing */
        warmup: number;
      };
    };
  };
  /** How many records each region takes and keeps; those without a contributor count for the token and the region only */
  feedback: {
    /** Kept of one contributor; a further one is refused, or, where the unit is the contributor, takes the place of the oldest */
    recordsPerContributor: number;
    /** Taken of one contributor in 24 hours; further ones are refused */
    recordsPerDay: number;
    /** Taken with one bearer token in 24 hours; further ones are refused. The deployment’s own secret is not counted */
    recordsPerToken: number;
    /** Kept in a region; when it is full further ones are refused, and nothing makes room but time and erasure */
    recordsPerRegion: number;
    /** Whether opening a result counts as feedback of its own kind, weaker than what people say: docs/feedback.md */
    clicks: 'off' | 'on';
    /** What a click weighs at most, beside the 1 of what somebody says */
    clickWeight: number;
    /** Share of the answers beside which the results that they do not cite stand in a random order while `clicks` is on: they show how much of a click is due to its place */
    shuffledShare: number;
  };
  /** Whether a region’s own log answers those who ask from there, at once: `shared` where at least two feedback events (contributors, where they are the units) agree on a document, `all` also where one says so. Not covered by ε: see docs/privacy.md */
  memory: 'off' | 'shared' | 'all';
  /** Whether `fedcar.asker_region` may say from which region a question comes, for services that ask for others; else the nearest one is taken. Who may name it can ask every region’s memory */
  askersNameRegion: boolean;
  /** How many seconds searches of a place that did not take the request may miss an upload, or another version that serves; 0: they ask each time. `fedcar: { "fresh": true }` asks at once */
  freshnessSeconds: number;
  /** Where questions are looked up */
  index: {
    /** `edge`: the regions’ segments (embeddings of passages, and the bag of words of each) go to the places where people ask, as long as all fit there, so that a search asks only the regions that hold what it shows. `region`: they stay in their regions, which search for themselves; so they do wherever `jurisdiction` is set. See docs/privacy.md */
    words: 'edge' | 'region';
  };
  /** Share of the units that never train and judge the result instead */
  heldOutShare: number;
  /** Query records older than this many days are deleted. It is the window of the privacy budget, too */
  retentionDays: number;
}

/** What the operator of a collection decides */
export interface CollectionSettingsInput {
  /** Names of its regions. A name that is a location hint, or begins with one, says where it should lie */
  regions?: readonly string[];
  /** False: the regions hold documents only, and participants from outside train */
  regionsTrain?: boolean;
  /** Guarantees a place; a location hint, the region’s own name where it is one, is best effort. Null: none */
  jurisdiction?: 'eu' | 'fedramp' | null;
  /** Folder of the encoder’s artifact among the deployment’s assets; null: the deployment’s own. Another one comes by a re-index */
  encoder?: string | null;
  /** How often the encoder was changed: the collection’s objects bear it in their names. Kept by the service */
  generation?: number;
  /** Shape of the adapter */
  adapter?: {
    /** A matrix of the encoder’s width */
    kind: 'full';
  } | {
    /** The product of two narrow matrices */
    kind: 'low-rank';
    /** `low-rank`: the inner width of its two matrices */
    rank: number;
  } | {
    /** The head alone learns */
    kind: 'none';
  };
  /** How a run trains when noise is off, and what serves */
  training?: {
    /** Phases of a run without noise, one after the other; with noise, `privacy.training` says how */
    phases?: readonly ({
      /** `head`: only the head learns, from query embeddings that are made once */
      train: 'head' | 'adapter-and-head';
      /** `step`: a round is one step of the server optimiser on the sum of gradients. `local`: a round is a local epoch */
      rounds?: 'step' | 'local';
      /** Passes over the data; null: twelve local epochs, or five passes in rounds of one step, and three where there are more rows than units in a round, so that the adapter learns alone */
      passes?: number | null;
      /** Units that a round of one step should see over all regions together; null: 256, or 128 for each participant where that is more, up to 2,048, at rates that grow with the square root */
      batch?: number | null;
      /** How the server follows the sums */
      optimiser?: {
        /** Rule by which the server follows a sum */
        kind?: 'momentum' | 'adam';
        /** Share of the last step that is kept */
        momentum?: number;
        /** Adam: share of the second moment that is kept */
        beta2?: number;
        /** Adam: keeps its division away from zero */
        epsilon?: number;
        /** Learning rate of the adapter */
        adapterRate?: number;
        /** Learning rate of the head */
        headRate?: number;
        /** Multiplies the head’s rate by the number of active rows: each row sees about one unit in so many */
        scaleByRows?: boolean;
        /** With noise, the head’s rate is at most such that the noise of all steps adds up to this length in a row where its questions can move it as far, and to less where they can move it less far, or farther; 0: no such limit */
        rowNoise?: number;
        /** How learning rates fall from their value to nothing over a run */
        decay?: 'constant' | 'linear' | 'cosine';
        /** Share of the run’s first steps in which the rates rise from nothing */
        warmup?: number;
      };
      /** Steps within a local epoch */
      local?: {
        /** Learning rate of a local step */
        rate?: number;
        /** Share of the last local step that is kept */
        momentum?: number;
        /** Units of a local step */
        batch?: number;
      };
    })[];
    /** τ: logits are τ times the cosine */
    temperature?: number;
    /** c_g: the L2 norm to which the gradient of a unit is clipped */
    clipNorm?: number;
    /** Share of a query’s tokens that are left out at random wherever the adapter learns from it */
    tokenDropout?: number;
    /** Where the adapter learns without noise, a query that an earlier pass of the run answered with certainty takes part in a pass with this probability, at a weight of one over it; 1: every query takes part in every pass */
    leastChance?: number;
    /** A row learns from this many training queries on */
    activeThreshold?: number;
    /** A row that was active reverts to its passage’s embedding at this count, which is below `activeThreshold` */
    inactiveThreshold?: number;
    /** Queries that a passage’s own embedding counts for in its row as it is served */
    rowPrior?: number;
    /** Added in training to the cosine of rows that do not learn: they compete at their fixed place */
    margin?: number;
    /** So many rows that do not learn compete at most, chosen at random: they travel with every run */
    fixedRows?: number;
    /** Added in serving to the cosine of rows that never learned, so that trained rows do not shout them down; where they are not half of the rows, adjusted by the logarithm of the odds. Where an eighth of the documents with questions is four or more, a run without noise finds it, and begins its search here; 0: it is not looked for */
    inactiveOffset?: number;
    /** Makes shuffles and starting points repeatable; null: random */
    seed?: number | null;
  };
  /** What a trained version has to reach to serve */
  gate?: {
    /** Publish only if held-out wins minus losses against the serving version reach this share of the held-out units; below 0: if they lose no more than that */
    margin?: number;
    /** Standard deviations of the noise by which it must clear that margin */
    confidence?: number;
    /** How far the titles of untrained documents may fall behind plain embedding search in finding their document */
    probeTolerance?: number;
    /** How far a version may fall behind the one that serves on the questions that the operator uploaded (`PUT /v1/evaluation`), as a share of them */
    evaluationTolerance?: number;
  };
  /** When runs start, and how long a round waits */
  schedule?: {
    /** Hours between runs that the cron trigger starts; 0 turns them off */
    everyHours?: number;
    /** Within these no run is started by the cron trigger; one that is on goes on. Null: none */
    quietHours?: {
      /** Time of day at which they begin, such as 08:30 */
      from: string;
      /** Time of day at which they end */
      to: string;
      /** An IANA name such as Europe/Berlin */
      timeZone?: string;
    } | null;
    /** How long a round waits for those of whose progress nothing is heard, in milliseconds */
    phaseDeadlineMs?: number;
    /** How long a step of secure aggregation waits, in milliseconds */
    secureDeadlineMs?: number;
    /** Rounds go on with at least this many participants */
    minParticipants?: number;
  };
  /** What is promised, and how */
  privacy?: {
    /** `secure`: the coordinator learns sums only. `plain`: it sees every vector. One region alone is always plain */
    aggregation?: 'secure' | 'plain';
    /** t: the least participants for whom a sum is released; null: ⌊2n/3⌋ + 1 */
    threshold?: number | null;
    /** m: how many participants may collude with the coordinator */
    colluders?: number;
    /** Up to so many members all share secrets with all; in a larger roster each with k others, which protects from a coordinator that follows the protocol only (semi-honest), and takes work and bytes that hardly grow */
    completeUpTo?: number;
    /** `on`: everything that leaves a region has differential privacy. `off` is for corpora whose queries are public */
    noise?: 'on' | 'off';
    /** What is protected: one query record, or everything of one contributor. Fixed for the collection’s life */
    unit?: 'record' | 'contributor';
    /** Records of a contributor that one round uses at most */
    recordsPerContributor?: number;
    /** ε: the budget of every window as long as the retention time. Only shrinks once something was charged, and not below what is spent */
    epsilon?: number;
    /** δ of that budget; stays once something was charged */
    delta?: number;
    /** ε that a run on a fresh budget may spend, its census too, where `uses` does not say it */
    runEpsilon?: number;
    /** A question is read by so many runs, each of which spends the same part of the budget; null: by as many as `runEpsilon` leaves room for */
    uses?: number | null;
    /** ε of a question that may go to finding out, before a run, whether there are enough questions for one; 0: runs start without asking */
    censusEpsilon?: number;
    /** How a run trains when noise is on */
    training?: {
      /** What learns */
      train?: 'head' | 'adapter-and-head';
      /** Training rounds of a run */
      steps?: number;
      /** τ, linear between: soft at first, when all queries say much; sharp at the end */
      temperature?: {
        /** τ of the first step */
        first: number;
        /** τ of the last step */
        last: number;
      };
      /** Added in training to the cosine of rows that do not learn, as `training.margin` without noise */
      margin?: number;
      /** q: every unit is in a step’s sample with this probability, independently */
      samplingRate?: number;
      /** c_g: the L2 norm to which the gradient of a unit is clipped */
      clipNorm?: number;
      /** From there on c_g follows a quantile of the gradients’ norms; null: it stays */
      adaptiveClip?: {
        /** Share of the units whose gradient should need no clipping */
        quantile?: number;
        /** η: a step changes c_g by a factor between exp(−η) and exp(η) */
        rate?: number;
      } | null;
      /** Share of c² that goes to loss, hits, units, and to the count that an adaptive c_g follows */
      statisticsShare?: number;
      /** Least share of a run’s privacy that goes to the counts from which active rows are chosen: it grows, to one half at most, where by the census there are few questions a document for their noise */
      countsShare?: number;
      /** Head updates move along so many principal directions of the documents’ embeddings; 0: along all */
      projection?: number;
      /** Sums are weighted by the likeness of documents and along the directions in which they differ; has no effect where `projection` is set */
      smoothing?: boolean;
      /** The version is the mean of the parameters over this last share of the steps (Polyak averaging) */
      averageLast?: number;
      /** Added in serving to the cosine of rows that never learned, as `training.inactiveOffset` without noise */
      inactiveOffset?: number;
      /** How the server follows the sums */
      optimiser?: {
        /** Rule by which the server follows a sum */
        kind?: 'momentum' | 'adam';
        /** Share of the last step that is kept */
        momentum?: number;
        /** Adam: share of the second moment that is kept */
        beta2?: number;
        /** Adam: keeps its division away from zero */
        epsilon?: number;
        /** Learning rate of the adapter */
        adapterRate?: number;
        /** Learning rate of the head */
        headRate?: number;
        /** Multiplies the head’s rate by the number of active rows: each row sees about one unit in so many */
        scaleByRows?: boolean;
        /** With noise, the head’s rate is at most such that the noise of all steps adds up to this length in a row where its questions can move it as far, and to less where they can move it less far, or farther; 0: no such limit */
        rowNoise?: number;
        /** How learning rates fall from their value to nothing over a run */
        decay?: 'constant' | 'linear' | 'cosine';
        /** Share of the run’s first steps in which the rates rise from nothing */
        warmup?: number;
      };
    };
  };
  /** How many records each region takes and keeps; those without a contributor count for the token and the region only */
  feedback?: {
    /** Kept of one contributor; a further one is refused, or, where the unit is the contributor, takes the place of the oldest */
    recordsPerContributor?: number;
    /** Taken of one contributor in 24 hours; further ones are refused */
    recordsPerDay?: number;
    /** Taken with one bearer token in 24 hours; further ones are refused. The deployment’s own secret is not counted */
    recordsPerToken?: number;
    /** Kept in a region; when it is full further ones are refused, and nothing makes room but time and erasure */
    recordsPerRegion?: number;
    /** Whether opening a result counts as feedback of its own kind, weaker than what people say: docs/feedback.md */
    clicks?: 'off' | 'on';
    /** What a click weighs at most, beside the 1 of what somebody says */
    clickWeight?: number;
    /** Share of the answers beside which the results that they do not cite stand in a random order while `clicks` is on: they show how much of a click is due to its place */
    shuffledShare?: number;
  };
  /** Whether a region’s own log answers those who ask from there, at once: `shared` where at least two feedback events (contributors, where they are the units) agree on a document, `all` also where one says so. Not covered by ε: see docs/privacy.md */
  memory?: 'off' | 'shared' | 'all';
  /** Whether `fedcar.asker_region` may say from which region a question comes, for services that ask for others; else the nearest one is taken. Who may name it can ask every region’s memory */
  askersNameRegion?: boolean;
  /** How many seconds searches of a place that did not take the request may miss an upload, or another version that serves; 0: they ask each time. `fedcar: { "fresh": true }` asks at once */
  freshnessSeconds?: number;
  /** Where questions are looked up */
  index?: {
    /** `edge`: the regions’ segments (embeddings of passages, and the bag of words of each) go to the places where people ask, as long as all fit there, so that a search asks only the regions that hold what it shows. `region`: they stay in their regions, which search for themselves; so they do wherever `jurisdiction` is set. See docs/privacy.md */
    words?: 'edge' | 'region';
  };
  /** Share of the units that never train and judge the result instead */
  heldOutShare?: number;
  /** Query records older than this many days are deleted. It is the window of the privacy budget, too */
  retentionDays?: number;
}

/** Settings that replace those of the same name; what is left out stays */
export interface CollectionSettingsPatch {
  /** Names of its regions. A name that is a location hint, or begins with one, says where it should lie */
  regions?: readonly string[];
  /** False: the regions hold documents only, and participants from outside train */
  regionsTrain?: boolean;
  /** Guarantees a place; a location hint, the region’s own name where it is one, is best effort. Null: none */
  jurisdiction?: 'eu' | 'fedramp' | null;
  /** Folder of the encoder’s artifact among the deployment’s assets; null: the deployment’s own. Another one comes by a re-index */
  encoder?: string | null;
  /** How often the encoder was changed: the collection’s objects bear it in their names. Kept by the service */
  generation?: number;
  /** Shape of the adapter */
  adapter?: {
    /** A matrix of the encoder’s width */
    kind: 'full';
  } | {
    /** The product of two narrow matrices */
    kind: 'low-rank';
    /** `low-rank`: the inner width of its two matrices */
    rank: number;
  } | {
    /** The head alone learns */
    kind: 'none';
  };
  /** How a run trains when noise is off, and what serves */
  training?: {
    /** Phases of a run without noise, one after the other; with noise, `privacy.training` says how */
    phases?: readonly ({
      /** `head`: only the head learns, from query embeddings that are made once */
      train: 'head' | 'adapter-and-head';
      /** `step`: a round is one step of the server optimiser on the sum of gradients. `local`: a round is a local epoch */
      rounds?: 'step' | 'local';
      /** Passes over the data; null: twelve local epochs, or five passes in rounds of one step, and three where there are more rows than units in a round, so that the adapter learns alone */
      passes?: number | null;
      /** Units that a round of one step should see over all regions together; null: 256, or 128 for each participant where that is more, up to 2,048, at rates that grow with the square root */
      batch?: number | null;
      /** How the server follows the sums */
      optimiser?: {
        /** Rule by which the server follows a sum */
        kind?: 'momentum' | 'adam';
        /** Share of the last step that is kept */
        momentum?: number;
        /** Adam: share of the second moment that is kept */
        beta2?: number;
        /** Adam: keeps its division away from zero */
        epsilon?: number;
        /** Learning rate of the adapter */
        adapterRate?: number;
        /** Learning rate of the head */
        headRate?: number;
        /** Multiplies the head’s rate by the number of active rows: each row sees about one unit in so many */
        scaleByRows?: boolean;
        /** With noise, the head’s rate is at most such that the noise of all steps adds up to this length in a row where its questions can move it as far, and to less where they can move it less far, or farther; 0: no such limit */
        rowNoise?: number;
        /** How learning rates fall from their value to nothing over a run */
        decay?: 'constant' | 'linear' | 'cosine';
        /** Share of the run’s first steps in which the rates rise from nothing */
        warmup?: number;
      };
      /** Steps within a local epoch */
      local?: {
        /** Learning rate of a local step */
        rate?: number;
        /** Share of the last local step that is kept */
        momentum?: number;
        /** Units of a local step */
        batch?: number;
      };
    })[];
    /** τ: logits are τ times the cosine */
    temperature?: number;
    /** c_g: the L2 norm to which the gradient of a unit is clipped */
    clipNorm?: number;
    /** Share of a query’s tokens that are left out at random wherever the adapter learns from it */
    tokenDropout?: number;
    /** Where the adapter learns without noise, a query that an earlier pass of the run answered with certainty takes part in a pass with this probability, at a weight of one over it; 1: every query takes part in every pass */
    leastChance?: number;
    /** A row learns from this many training queries on */
    activeThreshold?: number;
    /** A row that was active reverts to its passage’s embedding at this count, which is below `activeThreshold` */
    inactiveThreshold?: number;
    /** Queries that a passage’s own embedding counts for in its row as it is served */
    rowPrior?: number;
    /** Added in training to the cosine of rows that do not learn: they compete at their fixed place */
    margin?: number;
    /** So many rows that do not learn compete at most, chosen at random: they travel with every run */
    fixedRows?: number;
    /** Added in serving to the cosine of rows that never learned, so that trained rows do not shout them down; where they are not half of the rows, adjusted by the logarithm of the odds. Where an eighth of the documents with questions is four or more, a run without noise finds it, and begins its search here; 0: it is not looked for */
    inactiveOffset?: number;
    /** Makes shuffles and starting points repeatable; null: random */
    seed?: number | null;
  };
  /** What a trained version has to reach to serve */
  gate?: {
    /** Publish only if held-out wins minus losses against the serving version reach this share of the held-out units; below 0: if they lose no more than that */
    margin?: number;
    /** Standard deviations of the noise by which it must clear that margin */
    confidence?: number;
    /** How far the titles of untrained documents may fall behind plain embedding search in finding their document */
    probeTolerance?: number;
    /** How far a version may fall behind the one that serves on the questions that the operator uploaded (`PUT /v1/evaluation`), as a share of them */
    evaluationTolerance?: number;
  };
  /** When runs start, and how long a round waits */
  schedule?: {
    /** Hours between runs that the cron trigger starts; 0 turns them off */
    everyHours?: number;
    /** Within these no run is started by the cron trigger; one that is on goes on. Null: none */
    quietHours?: {
      /** Time of day at which they begin, such as 08:30 */
      from: string;
      /** Time of day at which they end */
      to: string;
      /** An IANA name such as Europe/Berlin */
      timeZone?: string;
    } | null;
    /** How long a round waits for those of whose progress nothing is heard, in milliseconds */
    phaseDeadlineMs?: number;
    /** How long a step of secure aggregation waits, in milliseconds */
    secureDeadlineMs?: number;
    /** Rounds go on with at least this many participants */
    minParticipants?: number;
  };
  /** What is promised, and how */
  privacy?: {
    /** `secure`: the coordinator learns sums only. `plain`: it sees every vector. One region alone is always plain */
    aggregation?: 'secure' | 'plain';
    /** t: the least participants for whom a sum is released; null: ⌊2n/3⌋ + 1 */
    threshold?: number | null;
    /** m: how many participants may collude with the coordinator */
    colluders?: number;
    /** Up to so many members all share secrets with all; in a larger roster each with k others, which protects from a coordinator that follows the protocol only (semi-honest), and takes work and bytes that hardly grow */
    completeUpTo?: number;
    /** `on`: everything that leaves a region has differential privacy. `off` is for corpora whose queries are public */
    noise?: 'on' | 'off';
    /** What is protected: one query record, or everything of one contributor. Fixed for the collection’s life */
    unit?: 'record' | 'contributor';
    /** Records of a contributor that one round uses at most */
    recordsPerContributor?: number;
    /** ε: the budget of every window as long as the retention time. Only shrinks once something was charged, and not below what is spent */
    epsilon?: number;
    /** δ of that budget; stays once something was charged */
    delta?: number;
    /** ε that a run on a fresh budget may spend, its census too, where `uses` does not say it */
    runEpsilon?: number;
    /** A question is read by so many runs, each of which spends the same part of the budget; null: by as many as `runEpsilon` leaves room for */
    uses?: number | null;
    /** ε of a question that may go to finding out, before a run, whether there are enough questions for one; 0: runs start without asking */
    censusEpsilon?: number;
    /** How a run trains when noise is on */
    training?: {
      /** What learns */
      train?: 'head' | 'adapter-and-head';
      /** Training rounds of a run */
      steps?: number;
      /** τ, linear between: soft at first, when all queries say much; sharp at the end */
      temperature?: {
        /** τ of the first step */
        first?: number;
        /** τ of the last step */
        last?: number;
      };
      /** Added in training to the cosine of rows that do not learn, as `training.margin` without noise */
      margin?: number;
      /** q: every unit is in a step’s sample with this probability, independently */
      samplingRate?: number;
      /** c_g: the L2 norm to which the gradient of a unit is clipped */
      clipNorm?: number;
      /** From there on c_g follows a quantile of the gradients’ norms; null: it stays */
      adaptiveClip?: {
        /** Share of the units whose gradient should need no clipping */
        quantile?: number;
        /** η: a step changes c_g by a factor between exp(−η) and exp(η) */
        rate?: number;
      } | null;
      /** Share of c² that goes to loss, hits, units, and to the count that an adaptive c_g follows */
      statisticsShare?: number;
      /** Least share of a run’s privacy that goes to the counts from which active rows are chosen: it grows, to one half at most, where by the census there are few questions a document for their noise */
      countsShare?: number;
      /** Head updates move along so many principal directions of the documents’ embeddings; 0: along all */
      projection?: number;
      /** Sums are weighted by the likeness of documents and along the directions in which they differ; has no effect where `projection` is set */
      smoothing?: boolean;
      /** The version is the mean of the parameters over this last share of the steps (Polyak averaging) */
      averageLast?: number;
      /** Added in serving to the cosine of rows that never learned, as `training.inactiveOffset` without noise */
      inactiveOffset?: number;
      /** How the server follows the sums */
      optimiser?: {
        /** Rule by which the server follows a sum */
        kind?: 'momentum' | 'adam';
        /** Share of the last step that is kept */
        momentum?: number;
        /** Adam: share of the second moment that is kept */
        beta2?: number;
        /** Adam: keeps its division away from zero */
        epsilon?: number;
        /** Learning rate of the adapter */
        adapterRate?: number;
        /** Learning rate of the head */
        headRate?: number;
        /** Multiplies the head’s rate by the number of active rows: each row sees about one unit in so many */
        scaleByRows?: boolean;
        /** With noise, the head’s rate is at most such that the noise of all steps adds up to this length in a row where its questions can move it as far, and to less where they can move it less far, or farther; 0: no such limit */
        rowNoise?: number;
        /** How learning rates fall from their value to nothing over a run */
        decay?: 'constant' | 'linear' | 'cosine';
        /** Share of the run’s first steps in which the rates rise from nothing */
        warmup?: number;
      };
    };
  };
  /** How many records each region takes and keeps; those without a contributor count for the token and the region only */
  feedback?: {
    /** Kept of one contributor; a further one is refused, or, where the unit is the contributor, takes the place of the oldest */
    recordsPerContributor?: number;
    /** Taken of one contributor in 24 hours; further ones are refused */
    recordsPerDay?: number;
    /** Taken with one bearer token in 24 hours; further ones are refused. The deployment’s own secret is not counted */
    recordsPerToken?: number;
    /** Kept in a region; when it is full further ones are refused, and nothing makes room but time and erasure */
    recordsPerRegion?: number;
    /** Whether opening a result counts as feedback of its own kind, weaker than what people say: docs/feedback.md */
    clicks?: 'off' | 'on';
    /** What a click weighs at most, beside the 1 of what somebody says */
    clickWeight?: number;
    /** Share of the answers beside which the results that they do not cite stand in a random order while `clicks` is on: they show how much of a click is due to its place */
    shuffledShare?: number;
  };
  /** Whether a region’s own log answers those who ask from there, at once: `shared` where at least two feedback events (contributors, where they are the units) agree on a document, `all` also where one says so. Not covered by ε: see docs/privacy.md */
  memory?: 'off' | 'shared' | 'all';
  /** Whether `fedcar.asker_region` may say from which region a question comes, for services that ask for others; else the nearest one is taken. Who may name it can ask every region’s memory */
  askersNameRegion?: boolean;
  /** How many seconds searches of a place that did not take the request may miss an upload, or another version that serves; 0: they ask each time. `fedcar: { "fresh": true }` asks at once */
  freshnessSeconds?: number;
  /** Where questions are looked up */
  index?: {
    /** `edge`: the regions’ segments (embeddings of passages, and the bag of words of each) go to the places where people ask, as long as all fit there, so that a search asks only the regions that hold what it shows. `region`: they stay in their regions, which search for themselves; so they do wherever `jurisdiction` is set. See docs/privacy.md */
    words?: 'edge' | 'region';
  };
  /** Share of the units that never train and judge the result instead */
  heldOutShare?: number;
  /** Query records older than this many days are deleted. It is the window of the privacy budget, too */
  retentionDays?: number;
}

/** All collections */
export interface Collections {
  /** In order of their names */
  collections: Collection[];
}

/** How many records there were */
export interface Erasure {
  /** Records that were there, in all regions */
  erased: number;
}

/** Whether the hub has questions of its own */
export interface EvaluationInfo {
  /** Questions of the set; 0 where there is none */
  questions: number;
  /** When it was uploaded, milliseconds since 1970 */
  uploaded_at: number | null;
}

/** Questions that the hub judges versions by, in the form of BEIR */
export interface EvaluationSet {
  /** The questions */
  queries: readonly ({
    /** Name of the question, which `qrels` refers to */
    _id: string;
    /** The question */
    text: string;
  })[];
  /** Which documents answer them */
  qrels: readonly ({
    /** `_id` of a question */
    query_id: string;
    /** Key of a document that answers it */
    corpus_id: string;
    /** Its grade; 0: it does not answer it, and is not counted */
    score?: number;
  })[];
}

/** Whether a document answers a query */
export interface Feedback {
  /** A repeated id is the same record. Made from query and item when absent */
  id?: string;
  /** What was asked */
  query: string;
  /** Key of the document that it is about */
  item: string;
  /** False: the document does not answer the query */
  relevant?: boolean;
  /** Whose record it is. Kept as a keyed hash, never as it is */
  contributor?: string;
  /** Region that is to keep them; the one nearest to the caller unless given */
  region?: string;
}

/** A page of what the regions were told */
export interface FeedbackPage {
  /** Newest first */
  entries: ({
    /** Names the act of feedback: what is erased together */
    event: string;
    /** Region that keeps it */
    region: string;
    /** When it came, milliseconds since 1970 */
    at: number;
    /** What was asked */
    query: string;
    /** Key of the document that it is about */
    item: string;
    /** False: the document does not answer the query */
    relevant: boolean;
    /** What a click counts for, beside the 1 of what somebody says; null: somebody said it */
    weight: number | null;
    /** Keyed hash of whose record it is; null where nobody was named */
    contributor: string | null;
  })[];
  /** `before` of the next page; null on the last */
  next: string | null;
  /** Regions whose feedback is missing from this page */
  errors: RegionError[];
}

/** What became of the records */
export interface FeedbackReceipt {
  /** New records, and those that now say the opposite */
  accepted: number;
  /** Records that were known already */
  duplicates: number;
  /** Not taken: their contributor has given as many in the last 24 hours as the settings allow */
  refused: number;
  /** Of the accepted ones, those that never train: without a contributor, or away from the contributor’s home region */
  idle: number;
  /** Region that keeps them */
  region: string;
  /** Items that records were about and that are no documents of the collection: those records were not taken */
  unknown: string[];
}

/** Many records at once */
export interface FeedbackRecords {
  /** Records of one region */
  records: readonly ({
    /** A repeated id is the same record. Made from query and item when absent */
    id?: string;
    /** What was asked */
    query: string;
    /** Key of the document that it is about */
    item: string;
    /** False: the document does not answer the query */
    relevant?: boolean;
    /** Whose record it is. Kept as a keyed hash, never as it is */
    contributor?: string;
  })[];
  /** Region that is to keep them; the one nearest to the caller unless given */
  region?: string;
}

/** What comes with an imported version */
export interface ImportOptions {
  /** What `…/certificate` gave where the version was made */
  certificate?: {
    /** Version of the form */
    format: 'fedcar-certificate/1';
    /** Name of the collection */
    collection: string;
    /** Number of the version there */
    version: number;
    /** Name of the run */
    run: string;
    /** SHA-256 of the encoder’s manifest, hexadecimal */
    encoder: string;
    /** SHA-256 of the candidate’s snapshot that the gate judged, hexadecimal */
    snapshot: string;
    /** What the version learned, of which statements name the hash; null where it is not kept, absent in certificates of earlier releases */
    learned?: {
      /** Shape of the adapter */
      adapter: {
        /** A matrix of the encoder’s width */
        kind: 'full';
      } | {
        /** The product of two narrow matrices */
        kind: 'low-rank';
        /** `low-rank`: the inner width of its two matrices */
        rank: number;
      } | {
        /** The head alone learns */
        kind: 'none';
      };
      /** SHA-256 of the adapter, fp32, little-endian, hexadecimal */
      adapterHash: string;
      /** SHA-256 of each row that learned, ascending, one behind the other, base64url */
      rows: string;
    } | null;
    /** The collection’s Ed25519 admin key, base64url: compare its fingerprint */
    admin_key: string;
    /** The rosters of the run, oldest first */
    rosters: readonly ({
      /** What is signed */
      roster: {
        /** Version of the form that is signed */
        version: 4;
        /** Name of the collection */
        collection: string;
        /** Counts the rosters of the collection, from 0 on */
        epoch: number;
        /** SHA-256 of the roster of the epoch before; null for epoch 0 */
        previous: string | null;
        /** Who may take part, in order of id */
        members: readonly ({
          /** Name of the member */
          id: string;
          /** Its Ed25519 key, base64url */
          key: string;
          /** Who runs it: the members of one operator may all collude */
          operator: string;
        })[];
        /** t: the least number of participants that a sum is released for */
        threshold: number;
        /** m: how many participants may collude with the coordinator */
        colluders: number;
      } | {
        /** Version of the form */
        version: 3;
        /** Name of the collection */
        collection: string;
        /** Counts the rosters of the collection, from 0 on */
        epoch: number;
        /** SHA-256 of the roster of the epoch before; null for epoch 0 */
        previous: string | null;
        /** Who may take part, in order of id */
        members: readonly ({
          /** Name of the member */
          id: string;
          /** Its Ed25519 key, base64url */
          key: string;
        })[];
        /** t: the least number of participants that a sum is released for */
        threshold: number;
        /** m: how many participants may collude with the coordinator */
        colluders: number;
      } | {
        /** Name of the collection */
        collection: string;
        /** Counts the rosters of the collection, from 0 on */
        epoch: number;
        /** SHA-256 of the roster of the epoch before; null for epoch 0 */
        previous: string | null;
        /** Who may take part, in order of id */
        members: readonly ({
          /** Name of the member */
          id: string;
          /** Its Ed25519 key, base64url */
          key: string;
        })[];
        /** t: the least number of participants that a sum is released for */
        threshold: number;
        /** m: how many participants may collude with the coordinator */
        colluders: number;
      };
      /** By the collection’s admin key, base64url */
      signature: string;
    })[];
    /** Every record that a statement names, by serial */
    rounds: readonly RoundRecordInput[];
    /** What participants signed, by name */
    statements: readonly ({
      /** What is signed */
      statement: {
        /** Version of the form that is signed */
        format: 'fedcar-certificate/1';
        /** Name of the collection */
        collection: string;
        /** Name of the run */
        run: string;
        /** Who signs */
        participant: string;
        /** What it promises its own users */
        promise: {
          /** `off`: nothing is promised */
          noise: 'on' | 'off';
          /** What is protected */
          unit: 'record' | 'contributor';
          /** ε of every window as long as the retention time */
          epsilon: number;
          /** δ of that promise */
          delta: number;
          /** Length of that window, milliseconds */
          retentionMs: number;
          /** The filter that nearly all of δ goes to: an order, or the exact Gaussian one */
          filter: number | 'gaussian';
        };
        /** All that its ledger counts for a record that every round of the run read: of those records, for the one that paid most */
        charges: readonly ({
          /** What it was for: `gate` concerns held-out units, the others those that train */
          kind: 'train' | 'counts' | 'gate';
          /** q: probability with which a unit was read */
          samplingRate: number;
          /** z: the noise charged, as a multiple of the sensitivity; 0 where noise is off */
          noiseMultiplier: number;
          /** How many were charged alike */
          rounds: number;
        })[];
        /** SHA-256 of its record of each round of the run, by serial; none: it took no part */
        rounds: readonly string[];
        /** Of the versions that it was told the run made, those whose content and weights its own gate round judged; absent in statements of earlier releases, and of runs whose gate it did not judge */
        versions?: readonly ({
          /** Its number */
          version: number;
          /** SHA-256 of what a version learned, adapter and rows: the same for all its revisions, hexadecimal */
          learned: string;
          /** What it serves with */
          serving: {
            /** What all words of a question, said without end, add to the cosine of a passage */
            words: number;
            /** Added to the cosine of rows that never learned; null: by the collection’s `inactiveOffset` and the share of such rows */
            offset: number | null;
            /** Part of the way that a document goes towards the logged questions which it answered */
            memory: number;
          };
        })[];
      };
      /** By the participant’s key in the roster, base64url */
      signature: string;
    })[];
    /** Who was asked and has not signed yet */
    missing: readonly string[];
    /** What follows from the statements; null where there are none */
    claims: {
      /** `off`: nothing is promised */
      noise: 'on' | 'off';
      /** What is protected */
      unit: 'record' | 'contributor';
      /** δ of the promise */
      delta: number;
      /** ε of the run alone, by the ledgers’ filter: the largest of the signers’; null without noise */
      run_epsilon: number | null;
      /** ε of all that the signers’ ledgers count after it: the largest; null without noise */
      spent: number | null;
      /** ε that every window was promised: the largest of the signers’ */
      budget: number;
      /** By kind of round: the least noise that was in its sums, as a multiple of the sensitivity */
      noise_in_effect: {
        [name: string]: number;
      };
      /** Who runs the members, the largest first */
      operators: readonly ({
        /** `@deployment`, or the name of a separate operator */
        operator: string;
        /** How many members of the last round’s roster it runs */
        members: number;
        /** Of them, those that signed */
        signed: number;
      })[];
    } | null;
  };
}

/** An invitation */
export interface Invitation {
  /** Good once. Shown this once: the deployment keeps its hash */
  invitation: string;
  /** Who is invited */
  name: string;
  /** When it expires, milliseconds since 1970 */
  expires_at: number;
}

/** Who is invited */
export interface InvitationRequest {
  /** Name of the new participant */
  name: string;
  /** Hours until the invitation expires */
  expires_hours?: number;
}

/** A document */
export interface Item {
  /** Names the document: a path or an id, unique in its collection */
  key: string;
  /** Region that holds it */
  region: string;
  /** Title; empty where it has none */
  title: string;
  /** What the text is written in: it decides how it is cut into passages */
  format: 'text' | 'markdown' | 'html';
  /** What searches may filter by */
  metadata: {
    [name: string]: string | number | boolean;
  };
  /** When it last changed, milliseconds since 1970 */
  timestamp: number;
  /** Pieces that it is searched by */
  passages: number;
  /** Of them, those that searches find: the others are being indexed */
  indexed: number;
  /** `indexing`: it is stored, and pieces of it are not found yet */
  status: 'indexed' | 'indexing';
  /** Its text, as it was uploaded */
  text: string;
}

/** What became of an uploaded document */
export interface ItemReceipt {
  /** Names the document: a path or an id, unique in its collection */
  key: string;
  /** Region that holds it */
  region: string;
  /** Pieces that it is searched by */
  passages: number;
  /** Of them, those that searches find: the others are being indexed */
  indexed: number;
  /** `indexing` while pieces of it wait to be found; else as `change` */
  status: 'created' | 'updated' | 'unchanged' | 'indexing';
  /** `unchanged`: the collection had it already, exactly so */
  change: 'created' | 'updated' | 'unchanged';
  /** What is to be known of it: that the encoder cannot read its language, so that questions seldom find it */
  note?: string;
}

/** What became of many documents */
export interface ItemReceipts {
  /** What became of each document that was taken */
  items: ItemReceipt[];
  /** Regions that refused their part, and documents that none would take */
  errors: ({
    /** Region that did not take its part */
    region: string;
    /** Why, for programs */
    code: string;
    /** The same for people */
    detail: string;
    /** Keys of the documents that were not taken */
    keys: string[];
  })[];
}

/** A document for the key in the path */
export interface ItemReplacement {
  /** Title, which every passage is searched with */
  title?: string | null;
  /** The document itself: at most 2000000 bytes of UTF-8 with title and metadata. A title alone is a document, too */
  text?: string | null;
  /** What the text is written in: it decides how it is cut into passages */
  format?: 'text' | 'markdown' | 'html' | null;
  /** What searches may filter by */
  metadata?: {
    [name: string]: string | number | boolean;
  } | null;
  /** Region that is to hold it; where it is already, or one chosen by its key, unless given */
  region?: string | null;
}

/** A document without its text */
export interface ItemSummary {
  /** Names the document: a path or an id, unique in its collection */
  key: string;
  /** Region that holds it */
  region: string;
  /** Title; empty where it has none */
  title: string;
  /** What the text is written in: it decides how it is cut into passages */
  format: 'text' | 'markdown' | 'html';
  /** What searches may filter by */
  metadata: {
    [name: string]: string | number | boolean;
  };
  /** When it last changed, milliseconds since 1970 */
  timestamp: number;
  /** Pieces that it is searched by */
  passages: number;
  /** Of them, those that searches find: the others are being indexed */
  indexed: number;
  /** `indexing`: it is stored, and pieces of it are not found yet */
  status: 'indexed' | 'indexing';
}

/** A document */
export interface ItemUpload {
  /** Names the document: a path or an id, unique in its collection */
  key: string;
  /** Title, which every passage is searched with */
  title?: string | null;
  /** The document itself: at most 2000000 bytes of UTF-8 with title and metadata. A title alone is a document, too */
  text?: string | null;
  /** What the text is written in: it decides how it is cut into passages */
  format?: 'text' | 'markdown' | 'html' | null;
  /** What searches may filter by */
  metadata?: {
    [name: string]: string | number | boolean;
  } | null;
  /** Region that is to hold it; where it is already, or one chosen by its key, unless given */
  region?: string | null;
}

/** A page of documents, without their texts */
export interface Items {
  /** In order of their keys */
  items: ItemSummary[];
  /** `after` of the next page; null on the last */
  next: string | null;
  /** Regions whose documents are missing from this page */
  errors: RegionError[];
}

/** Many documents */
export interface ItemsUpload {
  /** Documents, each key once */
  items: readonly ({
    /** Names the document: a path or an id, unique in its collection */
    key: string;
    /** Title, which every passage is searched with */
    title?: string | null;
    /** The document itself: at most 2000000 bytes of UTF-8 with title and metadata. A title alone is a document, too */
    text?: string | null;
    /** What the text is written in: it decides how it is cut into passages */
    format?: 'text' | 'markdown' | 'html' | null;
    /** What searches may filter by */
    metadata?: {
      [name: string]: string | number | boolean;
    } | null;
  })[];
  /** Region that is to hold those that are new; one chosen by each key unless given */
  region?: string | null;
}

/** A turn of a conversation; fields besides these are passed over */
export interface Message {
  /** Who speaks. What tools said is not read */
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool' | 'function';
  /** What is said: text, or pieces of text; of a `user`, `system` or `developer` at most 32768 characters */
  content?: string | readonly ({
    /** `text` is read */
    type: string;
    /** A piece of the turn; pieces are joined by line breaks */
    text?: string | null;
  })[] | null;
}

/** Who answers, as OpenAI’s API shows it */
export interface Model {
  /** Its name; chat/completions takes it as `model` */
  id: string;
  /** What this is, for clients of OpenAI’s API */
  object: 'model';
  /** When the serving version was made, seconds since 1970 */
  created: number;
  /** `fedcar`, or `operator` for the language model that the deployment was configured with */
  owned_by: string;
}

/** A version of a collection’s retriever */
export interface ModelVersion {
  /** Number of the version; 0 is plain search */
  version: number;
  /** Counts additions of rows to the same trained version */
  revision: number;
  /** SHA-256 of its snapshot, hexadecimal */
  hash: string;
  /** Length of its snapshot */
  bytes: number;
  /** Passages that it ranks */
  rows: number;
  /** Of them, those whose rows were trained */
  active_rows: number;
  /** When it was made, milliseconds since 1970 */
  created_at: number;
  /** The version that its run started from; null where none did */
  parent: number | null;
  /** The run that trained it; null where none did */
  run: string | null;
  /** `rejected`: the gate kept it from serving; it can be made to serve all the same */
  state: 'serving' | 'available' | 'rejected';
  /** What the gate measured; null where it did not */
  held_out: {
    /** Held-out units that judged it, with the noise in their number */
    units: number;
    /** Share that the version answered right, between 0 and 1 */
    accuracy: number;
    /** Share that the version that served answered right */
    baseline: number;
    /** Share that plain search answered right, by the same words */
    mips: number;
  } | null;
  /** What training did to documents without questions; null where not measured */
  probe: {
    /** Titles of untrained documents that were asked as questions */
    titles: number;
    /** Of them, those that find their document */
    found: number;
    /** Of them, those that find it by plain embedding search */
    mips: number;
  } | null;
  /** What the hub measured without its participants; null where it had nothing to ask */
  own: {
    /** Questions of the evaluation set whose documents stand */
    questions: number;
    /** Of them, those that the version answered right */
    right: number;
    /** Of them, those that the version that served answered right */
    serving: number;
    /** Titles of documents that did not learn, asked by the hub itself */
    titles: number;
    /** Of them, those that the version finds */
    found: number;
    /** Of them, those that plain embedding search finds */
    mips: number;
  } | null;
  /** Settings and figures of the run, by name */
  training: {
    [name: string]: unknown;
  };
  /** How it weighs what is found: as the gate found it from held-out questions, or as every version begins */
  serving: {
    /** What all words of a question, said without end, add to the cosine of a passage */
    words: number;
    /** Added to the cosine of rows that never learned; null: by the collection’s `inactiveOffset` and the share of such rows */
    offset: number | null;
    /** Part of the way that a document goes towards the logged questions which it answered */
    memory: number;
  };
  /** How far its certificate is, for an imported version the one that came with it; null where there is none: version 0, plain sums, earlier releases, files without one */
  certificate: {
    /** Participants that have signed what they know of its run */
    signed: number;
    /** Participants that were asked */
    asked: number;
    /** `content`: signatures name what the version learned and its weights, so that a changed file is found; `rounds`, by earlier releases: what its run asked for and cost, and nothing of what a file holds */
    covers: 'content' | 'rounds';
  } | null;
  /** Why it serves without the passages that came last: no edge could load them all; null: it does not */
  problem: string | null;
}

/** Versions of the retriever, and who answers */
export interface ModelVersions {
  /** Versions of the retriever, newest first */
  versions: ModelVersion[];
  /** What this is, for clients of OpenAI’s API */
  object: 'list';
  /** Who answers */
  data: Model[];
}

/** A token with its secret */
export interface NewToken {
  /** Names the token; it is no secret */
  id: string;
  /** For people: who or what bears it */
  name: string;
  /** What it may do; `admin` implies all others */
  scopes: ('query' | 'feedback' | 'ingest' | 'train' | 'admin')[];
  /** The only collections it is good for; null: all, and what belongs to the whole deployment */
  collections: string[] | null;
  /** The only pages that may call with it, by their origins; null: whoever has it */
  origins: string[] | null;
  /** Requests a minute; null: the deployment’s limit */
  requests_per_minute: number | null;
  /** When it was made, milliseconds since 1970 */
  created_at: number;
  /** When it expires; null: never */
  expires_at: number | null;
  /** When it was revoked; null: it was not */
  revoked_at: number | null;
  /** What goes after `Bearer`. It cannot be shown again */
  token: string;
}

/** Who takes part, who is invited, who leaves */
export interface Participants {
  /** In order of their names */
  participants: ({
    /** Name of a region, or of a separate operator */
    name: string;
    /** `outside`: a separate operator, over HTTP */
    kind: 'region' | 'outside';
    /** `invited`: no key yet. `enrolled`: has a key and waits for a signed roster. `member`: in the roster in force. `leaving`: left or removed, and the roster that says so is not signed yet; it is asked for nothing */
    state: 'invited' | 'enrolled' | 'member' | 'leaving';
    /** Of its key, to compare over the phone; null before it enrols */
    fingerprint: string | null;
    /** When its invitation expires, milliseconds since 1970; null where it has none */
    expires_at: number | null;
    /** When it last spoke, milliseconds since 1970; null where that is not known */
    last_seen_at: number | null;
    /** What it did wrong last in a secure sum, for which it was left out of the rest of that run; null where nothing is known */
    fault: {
      /** When, milliseconds since 1970 */
      at: number;
      /** In which round */
      round: string;
      /** What it did, as far as it was proved or seen */
      detail: string;
    } | null;
  })[];
}

/** The pieces of a document that are searched */
export interface Passages {
  /** In order */
  passages: ({
    /** The document’s key, `#`, and its place in the document */
    id: string;
    /** Its place in the document, from 0 on */
    ordinal: number;
    /** What is searched: below the title of the document */
    text: string;
    /** Length in tokens of the encoder */
    tokens: number;
    /** What it is indexed by, each once: English words by their stem; only with `words` */
    words?: string[];
  })[];
}

/** The ledger’s account */
export interface Privacy {
  /** `secure`: the coordinator learns sums only; `plain`: it sees every region’s vector */
  aggregation: 'secure' | 'plain';
  /** Who shares secrets with whom, and against which coordinator the sums are secret. Null where they are not */
  graph: {
    /** Every member shares its secrets with all others */
    kind: 'complete';
    /** Holds against a coordinator that deviates from the protocol */
    security: 'malicious-server';
  } | {
    /** Every member shares its secrets with k others */
    kind: 'k-regular';
    /** Holds against a coordinator that follows the protocol */
    security: 'semi-honest';
    /** k: neighbours of each member; even */
    degree: number;
    /** Shares that restore a member’s secret, of degree + 1 */
    share_threshold: number;
  } | null;
  /** `off`: nothing is promised */
  noise: 'on' | 'off';
  /** What is protected: one query record, or everything of one contributor */
  unit: 'record' | 'contributor';
  /** What regions tell those who ask from there of their own logs */
  memory: {
    /** Whether a region’s own log answers those who ask from there: the setting `memory` */
    use: 'off' | 'shared' | 'all';
    /** Memory is not covered by ε: who asks a near copy of a question can learn that it was asked there, and which document answered it */
    covered: false;
  };
  /** Whether opening a result is kept as feedback: the setting `feedback.clicks` */
  clicks: 'off' | 'on';
  /** δ of the promise */
  delta: number;
  /** ε that every window as long as the retention time is promised */
  budget: number;
  /** Length of that window: records expire after so many days */
  retention_days: number;
  /** ε spent, by the ledger’s own accounting (the filter) */
  epsilon: number;
  /** ε spent, as a fixed schedule by Rényi DP */
  epsilon_rdp: number;
  /** ε spent, as a fixed schedule by the privacy-loss distribution */
  epsilon_pld: number;
  /** ε left of the budget */
  left: number;
  /** h: so many of the members are sure to be honest and in every sum, threshold minus colluders */
  honest: number;
  /** Who runs the members of the roster, the largest first; empty where sums are plain */
  operators: ({
    /** `@deployment`, or the name of a separate operator */
    operator: string;
    /** How many members of the roster it runs */
    members: number;
  })[];
  /** m: so many members may collude with the coordinator */
  colluders: number;
  /** `operators`: secure sums protect every operator’s members from the others and from the coordinator; `storage`: all members are one operator’s, and sums protect the coordinator’s storage, not anybody from that operator; `nobody`: sums are plain */
  protects: 'operators' | 'storage' | 'nobody';
  /** n: members of the roster; where sums are plain, those that take part */
  members: number;
  /** What another run would cost */
  next_run: {
    /** ε that a question which it reads has spent after it, at most */
    epsilon: number;
    /** Whether the budget allows it now */
    fits: boolean;
    /** z of its training rounds */
    noise_multiplier: number;
    /** Runs like it that may still read the questions which it reads; 100 stands for 100 or more */
    runs_left: number;
  };
  /** What runs have charged that published no version: it is not given back */
  lost: {
    /** Runs that were charged for, and failed, were cancelled or were rejected */
    runs: number;
    /** ε that they alone cost a question which paid for all of them it could */
    epsilon: number;
  };
  /** What was charged, rounds of one kind, rate and noise together */
  charges: PrivacyCharge[];
  schedule: Schedule;
}

/** What the ledger was charged with, rounds of one kind together */
export interface PrivacyCharge {
  /** Kind of the rounds: count, train or gate */
  kind: string;
  /** Rounds of this kind, rate and noise */
  rounds: number;
  /** q: probability with which a round read a unit, between 0 and 1 */
  sampling_rate: number;
  /** z: standard deviation of the noise, as a multiple of the sensitivity */
  noise_multiplier: number;
  /** When the last of them was charged, milliseconds since 1970 */
  last_at: number;
}

/** A region of the collection */
export interface Region {
  /** Name of the region */
  region: string;
  /** Documents that it holds */
  items: number;
  /** Pieces of them that are searched */
  passages: number;
  /** Of them, those that are not found yet: they wait for their embedding */
  waiting: number;
  /** When it last contributed to a round, milliseconds since 1970; null before the first */
  last_contribution_at: number | null;
  /** How often its documents are asked for, wherever that is; null before the first counting round */
  asked_for: {
    /** Units that asked for its documents, with the noise in their number */
    units: number;
    /** Standard deviation of that noise; 0 where noise is off */
    deviation: number;
    /** When the counting round was, milliseconds since 1970 */
    at: number;
  } | null;
  /** The deployment of another operator whose rounds it takes part in; null where these are its own collection’s */
  join: {
    /** Address of that deployment */
    hub: string;
    /** Why it does not take part; null where it does */
    problem: string | null;
  } | null;
}

/** A region whose part is missing */
export interface RegionError {
  /** The region whose part is missing */
  region: string;
  /** Whether it was waited for in vain, failed, or has no room left */
  code: 'region_timeout' | 'region_failed' | 'storage_full';
  /** What happened and what is missing, for people */
  detail: string;
}

/** Regions with their documents and last contribution to training */
export interface Regions {
  /** Regions that answered */
  regions: Region[];
  /** Regions of the collection that did not answer; nothing is known of them now */
  away: string[];
}

/** How far a change of encoder is */
export interface ReindexAnswer {
  /** The last change of encoder; null: there was none */
  reindex: {
    /** `building`: the old encoder serves; `done`: the new one does */
    state: 'building' | 'cancelling' | 'cancelled' | 'done';
    /** Folder of the new encoder; null: the deployment’s own */
    encoder: string | null;
    /** The new encoder */
    model: {
      /** Name of the encoder */
      name: string;
      /** SHA-256 of its manifest, hexadecimal; the manifest names its files by their hashes */
      sha256: string;
    };
    /** When the change began, milliseconds since 1970 */
    started_at: number;
    /** When the new encoder began to serve; null before */
    switched_at: number | null;
    /** What is left to do in each region */
    regions: ({
      /** Name of the region */
      region: string;
      /** Documents still to be taken over; null while unknown */
      items_left: number | null;
      /** Query records still to be taken over; null while unknown */
      records_left: number | null;
      /** Whether the region has everything, but for what comes in now */
      caught_up: boolean;
    })[];
    /** Why it does not switch although everything is there */
    problem: string | null;
  } | null;
}

/** Which encoder the collection should have */
export interface ReindexRequest {
  /** Folder of the artifact among the deployment’s assets; null: the deployment’s own encoder */
  encoder: string | null;
}

/** The roster in force, and the draft that waits for a signature */
export interface RosterInfo {
  /** Who signs rosters: the deployment, or the holder of a key that it does not have */
  signed_by: 'deployment' | 'outside';
  /** Ed25519 key whose rosters are believed, base64url */
  admin_key: string;
  /** Its fingerprint, to compare over the phone */
  admin_fingerprint: string;
  /** The roster in force; null where sums are plain, or before the first is signed. One in an earlier form waits for a successor */
  current: {
    /** What is signed */
    roster: {
      /** Version of the form that is signed */
      version: 4;
      /** Name of the collection */
      collection: string;
      /** Counts the rosters of the collection, from 0 on */
      epoch: number;
      /** SHA-256 of the roster of the epoch before; null for epoch 0 */
      previous: string | null;
      /** Who may take part, in order of id */
      members: ({
        /** Name of the member */
        id: string;
        /** Its Ed25519 key, base64url */
        key: string;
        /** Who runs it: the members of one operator may all collude */
        operator: string;
      })[];
      /** t: the least number of participants that a sum is released for */
      threshold: number;
      /** m: how many participants may collude with the coordinator */
      colluders: number;
    } | {
      /** Version of the form */
      version: 3;
      /** Name of the collection */
      collection: string;
      /** Counts the rosters of the collection, from 0 on */
      epoch: number;
      /** SHA-256 of the roster of the epoch before; null for epoch 0 */
      previous: string | null;
      /** Who may take part, in order of id */
      members: ({
        /** Name of the member */
        id: string;
        /** Its Ed25519 key, base64url */
        key: string;
      })[];
      /** t: the least number of participants that a sum is released for */
      threshold: number;
      /** m: how many participants may collude with the coordinator */
      colluders: number;
    } | {
      /** Name of the collection */
      collection: string;
      /** Counts the rosters of the collection, from 0 on */
      epoch: number;
      /** SHA-256 of the roster of the epoch before; null for epoch 0 */
      previous: string | null;
      /** Who may take part, in order of id */
      members: ({
        /** Name of the member */
        id: string;
        /** Its Ed25519 key, base64url */
        key: string;
      })[];
      /** t: the least number of participants that a sum is released for */
      threshold: number;
      /** m: how many participants may collude with the coordinator */
      colluders: number;
    };
    /** By the collection’s admin key, base64url */
    signature: string;
  } | null;
  /** SHA-256 of the roster in force; null where there is none */
  current_hash: string | null;
  /** What waits for a signature by `signing_key`; null when nothing does */
  draft: {
    /** Version of the form that is signed */
    version: 4;
    /** Name of the collection */
    collection: string;
    /** Counts the rosters of the collection, from 0 on */
    epoch: number;
    /** SHA-256 of the roster of the epoch before; null for epoch 0 */
    previous: string | null;
    /** Who may take part, in order of id */
    members: ({
      /** Name of the member */
      id: string;
      /** Its Ed25519 key, base64url */
      key: string;
      /** Who runs it: the members of one operator may all collude */
      operator: string;
    })[];
    /** t: the least number of participants that a sum is released for */
    threshold: number;
    /** m: how many participants may collude with the coordinator */
    colluders: number;
  } | null;
  /** Ed25519 key that is to sign the next roster, base64url */
  signing_key: string;
  /** The terms as they stand: nobody can be invited before they are signed */
  terms: {
    /** What participants are asked to agree to, as JSON text */
    document: string;
    /** Its hash, base64url, as invitations name it */
    hash: string;
    /** Whether it bears, or will with the next invitation, the signature of `signing_key` */
    signed: boolean;
  };
  /** Why there is no roster to train under; null when there is one or none is needed */
  problem: string | null;
}

/** A round of a training run */
export interface Round {
  /** Its place in the run, from 0 on */
  round: number;
  /** `count`: how often each document or passage is asked for, or, in a run’s first round, how many questions there are; `train`: a step or a local epoch; `gate`: the candidate is judged */
  kind: 'count' | 'train' | 'gate';
  /** What the round is at; under secure aggregation, the step of that protocol */
  phase: string;
  /** When it began, milliseconds since 1970 */
  started_at: number;
  /** When it ended; null while it is on */
  ended_at: number | null;
  /** How far each participant is, by name */
  participants: {
    [name: string]: {
      /** What the participant is at */
      phase: string;
      /** 1 once its work is done, 0 before: nobody says how much there is to do */
      progress: number;
    };
  };
  /** Participants whose vector has come in */
  contributors: number;
  /** Noise multiplier in the sum, at least the one charged; null without noise, and before there is a sum */
  noise_in_effect: number | null;
  /** Mean training loss over the round’s units, before its step; null where not measured */
  loss: number | null;
  /** Share of those units that were answered right, before the step; null where not measured */
  accuracy: number | null;
  /** Why it was given up; null where it was not */
  error: string | null;
}

/** A round as a participant was told of it */
export interface RoundRecord {
  /** Name of the round */
  round: string;
  /** Names the round in the ledgers */
  serial: number;
  /** What it was for: `gate` concerns held-out units, the others those that train */
  kind: 'train' | 'counts' | 'gate';
  /** When it began, milliseconds since 1970 */
  startedAt: number;
  /** It read records that arrived after this moment, milliseconds since 1970; absent in records of earlier releases: all that the retention time left */
  from?: number;
  /** SHA-256 of all that the round asked for, hexadecimal */
  task: string;
  /** SHA-256 of what gradients were taken at: the encoder for a count, the rows that learn for a train round, the candidate’s snapshot for the gate */
  model: string;
  /** `plain`: the coordinator saw every vector */
  aggregation: 'plain' | 'secure';
  /** q: probability with which a unit was read */
  samplingRate: number;
  /** z: the noise charged, as a multiple of the sensitivity; 0 where noise is off */
  noiseMultiplier: number;
  /** c: the L2 norm that one unit may add */
  clipNorm: number;
  /** Coordinates of the vector */
  dimension: number;
  /** t: the least participants that the sum was released for */
  threshold: number;
  /** m: how many may collude with the coordinator */
  colluders: number;
  /** n: members of the roster */
  members: number;
  /** The roster that the round went by; null where the sum was plain */
  roster: {
    /** Its number in the chain */
    epoch: number;
    /** Its SHA-256, hexadecimal */
    hash: string;
  } | null;
  /** Whose vectors are in the sum, in number; null where the sum was plain */
  survivors: number | null;
  /** SHA-256 of who was in the sum and who had dropped out, hexadecimal; null where the sum was plain */
  lists: string | null;
  /** What a gate judged, as the participant worked it out; absent in other rounds, and in records of earlier releases */
  judged?: {
    /** The candidate */
    candidate: {
      /** SHA-256 of what a version learned, adapter and rows: the same for all its revisions, hexadecimal */
      learned: string;
      /** What the gate tried of each of its serving parameters, its own among them */
      weights: {
        /** Weights of words */
        words: number[];
        /** Offsets of rows that never learned */
        offset: (number | null)[];
        /** Weights of memory */
        memory: number[];
      };
    };
    /** The version that served */
    serving: {
      /** SHA-256 of what a version learned, adapter and rows: the same for all its revisions, hexadecimal */
      learned: string;
      /** What the gate tried of each of its serving parameters, its own among them */
      weights: {
        /** Weights of words */
        words: number[];
        /** Offsets of rows that never learned */
        offset: (number | null)[];
        /** Weights of memory */
        memory: number[];
      };
    };
  };
}

/** A round as a participant was told of it */
export interface RoundRecordInput {
  /** Name of the round */
  round: string;
  /** Names the round in the ledgers */
  serial: number;
  /** What it was for: `gate` concerns held-out units, the others those that train */
  kind: 'train' | 'counts' | 'gate';
  /** When it began, milliseconds since 1970 */
  startedAt: number;
  /** It read records that arrived after this moment, milliseconds since 1970; absent in records of earlier releases: all that the retention time left */
  from?: number;
  /** SHA-256 of all that the round asked for, hexadecimal */
  task: string;
  /** SHA-256 of what gradients were taken at: the encoder for a count, the rows that learn for a train round, the candidate’s snapshot for the gate */
  model: string;
  /** `plain`: the coordinator saw every vector */
  aggregation: 'plain' | 'secure';
  /** q: probability with which a unit was read */
  samplingRate: number;
  /** z: the noise charged, as a multiple of the sensitivity; 0 where noise is off */
  noiseMultiplier: number;
  /** c: the L2 norm that one unit may add */
  clipNorm: number;
  /** Coordinates of the vector */
  dimension: number;
  /** t: the least participants that the sum was released for */
  threshold: number;
  /** m: how many may collude with the coordinator */
  colluders: number;
  /** n: members of the roster */
  members: number;
  /** The roster that the round went by; null where the sum was plain */
  roster: {
    /** Its number in the chain */
    epoch: number;
    /** Its SHA-256, hexadecimal */
    hash: string;
  } | null;
  /** Whose vectors are in the sum, in number; null where the sum was plain */
  survivors: number | null;
  /** SHA-256 of who was in the sum and who had dropped out, hexadecimal; null where the sum was plain */
  lists: string | null;
  /** What a gate judged, as the participant worked it out; absent in other rounds, and in records of earlier releases */
  judged?: {
    /** The candidate */
    candidate: {
      /** SHA-256 of what a version learned, adapter and rows: the same for all its revisions, hexadecimal */
      learned: string;
      /** What the gate tried of each of its serving parameters, its own among them */
      weights: {
        /** Weights of words */
        words: readonly number[];
        /** Offsets of rows that never learned */
        offset: readonly (number | null)[];
        /** Weights of memory */
        memory: readonly number[];
      };
    };
    /** The version that served */
    serving: {
      /** SHA-256 of what a version learned, adapter and rows: the same for all its revisions, hexadecimal */
      learned: string;
      /** What the gate tried of each of its serving parameters, its own among them */
      weights: {
        /** Weights of words */
        words: readonly number[];
        /** Offsets of rows that never learned */
        offset: readonly (number | null)[];
        /** Weights of memory */
        memory: readonly number[];
      };
    };
  };
}

/** A training run */
export interface Run {
  /** Names the run */
  run: string;
  /** `published`: its version serves, or the one that served before with weights that its gate found; `rejected`: the gate kept its version from serving; `postponed`: a census found too few questions for a run to help, and nothing else was charged */
  state: 'running' | 'published' | 'rejected' | 'postponed' | 'failed' | 'cancelled';
  /** Why it was started */
  reason: string;
  /** When it began, milliseconds since 1970 */
  started_at: number;
  /** When it ended; null while it is on */
  ended_at: number | null;
  /** Rounds that have ended */
  finished: number;
  /** Rounds in all; null until the counting round is over */
  planned: number | null;
  /** The version that it made; null where there is none */
  version: number | null;
  /** Why it failed or was cancelled, or why the version that it trained does not serve; null where it does */
  error: string | null;
  /** In order; empty in a list of runs */
  rounds: Round[];
}

/** Training runs, and when the next is due */
export interface Runs {
  /** Newest first, without their rounds */
  runs: Run[];
  schedule: Schedule;
}

/** When the next scheduled run starts, and why it does not although it is due */
export interface Schedule {
  /** When the next run starts, milliseconds since 1970; null: never, by the settings or by the budget, or while public facts forbid one */
  next_at: number | null;
  /** It reads the questions that arrived after this moment, milliseconds since 1970: older ones have paid for as many runs as their budget has room for; null where none can pay */
  reads_from: number | null;
  /** So many runs may read a question; null where noise is off */
  uses: number | null;
  /** What censuses say of the questions; null before the first, and where none are taken */
  census: {
    /** When the last one was taken, milliseconds since 1970 */
    at: number;
    /** About so many questions the next run would read, by noised totals */
    questions: number;
    /** Standard deviation of the noise in that */
    deviation: number;
    /** From about so many on a run helps */
    needed: number;
  } | null;
  /** Why a run does not start when the clock says, or would not; null where nothing keeps it */
  waiting: {
    /** What keeps it from starting, for programs */
    reason: 'quiet_hours' | 'privacy_budget' | 'no_documents' | 'no_roster';
    /** The same for people */
    detail: string;
  } | null;
}

/** A search for what a conversation asks */
export interface SearchByMessages {
  /** A conversation, oldest turn first; its last user turn asks, or its last system turn where no user speaks */
  messages: readonly Message[];
  /** Absent, or null */
  query?: null;
  ai_search_options?: AiSearchOptions;
  /** Our own options */
  fedcar?: {
    /** `latest` serves; 0 is plain search, without any training */
    model_version?: 'latest' | number | null;
    /** Only this region’s documents */
    region?: string | null;
    /** Region from which the question comes, whose own log adds to the answer; the one nearest to the caller unless given. Only where `askersNameRegion` of the collection allows it */
    asker_region?: string | null;
    /** Whether what the asker’s region remembers adds to the answer, where `memory` of the collection lets it */
    memory?: boolean | null;
    /** Asks now which version serves, and every region for what it has, whatever `freshnessSeconds` of the collection allows */
    fresh?: boolean | null;
    /** Also computes each passage’s cosine in plain embedding search, names the words of the question that it has, and says what memory lifted */
    explain?: boolean | null;
  } | null;
  /** Changes nothing: what was found comes at once */
  stream?: false | null;
}

/** A search for one query */
export interface SearchByQuery {
  /** What to look for */
  query: string;
  /** Absent, or null */
  messages?: null;
  ai_search_options?: AiSearchOptions;
  /** Our own options */
  fedcar?: {
    /** `latest` serves; 0 is plain search, without any training */
    model_version?: 'latest' | number | null;
    /** Only this region’s documents */
    region?: string | null;
    /** Region from which the question comes, whose own log adds to the answer; the one nearest to the caller unless given. Only where `askersNameRegion` of the collection allows it */
    asker_region?: string | null;
    /** Whether what the asker’s region remembers adds to the answer, where `memory` of the collection lets it */
    memory?: boolean | null;
    /** Asks now which version serves, and every region for what it has, whatever `freshnessSeconds` of the collection allows */
    fresh?: boolean | null;
    /** Also computes each passage’s cosine in plain embedding search, names the words of the question that it has, and says what memory lifted */
    explain?: boolean | null;
  } | null;
  /** Changes nothing: what was found comes at once */
  stream?: false | null;
}

/** A query, or a conversation */
export type SearchRequest = SearchByQuery | SearchByMessages;

/** What was found */
export interface SearchResponse {
  /** What was searched for: the query, or what became of the messages */
  search_query: string;
  /** Passages, best item first, one of each item */
  chunks: Chunk[];
  /** Version of the retriever that ranked them; 0 is plain search */
  model_version: number;
  /** Only where the coordinator did not say in time which version serves: seconds since this one was known to */
  stale_seconds?: number;
  /** Regions whose passages are missing from this answer */
  errors: RegionError[];
  /** With `metadata_only`, for AI Search’s web components */
  success?: true;
  /** With `metadata_only`: the same once more, as AI Search’s web components read it */
  result?: {
    /** What was searched for: the query, or what became of the messages */
    search_query: string;
    /** The passages, with the title of each item among its metadata */
    chunks: Chunk[];
  };
}

/** A token without its secret */
export interface Token {
  /** Names the token; it is no secret */
  id: string;
  /** For people: who or what bears it */
  name: string;
  /** What it may do; `admin` implies all others */
  scopes: ('query' | 'feedback' | 'ingest' | 'train' | 'admin')[];
  /** The only collections it is good for; null: all, and what belongs to the whole deployment */
  collections: string[] | null;
  /** The only pages that may call with it, by their origins; null: whoever has it */
  origins: string[] | null;
  /** Requests a minute; null: the deployment’s limit */
  requests_per_minute: number | null;
  /** When it was made, milliseconds since 1970 */
  created_at: number;
  /** When it expires; null: never */
  expires_at: number | null;
  /** When it was revoked; null: it was not */
  revoked_at: number | null;
}

/** A new token */
export interface TokenCreation {
  /** For people: who or what bears it */
  name: string;
  /** What it may do; `admin` implies all others */
  scopes: readonly ('query' | 'feedback' | 'ingest' | 'train' | 'admin')[];
  /** The only collections it is good for; null: all, and what belongs to the whole deployment */
  collections?: readonly string[] | null;
  /** The only pages that may call with it, by their origins; then every visitor’s network has a limit of its own. null: whoever has it */
  origins?: readonly string[] | null;
  /** Requests a minute; null: the deployment’s limit */
  requests_per_minute?: number | null;
  /** Days until it expires; null: it is good until it is revoked */
  expires_in_days?: number | null;
}

/** All tokens */
export interface Tokens {
  /** Newest first, also those that are over */
  tokens: Token[];
}

/** Tokens of the answering model; left out where it did not say */
export interface Usage {
  /** Tokens that the answering model read */
  prompt_tokens: number;
  /** Tokens that it wrote */
  completion_tokens: number;
  /** Both together */
  total_tokens: number;
}
