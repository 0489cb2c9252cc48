/** Every sentence of the pages for those who ask, in one place: a translation is another file like this one. Pure. */
import type { Privacy } from '../../shared/protocol/api/privacy.ts';

/** Cloudflare's location hints; other regions go by their own name. */
const PLACES = new Map(
  Object.entries({
    wnam: 'western North America',
    enam: 'eastern North America',
    sam: 'South America',
    weur: 'Western Europe',
    eeur: 'Eastern Europe',
    apac: 'Asia-Pacific',
    oc: 'Oceania',
    afr: 'Africa',
    me: 'the Middle East',
  }),
);

/** A region in a sentence; names may go on after the hint, as `weur-2`. */
export function placeName(region: string): string {
  return PLACES.get(region.split('-')[0]!) ?? region;
}

/** A hint by itself, as a label; null of other names. */
export function placeLabel(region: string): string | null {
  const place = PLACES.get(region)?.replace(/^the /, '');
  return place === undefined ? null : place[0]!.toUpperCase() + place.slice(1);
}

export const ASK = {
  title: 'Ask',
  describe: 'Ask a question and get an answer with the passages that it rests on',
  heading: 'What would you like to know?',
  lead: 'Answers come from the documents of this collection, with the passages they rest on.',
  question: 'Your question',
  placeholder: 'Ask in your own words',
  followUp: 'Ask a follow-up question',
  ask: 'Ask',
  stop: 'Stop',
  anew: 'New question',
  privacy: 'Privacy',
  skip: 'Skip to the question field',
  conversation: 'Conversation',
  looking: 'Looking through the documents…',
  stopped: 'Stopped.',
  sources: 'Where this comes from',
  found: 'Found in the documents',
  alsoFound: (count: number) => (count === 1 ? '1 more document found' : `${count} more documents found`),
  cite: (place: number, title: string) => `Source ${place}: ${title}`,
  read: 'Read the document',
  readNamed: (title: string) => `Read the document ${title}`,
  original: 'Open the original',
  close: 'Close',
  loading: 'Loading…',
  cited: 'The passage that was found',
  away: (region: string) =>
    `The documents in ${placeName(region)} could not be searched; they are missing here.`,
  noScript: 'This page needs its script, which comes from this service alone.',
} as const;

export const FEEDBACK = {
  legend: 'Did this answer your question?',
  legendOf: (title: string) => `Does ${title} answer the question?`,
  yes: 'This answered it',
  no: 'Not it',
  thisOne: 'This one answers it',
  sending: 'Sending…',
  before: 'Your say teaches this service. Your question is kept only if you say something.',
} as const;

export const WIDGET = {
  title: 'Ask a question',
  close: 'Close',
} as const;

export const TROUBLE = {
  offline: 'The service does not answer. Try again in a moment.',
  closed: 'This page is open to those who were given a link to it. Ask whoever runs this service for one.',
  token: 'I have a token',
  broke: 'The answer broke off.',
  again: 'Try again',
} as const;

/** What happens with what somebody said, in one sentence that the collection's own account bears out. */
export function afterFeedback(said: { region: string; accepted: boolean }, privacy: Privacy | null): string {
  const kept = `Thank you. Your question stays in ${placeName(said.region)}`;
  const use = said.accepted ? 'and helps others find this' : 'and keeps this from those who ask alike';
  return `${kept} ${use}, at the latest from the next training on; ${sharedLearning(privacy)}`;
}

/** How what all regions learn together is protected. */
export function sharedLearning(privacy: Privacy | null): string {
  if (privacy === null) return 'what all regions learn together carries no question.';
  if (privacy.noise === 'off') return 'what all regions learn together is not blurred by noise here.';
  return `what all regions learn together is protected with ε = ${privacy.budget}.`;
}

export const PRIVACY = {
  title: 'Privacy',
  describe: 'What this service keeps of a question, and how it learns from it',
  heading: 'What becomes of your questions',
  back: 'Ask a question',
  figures: 'The figures behind this page',
} as const;

/** A heading and what stands below it. */
export interface Paragraph {
  title: string;
  text: string;
}

/** The collection's own account in plain words. @param name this tab's. */
export function privacyInWords(privacy: Privacy, name: string): Paragraph[] {
  const { retention_days: days } = privacy;
  return [
    {
      title: 'What is kept',
      text: `Asking keeps nothing here: your question and its answer are gone when you close the page. Where a language model writes the answers, it reads the question. If you say whether an answer helped, ${privacy.clicks === 'on' ? 'or open one of the documents found, ' : ''}the question and the document that it is about are kept for at most ${days} days.`,
    },
    {
      title: 'Where it is kept',
      text: 'In one region, the one nearest to you. It is not copied to the others. Those who ask alike from that region may find at once what you said answers it, where the operator allows that; nothing but a sum over many questions leaves it. What is promised below is about that sum.',
    },
    ...(privacy.memory.use === 'off'
      ? []
      : [{ title: 'Who profits at once', text: MEMORY[privacy.memory.use] }]),
    {
      title: 'Who you are',
      text: 'This page asks for no name and sets no cookie. It draws a random name for the tab, so that what you say twice counts once. What is kept of it is a keyed hash, and the name is gone with the tab.',
    },
    { title: 'What all regions learn together', text: `${sumsInWords(privacy)} ${noiseInWords(privacy)}` },
    {
      title: 'Having it deleted',
      text: `Whoever runs this service can delete at once what this tab said: tell them its name, ${name}. What is not deleted before goes by itself after ${days} days. What was learned already stays learned, within the bounds above.`,
    },
  ];
}

const MEMORY = {
  shared:
    'Where two people of your region say the same of questions like yours, it answers others there at once. Nobody is shown your question, but who asks nearly the same can see from the answer that it was asked before.',
  all: 'What you say answers others in your region at once. Nobody is shown your question, but who asks nearly the same can see from the answer that it was asked before.',
} as const;

function sumsInWords({ aggregation, members, protects }: Privacy): string {
  if (aggregation === 'plain')
    return 'Every region sends what its questions would change to a coordinator, which adds it up and can see the part of each.';
  const who =
    protects === 'operators'
      ? 'It is run by several operators, and none of them can see the part of another.'
      : 'One operator runs all of them: that keeps the parts from whoever gets at the coordinator, not from the operator.';
  return `What the questions of a region would change is masked before it leaves it, and the masks cancel in the sum over all ${members} regions: only that sum can be read. ${who}`;
}

function noiseInWords({ noise, unit, budget, delta, epsilon, retention_days: days }: Privacy): string {
  if (noise === 'off')
    return 'No noise is added here, so that nothing is promised about what could be guessed from what was learned.';
  const what =
    unit === 'contributor' ? 'everything that one person said' : 'any one thing that somebody said';
  return `Noise is added to the sum, so that nobody who sees what was learned can tell with any certainty whether ${what} was part of it: in the field’s terms, differential privacy with ε = ${budget} and δ = ${delta} for every ${days} days. So far ε = ${epsilon.toFixed(2)} of it is spent.`;
}
