// Runs the official suite against rmcp alone and behind the layer: the layer must change nothing.
import assert from 'node:assert/strict';
import { AuthorizationServer } from '../lib/authorization_server.mjs';
import { report } from '../lib/report.mjs';
import { ResourceServer } from '../lib/resource_server.mjs';
import { version } from '../lib/version.mjs';
import { startProxy } from './proxy.mjs';
import { counts, runSuite } from './suite.mjs';

const program = process.env.CONFORMANCE_SERVER;
const issuer = await AuthorizationServer.start();
const bare = await ResourceServer.start({ program, bare: true });
const server = await ResourceServer.start({ program, issuer: issuer.issuer });
// A rule of the server needs mcp:write. With this scope the layer need not read a request; without
// it, the layer reads the operation of each request from its headers or its body.
const allScopes = await startProxy(server.base, await issuer.token(server.url, 'mcp:read mcp:write'));
const oneScope = await startProxy(server.base, await issuer.token(server.url, 'mcp:read'));
// Sent without a `uri`, so the layer cannot tell the resource and requires every scope: the 403 of
// the layer comes before rmcp's 404.
const UNREADABLE = ['resources-subscribe', 'resources-unsubscribe'].map((method) => `sep-2575-http-server-method-not-found-404-${method}`);

const runs = new Map();
async function withoutLayer(revision) {
  if (!runs.has(revision)) runs.set(revision, await runSuite(`${bare.base}/mcp`, revision));
  return runs.get(revision);
}

const compare = (revision, proxy, differences = []) => async () => {
  const unprotected = await fetch(server.url, { method: 'POST', body: '{}' });
  assert.equal(unprotected.status, 401);
  const without = await withoutLayer(revision);
  const behind = await runSuite(`${proxy.url}/mcp`, revision);
  const [a, b] = [counts(without), counts(behind)];
  assert.ok(a.passed > a.scenarios / 2, `only ${a.passed} of ${a.scenarios} scenarios pass without the layer`);
  for (const [scenario, checks] of Object.entries(behind)) {
    const expected = without[scenario].filter((line) => !differences.includes(line.split(': ')[0]));
    assert.deepEqual(checks.filter((line) => !differences.includes(line.split(': ')[0])), expected, scenario);
  }
  assert.deepEqual(Object.keys(behind).sort(), Object.keys(without).sort());
  const text = ({ passed, scenarios, checksPassed, checks }) => `${passed} of ${scenarios} scenarios, ${checksPassed} of ${checks} checks`;
  return `bare ${text(a)}; behind the layer ${text(b)}${a.failing.length ? `; rmcp fails ${a.failing.join(', ')}` : ''}`;
};

const scenarios = {
  'same result on 2025-11-25': compare('2025-11-25', allScopes),
  'same result on 2025-11-25, bodies read': compare('2025-11-25', oneScope),
  'same result on 2026-07-28': compare('2026-07-28', allScopes),
  'same but for two on 2026-07-28, operations read': compare('2026-07-28', oneScope, UNREADABLE),
};
await report(`conformance ${version('@modelcontextprotocol/conformance')}`, scenarios, 150_000);

allScopes.stop();
oneScope.stop();
await bare.stop();
await server.stop();
await issuer.down();
