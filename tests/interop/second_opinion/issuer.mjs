// An issuer that signs whatever a row needs, also what no real one would issue.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Key, now } from '../lib/proof.mjs';

export class Issuer {
  static async start() {
    const it = new Issuer();
    it.key = await Key.create();
    it.server = createServer((req, res) => it.#answer(req, res)).listen(0, '127.0.0.1');
    await once(it.server, 'listening');
    it.issuer = `http://127.0.0.1:${it.server.address().port}`;
    it.metadata = { issuer: it.issuer, jwks_uri: `${it.issuer}/jwks` };
    return it;
  }

  /** A token; `changes` replaces claims, and removes those that it has as `undefined`. */
  token(audience, changes) {
    const claims = {
      iss: this.issuer,
      aud: audience,
      sub: 'alice',
      client_id: 'client',
      scope: 'mcp:read',
      jti: randomUUID(),
      iat: now(),
      exp: now() + 600,
      ...changes,
    };
    return this.key.sign({ typ: 'at+jwt', alg: 'ES256', kid: 'one' }, claims);
  }

  stop() {
    this.server.close();
    this.server.closeAllConnections();
  }

  #answer(req, res) {
    const documents = {
      '/.well-known/oauth-authorization-server': this.metadata,
      '/.well-known/openid-configuration': this.metadata,
      '/jwks': { keys: [{ ...this.key.jwk, kid: 'one', alg: 'ES256', use: 'sig' }] },
    };
    const document = documents[req.url];
    res.writeHead(document ? 200 : 404, { 'content-type': 'application/json' });
    res.end(JSON.stringify(document ?? {}));
  }
}
