// The real TypeScript clients against the example, with tokens of a real authorization server.
import assert from 'node:assert/strict';
import { AuthorizationServer } from '../lib/authorization_server.mjs';
import { claims, report, sleep, untilExpired } from '../lib/report.mjs';
import { ResourceServer } from '../lib/resource_server.mjs';
import { Memory, signIn } from '../lib/user.mjs';
import { version } from '../lib/version.mjs';
import { kits as kits2 } from './client2.mjs';
import { parsers, withOauth4webapi, withProvider } from './dpop.mjs';
import { kits } from './kits.mjs';
import { Session } from './session.mjs';
import { settings } from './settings.mjs';

const issuer = await AuthorizationServer.start();
let server = await ResourceServer.start({ issuer: issuer.issuer });

for (const kit of kits) await report(`${kit.title} ${version(kit.package)}, ${kit.expected}`, { ...scenarios(kit), ...settings(kit, issuer) });
for (const kit of kits2) await report(`${kit.title} ${version(kit.package)}, ${kit.expected}`, withProvider(kit, issuer));
await report(`oauth4webapi ${version('oauth4webapi')}`, withOauth4webapi(issuer));
await report('challenges, read by clients', parsers(issuer));
await server.stop();
await issuer.down();

function scenarios(kit) {
  return {
    'static token': async () => {
      const session = new Session(kit, server.url, { token: await issuer.token(server.url) });
      await session.connect();
      const caller = await session.whoami();
      assert.equal(caller.client_id, 'machine');
      assert.deepEqual(caller.audience, [server.url]);
      assert.deepEqual(session.statuses(401), []);
      const protocol = session.protocol();
      assert.equal(protocol, kit.expected);
      await session.close();
      return `protocol ${protocol}`;
    },

    'no token': async () => {
      const session = new Session(kit, server.url, {});
      await assert.rejects(session.connect(), kit.isUnauthorized);
      assert.doesNotMatch(session.challenge(401), /error=/);
    },

    'wrong audience': () => refused(kit, issuer.token('http://127.0.0.1:9/other')),

    'bad token': async () => {
      const [header, payload, signature] = (await issuer.token(server.url)).split('.');
      const middle = signature.length / 2;
      const other = signature[middle] === 'A' ? 'B' : 'A';
      return refused(kit, `${header}.${payload}.${signature.slice(0, middle)}${other}${signature.slice(middle + 1)}`);
    },

    'expired token': async () => {
      issuer.ttl = 1;
      const token = await issuer.token(server.url);
      issuer.ttl = 600;
      await untilExpired(token);
      return refused(kit, token);
    },

    'sign-in, registered client': async () => {
      const before = { ...issuer.counts };
      const session = await signedIn(kit, new Memory('registered'));
      assert.equal(issuer.counts.registrations, before.registrations);
      assert.equal(issuer.counts.authorization_code, before.authorization_code + 1);
      await checkSignIn(session, 'registered');
    },

    'sign-in, dynamic registration': async () => {
      const before = { ...issuer.counts };
      const memory = new Memory();
      const session = await signedIn(kit, memory);
      assert.equal(issuer.counts.registrations, before.registrations + 1);
      await checkSignIn(session, memory.clientInformation().client_id);
    },

    'sign-in, header hidden': async () => {
      const session = new Session(kit, server.url, { memory: new Memory('registered'), hide: 'www-authenticate' });
      await session.connectSigningIn();
      assert.ok(session.exchanges.some(({ path }) => path === '/.well-known/oauth-protected-resource/mcp'));
      await checkSignIn(session, 'registered');
    },

    'expiry and refresh in mid-session': async () => {
      issuer.ttl = 3;
      const memory = new Memory('registered');
      const session = await signedIn(kit, memory);
      await session.whoami();
      issuer.ttl = 600;
      const old = memory.tokens().access_token;
      await untilExpired(old);
      const before = { ...issuer.counts };
      const id = session.transport.sessionId;
      await session.whoami();
      assert.match(session.challenge(401, -1), /^Bearer error="invalid_token"/);
      assert.notEqual(memory.tokens().access_token, old);
      assert.equal(issuer.counts.refresh_token, before.refresh_token + 1);
      assert.equal(memory.redirects.length, 1);
      assert.equal(session.transport.sessionId, id);
      await session.close();
    },

    'step-up to mcp:write': async () => {
      const memory = new Memory(kit.stepUpClient);
      const session = await signedIn(kit, memory);
      await assert.rejects(session.call('append_note', { text: 'one' }), kit.isUnauthorized);
      assert.match(session.challenge(403), /^Bearer error="insufficient_scope", scope="mcp:read mcp:write"/);
      const asked = memory.redirects.at(-1).searchParams.get('scope').split(' ');
      assert.ok(asked.includes('mcp:read') && asked.includes('mcp:write'), `asked for ${asked}`);
      await kit.finish(session.transport, await signIn(memory.redirects.at(-1)));
      assert.match(await session.call('append_note', { text: 'two' }), /two/);
      assert.deepEqual(claims(memory.tokens().access_token).scope.split(' ').filter((scope) => scope.startsWith('mcp:')), ['mcp:read', 'mcp:write']);
      await session.whoami();
      await session.close();
    },

    // Protocol 2026-07-28 has no sessions.
    ...(kit.expected < '2026' && { 'session of somebody else': () => sessionIsBound(kit) }),

    'key rotation in mid-session': async () => {
      const staying = await issuer.token(server.url);
      issuer.ttl = 3;
      const memory = new Memory('registered');
      const session = await signedIn(kit, memory);
      await session.whoami();
      issuer.ttl = 600;
      const before = { ...issuer.counts };
      issuer.rotate();
      await untilExpired(memory.tokens().access_token);
      await session.whoami();
      assert.ok(issuer.counts.key_sets > before.key_sets);
      assert.equal(issuer.counts.refresh_token, before.refresh_token + 1);
      assert.equal(memory.redirects.length, 1);
      // The withdrawn key is no longer trusted.
      await session.close();
      await refused(kit, staying);
    },

    'issuer down, keys known': async () => {
      const session = await signedIn(kit, new Memory('registered'));
      await issuer.down();
      try {
        await session.whoami();
      } finally {
        await issuer.up();
      }
      await session.close();
    },

    'issuer down, no keys: 503, tokens kept': async () => {
      const memory = new Memory('registered');
      await (await signedIn(kit, memory)).close();
      const tokens = memory.tokens();
      const { port } = server;
      await server.stop();
      await issuer.down();
      server = await ResourceServer.start({ issuer: issuer.issuer, port });
      const outage = new Session(kit, server.url, { memory });
      await assert.rejects(outage.connect(), (error) => !kit.isUnauthorized(error));
      const answer = outage.exchanges.find(({ status }) => status === 503);
      assert.match(answer.headers.get('retry-after'), /^\d+$/);
      assert.equal(answer.headers.get('www-authenticate'), null);
      assert.equal(memory.tokens(), tokens);
      assert.equal(memory.redirects.length, 1);
      assert.deepEqual(memory.forgotten, []);
      await issuer.up();
      const began = Date.now();
      const session = await connects(kit, memory);
      await session.whoami();
      assert.equal(memory.tokens(), tokens);
      assert.equal(memory.redirects.length, 1);
      await session.close();
      return `back after ${Date.now() - began} ms`;
    },
  };
}

async function signedIn(kit, memory) {
  const session = new Session(kit, server.url, { memory });
  await session.connectSigningIn();
  return session;
}

async function checkSignIn(session, clientId) {
  const caller = await session.whoami();
  assert.equal(caller.client_id, clientId);
  assert.equal(caller.subject, 'alice');
  assert.deepEqual(caller.audience, [server.url]);
  assert.ok(caller.scopes.includes('mcp:read'));
  const [first] = session.exchanges;
  assert.equal(first.status, 401);
  assert.match(first.headers.get('www-authenticate'), /^Bearer scope="mcp:read", resource_metadata="http:/);
  const asked = session.options.memory.redirects.at(-1).searchParams;
  assert.equal(asked.get('resource'), server.url);
  assert.equal(asked.get('code_challenge_method'), 'S256');
  assert.ok(asked.get('scope').split(' ').includes('mcp:read'));
  await session.close();
}

async function sessionIsBound(kit) {
  const session = await signedIn(kit, new Memory('registered'));
  const other = await issuer.token(server.url);
  const headers = { authorization: `Bearer ${other}`, accept: 'text/event-stream', 'mcp-session-id': session.transport.sessionId };
  for (const method of ['GET', 'DELETE']) {
    const answer = await fetch(server.url, { method, headers });
    assert.equal(answer.status, 404);
  }
  await session.whoami();
  await session.close();
}

/** `token` is refused as invalid, and a valid token is accepted. */
async function refused(kit, token) {
  const session = new Session(kit, server.url, { token: await token });
  await assert.rejects(session.connect(), kit.isUnauthorized);
  assert.match(session.challenge(401), /^Bearer error="invalid_token", scope="mcp:read", resource_metadata="http:/);
  const good = new Session(kit, server.url, { token: await issuer.token(server.url) });
  await good.connect();
  await good.whoami();
  await good.close();
}

/** Retries until the server has keys; its first pause between fetches is a second. */
async function connects(kit, memory) {
  for (let attempt = 0; ; attempt += 1) {
    const session = new Session(kit, server.url, { memory });
    try {
      await session.connect();
      return session;
    } catch (error) {
      if (attempt === 20 || session.statuses(503).length === 0) throw error;
      await sleep(250);
    }
  }
}
