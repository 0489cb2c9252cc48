/** Where sentences end, in several languages, and where a full stop ends none. */
import { expect, it } from 'vitest';
import { sentences } from '../../../../shared/retrieval/text.ts';

it.each([
  ['See Dr. Smith at 5 p.m. on Jan. 3, e.g. in Fig. 2.', 'Version 1.2.3 is out.', 'Yes.'],
  ['He met J. R. R. Tolkien and Mme. Durand.', 'Der 2. Teil folgt am 5. Tag.'],
  ['Ask Mr. J. R. Miller or Ms. Lee.', 'They know.'],
  ['John F. Kennedy was there.', 'So was I.', 'And you?'],
  ['2.1. Setup of the parts.', 'Then go on.'],
  ['1. Open the lid.', 'Close it.'],
  ['Am 3. Mai ist zu, z. B. in Köln.', 'Danach ist offen.'],
  ['Bis 31. Dezember gilt Nr. 7 usw.', 'Dann nicht mehr.'],
  ['It was built in 2024.', 'It is new.'],
  ['It opens at 9 a.m.', 'Bring a card.'],
  ['Lamps, cables, etc.', 'All are here.'],
  ['यह पहला वाक्य है।', 'यह दूसरा वाक्य है॥', 'यह तीसरा वाक्य है।'],
  ['هل هو مفتوح؟', 'نعم، كل يوم.'],
  ['یہ پہلا جملہ ہے۔', 'یہ دوسرا ہے۔'],
  ['第一句话。', '第二句话也没有？', '第三句！'],
  ['He said “Stop.”', 'She did (at once).', 'Good!'],
])('%j ends once', (...parts) => {
  const text = parts.join(' ');
  const found = sentences(text);
  expect(found.map((sentence) => sentence.text)).toEqual(parts);
  for (const { text: sentence, at } of found) expect(text.startsWith(sentence, at)).toBe(true);
});
