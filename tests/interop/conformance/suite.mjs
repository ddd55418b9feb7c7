// Runs the official suite against a URL and reads its results.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = new URL('../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url).pathname;

/** The outcome of each check, as lines that can be compared. */
export async function runSuite(url, version) {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'));
  const suite = spawn(process.execPath, [program, 'server', '--url', url, '--requirements', version, '-o', folder], {
    stdio: process.env.VERBOSE ? 'inherit' : 'ignore',
  });
  await once(suite, 'exit');
  const scenarios = {};
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith('checks.json')) continue;
    // server-tools-list-2026-11-22T10-00-00-000Z/checks.json
    const scenario = file.replace(/-\d{4}-\d\d-\d\dT.*$/, '').replace(/^server-/, '');
    const checks = JSON.parse(await readFile(join(folder, file), 'utf8'));
    scenarios[scenario] = checks.filter(({ status }) => status !== 'INFO').map(({ id, status }) => `${id}: ${status}`).sort();
  }
  return scenarios;
}

export function counts(scenarios) {
  const lines = Object.values(scenarios);
  const checks = lines.flat();
  const failed = (all) => all.some((line) => line.endsWith('FAILURE'));
  return {
    scenarios: lines.length,
    passed: lines.filter((all) => !failed(all)).length,
    checks: checks.length,
    checksPassed: checks.filter((line) => line.endsWith('SUCCESS')).length,
    // The server does not support tasks, an extension that no revision requires.
    failing: Object.entries(scenarios).filter(([name, all]) => failed(all) && !name.startsWith('tasks-')).map(([name]) => name),
  };
}
