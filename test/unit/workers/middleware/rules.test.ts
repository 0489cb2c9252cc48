import { describe, expect, it } from 'vitest';
import { accessTo, hasRule } from '../../../../workers/middleware/rules.ts';
import { guardedApp } from '../../../helpers/guarded-app.ts';

describe('the table of scopes', () => {
  it('speaks of every route that there is', () => {
    const { app } = guardedApp();
    const routes = app.routes.filter(({ method, path }) => method !== 'ALL' && path.startsWith('/v1'));
    expect(routes.length).toBeGreaterThan(30);
    const forgotten = routes.filter(({ method, path }) => !hasRule(method, path));
    expect(forgotten.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });

  it('locks what it does not know', () => {
    expect(accessTo('GET', '/v1/new-thing')).toMatchObject({ scope: 'admin', collection: null });
    expect(accessTo('POST', '/v1/new-thing')).toMatchObject({ scope: 'admin', audit: 'yes' });
    expect(accessTo('PATCH', '/v1/collections/a/items')).toMatchObject({ scope: 'admin', collection: 'a' });
    expect(accessTo('GET', '/v1')).toMatchObject({ scope: 'admin' });
  });

  it('asks of HEAD what it asks of GET', () => {
    expect(accessTo('HEAD', '/v1/items')).toEqual(accessTo('GET', '/v1/items'));
  });

  it('names the collection of every path', () => {
    expect(accessTo('GET', '/v1/items/a')?.collection).toBe('default');
    expect(accessTo('GET', '/v1/collections/b/items/a')?.collection).toBe('b');
    expect(accessTo('DELETE', '/v1/collections/b')?.collection).toBe('b');
    expect(accessTo('GET', '/v1/tokens')?.collection).toBeNull();
    expect(accessTo('GET', '/v1/collections/b/tokens')).toMatchObject({ scope: 'admin', collection: 'b' });
  });

  it('leaves public what is outside /v1', () => {
    for (const path of ['/', '/healthz', '/openapi.json', '/dashboard', '/v10/items']) {
      expect(accessTo('GET', path), path).toBeNull();
    }
  });
});
