// A client with a key, made of oauth4webapi alone: it signs in, and proves its key with every
// request (DPoP, RFC 9449).
import * as oauth from 'oauth4webapi';
import { REDIRECT_URI, signIn } from '../lib/user.mjs';

const insecure = { [oauth.allowInsecureRequests]: true };

export class BoundClient {
  /** Registers at the issuer that the server at `url` names, signs in there, and gets a bound token. */
  static async signedIn(url, scope) {
    const it = new BoundClient();
    it.url = new URL(url);
    it.keys = await oauth.generateKeyPair('ES256');
    it.metadata = await resourceMetadata(it.url);
    const issuer = new URL(it.metadata.authorization_servers[0]);
    it.server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }));
    const registered = await oauth.dynamicClientRegistrationRequest(
      it.server,
      { client_name: 'interop', redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: 'none', grant_types: ['authorization_code'], response_types: ['code'] },
      insecure,
    );
    it.client = await oauth.processDynamicClientRegistrationResponse(registered);
    it.proofs = oauth.DPoP(it.client, it.keys);
    it.answer = await it.#authorized(scope);
    it.token = it.answer.access_token;
    return it;
  }

  /** From now on its clock is so many seconds ahead, and it knows no nonce. */
  skew(seconds) {
    this.proofs = oauth.DPoP({ ...this.client, [oauth.clockSkew]: seconds }, this.keys);
  }

  thumbprint() {
    return this.proofs.calculateThumbprint();
  }

  /** A request with token and proof; throws the challenge of a refused one. */
  request(url, { method = 'GET', headers, body } = {}) {
    return oauth.protectedResourceRequest(this.token, method, new URL(url), new Headers(headers), body, { DPoP: this.proofs, ...insecure });
  }

  async #authorized(scope) {
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const url = new URL(this.server.authorization_endpoint);
    const parameters = {
      client_id: this.client.client_id,
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      scope,
      resource: this.metadata.resource,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    const back = oauth.validateAuthResponse(this.server, this.client, await signIn(url), state);
    const response = await oauth.authorizationCodeGrantRequest(this.server, this.client, oauth.None(), back, REDIRECT_URI, verifier, {
      DPoP: this.proofs,
      additionalParameters: { resource: this.metadata.resource },
      ...insecure,
    });
    return oauth.processAuthorizationCodeResponse(this.server, this.client, response);
  }
}

/** The challenges of a response, as oauth4webapi reads them. */
export async function challengesOf(response) {
  const options = { [oauth.customFetch]: async () => response.clone(), ...insecure };
  try {
    await oauth.protectedResourceRequest('unused', 'GET', new URL(response.url), undefined, null, options);
  } catch (error) {
    if (error instanceof oauth.WWWAuthenticateChallengeError) return error.cause;
    throw error;
  }
  throw new Error('a response without challenges');
}

async function resourceMetadata(url) {
  const response = await oauth.resourceDiscoveryRequest(url, insecure);
  return oauth.processResourceDiscoveryResponse(url, response);
}
