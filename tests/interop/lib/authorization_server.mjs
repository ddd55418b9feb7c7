// A real authorization server (oidc-provider) on the loopback interface: discovery, dynamic
// registration, PKCE, resource indicators, JWT access tokens, refresh tokens. Its user consents to
// everything.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';
import { Storage } from './storage.mjs';

const SCOPES = 'mcp:read mcp:write';

export class AuthorizationServer {
  /** The lifetime of access tokens in seconds; read for each token. */
  ttl = 600;
  /** What it writes into `aud` for a resource. */
  audience = (resource) => resource;
  /** `jwt`, or `opaque`: then only introspection tells what a token is. */
  format = 'jwt';
  /** Whether answers about tokens are signed (RFC 9701). */
  signedAnswers = false;
  /** Counts of events, by name. */
  counts = { authorization_code: 0, client_credentials: 0, refresh_token: 0, registrations: 0, key_sets: 0, authorizations: 0, introspections: 0 };

  #scopes;
  #server;
  #port;
  #provider;
  #handle;
  #storage = new Storage();

  /** Without `openid`, it advertises only scopes of the resource, and still issues refresh tokens. */
  static async start({ openid = true, format = 'jwt', signedAnswers = false } = {}) {
    const it = new AuthorizationServer();
    Object.assign(it, { format, signedAnswers });
    it.#scopes = [...(openid ? ['openid', 'offline_access'] : []), ...SCOPES.split(' ')];
    await it.up();
    it.rotate();
    return it;
  }

  get issuer() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts to listen, on the same port as before after a stop. */
  async up() {
    this.#server = createServer((req, res) => this.#answer(req, res));
    this.#server.listen(this.#port ?? 0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = this.#server.address().port;
  }

  /** Stops listening and closes all connections. Grants and tokens are kept. */
  async down() {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /**
   * Signs with a new key from now on and withdraws the old one. Grants, refresh tokens and clients
   * stay, because they are stored elsewhere.
   */
  rotate() {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const kid = randomUUID();
    this.#provider = new Provider(this.issuer, this.#configuration({ ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }));
    this.#handle = this.#provider.callback();
    this.#provider.on('grant.success', (ctx) => (this.counts[ctx.oidc.params.grant_type] += 1));
    this.#provider.on('registration_create.success', () => (this.counts.registrations += 1));
    this.#provider.on('authorization.success', () => (this.counts.authorizations += 1));
    this.#provider.on('introspection.error', (_ctx, error) => console.error(error));
    this.#provider.on('jwks.error', (_ctx, error) => console.error(error));
    this.#provider.on('server_error', (_ctx, error) => console.error(error));
    return kid;
  }

  /**
   * A token by client credentials: no user, no refresh token. With the proof of a key (DPoP) it is
   * bound to that key.
   */
  async token(resource, scope = 'mcp:read', proof = undefined) {
    const response = await fetch(`${this.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from('machine:machine-secret').toString('base64')}`, ...(proof && { dpop: proof }) },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope }),
    });
    const answer = await response.json();
    if (!answer.access_token) throw new Error(`no token: ${JSON.stringify(answer)}`);
    return answer.access_token;
  }

  async #answer(req, res) {
    if (req.url.startsWith('/jwks')) this.counts.key_sets += 1;
    if (req.url.startsWith('/token/introspection')) this.counts.introspections += 1;
    const path = req.url.split('?')[0];
    try {
      // RFC 8414 §3: MCP clients try this form first; oidc-provider serves only the OpenID one.
      if (path === '/.well-known/oauth-authorization-server') req.url = '/.well-known/openid-configuration';
      if (path.startsWith('/interaction/')) await this.#consent(req, res);
      else this.#handle(req, res);
    } catch (error) {
      console.error(error);
      res.writeHead(500).end(String(error));
    }
  }

  async #consent(req, res) {
    const { prompt, params, session, grantId } = await this.#provider.interactionDetails(req, res);
    if (prompt.name === 'login') {
      return this.#provider.interactionFinished(req, res, { login: { accountId: 'alice' } });
    }
    const grant = grantId
      ? await this.#provider.Grant.find(grantId)
      : new this.#provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    const { missingOIDCScope, missingOIDCClaims, missingResourceScopes = {} } = prompt.details;
    if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
    if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
    for (const [resource, scopes] of Object.entries(missingResourceScopes)) grant.addResourceScope(resource, scopes.join(' '));
    return this.#provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
  }

  #configuration(key) {
    const native = {
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['http://127.0.0.1/callback'],
      response_types: ['code'],
    };
    return {
      adapter: this.#storage.adapter,
      jwks: { keys: [key] },
      cookies: { keys: ['interop'] },
      scopes: this.#scopes,
      pkce: { required: () => true },
      clients: [
        { ...native, client_id: 'registered', grant_types: ['authorization_code', 'refresh_token'] },
        { ...native, client_id: 'registered-without-refresh', grant_types: ['authorization_code'] },
        {
          client_id: 'machine',
          client_secret: 'machine-secret',
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
        },
        // The resource server, which asks about tokens and gets none.
        {
          client_id: 'server',
          client_secret: 'server-secret',
          grant_types: [],
          redirect_uris: [],
          response_types: [],
          ...(this.signedAnswers && { introspection_signed_response_alg: 'RS256' }),
        },
      ],
      // CORS, for clients in a browser.
      clientBasedCORS: () => true,
      issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
      rotateRefreshToken: true,
      features: {
        devInteractions: { enabled: false },
        registration: { enabled: true },
        clientCredentials: { enabled: true },
        introspection: { enabled: true },
        jwtIntrospection: { enabled: this.signedAnswers },
        revocation: { enabled: true },
        resourceIndicators: {
          enabled: true,
          useGrantedResource: () => true,
          defaultResource: (_ctx, _client, oneOf) => oneOf,
          getResourceServerInfo: (_ctx, resource) => ({
            scope: SCOPES,
            audience: this.audience(resource),
            accessTokenFormat: this.format,
            accessTokenTTL: this.ttl,
            ...(this.format === 'jwt' && { jwt: { sign: { alg: 'RS256' } } }),
          }),
        },
      },
      ttl: { AccessToken: () => this.ttl, AuthorizationCode: 60, ClientCredentials: () => this.ttl, Grant: 3600, IdToken: 600, Interaction: 600, RefreshToken: 3600, Session: 3600 },
      interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
      findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    };
  }
}
