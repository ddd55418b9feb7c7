// glewlwyd with its OpenID Connect plugin, from Debian's package; configured through its own API.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';
import { freePort } from '../../lib/resource_server.mjs';
import { revoke, tokenFrom } from '../lib/http.mjs';
import { unpacked } from '../lib/packages.mjs';
import { Service } from '../lib/service.mjs';

// Not what the package wants for its set-up with a database server.
const PACKAGE = ['glewlwyd', { without: /^(dbconfig-|default-mysql|mariadb-client|mysql-common)/ }];

export const title = () => `glewlwyd ${unpacked(...PACKAGE).version}`;

export async function start({ folder, resources }) {
  const { base, client, configure, parameters, service } = await instance(folder, resources);
  return {
    issuer: `${base}/api/oidc`,
    settings: {},
    token: ({ resource, seconds = 600 }) => token({ base, client, configure, parameters }, resource, seconds),
    // As its documentation does it: the new key first, the old one behind it.
    rotate: () => configure({ 'jwks-private': JSON.stringify({ keys: [newKey(), ...JSON.parse(parameters()['jwks-private']).keys] }) }),
    withdraws: false,
    down: () => service.down(),
    up: () => service.up(),
  };
}

/** The same provider, asked about its JWTs, so that their revocation counts. */
export const introspected = [
  {
    variant: 'JWTs, also_jwts',
    start: async ({ folder, resources }) => {
      const it = await instance(folder, resources);
      return {
        issuer: `${it.base}/api/oidc`,
        introspection: { client_id: it.client.client, client_secret: it.client.secret, tokens: 'also_jwts' },
        token: ({ resource, seconds = 600 }) => token(it, resource, seconds),
        revoke: (text) => revoke(`${it.base}/api/oidc/revoke`, it.client, text),
        down: () => it.service.down(),
      };
    },
  },
];

async function token({ base, client, configure, parameters }, resource, seconds) {
  if (parameters()['access-token-duration'] !== seconds) await configure({ 'access-token-duration': seconds });
  return tokenFrom(`${base}/api/oidc/token`, { ...client, resource, scope: 'mcp:read' });
}

async function instance(folder, resources) {
  const { folder: root } = unpacked(...PACKAGE);
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  createDatabase(root, folder);
  writeFileSync(join(folder, 'glewlwyd.conf'), configuration(root, folder, port));
  const service = new Service({
    start: () => ({
      program: join(root, 'usr/bin/glewlwyd'),
      args: [`--config-file=${join(folder, 'glewlwyd.conf')}`],
      env: { LD_LIBRARY_PATH: join(root, 'usr/lib/x86_64-linux-gnu') },
    }),
    log: join(folder, 'glewlwyd.log'),
    ready: `${base}/config`,
  });
  await service.up();

  const api = await signIn(base);
  const client = { client: 'machine', secret: 'machine-secret' };
  let parameters = plugin(`${base}/api/oidc`, resources);
  await api('POST', 'scope', { name: 'mcp:read', display_name: 'mcp:read', description: 'mcp:read', password_required: false, scheme: {} });
  await api('POST', 'mod/plugin', { module: 'oidc', name: 'oidc', display_name: 'oidc', parameters });
  await api('POST', 'client', {
    client_id: client.client,
    name: client.client,
    password: client.secret,
    enabled: true,
    confidential: true,
    redirect_uri: ['http://127.0.0.1/callback'],
    authorization_type: ['client_credentials'],
    token_endpoint_auth_method: ['client_secret_basic'],
    scope: ['mcp:read'],
  });
  const configure = async (change) => {
    parameters = { ...parameters, ...change };
    await api('PUT', 'mod/plugin/oidc', { display_name: 'oidc', parameters });
    await api('PUT', 'mod/plugin/oidc/reset', {});
  };
  return { base, client, configure, parameters: () => parameters, service };
}

function createDatabase(root, folder) {
  const script = gunzipSync(readFileSync(join(root, 'usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz')));
  const database = new DatabaseSync(join(folder, 'glewlwyd.db'));
  database.exec(script.toString());
  database.close();
}

const configuration = (root, folder, port) => `
port=${port}
bind_address="127.0.0.1"
external_url="http://127.0.0.1:${port}"
login_url="login.html"
api_prefix="api"
static_files_path="${root}/usr/share/glewlwyd/webapp/"
log_mode="console"
log_level="WARNING"
cookie_domain="127.0.0.1"
cookie_secure=0
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="${root}/usr/lib/glewlwyd/user"
user_middleware_module_path="${root}/usr/lib/glewlwyd/user_middleware"
client_module_path="${root}/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="${root}/usr/lib/glewlwyd/scheme"
plugin_module_path="${root}/usr/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database = { type = "sqlite3" path = "${folder}/glewlwyd.db" };
`;

/** Calls of the administration API. The script of the database has a user `admin`. */
async function signIn(base) {
  const answer = await fetch(`${base}/api/auth`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: 'password' }),
  });
  if (!answer.ok) throw new Error(`no sign-in: ${answer.status} ${await answer.text()}`);
  const cookie = answer.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
  return async (method, path, body) => {
    const response = await fetch(`${base}/api/${path}`, { method, headers: { cookie, 'content-type': 'application/json' }, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  };
}

const plugin = (iss, resources) => ({
  iss,
  'jwks-private': JSON.stringify({ keys: [newKey()] }),
  'jwks-show': true,
  'jwt-type': 'rsa',
  'jwt-key-size': '256',
  'access-token-duration': 600,
  'refresh-token-duration': 3600,
  'code-duration': 60,
  'refresh-token-rolling': true,
  'subject-type': 'public',
  'allow-non-oidc': true,
  'auth-type-client-enabled': true,
  'auth-type-code-enabled': true,
  'auth-type-implicit-enabled': false,
  'auth-type-none-enabled': false,
  'auth-type-password-enabled': false,
  'auth-type-refresh-enabled': true,
  'auth-type-token-enabled': false,
  'pkce-allowed': true,
  // Without these `aud` is the list of scopes.
  'resource-allowed': true,
  'resource-scope': { 'mcp:read': resources },
  'resource-scope-and-client-property': false,
  'introspection-revocation-allowed': true,
  'introspection-revocation-allow-target-client': true,
});

function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'RS256', use: 'sig' };
}
