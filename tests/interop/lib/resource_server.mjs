// The program under test: our example, with a configuration file.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstLine, stop } from './program.mjs';

/** A free port, which the server needs in advance, because its configuration holds its URL. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export class ResourceServer {
  static async start({ issuer, port, program = process.env.MCP_SERVER, bare = false, options = [], resourceOf, ...settings }) {
    const it = new ResourceServer();
    it.port = port ?? (await freePort());
    it.base = `http://127.0.0.1:${it.port}`;
    it.url = `${it.base}/mcp`;
    const config = bare ? [] : ['--config', await writeConfig({ resource: resourceOf?.(it.base) ?? it.url, issuer, ...settings })];
    it.process = spawn(program, [...options, ...config, '--bind', `127.0.0.1:${it.port}`], {
      stdio: ['ignore', 'pipe', process.env.VERBOSE ? 'inherit' : 'ignore'],
    });
    await firstLine(it.process, /^listening on /);
    return it;
  }

  stop() {
    return stop(this.process);
  }
}

async function writeConfig(settings) {
  const file = join(await mkdtemp(join(tmpdir(), 'interop-')), 'auth.json');
  const config = { required_scopes: ['mcp:read'], leeway: '0s', jwks_cache: { cooldown: '1s' }, ...settings };
  await writeFile(file, JSON.stringify(config));
  return file;
}
