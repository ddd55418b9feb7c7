import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';

const kit = (protocol, mode) => ({
  title: 'TypeScript client',
  package: '@modelcontextprotocol/client',
  client: () => new Client({ name: 'interop', version: '1' }, { versionNegotiation: { mode } }),
  transport: (url, { token, memory, fetch }) =>
    new StreamableHTTPClientTransport(new URL(url), { authProvider: memory ?? (token && { token: async () => token }), fetch }),
  isUnauthorized: (error) => [error, error.cause].some((one) => one instanceof UnauthorizedError || one?.status === 401 || one?.data?.status === 401),
  finish: (transport, parameters) => transport.finishAuth(parameters),
  expected: protocol,
  stepUpClient: 'registered',
});

export const kits = [kit('2025-11-25', 'legacy'), kit('2026-07-28', 'auto')];
