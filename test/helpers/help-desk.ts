/** A small help desk for tests: documents, and query wordings that plain embedding search often gets wrong. */
import type { FeedbackInput } from '../../shared/protocol/api/feedback.ts';
import type { ItemInput } from '../../shared/protocol/api/item.ts';

const TOPICS: [key: string, title: string, text: string, ...queries: string[]][] = [
  [
    'late',
    'Delayed shipments',
    'What to do when a shipment arrives after its estimated date.',
    'where on earth is my box',
    'still nothing in the mail',
    'it should have been here monday',
    'been waiting two weeks now',
    'nobody rang my bell yet',
    'tracking has not moved',
  ],
  [
    'refund',
    'Reimbursements',
    'How amounts are returned to the original payment method.',
    'i want my cash back',
    'give me what i paid',
    'money never came back',
    'when will you pay me',
    'return my dollars',
    'get the amount back on my card',
  ],
  [
    'address',
    'Changing the destination',
    'Edit where an order goes before it leaves the warehouse.',
    'i moved house',
    'wrong street on my order',
    'send it to my office instead',
    'typo in the zip code',
    'my flat number is missing',
    'deliver to my mom please',
  ],
  [
    'broken',
    'Damaged goods',
    'Report items that were harmed in transit with photographs.',
    'arrived in pieces',
    'the screen has a crack',
    'box was crushed',
    'smashed glass inside',
    'it is dented',
    'came totally shattered',
  ],
  [
    'password',
    'Signing in',
    'Regain access to an account when credentials are forgotten.',
    'cannot log on',
    'locked out',
    'forgot my secret word',
    'it says wrong credentials',
    'reset the login thing',
    'my sign in fails',
  ],
  [
    'invoice',
    'Billing documents',
    'Download a statement of charges for your records.',
    'need a bill for my boss',
    'tax papers please',
    'where is the receipt',
    'proof of purchase',
    'document for accounting',
    'send me the paperwork',
  ],
  [
    'cancel',
    'Withdrawing an order',
    'Stop an order before it is dispatched.',
    'i changed my mind',
    'do not want it anymore',
    'ordered by accident',
    'call it off',
    'stop it before it leaves',
    'my kid bought this',
  ],
  [
    'gift',
    'Presents and wrapping',
    'Add a card and wrapping to an order.',
    'it is for her birthday',
    'can you put a bow on it',
    'surprise for a friend',
    'hide the price please',
    'christmas paper',
    'write a note inside',
  ],
];

export const ITEMS: ItemInput[] = TOPICS.map(([key, title, text]) => ({
  key,
  title,
  text,
  format: 'text',
  metadata: {},
}));

/** `copies` records of every wording, told apart by a suffix that does not change what is meant. */
export function feedback(copies: number, skip: ReadonlySet<string> = new Set()): FeedbackInput[] {
  const endings = ['', ' please', ' thanks', ' help', ' hello', ' now', ' again', ' hi'];
  return TOPICS.filter(([key]) => !skip.has(key)).flatMap(([key, , , ...queries]) =>
    queries.flatMap((query, q) =>
      Array.from({ length: copies }, (_, copy) => ({
        id: `${key}-${q}-${copy}`,
        query: query + endings[copy % endings.length]!,
        item: key,
        relevant: true,
      })),
    ),
  );
}
