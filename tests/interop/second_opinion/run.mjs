// A second opinion: the same requests for oauth4webapi's `validateJwtAccessToken` and for the
// example. Prints where the verdicts differ, and why. Fails when a verdict is another one than
// `rows.mjs` says.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import * as oauth from 'oauth4webapi';
import { Key } from '../lib/proof.mjs';
import { report } from '../lib/report.mjs';
import { ResourceServer } from '../lib/resource_server.mjs';
import { version } from '../lib/version.mjs';
import { Issuer } from './issuer.mjs';
import { rows } from './rows.mjs';

const issuer = await Issuer.start();
const server = await ResourceServer.start({ issuer: issuer.issuer, dpop: {} });
const url = `${server.base}/whoami`;
const keys = {
  own: await Key.create(),
  other: await Key.create(),
  p384: await Key.create('ES384'),
  ed25519: await Key.create('EdDSA'),
  rsa: await Key.create('RS256'),
};

await report(`second opinion, oauth4webapi ${version('oauth4webapi')}`, { 'requests with proofs': compare });
await server.stop();
issuer.stop();

async function compare() {
  const wrong = [];
  const lines = [];
  for (const row of rows) {
    // Its request without the change is accepted, by both.
    assert.deepEqual(await verdicts(await build(await start(), {})), { ours: 'accepted', theirs: 'accepted' });
    const good = await start();
    const found = await verdicts(await build(good, await row.change(good)));
    lines.push({ ...row, found });
    if (found.ours !== row.ours || found.theirs !== row.theirs) wrong.push(`${row.id} ${row.what}: ours ${found.ours}, theirs ${found.theirs}`);
  }
  const different = lines.filter(({ found }) => found.ours !== found.theirs);
  console.log(`| row | the one thing | here | oauth4webapi | why |\n| --- | --- | --- | --- | --- |`);
  for (const { id, what, found, why } of different) console.log(`| ${id} | ${what} | ${found.ours} | ${found.theirs} | ${why} |`);
  assert.deepEqual(wrong, []);
  return `${lines.length} requests, ${different.length} verdicts differ`;
}

/** What a row begins with: a good request and its parts. */
async function start() {
  const [token, otherToken] = [await bound(), await bound()];
  const parts = await keys.own.parts('GET', url, token);
  const proof = await keys.own.sign(parts.header, parts.claims);
  return { url, keys, token, otherToken, parts, proof, another: () => keys.own.proof('GET', url, token) };
}

function bound(claims) {
  return issuer.token(server.url, { cnf: { jkt: keys.own.thumbprint }, ...claims });
}

/** The good request with the changes of a row. */
async function build(good, { scheme = 'DPoP', claims, token, key = keys.own, header, payload, proof, host = new URL(url).host, before = [] }) {
  const sent = token ?? (claims ? await bound(claims) : good.token);
  const parts = await key.parts('GET', url, sent);
  const signed = typeof payload === 'string' ? payload : { ...parts.claims, ...payload };
  const whole = proof ?? (await key.sign({ ...parts.header, ...header }, signed));
  return { authorization: `${scheme} ${sent}`, proofs: [whole].flat(), host, before };
}

async function verdicts({ before, ...wanted }) {
  for (const proof of before) assert.deepEqual(await verdicts({ ...wanted, proofs: [proof], before: [] }), { ours: 'accepted', theirs: 'accepted' });
  return { ours: await ours(wanted), theirs: await theirs(wanted) };
}

async function ours({ authorization, proofs, host }) {
  const headers = ['host', host, 'authorization', authorization, ...proofs.flatMap((proof) => ['dpop', proof])];
  const sent = request(url, { headers }).end();
  const [response] = await once(sent, 'response');
  response.resume();
  if (response.statusCode === 200) return 'accepted';
  assert.equal(response.statusCode, 401);
  assert.ok(response.headers['www-authenticate']);
  return 'refused';
}

/** A server that uses it makes the URL of the `Request` from `Host`. */
async function theirs({ authorization, proofs, host }) {
  const headers = new Headers({ authorization });
  for (const proof of proofs) headers.append('dpop', proof);
  const options = { [oauth.allowInsecureRequests]: true };
  try {
    await oauth.validateJwtAccessToken(issuer.metadata, new Request(`http://${host}/whoami`, { headers }), server.url, options);
    return 'accepted';
  } catch (error) {
    if (process.env.VERBOSE) console.log(error.message);
    return 'refused';
  }
}
