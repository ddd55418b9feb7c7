// Codex, without a screen. A model of ours calls the tools.
import { binary } from '../lib/desk.mjs';
import { version } from '../lib/version.mjs';

export default {
  title: () => `Codex ${version('@openai/codex')}`,
  model: true,

  async user(desk, url, model) {
    await desk.file(
      '.codex/config.toml',
      `
      mcp_oauth_credentials_store = "file"
      model = "ours"
      model_provider = "ours"
      approval_policy = "never"
      sandbox_mode = "danger-full-access"
      check_for_update_on_startup = false
      [analytics]
      enabled = false
      [model_providers.ours]
      name = "ours"
      base_url = "${model.url}/v1"
      wire_api = "responses"
      request_max_retries = 0
      [mcp_servers.example]
      url = "${url}"
      default_tools_approval_mode = "approve"
      `,
    );
    const codex = (...args) => desk.succeed(binary('codex'), args);
    const prompt = (text) => codex('exec', '--skip-git-repo-check', text);
    return {
      signIn: () => codex('mcp', 'login', 'example'),
      tools: () => model.toolsOf(() => prompt('hello')),
      call: async (tool, parameters) => {
        const result = await model.resultOf(() => prompt([tool, ...Object.values(parameters)].join(' ')));
        return result.split('Output:\n').at(-1);
      },
      signInFor: (scopes) => codex('mcp', 'login', 'example', '--scopes', scopes.join(',')),
    };
  },
};
