// The official suite against rmcp bare and against rmcp behind the layer: the layer must change nothing.
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
const proxy = await startProxy(server.base, await issuer.token(server.url));

const compare = (revision) => async () => {
  const unprotected = await fetch(`${server.url}`, { method: 'POST', body: '{}' });
  assert.equal(unprotected.status, 401);
  const [without, behind] = [await runSuite(`${bare.base}/mcp`, revision), await runSuite(`${proxy.url}/mcp`, revision)];
  const [a, b] = [counts(without), counts(behind)];
  if (process.env.VERBOSE) console.log(a, b);
  assert.ok(a.passed > a.scenarios / 2, `only ${a.passed} of ${a.scenarios} scenarios pass without the layer`);
  assert.deepEqual(behind, without);
  const text = ({ passed, scenarios, checksPassed, checks }) => `${passed}/${scenarios} scenarios, ${checksPassed}/${checks} checks`;
  return `bare ${text(a)}; behind the layer ${text(b)}${a.failing.length ? `; rmcp fails ${a.failing.join(', ')}` : ''}`;
};

await report(`conformance ${version('@modelcontextprotocol/conformance')}`, {
  'same result on 2025-11-25': compare('2025-11-25'),
  'same result on 2026-07-28': compare('2026-07-28'),
}, 150_000);

proxy.stop();
await bare.stop();
await server.stop();
await issuer.down();
