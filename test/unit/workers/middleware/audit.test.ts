import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { caughtLog, guardedApp, SECRET } from '../../../helpers/guarded-app.ts';

beforeEach(() => void caughtLog());
afterEach(() => void vi.restoreAllMocks());

describe('the audit log', () => {
  it('has what was done, by whom, to what, and how it ended', async () => {
    const { ask, audit, token, time, settled } = guardedApp();
    const mine = token({ scopes: ['admin'] });
    const headers = { 'x-request-id': 'audited-1' };
    await ask('/v1/collections/default/models/x%20y/activate', { method: 'POST', token: mine, headers });
    await ask('/v1/collections', { body: { name: 'NOT A NAME' }, token: SECRET });
    await settled();
    expect(audit).toEqual([
      {
        id: 1,
        at: time.ms,
        principal: mine.split('_')[1],
        action: 'POST /v1/models/:version/activate',
        collection: 'default',
        target: 'x y/activate',
        request_id: 'audited-1',
        status: 400,
      },
      expect.objectContaining({
        principal: 'root',
        action: 'POST /v1/collections',
        target: null,
        status: 400,
      }),
    ]);
  });

  it('does not name the person whose records are erased', async () => {
    const { ask, audit } = guardedApp();
    await ask('/v1/contributors/alice@example.org', { method: 'DELETE', token: SECRET });
    expect(audit).toHaveLength(1);
    expect(JSON.stringify(audit)).not.toContain('alice');
  });

  it.each(['%zz', '%E4%B8', '50%'])(
    'takes the name %s, which is not encoded right, as it is',
    async (name) => {
      const { ask, audit } = guardedApp();
      const { json } = await ask(`/v1/models/${name}/activate`, { method: 'POST', token: SECRET });
      expect(json).toMatchObject({ status: 400, code: 'invalid_request' });
      expect(audit[0]).toMatchObject({ target: `${name}/activate` });
    },
  );

  it('has neither reads, nor queries, nor what was refused before it could be done', async () => {
    const { ask, audit, token } = guardedApp();
    await ask('/v1/search', { body: { query: 'x' }, token: SECRET });
    await ask('/v1/tokens', { token: SECRET });
    await ask('/v1/rounds', { method: 'POST', token: token({ scopes: ['query'] }) });
    expect(audit).toEqual([]);
  });

  it('comes first: what cannot be written down is not done', async () => {
    const { ask, state } = guardedApp();
    state.away = true;
    const { json } = await ask('/v1/rounds', { method: 'POST', token: SECRET });
    expect(json).toMatchObject({ status: 503, code: 'unavailable' });
  });
});
