// FastMCP's client, as a program uses it: it signs in when it connects, and again for more scopes.
import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

const version = () => spawnSync(process.env.PYTHON, ['-c', 'from importlib.metadata import version; print(version("fastmcp-slim"))']).stdout;

export default {
  title: () => `FastMCP client ${String(version()).trim()}`,
  missing: () => !process.env.PYTHON,
  stepsUp: true,

  async user(desk, url) {
    const program = new URL('fastmcp_client.py', import.meta.url).pathname;
    const child = desk.start(process.env.PYTHON, [program, url], { env: { PYTHONWARNINGS: 'ignore' } });
    if (process.env.VERBOSE) child.stderr.pipe(process.stderr);
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ask = async (...line) => {
      child.stdin.write(`${JSON.stringify(line)}\n`);
      const { value } = await answers.next();
      const { result, error } = JSON.parse(value ?? '{"error":"the program has ended"}');
      if (error) throw new Error(error);
      return result;
    };
    return {
      signIn: () => ask('tools'),
      tools: () => ask('tools'),
      call: (tool, parameters) => ask(tool, parameters),
    };
  },
};
