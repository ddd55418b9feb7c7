// The script in the page; the test drives it through `window.interop`.
import { Key, now } from '../lib/proof.mjs';
import { kits } from '../typescript/kits.mjs';

/** The storage of an OAuth client in a page while its user is at the authorization server. */
class Storage {
  constructor(clientId) {
    this.redirectUrl = `${location.origin}/callback`;
    if (clientId) this.saveClientInformation({ client_id: clientId });
  }

  get clientMetadata() {
    return {
      client_name: 'interop page',
      application_type: 'native',
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }

  clientInformation = () => load('client');
  saveClientInformation = (client) => save('client', client);
  tokens = () => load('tokens');
  saveTokens = (tokens) => save('tokens', tokens);
  codeVerifier = () => load('verifier');
  saveCodeVerifier = (verifier) => save('verifier', verifier);
  discoveryState = () => load('discovery');
  saveDiscoveryState = (state) => save('discovery', state);
  redirectToAuthorization = (url) => location.assign(url);
}

const load = (name) => JSON.parse(sessionStorage.getItem(name)) ?? undefined;
const save = (name, value) => sessionStorage.setItem(name, JSON.stringify(value));

async function call(kit, url, options, tool, parameters = {}) {
  const client = kit.client();
  await client.connect(kit.transport(url, options));
  const result = await client.callTool({ name: tool, arguments: parameters });
  await client.close();
  return result.content[0].text;
}

/** The part of a response that a script in a page can see. */
async function see(url, init) {
  const response = await fetch(url, init);
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
}

window.interop = {
  /** Calls a tool with a token. */
  withToken: (index, url, token) => call(kits[index], url, { token }, 'whoami'),

  /** Signs in and calls a tool; the page navigates away when the user has to consent. */
  signedIn: (index, url, tool, parameters, clientId) => {
    const memory = new Storage(clientId);
    return call(kits[index], url, { memory }, tool, parameters);
  },

  /** Back from the authorization server: exchanges the code for a token. */
  finish: (index, url) => {
    const kit = kits[index];
    return kit.finish(kit.transport(url, { memory: new Storage() }), new URLSearchParams(location.search));
  },

  fetch: see,

  /**
   * A page with a key of its own and a clock that is `late` seconds slow: it gets a bound token,
   * and sends one request, then another with the nonce of the first response.
   */
  nonceRoundTrip: async ({ url, late, tokenEndpoint, form, authorization }) => {
    const key = await Key.create();
    const headers = { authorization, dpop: await key.proof('POST', tokenEndpoint) };
    const issued = await see(tokenEndpoint, { method: 'POST', headers, body: new URLSearchParams(form) });
    const { access_token: token } = JSON.parse(issued.body);
    const ask = async (nonce) => {
      const dpop = await key.proof('GET', url, token, { iat: now() - late, nonce });
      return see(url, { headers: { authorization: `DPoP ${token}`, dpop } });
    };
    const first = await ask();
    return { thumbprint: key.thumbprint, first, second: await ask(first.headers['dpop-nonce']) };
  },
};
