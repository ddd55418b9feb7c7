// mcp-remote: a local server for a host that cannot sign in, which passes on what a remote one
// says. The host is the TypeScript SDK.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { binary } from '../lib/desk.mjs';
import { version } from '../lib/version.mjs';

export default {
  title: () => `mcp-remote ${version('mcp-remote')}`,
  stepsUp: true,

  async user(desk, url) {
    const client = new Client({ name: 'interop', version: '1' });
    const stderr = process.env.VERBOSE ? 'inherit' : 'ignore';
    const transport = new StdioClientTransport({ command: binary('mcp-remote'), args: [url], env: desk.env, cwd: desk.home, stderr });
    return {
      signIn: () => client.connect(transport),
      tools: async () => (await client.listTools()).tools.map(({ name }) => name),
      call: async (name, parameters) => {
        const result = await client.callTool({ name, arguments: parameters });
        if (result.isError) throw new Error(result.content[0].text);
        return result.content[0].text;
      },
      leave: () => client.close(),
    };
  },
};
