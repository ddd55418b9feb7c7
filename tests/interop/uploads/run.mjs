// Large requests with a token that is not valid: clients that send everything before they read, or
// give up when the connection is reset, must get the 401 and its challenge.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startExample } from '../lib/example.mjs';
import { report } from '../lib/report.mjs';

const SIZES = [64 * 1024, 256 * 1024, 1024 * 1024, 3 * 1024 * 1024];
const TIMES = 50;
const python = process.env.PYTHON ?? 'python3';
const server = await startExample();

await report(`Node's fetch ${process.version}`, Object.fromEntries(SIZES.map((size) => [name(size), () => inNode(size)])), 120_000);
await report(`Python's http.client`, Object.fromEntries(SIZES.map((size) => [name(size), () => inPython(size)])), 120_000);
await server.stop();

function name(size) {
  return `refused upload of ${size / 1024} KiB`;
}

async function inNode(size) {
  const outcomes = {};
  for (let time = 0; time < TIMES; time += 1) {
    const outcome = await upload(size).catch((error) => `${error.cause?.code ?? error.message}`);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return check(outcomes);
}

async function upload(size) {
  const headers = { authorization: 'Bearer a.b.c', 'content-type': 'application/json' };
  const response = await fetch(server.url, { method: 'POST', headers, body: 'x'.repeat(size) });
  await response.text();
  return response.headers.has('www-authenticate') ? `${response.status}` : `${response.status} without a challenge`;
}

async function inPython(size) {
  const program = new URL('uploads.py', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(python, [program, server.url, `${size}`, `${TIMES}`]);
  return check(JSON.parse(stdout));
}

function check(outcomes) {
  assert.deepEqual(outcomes, { 401: TIMES });
  return `${TIMES} of ${TIMES} got the challenge`;
}
