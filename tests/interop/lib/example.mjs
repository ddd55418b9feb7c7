// The example as a new user starts it: without configuration, with its own development issuer.
import { spawn } from 'node:child_process';
import { firstLine, stop } from './program.mjs';

export async function startExample(options = []) {
  const server = spawn(process.env.MCP_SERVER, ['--bind', '127.0.0.1:0', ...options], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [, base] = await firstLine(server, /^listening on (\S+)$/);
  return { url: `${base}/mcp`, stop: () => stop(server) };
}
