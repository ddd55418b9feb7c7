import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

export const kits = [
  {
    title: 'TypeScript SDK',
    package: '@modelcontextprotocol/sdk',
    expected: '2025-11-25',
    client: () => new Client({ name: 'interop', version: '1' }),
    transport: (url, { token, memory, fetch }) =>
      new StreamableHTTPClientTransport(new URL(url), {
        authProvider: memory,
        fetch,
        requestInit: token && { headers: { Authorization: `Bearer ${token}` } },
      }),
    isUnauthorized: (error) => error instanceof UnauthorizedError || error.code === 401,
    finish: (transport, parameters) => transport.finishAuth(parameters.get('code')),
    protocol: (transport) => transport.protocolVersion,
    // With a refresh token it refreshes instead of asking its user for more scopes.
    stepUpClient: 'registered-without-refresh',
  },
];
