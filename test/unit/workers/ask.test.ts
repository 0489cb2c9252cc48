/** Which token the page for those who ask gives to visitors, and who may show it in a frame. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Privacy } from '../../../shared/protocol/api/privacy.ts';
import { afterFeedback, privacyInWords } from '../../../workers/ask/texts.ts';
import { caughtLog, guardedApp, PRODUCTION, SECRET } from '../../helpers/guarded-app.ts';

let lines: string[];
beforeEach(() => {
  lines = caughtLog();
});
afterEach(() => void vi.restoreAllMocks());

const OWN = 'http://localhost';

describe('FEDCAR_ASK_TOKEN', () => {
  it('is given to every visitor where it is bound to this very page', async () => {
    const { ask, token } = guardedApp();
    const mine = token({ origins: [OWN], scopes: ['query', 'feedback'] });
    const { text } = await ask('/ask', { env: { ...PRODUCTION, FEDCAR_ASK_TOKEN: ` ${mine}\n` } });
    expect(text).toContain(`data-token="${mine}"`);
  });

  it('is kept back, and complained about, where anybody could use it elsewhere', async () => {
    const { ask, token } = guardedApp();
    for (const given of [SECRET, 'fc_wrong', token({}), token({ origins: ['https://shop.example'] })]) {
      const { status, text } = await ask('/ask', { env: { ...PRODUCTION, FEDCAR_ASK_TOKEN: given } });
      expect(status).toBe(200);
      expect(text).not.toContain('data-token');
      expect(text).not.toContain(given);
      expect(lines.filter((line) => line.includes('ask_token_refused'))).not.toEqual([]);
      expect(lines.join('')).not.toContain(given);
      lines.length = 0;
    }
  });
});

describe('a frame', () => {
  it('may show the page where the operator lists its origin, and nowhere else', async () => {
    const policy = async (list?: string) => {
      const env = list === undefined ? PRODUCTION : { ...PRODUCTION, FEDCAR_CORS_ORIGINS: list };
      return (await guardedApp().ask('/ask', { env })).headers.get('content-security-policy') ?? '';
    };
    expect(await policy()).toContain("frame-ancestors 'none'");
    expect(await policy('https://a.example, https://b.example')).toContain(
      'frame-ancestors https://a.example https://b.example',
    );
    for (const list of ['*', 'https://a.example; script-src *', 'https:']) {
      expect(await policy(list), list).toContain("frame-ancestors 'none'");
    }
    expect((await guardedApp().ask('/dashboard')).headers.get('content-security-policy')).toContain(
      "frame-ancestors 'none'",
    );
  });
});

describe('what is said of privacy', () => {
  const privacy = (over: Partial<Privacy>) =>
    ({
      aggregation: 'secure',
      noise: 'on',
      unit: 'record',
      budget: 2,
      delta: 1e-6,
      epsilon: 0.5,
      retention_days: 90,
      members: 4,
      protects: 'operators',
      memory: { use: 'shared', covered: false },
      ...over,
    }) as Privacy;
  const words = (over: Partial<Privacy>) =>
    privacyInWords(privacy(over), 'a-name')
      .map(({ text }) => text)
      .join(' ');

  it('names the promise where there is one, and says so where there is none', () => {
    expect(words({})).toContain('ε = 2 and δ = 0.000001 for every 90 days. So far ε = 0.50');
    expect(words({ unit: 'contributor' })).toContain('everything that one person said');
    expect(words({ noise: 'off' })).toContain('nothing is promised');
    expect(words({ noise: 'off' })).not.toContain('ε');
    expect(words({ aggregation: 'plain', protects: 'nobody' })).toContain('can see the part of each');
    expect(words({})).toContain('two people of your region');
    expect(words({ memory: { use: 'all', covered: false } })).toContain('What you say answers others');
    expect(words({ memory: { use: 'off', covered: false } })).not.toContain('in your region at once');
    expect(words({ protects: 'storage' })).toContain('not from the operator');
  });

  it('says that a region’s own log may answer there at once, which no figure covers', () => {
    expect(words({})).toContain('Those who ask alike from that region may find at once');
    expect(afterFeedback({ region: 'weur', accepted: true }, privacy({}))).toContain('at the latest');
  });

  it('promises after feedback only what the account bears out', () => {
    const said = { region: 'weur', accepted: true };
    expect(afterFeedback(said, privacy({}))).toMatch(/stays in Western Europe .* protected with ε = 2\.$/);
    expect(afterFeedback(said, privacy({ noise: 'off' }))).not.toContain('ε');
    expect(afterFeedback({ ...said, region: 'weur-berlin' }, null)).toContain('Western Europe');
  });
});
