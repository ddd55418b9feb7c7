// better-auth with its plugins `jwt` and `@better-auth/oauth-provider`; its data is in SQLite.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../lib/resource_server.mjs';
import { tokenFrom } from '../lib/http.mjs';
import { Service } from '../lib/service.mjs';

const here = import.meta.dirname;
const version = (name) => JSON.parse(readFileSync(join(here, '../node_modules', name, 'package.json'))).version;

export const title = () => `better-auth ${version('better-auth')}`;

export async function start({ folder, resources }) {
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const client = { client: 'machine', secret: 'machine-secret-of-32-characters..' };
  const service = new Service({
    start: () => ({
      program: process.execPath,
      args: [join(here, 'server.mjs')],
      env: { PORT: port, DATABASE: join(folder, 'db.sqlite'), RESOURCES: JSON.stringify(resources), CLIENT: client.client, SECRET: client.secret },
    }),
    log: join(folder, 'better-auth.log'),
    ready: `${base}/ready`,
  });
  await service.up();
  return {
    // The path of better-auth belongs to its issuer.
    issuer: `${base}/api/auth`,
    settings: {},
    // Tokens with the scope `short` live for two seconds.
    token: ({ resource, seconds = 600 }) =>
      tokenFrom(`${base}/api/auth/oauth2/token`, { ...client, resource, scope: seconds > 2 ? 'mcp:read' : 'mcp:read short' }),
    rotate: async () => {
      const response = await fetch(`${base}/rotate`, { method: 'POST' });
      if (!response.ok) throw new Error(`no new key: ${response.status}`);
    },
    withdraws: false,
    down: () => service.down(),
    up: () => service.up(),
  };
}
