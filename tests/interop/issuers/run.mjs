// Runs the scenarios for the providers that are named on the command line. Each name is a folder.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { report } from '../lib/report.mjs';
import { freePort } from '../lib/resource_server.mjs';
import { introspectionScenarios } from './introspection.mjs';
import { scenarios } from './scenarios.mjs';

const OTHER = 'http://127.0.0.1:9/other';

for (const name of process.argv.slice(2)) {
  const { start, title, introspected = [] } = await import(`./${name}/provider.mjs`);
  await inFrontOfTheExample(name, `issuer ${title()}`, start, scenarios);
  for (const { variant, start } of introspected) {
    await inFrontOfTheExample(name, `issuer ${title()}, introspection, ${variant}`, start, introspectionScenarios);
  }
}

async function inFrontOfTheExample(name, title, start, scenarios) {
  const front = { port: await freePort() };
  const resource = `http://127.0.0.1:${front.port}/mcp`;
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  let provider;
  try {
    await report(title, {
      'start': async () => {
        provider = await start({ folder, resources: [resource, OTHER] });
      },
    });
    if (provider) await report(title, scenarios(provider, front, resource, OTHER));
  } finally {
    await front.server?.stop();
    await provider?.down().catch(() => {});
  }
}

// Whatever a failed scenario left open must not keep the process alive; the results are in a file.
process.exit();
