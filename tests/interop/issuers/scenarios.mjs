// The same steps for every provider. Each refused token stands beside one that is accepted and
// differs in one thing.
import assert from 'node:assert/strict';
import { Key } from '../lib/proof.mjs';
import { claims, untilExpired } from '../lib/report.mjs';
import { ResourceServer } from '../lib/resource_server.mjs';
import { until } from './lib/http.mjs';

const header = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url'));

export function scenarios(provider, front, resource, other) {
  const server = {
    start: async () => {
      front.server = await ResourceServer.start({ issuer: provider.issuer, port: front.port, ...provider.settings });
    },
    ask: (token) => fetch(`${front.server.base}/whoami`, { headers: { authorization: `Bearer ${token}` } }),
  };
  const accepted = async (token) => {
    const response = await server.ask(token);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text);
  };
  const refused = async (token) => {
    const response = await server.ask(token);
    assert.equal(response.status, 401, await response.text());
    assert.match(response.headers.get('www-authenticate'), /^Bearer error="invalid_token"/);
  };

  return {
    'token of its endpoint: 200': async () => {
      await server.start();
      const token = await provider.token({ resource });
      const caller = await accepted(token);
      assert.equal(caller.issuer, provider.issuer);
      assert.ok(caller.scopes.includes('mcp:read'), `scopes: ${caller.scopes}`);
      const { alg, typ } = header(token);
      return `${alg}, typ ${typ}, aud ${JSON.stringify(claims(token).aud).replaceAll('"', "'")}`;
    },

    'wrong audience: 401': async () => {
      await accepted(await provider.token({ resource }));
      await refused(await provider.token({ resource: other }));
    },

    'altered signature: 401': async () => {
      const token = await provider.token({ resource });
      const at = token.lastIndexOf('.') + 20;
      await refused(`${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`);
      await accepted(token);
    },

    'expired token: 401': async () => {
      const token = await provider.token({ resource, seconds: 2 });
      await accepted(token);
      await untilExpired(token);
      await refused(token);
      await accepted(await provider.token({ resource }));
    },

    ...(provider.boundToken && { 'token bound to a key (DPoP)': () => bound(provider, front, resource) }),

    'key rotation: 200 without a restart': async () => {
      const before = await provider.token({ resource });
      await accepted(before);
      await provider.rotate();
      const after = await provider.token({ resource });
      assert.notEqual(header(after).kid, header(before).kid, 'the same key as before');
      await accepted(after);
      if (provider.withdraws) await refused(before);
      else await accepted(before);
      return `the old key is ${provider.withdraws ? 'withdrawn' : 'still published'}`;
    },

    'issuer stopped, keys known: 200': async () => {
      const seen = await provider.token({ resource });
      await accepted(seen);
      const unseen = await provider.token({ resource });
      await provider.down();
      await assert.rejects(fetch(provider.issuer), 'the issuer still answers');
      await accepted(seen);
      await accepted(unseen);
      front.token = unseen;
    },

    'restart while the issuer is down: 503': async () => {
      await front.server.stop();
      await server.start();
      const response = await server.ask(front.token);
      assert.equal(response.status, 503, await response.text());
      assert.match(response.headers.get('retry-after'), /^\d+$/);
      assert.equal(response.headers.get('www-authenticate'), null);
    },

    'issuer back: 200': async () => {
      await provider.up();
      const began = Date.now();
      await until('keys', async () => {
        const { status } = await server.ask(front.token);
        if (status !== 503) return status;
      });
      await accepted(front.token);
      await accepted(await provider.token({ resource }));
      return `after ${Date.now() - began} ms`;
    },
  };
}

/** A bound token counts with a proof of its key, and with nothing else. */
async function bound(provider, front, resource) {
  const [key, other] = [await Key.create(), await Key.create()];
  const token = await provider.boundToken({ resource, key });
  assert.deepEqual(claims(token).cnf, { jkt: key.thumbprint });
  const url = `${front.server.base}/whoami`;
  const ask = async (scheme, prover) => {
    const dpop = await prover.proof('GET', url, token);
    return fetch(url, { headers: { authorization: `${scheme} ${token}`, dpop } });
  };
  const accepted = async () => {
    const response = await ask('DPoP', key);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    assert.deepEqual(JSON.parse(text).confirmation, { jkt: key.thumbprint });
  };
  await accepted();
  for (const [scheme, prover, challenge] of [['Bearer', key, /^Bearer error="invalid_token", .*, DPoP /], ['DPoP', other, /^DPoP error="invalid_token", /]]) {
    const response = await ask(scheme, prover);
    assert.equal(response.status, 401, await response.text());
    assert.match(response.headers.get('www-authenticate'), challenge);
  }
  await accepted();
}
