// django-oauth-toolkit in a project of one file, `project.py`.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../lib/resource_server.mjs';
import { revoke, tokenFrom } from '../lib/http.mjs';
import { Service } from '../lib/service.mjs';

const here = import.meta.dirname;
const python = process.env.ISSUERS_PYTHON;

export const title = () => {
  const code = 'from importlib.metadata import version as v; print(v("django-oauth-toolkit"), "on Django", v("Django"))';
  return `django-oauth-toolkit ${execFileSync(python, ['-c', code]).toString().trim()}`;
};

export async function start({ folder }) {
  const { client, issuer, keys, service } = await project(folder);
  return {
    issuer,
    settings: { rfc9068: true },
    // Tokens with the scope `short` live for two seconds.
    token: ({ resource, seconds = 600 }) => tokenFrom(`${issuer}/token/`, { ...client, resource, scope: seconds > 2 ? 'mcp:read' : 'mcp:read short' }),
    rotate: async () => {
      keys.push(newKey(folder, keys.length));
      await service.down();
      await service.up();
    },
    withdraws: false,
    down: () => service.down(),
    up: () => service.up(),
  };
}

/** The same project without a generator of JWTs. */
export const introspected = [
  {
    variant: 'plain answers',
    start: async ({ folder }) => {
      const { client, issuer, service } = await project(folder, { OPAQUE: '1' });
      return {
        issuer,
        // Its metadata does not name the endpoint.
        introspection: { endpoint: `${issuer}/introspect/`, client_id: client.client, client_secret: client.secret },
        token: ({ resource, seconds = 600 }) => tokenFrom(`${issuer}/token/`, { ...client, resource, scope: seconds > 2 ? 'mcp:read' : 'mcp:read short' }),
        revoke: (token) => revoke(`${issuer}/revoke_token/`, client, token),
        down: () => service.down(),
      };
    },
  },
];

async function project(folder, variables = {}) {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}/o`;
  const client = { client: 'machine', secret: 'machine-secret' };
  const keys = [newKey(folder, 0)];
  const env = () => ({ FOLDER: folder, ISSUER: issuer, SIGNING_KEY: keys.at(-1), OLD_KEYS: keys.slice(0, -1).join(','), ...variables });
  const manage = (...args) => execFileSync(python, [join(here, 'project.py'), ...args], { env: { ...process.env, ...env() } });
  manage('migrate', '--verbosity', '0');
  manage('createapplication', 'confidential', 'client-credentials', '--client-id', client.client, '--client-secret', client.secret);
  const service = new Service({
    start: () => ({ program: python, args: [join(here, 'project.py'), 'runserver', '--noreload', `127.0.0.1:${port}`], env: env() }),
    log: join(folder, 'django.log'),
    ready: `${issuer}/.well-known/openid-configuration`,
  });
  await service.up();
  return { client, issuer, keys, service };
}

function newKey(folder, number) {
  const file = join(folder, `key-${number}.pem`);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return file;
}
