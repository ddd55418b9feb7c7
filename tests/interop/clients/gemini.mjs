// Gemini CLI: it signs in only in a terminal; the rest runs without a screen. A model of ours calls
// the tools.
import { binary } from '../lib/desk.mjs';
import { Terminal } from '../lib/terminal.mjs';
import { version } from '../lib/version.mjs';

export default {
  title: () => `Gemini CLI ${version('@google/gemini-cli')}`,
  model: true,
  requestsAll: true,
  refreshesAhead: 300,

  async user(desk, url, model) {
    await desk.file('.gemini/settings.json', {
      general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
      mcpServers: { example: { httpUrl: url } },
      privacy: { usageStatisticsEnabled: false },
      security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
      telemetry: { enabled: false },
    });
    const env = { GEMINI_API_KEY: 'none', GOOGLE_GEMINI_BASE_URL: model.url, GEMINI_CLI_NO_RELAUNCH: 'true' };
    const options = ['--skip-trust', '--model', 'gemini-2.5-flash'];
    const prompt = (text) => desk.succeed(binary('gemini'), [...options, '--yolo', '--prompt', text], { env });
    return {
      signIn: async () => {
        const terminal = new Terminal(desk, binary('gemini'), options, { env });
        await terminal.shows(/Type your message/);
        // Before it knows its commands, a command is a prompt.
        await terminal.type('/mcp auth');
        await terminal.shows(/Authenticate with/);
        await terminal.type(' example');
        await terminal.enter();
        await terminal.shows(/Do you want to continue/);
        await terminal.enter();
        await terminal.shows(/uccessfully authenticated and reloaded/);
        await terminal.close();
      },
      tools: () => model.toolsOf(() => prompt('hello')),
      call: async (tool, parameters) => {
        const result = await model.resultOf(() => prompt([tool, ...Object.values(parameters)].join(' ')));
        const { output = result } = JSON.parse(result);
        return output.replaceAll(/<\/?untrusted_context>/g, '');
      },
    };
  },
};
