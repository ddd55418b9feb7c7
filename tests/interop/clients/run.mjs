// Real clients against the example as a new user starts it, and against a server with a real
// authorization server: sign-in, tools, refresh, step-up.
//
//   node clients/run.mjs              all of them
//   node clients/run.mjs codex gemini these
import { NotRun, report } from '../lib/report.mjs';
import { scenarios } from './scenarios.mjs';

const all = ['mcporter', 'mcp_remote', 'fastmcp', 'opencode', 'codex', 'gemini', 'claude_code'];
const names = process.argv.length > 2 ? process.argv.slice(2) : all;
for (const name of names) {
  const { default: client } = await import(`./${name}.mjs`);
  if (client.missing?.()) await report(name, { any: async () => { throw new NotRun('it cannot be installed here'); } });
  else await report(client.title(), scenarios(client));
}
