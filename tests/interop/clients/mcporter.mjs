// mcporter, on the command line.
import { binary } from '../lib/desk.mjs';
import { version } from '../lib/version.mjs';

export default {
  title: () => `mcporter ${version('mcporter')}`,

  async user(desk, url) {
    const config = await desk.file('mcporter.json', { mcpServers: { example: { baseUrl: url } } });
    const mcporter = (...args) => desk.succeed(binary('mcporter'), ['--config', config, ...args]);
    return {
      signIn: () => mcporter('auth', 'example'),
      tools: async () => JSON.parse(await mcporter('list', 'example', '--json')).tools.map(({ name }) => name),
      call: (tool, parameters) => mcporter('call', `example.${tool}`, '--args', JSON.stringify(parameters)),
    };
  },
};
