/** Passages as statements: what their blocks are, which sentences need others, what is none. */
import { describe, expect, it } from 'vitest';
import { splitDocument } from '../../../../shared/retrieval/chunking.ts';
import { encodeLayout, passageBlocks } from '../../../../shared/retrieval/layout.ts';
import { passageUnits, statementsOf } from '../../../../shared/retrieval/statements.ts';

const WORDS = { countTokens: (text: string) => text.split(/\s+/).length + 1, maxTokens: 60 };

/** Statements of a document's passages, each as its units' texts. */
function said(format: 'text' | 'markdown' | 'html', text: string, title = 'Title') {
  return splitDocument({ title, text, format }, WORDS).flatMap((passage) => {
    const units = passageUnits({ title, text: passage.text, layout: encodeLayout(passage.blocks) });
    return statementsOf(units).map((statement) => statement.units.map((unit) => units[unit]!.text));
  });
}

describe('statements', () => {
  it('are sentences and no headings, and a sentence that leans on another comes with it', () => {
    const text = '# Locks\n\n## Opening\n\nThe door has a code. It changes daily.\n\nCall us.';
    expect(said('markdown', text)).toEqual([
      ['The door has a code.'],
      ['The door has a code.', 'It changes daily.'],
      ['Call us.'],
    ]);
  });

  it('do not lean over a heading', () => {
    const text = 'The door has a code.\n\n## Windows\n\nThey are shut at night.';
    expect(said('markdown', text)).toEqual([['The door has a code.'], ['They are shut at night.']]);
  });

  it.each([
    ['text', 'Bring with you:\n- a passport\n- a photo'],
    ['markdown', 'Bring with you:\n\n* a passport\n* a photo'],
    ['html', '<p>Bring with you:</p><ul><li>a passport</li><li>a photo</li></ul>'],
  ] as const)('are lists with the line that introduces them: %s', (format, text) => {
    expect(said(format, text)).toEqual([
      ['Bring with you:', 'a passport', 'a photo'],
      ['Bring with you:', 'a passport'],
      ['Bring with you:', 'a photo'],
    ]);
  });

  it('are lists with an open sentence before them', () => {
    expect(said('markdown', 'An event is sent when\n\n- a build starts,\n- a build ends')[0]).toEqual([
      'An event is sent when',
      'a build starts,',
      'a build ends',
    ]);
  });

  it('are rows with the names of their columns, and definitions with their terms', () => {
    const table = '| Permit | Price |\n|---|---|\n| First permit | 48 |';
    expect(said('markdown', table)).toEqual([['Permit: First permit; Price: 48']]);
    expect(said('html', '<dl><dt>Weeks 1 to 8</dt><dd>Full pay.</dd></dl>')).toEqual([
      ['Weeks 1 to 8', 'Full pay.'],
    ]);
  });

  it('are questions with their answers, and code with what introduces it', () => {
    expect(said('markdown', '**Can it be split?**\nYes, into three parts.')).toEqual([
      ['Can it be split?', 'Yes, into three parts.'],
      ['Can it be split?', 'Yes, into three parts.'],
    ]);
    expect(said('markdown', 'Run this command:\n\n```\nnpm start\n```\n\n```\nalone\n```')).toEqual([
      ['Run this command:', 'npm start', 'alone'],
    ]);
  });

  it('are not what is left of a text: numbers, cells, marks, a line that introduces nothing', () => {
    const text = 'You get sixteen weeks of paid leave.\n\n2.1.\n\n- Weeks\n- 1-8\n\nAs follows:';
    expect(said('markdown', text)).toEqual([['You get sixteen weeks of paid leave.']]);
  });

  it('are whole where a line is wrapped', () => {
    const text = 'The parcel is brought to the station that is nearest to\nSeattle on the next working day.';
    expect(said('text', text)).toEqual([[text.replace('\n', ' ')]]);
  });

  it('are what a title says where there is nothing else', () => {
    expect(said('text', '', 'We are closed on Sundays.')).toEqual([['We are closed on Sundays.']]);
  });
});

describe('a layout', () => {
  it('gives back the blocks of every passage, whatever the splitting', () => {
    const list = Array.from({ length: 30 }, (_, i) => `- entry ${i} of a list`).join('\n');
    const text = `# One\n\nSome words here. And more.\n\n${list}\n\n## Two\n\n\`\`\`\na  b\n\nc\n\`\`\``;
    const passages = splitDocument({ title: '', text, format: 'markdown' }, WORDS);
    expect(passages.length).toBeGreaterThan(2);
    const kinds = passages.flatMap(({ text: body, bodyAt, blocks }) => {
      expect(passageBlocks('One', body, encodeLayout(blocks))).toEqual(blocks);
      expect(blocks[0]?.start).toBe(bodyAt);
      expect(blocks.at(-1)?.end).toBe(body.length);
      return blocks.map(({ kind, start, end }) => [kind, body.slice(start, end)]);
    });
    expect(kinds.filter(([kind]) => kind === 'item')).toHaveLength(30);
    expect(kinds.at(-2)).toEqual(['heading', 'Two']);
    expect(kinds.at(-1)?.[0]).toBe('code');
  });

  it('goes no further than the text that is left of a passage', () => {
    expect(passageBlocks('', 'abcdef', 't0.4h1.9i1.5')).toEqual([
      { kind: 'text', start: 0, end: 4 },
      { kind: 'heading', start: 5, end: 6 },
    ]);
  });

  it('is read from the lines of a passage that was stored without one', () => {
    const text = 'Leave: Who may go\nEverybody may go on leave.\nBring:\n- a form\nweeks: 1-8; pay: 100 %';
    expect(
      passageBlocks('Leave', text, null).map(({ kind, start, end }) => [kind, text.slice(start, end)]),
    ).toEqual([
      ['heading', 'Who may go'],
      ['text', 'Everybody may go on leave.'],
      ['text', 'Bring:'],
      ['item', '- a form'],
      ['row', 'weeks: 1-8; pay: 100 %'],
    ]);
  });
});
