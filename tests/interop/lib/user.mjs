// A user with a browser: follows the redirects of a sign-in with a cookie jar, up to the client's
// own address.
export const REDIRECT_URI = 'http://127.0.0.1/callback';

/** The parameters that arrive at the redirect URI. */
export async function signIn(url) {
  const jar = new Map();
  let next = new URL(url);
  for (let hops = 0; hops < 12; hops += 1) {
    if (next.href.startsWith(REDIRECT_URI)) return next.searchParams;
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(next, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value) jar.set(name, value);
      else jar.delete(name);
    }
    const location = response.headers.get('location');
    if (!location) throw new Error(`sign-in stopped with ${response.status} at ${next.pathname}: ${await response.text()}`);
    next = new URL(location, next);
  }
  throw new Error('too many redirects');
}

/** The storage of an OAuth client, with the interface of both TypeScript packages. */
export class Memory {
  redirectUrl = REDIRECT_URI;
  redirects = [];
  forgotten = [];
  #tokens;
  #client;
  #verifier;
  #discovery;
  #registers;

  /** A client that is registered already, or, without `client_id`, one that registers itself. */
  constructor(clientId) {
    this.#client = clientId && { client_id: clientId };
    this.#registers = !clientId;
    if (this.#registers) this.saveClientInformation = (client) => void (this.#client = client);
  }

  get clientMetadata() {
    return {
      client_name: 'interop',
      application_type: 'native',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }

  clientInformation() {
    return this.#client;
  }
  tokens() {
    return this.#tokens;
  }
  saveTokens(tokens) {
    this.#tokens = tokens;
  }
  redirectToAuthorization(url) {
    this.redirects.push(url);
  }
  saveCodeVerifier(verifier) {
    this.#verifier = verifier;
  }
  codeVerifier() {
    return this.#verifier;
  }
  saveDiscoveryState(state) {
    this.#discovery = state;
  }
  discoveryState() {
    return this.#discovery;
  }
  invalidateCredentials(scope) {
    this.forgotten.push(scope);
    if (scope === 'all' || scope === 'tokens') this.#tokens = undefined;
    if (scope === 'all' || scope === 'discovery') this.#discovery = undefined;
    if ((scope === 'all' || scope === 'client') && this.#registers) this.#client = undefined;
  }
}
