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
  // Capitals with full stops, and what follows them.
  ['In 1990 the U.S. Army bought five.', 'It paid at once.'],
  ['The U.K. Government and the E.U. Commission met in Washington, D.C.', 'They agreed.'],
  ['He moved to the U.S.', 'Then he came back.'],
  ['It costs U.S. $50 in the U.S. Virgin Islands.', 'It is sold out.'],
  ['Take plan B.', 'It is cheap.'],
  ['La lettre est signée par M. Dupont.', 'Elle est courte.'],
  ['This shirt is size M.', 'It fits.'],
  // Titles and numbers are told by what follows.
  ['Gov. Lee met Sen. Ruiz on Mt. Etna.', 'Both like modern art.', 'The museum is open.'],
  ['No.', 'That is wrong.', 'See no. 7, art. 5 and Vol. III.', 'The answer is no.', 'Go on.'],
  ['It takes 5 sec.', 'Then it stops after 3 m.', 'Look at fig. B.2 and Fig. 3.'],
  ['As Smith et al. (2020) showed, it works.', 'So did Lee et al.', 'Now you.'],
  ['It opens at 9 a.m. Monday and at 5 p.m. EST.', 'It closes late.'],
  ['Es kostet 3 Mio. Euro inkl. Versand und ggf. Zoll.', 'Siehe Abb. 2.', 'Danach i.d.R. Montag.'],
  ['Vive en EE. UU. desde 2010.', 'El Sr. Ruiz vive en la pág. 3.'],
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
