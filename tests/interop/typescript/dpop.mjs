// Clients that prove a key (DPoP, RFC 9449) against the example, which has `dpop` on, and its
// development issuer, which binds tokens to the key of a proof.
import assert from 'node:assert/strict';
import { DpopSession, extractWWWAuthenticateParams as read2 } from '@modelcontextprotocol/client';
import { extractWWWAuthenticateParams as read1 } from '@modelcontextprotocol/sdk/client/auth.js';
import * as oauth from 'oauth4webapi';
import { startExample } from '../lib/example.mjs';
import { Key } from '../lib/proof.mjs';
import { ResourceServer } from '../lib/resource_server.mjs';
import { Memory } from '../lib/user.mjs';
import { BoundClient, challengesOf } from './oauth4webapi.mjs';
import { Session } from './session.mjs';

/** Farther than `proof_window`, and near enough for a nonce. */
const SLOW = -120;

/** The call of the tool `whoami`, without a session. */
const CALL = {
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'whoami',
  },
  body: JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: {
      name: 'whoami',
      arguments: {},
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'interop', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  }),
};

/** A client with a key, made of oauth4webapi. */
export const withOauth4webapi = (issuer) => ({
  'DPoP: sign-in': () => onExample(async (url) => {
    const client = await BoundClient.signedIn(url, 'mcp:read');
    assert.equal(client.answer.token_type, 'dpop');
    assert.ok(client.metadata.dpop_signing_alg_values_supported.includes('ES256'));
    const caller = await (await client.request(`${new URL(url).origin}/whoami`)).json();
    assert.deepEqual(caller.confirmation, { jkt: await client.thumbprint() });
    const tool = await (await client.request(url, CALL)).text();
    assert.ok(tool.includes(await client.thumbprint()), tool);
  }),

  'DPoP: nonce for a slow clock': () => onExample(async (url) => {
    const client = await BoundClient.signedIn(url, 'mcp:read');
    client.skew(SLOW);
    for (const wanted of [() => client.request(`${new URL(url).origin}/whoami`), () => client.request(url, CALL)]) {
      await assert.rejects(wanted(), oauth.isDPoPNonceError);
      // It has the nonce now, and sends it with each further proof.
      for (let time = 0; time < 2; time += 1) assert.equal((await wanted()).status, 200);
      client.skew(SLOW);
    }
    client.skew(-303);
    await assert.rejects(client.request(url, CALL), (error) => error.cause[0].parameters.error === 'invalid_dpop_proof');
  }),

  'DPoP: nonce with every request': () => onServer(issuer, { dpop: { nonce: 'required' } }, async (server) => {
    const proofs = oauth.DPoP({ client_id: 'machine' }, await oauth.generateKeyPair('ES256'));
    const token = await issuer.token(server.url, 'mcp:read', await proofOf(proofs, 'POST', `${issuer.issuer}/token`));
    const options = { DPoP: proofs, [oauth.allowInsecureRequests]: true };
    const ask = () => oauth.protectedResourceRequest(token, 'GET', new URL(`${server.base}/whoami`), undefined, null, options);
    await assert.rejects(ask(), oauth.isDPoPNonceError);
    assert.equal((await ask()).status, 200);
  }),

  'DPoP: bound token as bearer': () => onExample(async (url) => {
    const client = await BoundClient.signedIn(url, 'mcp:read');
    const whoami = new URL('/whoami', url);
    const response = await fetch(whoami, { headers: { authorization: `Bearer ${client.token}` } });
    assert.equal(response.status, 401);
    const [bearer, dpop, ...more] = await challengesOf(response);
    assert.deepEqual([bearer.scheme, bearer.parameters.error, dpop.scheme, dpop.parameters.error, more.length], ['bearer', 'invalid_token', 'dpop', undefined, 0]);
    assert.equal((await client.request(whoami)).status, 200);
  }),
});

/** The DPoP provider of the 2.x client: a session with a key beside its stored tokens. */
export const withProvider = (kit, issuer) => ({
  'DPoP: sign-in': () => onExample(async (url) => {
    const { session, proofs } = await signedIn(kit, url);
    const caller = await session.whoami();
    assert.deepEqual(caller.confirmation, { jkt: proofs.thumbprint });
    assert.equal(session.statuses(401).length, 1);
    await session.close();
  }),

  'DPoP: nonce for a slow clock': () => onExample(async (url) => {
    const { session, proofs } = await signedIn(kit, url);
    await session.whoami();
    await withClock(SLOW, async () => {
      await session.whoami();
      assert.match(session.challenge(401, -1), /^DPoP error="use_dpop_nonce"/);
      assert.ok(proofs.nonceFor(url));
      const before = session.statuses(401).length;
      await session.whoami();
      assert.equal(session.statuses(401).length, before);
    });
    await session.close();
  }),

  'DPoP: nonce with every request': () => onServer(issuer, { dpop: { nonce: 'required' } }, async (server) => {
    const { session, proofs } = await signedIn(kit, server.url, new Memory('registered'));
    const caller = await session.whoami();
    assert.deepEqual(caller.confirmation, { jkt: proofs.thumbprint });
    // The 401 of the request without a token brought the nonce.
    assert.equal(session.statuses(401).length, 1);
    await session.close();
  }),

  'DPoP: bound tokens alone': () => onServer(issuer, { dpop: {}, require_bound_tokens: true }, async (server) => {
    const { session } = await signedIn(kit, server.url, new Memory('registered'));
    assert.match(session.challenge(401), /^DPoP scope=/);
    await session.whoami();
    await session.close();
  }),
});

/** What three parsers make of the challenges of each kind of answer. */
export const parsers = (issuer) => ({
  'DPoP: challenges': () => onExample(async (url) => {
    const whoami = new URL('/whoami', url);
    const client = await BoundClient.signedIn(url, 'mcp:read');
    const other = await Key.create();
    const metadata = `${whoami.origin}/.well-known/oauth-protected-resource/mcp`;
    const scope = 'mcp:read mcp:write';
    const both = (error) => [['bearer', error], ['dpop', undefined]];
    const proof = (changes) => other.proof('GET', whoami.href, client.token, changes);
    const dpop = async (headers) => fetch(whoami, { headers: { authorization: `DPoP ${client.token}`, ...headers } });
    const note = CALL.body.replace('"name":"whoami","arguments":{}', '"name":"append_note","arguments":{"text":"one"}');
    const own = (method, at, seconds = 0) => {
      client.skew(seconds);
      return proofOf(client.proofs, method, at, client.token);
    };
    const cases = [
      ['no credentials', await fetch(whoami), both()],
      ['bad bearer token', await fetch(whoami, { headers: { authorization: 'Bearer a.b.c' } }), both('invalid_token')],
      ['bound token as bearer', await fetch(whoami, { headers: { authorization: `Bearer ${client.token}` } }), both('invalid_token')],
      ['another key', await dpop({ dpop: await proof() }), [['dpop', 'invalid_token']]],
      ['no proof', await dpop({}), [['dpop', 'invalid_dpop_proof']]],
      ['nonce wanted', await dpop({ dpop: await own('GET', whoami, SLOW) }), [['dpop', 'use_dpop_nonce']]],
      ['scope missing', await fetch(url, {
        ...CALL,
        headers: { ...CALL.headers, 'mcp-name': 'append_note', authorization: `DPoP ${client.token}`, dpop: await own('POST', url) },
        body: note,
      }), [['dpop', 'insufficient_scope']]],
    ];
    for (const [name, response, expected] of cases) {
      const found = await challengesOf(response);
      assert.deepEqual(found.map(({ scheme, parameters }) => [scheme, parameters.error]), expected, name);
      for (const { scheme, parameters } of found) {
        assert.equal(parameters.resource_metadata, metadata, name);
        assert.equal(parameters.scope, scope, name);
        assert.equal(parameters.algs?.startsWith('ES256 '), scheme === 'dpop' || undefined, name);
      }
      const [[first, error]] = expected;
      const new2 = read2(response);
      assert.deepEqual([new2.resourceMetadataUrl?.href, new2.scope, new2.error], [metadata, scope, error], name);
      // The 1.x parser knows no DPoP: it reads a header that begins with Bearer, and nothing else.
      const old = read1(response);
      const wanted = first === 'bearer' ? [metadata, scope, error] : [undefined, undefined, undefined];
      assert.deepEqual([old.resourceMetadataUrl?.href, old.scope, old.error], wanted, name);
      assert.equal(response.headers.has('dpop-nonce'), error === 'use_dpop_nonce', name);
    }
    return `${cases.length} answers, with oauth4webapi and the parsers of both TypeScript packages`;
  }),

  'DPoP: challenges of bound tokens alone': () => onServer(issuer, { dpop: {}, require_bound_tokens: true }, async (server) => {
    for (const [headers, error] of [[{}, undefined], [{ authorization: `Bearer ${await issuer.token(server.url)}` }, 'invalid_token']]) {
      const response = await fetch(`${server.base}/whoami`, { headers });
      const found = await challengesOf(response);
      assert.deepEqual(found.map(({ scheme, parameters }) => [scheme, parameters.error]), [['dpop', error]]);
      assert.equal(read2(response).scope, 'mcp:read');
    }
  }),
});

async function signedIn(kit, url, memory = new Memory()) {
  const proofs = await DpopSession.create();
  const session = new Session(kit, url, { memory: Object.assign(memory, { dpop: () => proofs }) });
  await session.connectSigningIn();
  assert.equal(memory.tokens().token_type, 'DPoP');
  return { session, proofs };
}

/** The proof that oauth4webapi sends with such a request. */
async function proofOf(proofs, method, url, token) {
  const headers = new Headers();
  await proofs.addProof(new URL(url), headers, method, token);
  return headers.get('dpop');
}

async function withClock(seconds, use) {
  const right = Date.now;
  Date.now = () => right() + seconds * 1000;
  try {
    await use();
  } finally {
    Date.now = right;
  }
}

async function onExample(use) {
  const example = await startExample();
  try {
    return await use(example.url);
  } finally {
    await example.stop();
  }
}

async function onServer(issuer, settings, use) {
  const server = await ResourceServer.start({ issuer: issuer.issuer, ...settings });
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}
