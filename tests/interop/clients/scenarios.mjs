// What every client goes through.
import assert from 'node:assert/strict';
import { AuthorizationServer } from '../lib/authorization_server.mjs';
import { Desk } from '../lib/desk.mjs';
import { startExample } from '../lib/example.mjs';
import { Model } from '../lib/model.mjs';
import { Cannot, sleep } from '../lib/report.mjs';
import { ResourceServer } from '../lib/resource_server.mjs';

// The documents of clients that publish themselves are on the internet, which no test asks.
const DEVELOPMENT = ['--no-client-documents'];

export function scenarios(client) {
  return {
    'sign-in, dynamic registration': () => at(client, example(), async (user, { desk, url }) => {
      await user.signIn();
      const caller = JSON.parse(await user.call('whoami', {}));
      assert.equal(caller.subject, 'developer');
      assert.deepEqual(caller.audience, [url]);
      const [asked] = desk.asked;
      assert.equal(desk.asked.length, 1);
      assert.equal(asked.get('resource'), url);
      assert.equal(asked.get('code_challenge_method'), 'S256');
      assert.equal(asked.get('scope'), 'mcp:read mcp:write');
      assert.deepEqual((await user.tools()).sort(), ['append_note', 'whoami']);
    }),

    'every tool after one sign-in': () => at(client, example(), async (user, { desk }) => {
      await user.signIn();
      assert.deepEqual(JSON.parse(await user.call('append_note', { text: 'one' })), { notes: ['one'] });
      assert.equal(desk.asked.length, 1);
    }),

    'step-up to mcp:write': () => at(client, example('--step-up'), async (user, { desk }) => {
      await user.signIn();
      const { scopes } = JSON.parse(await user.call('whoami', {}));
      if (client.requestsAll) {
        assert.deepEqual(scopes, ['mcp:read', 'mcp:write']);
        throw new Cannot('it requests all scopes of the issuer at its first sign-in');
      }
      assert.deepEqual(scopes, ['mcp:read']);
      const append = async () => JSON.parse(await user.call('append_note', { text: 'one' }));
      if (client.stepsUp) {
        assert.deepEqual(await append(), { notes: ['one'] });
      } else {
        await assert.rejects(append(), 'it steps up now: say so in its file and in guide::clients');
        if (!user.signInFor) throw new Cannot('it never gets more scopes than at its first sign-in');
        await user.signInFor(['mcp:read', 'mcp:write']);
        assert.deepEqual(await append(), { notes: ['one'] });
      }
      const asked = desk.asked.map((parameters) => parameters.get('scope'));
      assert.deepEqual(asked, ['mcp:read', 'mcp:read mcp:write']);
      if (!client.stepsUp) return 'by another sign-in of its user';
    }),

    'expiry and refresh': () => at(client, configured, async (user, { desk, issuer }) => {
      // Some clients refresh long before the token expires.
      issuer.ttl = 3 + (client.refreshesAhead ?? 0);
      await user.signIn();
      const expired = Date.now() + 3000;
      issuer.ttl = 600;
      const before = { ...issuer.counts };
      await sleep(expired - Date.now());
      const caller = JSON.parse(await user.call('whoami', {}));
      assert.equal(caller.subject, 'alice');
      assert.equal(issuer.counts.refresh_token, before.refresh_token + 1);
      assert.equal(desk.asked.length, 1);
    }),
  };
}

/** The example with its own issuer. */
const example = (...options) => async () => startExample([...DEVELOPMENT, ...options]);

/** The example behind an authorization server whose tokens can be short-lived. */
async function configured() {
  // Codex refreshes with all scopes that it requested, and offline_access is not among the granted.
  const issuer = await AuthorizationServer.start({ openid: false });
  const server = await ResourceServer.start({ issuer: issuer.issuer });
  return {
    url: server.url,
    issuer,
    stop: async () => {
      await server.stop();
      await issuer.down();
    },
  };
}

async function at(client, start, use) {
  const server = await start();
  const desk = await Desk.set();
  const model = client.model && (await Model.start());
  let user;
  try {
    user = await client.user(desk, server.url, model);
    return await Promise.race([use(user, { desk, ...server }), desk.failure]);
  } finally {
    await user?.leave?.();
    await desk.clear();
    model?.stop();
    await server.stop();
  }
}
