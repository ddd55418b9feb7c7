// The TypeScript clients against servers with settings that decide how a client signs in.
import assert from 'node:assert/strict';
import { ResourceServer } from '../lib/resource_server.mjs';
import { Memory } from '../lib/user.mjs';
import { Session } from './session.mjs';

/** `issuer` is a running authorization server. */
export function settings(kit, issuer) {
  const at = async (options, use) => {
    const server = await ResourceServer.start({ issuer: issuer.issuer, ...options });
    try {
      return await use(server);
    } finally {
      await server.stop();
    }
  };
  const signsIn = async (server) => {
    const memory = new Memory('registered');
    const session = new Session(kit, server.url, { memory });
    await session.connectSigningIn();
    const caller = await session.whoami();
    assert.equal(caller.subject, 'alice');
    const [asked] = memory.redirects;
    assert.equal(asked.origin, issuer.issuer);
    assert.equal(memory.redirects.length, 1);
    await session.close();
    return { asked: asked.searchParams, caller };
  };
  const published = async (server) => (await (await fetch(`${server.base}/.well-known/oauth-protected-resource/mcp`)).json()).authorization_servers;
  // Of machines: no user can sign in there.
  const machines = (settings) => ({ issuer: 'https://ci.example.com', jwks_uri: `${issuer.issuer}/jwks`, ...settings });

  return {
    'an issuer that is no web URL is not published': () => at(
      { issuer: undefined, issuers: [machines({ issuer: 'accounts.example.com' }), { issuer: issuer.issuer }] },
      async (server) => {
        assert.deepEqual(await published(server), [issuer.issuer]);
        await signsIn(server);
      },
    ),

    'an issuer of machines, advertise: false': () => at(
      { issuer: undefined, issuers: [machines({ advertise: false }), { issuer: issuer.issuer }] },
      async (server) => {
        assert.deepEqual(await published(server), [issuer.issuer]);
        await signsIn(server);
      },
    ),

    'authorization_servers replaces the list': () => at(
      { issuer: undefined, issuers: [machines(), { issuer: issuer.issuer }], authorization_servers: [issuer.issuer] },
      async (server) => {
        assert.deepEqual(await published(server), [issuer.issuer]);
        await signsIn(server);
      },
    ),

    // Whoever parses and writes such a URL adds a slash: the client, the issuer or neither.
    'a resource that is an origin': async () => {
      for (const [own, others] of [['', '/'], ['/', '']]) {
        for (const slash of [own, others]) {
          issuer.audience = (resource) => `${new URL(resource).origin}${slash}`;
          await at({ resourceOf: (base) => `${base}${own}` }, async (server) => {
            const { asked, caller } = await signsIn(server);
            assert.equal(new URL(asked.get('resource')).href, `${server.base}/`);
            assert.deepEqual(caller.audience, [`${server.base}${slash}`]);
          }).finally(() => (issuer.audience = (resource) => resource));
        }
      }
    },

    'public tools, sign-in when needed': () => at(
      { program: process.env.CONFORMANCE_SERVER, options: ['--public-tools'] },
      async (server) => {
        const memory = new Memory('registered');
        const session = new Session(kit, server.url, { memory });
        await session.connect();
        const { tools } = await session.client.listTools();
        assert.ok(tools.some(({ name }) => name === 'test_image_content'));
        assert.match(await session.call('test_simple_text'), /simple text/);
        assert.deepEqual(session.statuses(401), []);
        const image = () => session.client.callTool({ name: 'test_image_content', arguments: {} });
        await assert.rejects(image(), kit.isUnauthorized);
        assert.match(session.challenge(401), /^Bearer scope="mcp:read mcp:write", resource_metadata="http:/);
        await session.signIn();
        const { content } = await image();
        assert.equal(content[0].type, 'image');
        assert.equal(memory.redirects.length, 1);
        await session.close();
      },
    ),

    ...Object.fromEntries(['initial_scopes', 'scopes_supported'].map((setting) => [
      `all scopes at once, ${setting}`,
      () => at({ [setting]: ['mcp:read', 'mcp:write'] }, async (server) => {
        // With its refresh token, the SDK 1.x would never step up.
        const memory = new Memory('registered');
        const session = new Session(kit, server.url, { memory });
        await session.connectSigningIn();
        assert.match(session.challenge(401), /scope="mcp:read mcp:write"/);
        assert.match(await session.call('append_note', { text: 'one' }), /one/);
        assert.deepEqual(session.statuses(403), []);
        assert.equal(memory.redirects.length, 1);
        await session.close();
      }),
    ])),
  };
}
