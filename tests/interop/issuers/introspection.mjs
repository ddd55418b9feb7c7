// Opaque tokens: the server asks the provider about each (RFC 7662). The same steps for every
// provider; each refused token stands beside one that is accepted and differs in one thing.
import assert from 'node:assert/strict';
import { ResourceServer } from '../lib/resource_server.mjs';
import { sleep } from '../lib/report.mjs';
import { until } from './lib/http.mjs';

/** How long an answer counts. */
const MAX_AGE = 2;

export function introspectionScenarios(provider, front, resource, other) {
  const ask = (token) => fetch(`${front.server.base}/whoami`, { headers: { authorization: `Bearer ${token}` } });
  const accepted = async (token) => {
    const response = await ask(token);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text);
  };
  const refused = async (token) => {
    const response = await ask(token);
    assert.equal(response.status, 401, await response.text());
    assert.match(response.headers.get('www-authenticate'), /^Bearer error="invalid_token"/);
  };

  return {
    'introspected token: 200': async () => {
      const introspection = { ...provider.introspection, max_age: `${MAX_AGE}s`, negative_max_age: '0s' };
      front.server = await ResourceServer.start({ issuer: provider.issuer, port: front.port, introspection, ...provider.settings });
      const token = await provider.token({ resource });
      assert.equal(token.split('.').length === 3, introspection.tokens === 'also_jwts', 'the form of the token');
      const caller = await accepted(token);
      assert.equal(caller.issuer, provider.issuer);
      assert.ok(caller.scopes.includes('mcp:read'), `scopes: ${caller.scopes}`);
    },

    'introspected token for another resource: 401': async () => {
      await accepted(await provider.token({ resource }));
      await refused(await provider.token({ resource: other }));
    },

    'altered introspected token: 401': async () => {
      const token = await provider.token({ resource });
      await refused(`${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`);
      await accepted(token);
    },

    'expired introspected token: 401': async () => {
      const token = await provider.token({ resource, seconds: 2 });
      await accepted(token);
      await until('an end of the token', async () => ((await ask(token)).status === 401 ? true : undefined));
      await accepted(await provider.token({ resource }));
    },

    'one call while an answer counts': async () => {
      if (!provider.calls) return;
      const token = await provider.token({ resource });
      const before = provider.calls();
      await Promise.all(Array.from({ length: 20 }, () => accepted(token)));
      assert.equal(provider.calls() - before, 1);
    },

    'revoked at its endpoint: 401 within max_age': async () => {
      const [revoked, kept] = [await provider.token({ resource }), await provider.token({ resource })];
      await accepted(revoked);
      await accepted(kept);
      await provider.revoke(revoked);
      const began = Date.now();
      await until('a 401', async () => ((await ask(revoked)).status === 401 ? true : undefined), MAX_AGE * 1000 + 1000);
      const took = Date.now() - began;
      await accepted(kept);
      return `after ${took} ms, max_age ${MAX_AGE} s`;
    },

    'provider stopped: 503, never 401': async () => {
      const token = await provider.token({ resource });
      await accepted(token);
      const unseen = await provider.token({ resource });
      await provider.down();
      // While the answer counts, the token is accepted.
      await accepted(token);
      const response = await ask(unseen);
      assert.equal(response.status, 503, await response.text());
      assert.match(response.headers.get('retry-after'), /^\d+$/);
      await sleep(MAX_AGE * 1000);
      assert.equal((await ask(token)).status, 503);
    },
  };
}
