// Runs the real TypeScript clients in a page of another origin against the example.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { build } from 'esbuild';
import { AuthorizationServer } from '../lib/authorization_server.mjs';
import { startBrowser } from '../lib/browser.mjs';
import { startExample } from '../lib/example.mjs';
import { report } from '../lib/report.mjs';
import { ResourceServer, freePort } from '../lib/resource_server.mjs';
import { version } from '../lib/version.mjs';
import { kits } from '../typescript/kits.mjs';

const pages = await startPages();
const origin = `http://127.0.0.1:${pages.address().port}`;
// The same machine, but an origin that is not allowed.
const stranger = origin.replace('127.0.0.1', 'localhost');
const issuer = await AuthorizationServer.start();
const server = await ResourceServer.start({ issuer: issuer.issuer, options: ['--allow-origin', origin] });
const browser = await startBrowser();

await report(`browser`, cors());
for (const [index, kit] of kits.entries()) {
  await report(`browser, ${kit.title} ${version(kit.package)}, ${kit.expected}`, scenarios(index));
}
await browser.close();
pages.close();
await server.stop();
await issuer.down();

function cors() {
  const initialize = {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-11-25' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'page', version: '1' } },
    }),
  };
  const see = (from, url, init) => inPage(from, (page) => page.evaluate(([url, init]) => window.interop.fetch(url, init), [url, init]));
  return {
    'preflight without a token': async () => {
      const wanted = 'authorization,content-type,mcp-method,mcp-name,mcp-param-region,mcp-protocol-version,mcp-session-id';
      const answer = await fetch(server.url, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': wanted },
      });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('access-control-allow-origin'), origin);
      assert.equal(answer.headers.get('access-control-allow-headers'), wanted);
      assert.equal(answer.headers.get('access-control-allow-credentials'), null);
    },

    'a page sees the challenge': async () => {
      const answer = await see(origin, server.url, initialize);
      assert.equal(answer.status, 401);
      assert.match(answer.headers['www-authenticate'], /^Bearer scope="mcp:read", resource_metadata="http:/);
      assert.equal(JSON.parse(answer.body).error, 'unauthorized');
    },

    'a page sees the session': async () => {
      const headers = { ...initialize.headers, authorization: `Bearer ${await issuer.token(server.url)}` };
      const answer = await see(origin, server.url, { ...initialize, headers });
      assert.equal(answer.status, 200);
      assert.match(answer.headers['mcp-session-id'], /./);
    },

    'a page reads the metadata': async () => {
      const { headers } = await see(origin, server.url, initialize);
      const [, url] = /resource_metadata="([^"]+)"/.exec(headers['www-authenticate']);
      for (const from of [origin, stranger]) {
        const answer = await see(from, url, { headers: { 'mcp-protocol-version': '2025-11-25' } });
        assert.deepEqual(JSON.parse(answer.body).authorization_servers, [issuer.issuer]);
      }
    },

    'a page sees how long to wait': async () => {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}/mcp`;
      const token = await issuer.token(url);
      await issuer.down();
      const keyless = await ResourceServer.start({ issuer: issuer.issuer, port, options: ['--allow-origin', origin] });
      const answer = await see(origin, url, { ...initialize, headers: { ...initialize.headers, authorization: `Bearer ${token}` } });
      await issuer.up();
      await keyless.stop();
      assert.equal(answer.status, 503);
      assert.match(answer.headers['retry-after'], /^\d+$/);
    },

    'a page answers the challenge for a nonce': async () => {
      const bound = await ResourceServer.start({ issuer: issuer.issuer, options: ['--allow-origin', origin], dpop: {} });
      const options = {
        url: `${bound.base}/whoami`,
        late: 120,
        tokenEndpoint: `${issuer.issuer}/token`,
        form: { grant_type: 'client_credentials', resource: bound.url, scope: 'mcp:read' },
        authorization: `Basic ${btoa('machine:machine-secret')}`,
      };
      const { thumbprint, first, second } = await inPage(origin, (page) => page.evaluate((options) => window.interop.nonceRoundTrip(options), options));
      await bound.stop();
      assert.equal(first.status, 401);
      assert.match(first.headers['www-authenticate'], /^DPoP error="use_dpop_nonce"/);
      assert.match(first.headers['dpop-nonce'], /^[\w-]{22}$/);
      assert.equal(second.status, 200, second.body);
      assert.deepEqual(JSON.parse(second.body).confirmation, { jkt: thumbprint });
    },

    'a page of another origin sees nothing': async () => {
      await assert.rejects(see(stranger, server.url, initialize), /Failed to fetch/);
    },
  };
}

function scenarios(index) {
  return {
    'static token': () => inPage(origin, async (page) => {
      const token = await issuer.token(server.url);
      const caller = JSON.parse(await page.evaluate(([index, url, token]) => window.interop.withToken(index, url, token), [index, server.url, token]));
      assert.deepEqual([caller.client_id, caller.audience], ['machine', [server.url]]);
    }),

    'sign-in, registered client': () => inPage(origin, async (page) => {
      const caller = JSON.parse(await signedIn(page, index, server.url, 'registered'));
      assert.deepEqual([caller.client_id, caller.subject], ['registered', 'alice']);
    }),

    // oidc-provider does not let a page register; the example's own issuer does.
    'sign-in, dynamic registration': () => withExample((example) => inPage(origin, async (page) => {
      const caller = JSON.parse(await signedIn(page, index, example.url, undefined, allow));
      assert.deepEqual([caller.subject, caller.audience], ['developer', [example.url]]);
    })),

    'step-up to mcp:write': () => withExample((example) => inPage(origin, async (page) => {
      await signedIn(page, index, example.url, undefined, allow);
      const parameters = { text: 'from a page' };
      const again = page.waitForURL(/\/authorize/);
      await evaluateCall(page, index, example.url, 'append_note', parameters).catch(mayLeave);
      await again;
      await allow(page);
      await back(page, index, example.url);
      assert.match(await evaluateCall(page, index, example.url, 'append_note', parameters), /from a page/);
    }), ['--step-up']),
  };
}

/** Signs in and calls `whoami`. `consent` presses the consent button where there is one. */
async function signedIn(page, index, url, clientId, consent = async () => {}) {
  const left = page.waitForURL(/\/(authorize|callback)/);
  await evaluateCall(page, index, url, 'whoami', {}, clientId).catch(mayLeave);
  await left;
  await consent(page);
  await back(page, index, url);
  return evaluateCall(page, index, url, 'whoami');
}

async function back(page, index, url) {
  await page.waitForURL(`${origin}/callback?*`);
  await page.waitForFunction(() => window.interop);
  await page.evaluate(([index, url]) => window.interop.finish(index, url), [index, url]);
}

function allow(page) {
  return page.getByRole('button', { name: 'Allow' }).click();
}

/** The page navigates to the authorization server in the middle of the call. */
function mayLeave(error) {
  if (!/Unauthorized|context was destroyed/.test(error.message)) throw error;
}

function evaluateCall(page, ...call) {
  return page.evaluate((call) => window.interop.signedIn(...call), call);
}

async function inPage(from, use) {
  const page = await browser.newPage();
  page.setDefaultTimeout(15_000);
  try {
    await page.goto(from);
    return await use(page);
  } finally {
    await page.close();
  }
}

async function withExample(use, options) {
  const example = await startExample(options);
  try {
    await use(example);
  } finally {
    await example.stop();
  }
}

async function startPages() {
  const { outputFiles } = await build({
    entryPoints: [new URL('page.mjs', import.meta.url).pathname],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  });
  const server = createServer((req, res) => {
    const isScript = req.url === '/page.js';
    res.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    res.end(isScript ? outputFiles[0].contents : '<!doctype html><title>interop</title><script type="module" src="/page.js"></script>');
  }).listen(0);
  await once(server, 'listening');
  return server;
}
