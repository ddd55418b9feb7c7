// oidc-provider, as the other folders use it. It runs in this process.
import { AuthorizationServer } from '../../lib/authorization_server.mjs';
import { revoke } from '../lib/http.mjs';
import { version } from '../../lib/version.mjs';

export const title = () => `oidc-provider ${version('oidc-provider')}`;

export async function start() {
  const server = await AuthorizationServer.start();
  let listens = true;
  const listen = async (wanted) => {
    if (listens === wanted) return;
    listens = wanted;
    await (wanted ? server.up() : server.down());
  };
  return {
    issuer: server.issuer,
    settings: { rfc9068: true, dpop: {} },
    token: async ({ resource, seconds = 600 }) => {
      server.ttl = seconds;
      return server.token(resource);
    },
    boundToken: async ({ resource, key }) => {
      server.ttl = 600;
      return server.token(resource, 'mcp:read', await key.proof('POST', `${server.issuer}/token`));
    },
    rotate: async () => void server.rotate(),
    withdraws: true,
    down: () => listen(false),
    up: () => listen(true),
  };
}

/** The same provider with opaque tokens, and then with signed answers about them (RFC 9701). */
export const introspected = ['plain answers', 'signed answers'].map((variant) => ({
  variant,
  start: async () => {
    const signedAnswers = variant === 'signed answers';
    const server = await AuthorizationServer.start({ format: 'opaque', signedAnswers });
    return {
      issuer: server.issuer,
      introspection: { client_id: 'server', client_secret: 'server-secret', ...(signedAnswers && { jwt_response: 'required' }) },
      token: ({ resource, seconds = 600 }) => {
        server.ttl = seconds;
        return server.token(resource);
      },
      revoke: (token) => revoke(`${server.issuer}/token/revocation`, { client: 'machine', secret: 'machine-secret' }, token),
      calls: () => server.counts.introspections,
      down: () => server.down(),
    };
  },
}));
