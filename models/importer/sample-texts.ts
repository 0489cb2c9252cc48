/**
 * Texts that have nothing in common but being texts, written for this: questions and statements about as many things as
 * there are lines, in English and in languages of other families. An encoder's embeddings of them show the direction that
 * it gives to all texts.
 */
interface SampleText {
  /** Code of scripts.ts. */
  language: string;
  role: 'query' | 'passage';
  text: string;
}

const LINES: Readonly<Record<string, string>> = {
  en: `
How long does bread dough have to rise?
Which bus goes to the airport on Sundays?
What is the boiling point of ethanol?
Who painted the ceiling of the chapel?
Can I plant tomatoes next to potatoes?
How do I reset the clock of the oven?
Why did the empire fall apart?
Where do I report a lost passport?
What does a red light on the router mean?
How many players are on the field?
When is the next train to the coast?
Is the museum open on Mondays?
How do I list the files of a folder?
What are the side effects of this medicine?
How much tax do I pay on a gift?
Does the flat have a balcony?
Which strings does a viola have?
How is steel made from iron ore?
What time does the pool close?
May employees work from abroad?
The whale surfaced twice before it dived beneath the ice.
Simmer the lentils for twenty minutes and add salt only at the end.
The function returns an empty list when the key does not exist.
Tenants give notice in writing three months before they leave.
Two volcanoes on the island erupted in the last century.
Interest is paid on the first working day of each quarter.
The orchestra tuned while the late guests looked for their seats.
Turn the valve clockwise until the pressure falls below two bar.
Children under six travel free with an adult.
The enzyme loses its shape above sixty degrees.
Votes are counted by hand in the presence of observers.
The novel begins with a funeral and ends with a wedding.
Wool should be washed cold and dried flat.
The glacier has retreated by two kilometres since it was measured first.
Goalkeepers may touch the ball with their hands inside the area.
The update needs a restart and about five minutes.
A prime number has exactly two divisors.
Bees find their way home by the position of the sun.
The contract ends when the work has been accepted.
Dust storms on the planet can last for weeks.`,
  de: `
Wie oft muss eine Heizung gewartet werden?
Wo kann ich mein Fahrrad abstellen?
Welche Farbe hat der Pilz?
Der Zug hält heute nicht in Neustadt.
Die Suppe wird mit frischer Petersilie bestreut.
Der Rat beschließt den Haushalt im Dezember.`,
  fr: `
Comment renouveler une carte d'identité ?
À quelle heure ferme la boulangerie ?
Les vendanges commencent à la fin de l'été.
Le musée conserve trois mille dessins.
La pile se recharge en deux heures.
Le fleuve traverse quatre pays.`,
  es: `
¿Cuánto cuesta la entrada al teatro?
¿Dónde se puede aparcar en el centro?
El cóndor anida en paredes de roca.
La receta lleva aceite, ajo y limón.
El plazo termina el último día del mes.
La batería del coche está bajo el asiento.`,
  pt: `
Como faço para trocar o pneu?
Quando abre a biblioteca municipal?
A ponte foi construída em três anos.
O café é colhido à mão nas encostas.`,
  it: `
Come si pulisce la macchina del caffè?
Dove si comprano i biglietti?
Il castello domina la valle da otto secoli.
La domanda va presentata entro trenta giorni.`,
  nl: `
Hoe laat vertrekt de laatste boot?
De dijk werd na de storm verhoogd.
Vergoedingen worden per kwartaal uitbetaald.`,
  pl: `
Jak zgłosić awarię prądu?
Żubry żyją w małych stadach.
Ciasto piecze się czterdzieści minut.`,
  tr: `
Müzeye nasıl gidilir?
Kütüphane pazar günleri kapalıdır.
Nehir kışın donar.`,
  ru: `
Как оформить загранпаспорт?
Сколько длится антракт?
Озеро замерзает в ноябре.
Поливайте растение раз в неделю.
Договор вступает в силу со дня подписания.`,
  el: `
Πότε φεύγει το πλοίο;
Το κάστρο χτίστηκε πριν από πέντε αιώνες.
Το αλάτι προστίθεται στο τέλος.`,
  he: `
מתי נפתחת הספרייה?
הגשר נסגר לתנועה בלילה.
הצמח זקוק לאור ישיר.`,
  ar: `
كيف أجدد رخصة القيادة؟
متى يبدأ العام الدراسي؟
تهاجر الطيور جنوبا في الخريف.
يضاف الملح في نهاية الطهي.
ينتهي العقد عند تسليم العمل.`,
  fa: `
چگونه چراغ را تعویض کنم؟
این رودخانه به دریا می‌ریزد.
موزه روزهای دوشنبه بسته است.`,
  hi: `
रेल का टिकट कैसे रद्द करें?
पुस्तकालय रविवार को बंद रहता है।
नदी पहाड़ों से निकलती है।
बैटरी दो घंटे में भर जाती है।`,
  th: `
รถไฟขบวนสุดท้ายออกกี่โมง
พิพิธภัณฑ์ปิดทุกวันจันทร์
ต้นไม้ต้นนี้ต้องการแสงแดด`,
  ko: `
도서관은 몇 시에 문을 닫나요?
이 강은 겨울에 얼어붙는다.
국은 약한 불에서 끓인다.`,
  ja: `
最終電車は何時ですか？
パスポートをなくしたらどこに届けますか？
この湖は冬に凍ります。
味噌は最後に入れます。
契約は署名の日から有効です。`,
  zh: `
怎样更换自行车轮胎？
图书馆几点关门？
候鸟在秋天向南飞。
合同自签字之日起生效。
这座桥用了三年建成。`,
};

const ASKS = /[?？؟;]$|กี่โมง$/;

/** @param languages those that the encoder reads; undefined: any */
export function sampleTexts(languages: readonly string[] | undefined): SampleText[] {
  const read = (code: string) => code === 'en' || languages === undefined || languages.includes(code);
  return Object.entries(LINES)
    .filter(([language]) => read(language))
    .flatMap(([language, lines]) =>
      lines
        .trim()
        .split('\n')
        .map((text) => ({ language, role: ASKS.test(text) ? 'query' : 'passage', text }) as const),
    );
}
