// Lets a program in another language drive the authorization server and the server under test.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { AuthorizationServer } from './authorization_server.mjs';
import { ResourceServer } from './resource_server.mjs';

export async function startControl() {
  const issuer = await AuthorizationServer.start();
  let server = await ResourceServer.start({ issuer: issuer.issuer });
  const actions = {
    counts: () => issuer.counts,
    down: () => issuer.down(),
    restart: async () => {
      const { port } = server;
      await server.stop();
      server = await ResourceServer.start({ issuer: issuer.issuer, port });
    },
    rotate: () => issuer.rotate(),
    token: ({ resource, scope }) => issuer.token(resource, scope),
    ttl: ({ seconds }) => void (issuer.ttl = Number(seconds)),
    up: () => issuer.up(),
  };
  const control = createServer(async (req, res) => {
    const url = new URL(req.url, 'http://control');
    try {
      const answer = await actions[url.pathname.slice(1)](Object.fromEntries(url.searchParams));
      res.end(JSON.stringify(answer ?? null));
    } catch (error) {
      res.writeHead(500).end(String(error));
    }
  }).listen(0, '127.0.0.1');
  await once(control, 'listening');
  return {
    env: { CONTROL: `http://127.0.0.1:${control.address().port}`, MCP_URL: server.url },
    stop: async () => {
      control.close();
      control.closeAllConnections();
      await server.stop();
      await issuer.down();
    },
  };
}
