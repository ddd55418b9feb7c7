// One client with one server, and the HTTP messages between them.
import assert from 'node:assert/strict';
import { signIn } from '../lib/user.mjs';

export class Session {
  /** Every exchange with the server and the issuer. */
  exchanges = [];

  constructor(kit, url, { hide, ...options }) {
    this.kit = kit;
    this.url = url;
    const record = async (url, init) => {
      const response = await fetch(url, init);
      const { pathname, origin } = new URL(url);
      this.exchanges.push({ method: init?.method ?? 'GET', origin, path: pathname, status: response.status, headers: response.headers });
      if (!hide || !response.headers.has(hide)) return response;
      const headers = new Headers(response.headers);
      headers.delete(hide);
      return new Response(response.body, { status: response.status, headers });
    };
    this.options = { ...options, fetch: record };
  }

  async connect() {
    this.client = this.kit.client();
    this.transport = this.kit.transport(this.url, this.options);
    await this.client.connect(this.transport);
  }

  async connectSigningIn() {
    await assert.rejects(this.connect(), this.kit.isUnauthorized);
    await this.signIn();
    await this.connect();
  }

  /** The user goes where the client has sent them. */
  async signIn() {
    await this.kit.finish(this.transport, await signIn(this.options.memory.redirects.at(-1)));
  }

  async call(name, parameters = {}) {
    const result = await this.client.callTool({ name, arguments: parameters });
    assert.ok(!result.isError, JSON.stringify(result));
    return result.content[0].text;
  }

  async whoami() {
    return JSON.parse(await this.call('whoami'));
  }

  protocol() {
    return this.kit.protocol?.(this.transport) ?? this.client.getNegotiatedProtocolVersion();
  }

  statuses(status) {
    return this.exchanges.filter((exchange) => exchange.status === status);
  }

  /** The challenge of the first response with this status (with -1, of the last). */
  challenge(status, index = 0) {
    return this.statuses(status).at(index).headers.get('www-authenticate');
  }

  async close() {
    await this.client.close();
  }
}
