/** What the dashboard says, in one place: a translation is another file like this one. Pure. */
import type { View } from '../place.ts';

export const VIEW_NAMES: Record<View, string> = {
  search: 'Search',
  documents: 'Documents',
  training: 'Training',
  privacy: 'Privacy',
  federation: 'Federation',
  settings: 'Settings',
};

export const PAGE = {
  title: 'fedcar dashboard',
  titleOf: (view: View, collection: string) =>
    `${VIEW_NAMES[view]} · ${collection === 'default' ? '' : `${collection} · `}fedcar dashboard`,
  skip: 'Skip to the view',
  views: 'Views',
  collection: 'Collection',
  ask: 'Ask',
  api: 'API',
  token: 'Token',
  tokenInUse: 'Token in use',
  needsToken: 'This deployment asks for a token.',
  giveToken: 'Give one',
} as const;

export const STEPS = {
  title: 'Four steps to a retriever that learns',
  add: 'Add documents',
  addText: 'Drop files or folders. What is uploaded is found at once.',
  ask: 'Ask',
  askText: 'Search as your users would: here, on the page for those who ask, or over the API.',
  feedback: 'Give feedback',
  feedbackText: 'Say which result answers the question. The region that you ask from remembers it.',
  train: 'Train',
  trainText: 'A run lets all regions learn together. It starts by schedule when it can help, or here.',
  done: 'done',
  open: 'to do',
} as const;

export const SPEEDS = {
  title: 'Three speeds of learning',
  seconds: 'In seconds: memory',
  secondsOf: {
    off: 'Off: a question changes answers through trained versions alone.',
    shared: 'A region answers those who ask from there by what two feedback events of its own log agree on.',
    all: 'A region answers those who ask from there by every feedback event of its own log.',
  },
  secondsNote: 'Nothing of the log leaves its region but the ranked answer. ε does not cover it.',
  log: 'What the regions were told',
  runs: 'In runs: versions',
  runsNone: 'Plain search serves: no version has learned anything yet.',
  runsBase: 'Plain search serves, by choice: trained versions stand ready.',
  versions: 'Versions and what they learned',
  promise: 'Within the promise',
  promiseNone: 'Noise is off: nothing is promised, nothing is spent.',
  budget: 'Budget and what was charged',
  next: 'Next run',
  never: 'none planned',
  atTick: 'at the next tick of the cron trigger',
  reads: 'It reads',
} as const;

export const HITS = {
  scores: 'Scores',
  plain: 'Plain cosine',
  trained: 'Trained cosine',
  words: 'Words',
  fromMemory: 'lifted by memory',
  plainSearch: 'plain search',
  beyond: (compared: number, name: string) => `not in the first ${compared} of ${name}`,
  stays: (place: string, name: string) => `${place} in ${name} too`,
  moved: (place: string, name: string) => `${place} in ${name}`,
} as const;

export const TRAINING = {
  newer: (count: number) =>
    count === 1
      ? 'The newest run made no version; what was learned before stands.'
      : `The newest ${count} runs made no version; what was learned before stands.`,
  lastGood: 'The last run that made a version:',
} as const;

export const BUSY = 'One moment…';

export const DOCUMENTS = {
  one: 'Document',
  list: 'Documents',
  none: 'No documents yet',
  noneText: 'Drop some files above; they are found as soon as they are stored.',
  more: 'Show more documents',
  back: 'All documents',
  key: 'Open the document with the key',
  open: 'Open',
  passages: 'Passages',
  tokens: (count: number) => `${count} ${count === 1 ? 'token' : 'tokens'}.`,
  foundBy: 'Found by the words',
  moreWords: (count: number) => `and ${count} more.`,
  morePassages: (left: number) => `Show more of the ${left} further passages`,
  remove: 'Delete',
  removeAsk: 'Delete this document?',
  removeText: 'It leaves all results at once. What versions learned of it goes with their next training.',
} as const;

export const UPLOAD = {
  title: 'Add documents',
  drop: 'Drop files or folders here',
  files: 'Choose files',
  folder: 'Choose a folder',
  kinds: (endings: string) =>
    `Read here, in your browser, and sent as text: ${endings}. A file’s path is the document’s key; the same key again replaces it. The command fedcar ingest reads Word files, sites and buckets, too.`,
  empty: 'is empty',
  onlyPictures: 'has no text in it, only pictures',
  badPdf: (why: string) => `is not a PDF that can be read: ${why}`,
  unread: (ending: string) =>
    `files ${ending === '' ? 'without an ending' : `of the kind ${ending}`} are not read here`,
  stored: (documents: string) => `${documents} stored.`,
  waiting: (count: string) => `${count} of them are still being indexed.`,
  refused: (files: string) => `Not stored: ${files}`,
  more: (count: string) => `and ${count} more`,
} as const;

export const COPY = { copy: 'Copy', done: 'Copied' } as const;

export const FEEDBACK = {
  title: 'What the regions were told',
  hint: 'Questions as people asked them, and which document was said to answer each. Only a token with the scope admin may see them, and each look is written to the audit log.',
  show: 'Show it',
  none: 'Nothing was said yet',
  noneText:
    'Feedback comes from the page for those who ask, the widget, agents, the API, and the search here.',
  more: 'Show older ones',
  answers: 'answers',
  not: 'does not answer',
  opened: 'opened',
  by: 'by',
  erase: 'Erase',
  eraseAsk: 'Erase this feedback?',
  eraseText:
    'Its region forgets it, and answers nobody by it any more. Versions that were trained with it stay as they are: what they learned of one act is bounded by the promise, not taken back.',
  about: 'What was said about it',
} as const;

export const TOKENS = {
  title: 'Tokens',
  name: 'For whom or what',
  namePlaceholder: 'the help desk',
  purpose: 'To do what',
  purposes: {
    agent: 'An agent: ask and give feedback',
    page: 'A page or widget of this origin: ask and give feedback',
    reader: 'Only ask',
    uploader: 'Ask and upload documents',
    trainer: 'Everything but admin',
    admin: 'Everything, in all collections',
  },
  make: 'Make a token',
  once: (name: string) => `The token for ${name}. It is shown this once.`,
  text: 'token',
  link: 'A link to share:',
  linkName: 'link',
  widget:
    'Or a tag for a page of this origin; the token for another origin is made with fedcar tokens create --origin:',
  widgetName: 'tag',
  everything: 'everything',
  until: (date: string) => `until ${date}`,
  expired: 'expired',
  revoked: 'revoked',
  revoke: 'Revoke',
  revokeAsk: (name: string) => `Revoke the token for ${name}?`,
  revokeText: 'It stops working everywhere within 30 seconds. That cannot be taken back.',
} as const;

export const AGENTS = {
  title: 'Agents',
  hint: 'Agents search, ask, read documents and give feedback over the Model Context Protocol. What they say answered a question teaches the retriever.',
  client: 'Client',
  make: 'Make a token for it',
  made: 'The token is in the text below, this once.',
  placeholder: 'fc_…',
  tokenName: (client: string) => `Agent in ${client}`,
  configurationOf: (client: string) => `configuration for ${client}`,
} as const;

export const AUDIT = {
  title: 'Audit log',
  none: 'Nothing was done yet',
  noneText: 'What is done with the scopes admin and train stands here.',
  more: 'Show older entries',
  again: 'Read again',
  of: (collection: string) => `of ${collection}`,
  unknown: 'not known',
} as const;

export const SETTINGS = {
  title: 'Settings in force',
  hint: 'They are changed with PATCH /v1/collections/{name} or fedcar collections set; docs/settings.md describes each.',
} as const;

export const FLOW = {
  title: 'Where regions lie, and what flows',
  hub: 'Coordinator',
  sumOnly: 'sees the sum of all regions',
  seesEach: 'sees what every region adds',
  serves: (version: number) =>
    version === 0 ? 'plain search, at every location' : `version ${version}, at every location`,
  stays: 'documents and questions: they stay in their region',
  masked: 'masked sums of a run: nothing of one region can be read from them',
  plain: 'sums of a run, in clear',
  versions: 'versions: one for all who ask',
  away: 'no answer',
  label: ({ regions, secure, version }: { regions: readonly string[]; secure: boolean; version: number }) =>
    `Documents and questions stay in their regions: ${regions.join('; ')}. ${secure ? 'Masked' : 'Plain'} sums go to the coordinator; version ${version} serves at every location.`,
} as const;

export const PARTICIPANTS = {
  title: 'Participants',
  hint: 'A separate operator takes part with its own documents and questions, which it never sends. Compare the fingerprint of its key with it over another channel.',
  kinds: { region: 'region of this deployment', outside: 'separate operator' },
  name: 'Separate operator',
  hours: 'Good for (hours)',
  invite: 'Invite',
  invitation: 'invitation',
  once: (name: string, until: string) =>
    `The invitation of ${name}, good once and until ${until}. It is shown this once: send it over a channel that you trust.`,
  command: 'What the other operator runs:',
  commandName: 'command',
  until: (date: string) => `until ${date}`,
  noKey: 'none yet',
  notSeen: 'not known',
  remove: 'Remove',
  withdraw: 'Take back',
  removeAsk: (name: string) => `Remove ${name}?`,
  removeText: 'The next round goes without it.',
  withdrawText: 'Nobody can enrol with this invitation any more.',
} as const;

export const COMPARE = {
  title: 'Compare two versions',
  none: 'Only plain search is there yet',
  noneText: 'Every run that ends adds a version, which can be compared with those before.',
  one: 'One',
  other: 'The other',
  version: (version: number, state: string) => `version ${version}, ${state}`,
  name: (version: number) => `version ${version}`,
  accuracy: 'Right document first',
  plain: 'By plain search',
  titles: 'Documents without questions found by their titles',
  own: 'Right of the operator’s own questions',
  learned: 'Passages that learned',
  made: 'Made',
  from: 'Its run started from',
  question: 'Question for both versions',
  placeholder: 'Ask both',
  ask: 'Ask both',
  order: (newer: number, older: number, query: string) =>
    `The order of version ${newer} for “${query}”, with the places of version ${older}:`,
} as const;
