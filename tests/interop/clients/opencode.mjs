// OpenCode, without a screen. A model of ours calls the tools.
import { existsSync } from 'node:fs';
import { freePort } from '../lib/resource_server.mjs';
import { version } from '../lib/version.mjs';

// Of the packages with a program, for it needs no other; npm installs it where it runs.
const PACKAGE = 'opencode-linux-x64-baseline';
const program = new URL(`../node_modules/${PACKAGE}/bin/opencode`, import.meta.url).pathname;

export default {
  title: () => `OpenCode ${version(PACKAGE)}`,
  missing: () => !existsSync(program),
  model: true,

  async user(desk, url, model) {
    const provider = { npm: '@ai-sdk/openai-compatible', options: { baseURL: `${model.url}/v1`, apiKey: 'none' }, models: { model: {} } };
    await desk.file('.config/opencode/opencode.json', {
      autoupdate: false,
      share: 'disabled',
      provider: { ours: provider },
      model: 'ours/model',
      small_model: 'ours/model',
      mcp: { example: { type: 'remote', url, oauth: { callbackPort: await freePort() } } },
    });
    const env = { OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_LSP_DOWNLOAD: '1' };
    const opencode = (...args) => desk.succeed(program, args, { env });
    const prompt = (text) => opencode('run', text);
    return {
      signIn: () => opencode('mcp', 'auth', 'example'),
      tools: () => model.toolsOf(() => prompt('hello')),
      call: (tool, parameters) => model.resultOf(() => prompt([tool, ...Object.values(parameters)].join(' '))),
    };
  },
};
