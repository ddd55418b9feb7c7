// Claude Code: it signs in only in a terminal; the rest runs without a screen. A model of ours
// calls the tools.
import { binary } from '../lib/desk.mjs';
import { Terminal } from '../lib/terminal.mjs';
import { version } from '../lib/version.mjs';

export default {
  title: () => `Claude Code ${version('@anthropic-ai/claude-code')}`,
  model: true,

  async user(desk, url, model) {
    const env = {
      ANTHROPIC_API_KEY: 'none',
      ANTHROPIC_BASE_URL: model.url,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
      ENABLE_TOOL_SEARCH: 'false',
    };
    const claude = (...args) => desk.succeed(binary('claude'), args, { env });
    const prompt = (text) => claude('--print', text, '--allowedTools', 'mcp__example__whoami', 'mcp__example__append_note');
    await claude('mcp', 'add', '--transport', 'http', '--scope', 'user', 'example', url);
    const signIn = async () => {
      const terminal = new Terminal(desk, binary('claude'), ['mcp', 'login', 'example'], { env });
      await terminal.shows(/Authenticated with "example"/);
      await terminal.close();
    };
    return {
      signIn,
      tools: () => model.toolsOf(() => prompt('hello')),
      call: (tool, parameters) => model.resultOf(() => prompt([tool, ...Object.values(parameters)].join(' '))),
      signInFor: signIn,
    };
  },
};
