// The server. `POST /rotate` creates a signing key, as the plugin does when `rotationInterval` is
// over; the key before it stays in the key set for the grace period.
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { oauthProvider } from '@better-auth/oauth-provider';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import { createJwk, jwt } from 'better-auth/plugins';

const { PORT, DATABASE, RESOURCES, CLIENT, SECRET } = process.env;
const resources = JSON.parse(RESOURCES);
const isNew = !existsSync(DATABASE);
const keys = { jwks: { keyPairConfig: { alg: 'ES256' } } };
const auth = betterAuth({
  baseURL: `http://127.0.0.1:${PORT}`,
  secret: 'only-for-this-test-and-at-least-32-characters',
  database: new DatabaseSync(DATABASE),
  telemetry: { enabled: false },
  rateLimit: { enabled: false },
  emailAndPassword: { enabled: true },
  plugins: [
    jwt(keys),
    oauthProvider({
      loginPage: '/sign-in',
      consentPage: '/consent',
      scopes: ['openid', 'mcp:read', 'mcp:write', 'short'],
      scopeExpirations: { short: '2s' },
      resources,
      // Without this a new client is linked to no resource, and gets `invalid_target`.
      clientRegistrationDefaultResources: resources,
      // Scopes for the client credentials grant need a decision of the application.
      clientPrivileges: () => true,
      generateClientId: () => CLIENT,
      generateClientSecret: () => SECRET,
    }),
  ],
});

if (isNew) await (await getMigrations(auth.options)).runMigrations();
const context = await auth.$context;
if (isNew) {
  const admin = { name: 'admin', email: 'admin@example.com', password: 'a long password' };
  const { headers } = await auth.api.signUpEmail({ body: admin, returnHeaders: true });
  await auth.api.adminCreateOAuthClient({
    headers: { cookie: headers.getSetCookie().map((line) => line.split(';')[0]).join('; ') },
    body: {
      application_type: 'native',
      redirect_uris: ['http://127.0.0.1/callback'],
      grant_types: ['client_credentials'],
      client_credentials_scopes: ['mcp:read', 'mcp:write', 'short'],
    },
  });
}

const handle = toNodeHandler(auth);
createServer(async (req, res) => {
  if (req.url === '/ready') return res.end();
  if (req.url !== '/rotate') return handle(req, res);
  try {
    await createJwk({ context }, keys);
    res.end();
  } catch (error) {
    console.error(error);
    res.writeHead(500).end();
  }
}).listen(PORT, '127.0.0.1');
