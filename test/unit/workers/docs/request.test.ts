import { describe, expect, it } from 'vitest';
import { tried } from '../../../../workers/docs/client/request.ts';

describe('the request of a form', () => {
  it('has its path filled in, and of the query what was filled in', () => {
    const fields = { 'path:key': 'a/b ü', 'query:limit': '5', 'query:after': '' };
    expect(tried('GET', '/v1/items/{key}', fields, 'fc_x')).toEqual({
      url: '/v1/items/a%2Fb%20%C3%BC?limit=5',
      init: { method: 'GET', headers: { authorization: 'Bearer fc_x' } },
    });
    // A parameter's text is no part of the address.
    expect(tried('GET', '/v1/items/{key}', { 'path:key': '../tokens?x#' }, '').url).toBe(
      '/v1/items/..%2Ftokens%3Fx%23',
    );
  });

  it('has its body as it stands, when it is JSON', () => {
    const { init } = tried('POST', '/v1/search', { body: '{ "query": "x" }' }, '');
    expect(init).toEqual({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{ "query": "x" }',
    });
    expect(() => tried('POST', '/v1/search', { body: '{' }, '')).toThrow(/^body: /);
  });
});
