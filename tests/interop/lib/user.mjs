// A user with a browser: follows the redirects of a sign-in with a cookie jar, up to the client's
// own address.
import { sleep } from './report.mjs';

export const REDIRECT_URI = 'http://127.0.0.1/callback';

/** The parameters that arrive at the redirect URI. */
export async function signIn(url) {
  const isThere = (next) => next.href.startsWith(REDIRECT_URI);
  const end = await walk(url, isThere);
  if (!isThere(end)) throw new Error(`sign-in ended at ${end}`);
  return end.searchParams;
}

/** Opens a page, and goes on to the client's own page, as a browser does whose user agrees. */
export async function visit(url) {
  await walk(url, () => false);
}

async function walk(url, isThere) {
  const jar = new Map();
  let request = { url: new URL(url) };
  for (let hops = 0; hops < 12; hops += 1) {
    if (isThere(request.url)) return request.url;
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const { url: at, ...init } = request;
    const response = await reach(at, { redirect: 'manual', headers: cookie ? { cookie } : {}, ...init });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value) jar.set(name, value);
      else jar.delete(name);
    }
    const location = response.headers.get('location');
    const text = await response.text();
    const [, consent] = /name="consent" value="([^"]+)"/.exec(text) ?? [];
    if (location) request = { url: new URL(location, at) };
    else if (consent) request = { url: new URL('/authorize', at), method: 'POST', body: new URLSearchParams({ consent, decision: 'allow' }) };
    else if (response.ok) return at;
    else throw new Error(`sign-in stopped with ${response.status} at ${at.pathname}: ${text}`);
  }
  throw new Error('too many redirects');
}

/** Some clients listen only once the page is open: their user takes longer to decide than we do. */
async function reach(url, init) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await fetch(url, init);
    } catch (error) {
      if (error.cause?.code !== 'ECONNREFUSED' || attempt === 30) throw error;
      await sleep(100);
    }
  }
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
