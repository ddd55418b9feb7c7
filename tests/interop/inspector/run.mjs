// MCP Inspector, with its web client in a browser, against the example as a new user starts it:
// sign-in, list of tools, a call.
import { spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBrowser } from '../lib/browser.mjs';
import { startExample } from '../lib/example.mjs';
import { firstLine, stop } from '../lib/program.mjs';
import { report } from '../lib/report.mjs';
import { freePort } from '../lib/resource_server.mjs';
import { version } from '../lib/version.mjs';

const program = new URL('../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js', import.meta.url).pathname;
const browser = await startBrowser({ viewport: { width: 1360, height: 680 }, deviceScaleFactor: 2 });
const scenarios = (era) => ({
  'sign-in, dynamic registration': () => withInspector(era, async (page, url) => {
    await signIn(page);
    await page.getByText('Tools', { exact: true }).first().click();
    await page.getByRole('button', { name: 'whoami' }).click();
    await page.getByRole('button', { name: 'Execute Tool' }).click();
    await page.getByText('"developer"').waitFor();
    await page.getByText(`"${url}"`).waitFor();
    await page.getByText(era === 'auto' ? 'MODERN' : 'LEGACY').waitFor();
    if (era === 'auto' && process.env.SCREENSHOT) await screenshot(page, process.env.SCREENSHOT);
  }),
  'step-up to mcp:write': () => withInspector(era, async (page) => {
    await signIn(page);
    await page.getByText('Tools', { exact: true }).first().click();
    await addNote(page);
    await page.getByText('This operation needs additional scope: mcp:write').waitFor();
    await page.getByRole('button', { name: 'Authorize' }).click();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByText('Tools', { exact: true }).first().click();
    await addNote(page);
    await page.getByText('"a note"').first().waitFor();
  }, ['--step-up']),
});
for (const [era, protocol] of [['legacy', '2025-11-25'], ['auto', '2026-07-28']]) {
  await report(`MCP Inspector ${version('@modelcontextprotocol/inspector')}, ${protocol}`, scenarios(era));
}
await browser.close();

async function signIn(page) {
  await page.getByRole('switch').click({ force: true });
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.getByText('Authentication succeeded').waitFor();
}

async function addNote(page) {
  await page.getByRole('button', { name: 'append_note' }).click();
  await page.getByRole('textbox', { name: 'text' }).fill('a note');
  await page.getByRole('button', { name: 'Execute Tool' }).click();
}

/** Opens an Inspector with its own home folder, ready to connect to its own example. */
async function withInspector(era, use, settings) {
  const example = await startExample(settings);
  const home = await mkdtemp(join(tmpdir(), 'inspector-'));
  const options = ['--web', '--server-url', example.url, '--transport', 'http', '--protocol-era', era];
  const inspector = spawn(process.execPath, [program, ...options], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      PATH: process.env.PATH,
      HOME: home,
      MCP_STORAGE_DIR: home,
      CLIENT_PORT: String(await freePort()),
      MCP_SANDBOX_PORT: String(await freePort()),
      MCP_APP_ORIGIN_PORT: String(await freePort()),
      MCP_AUTO_OPEN_ENABLED: 'false',
      MCP_INSPECTOR_SECRET_STORE: 'memory',
    },
  });
  const page = await browser.newPage();
  page.setDefaultTimeout(15_000);
  try {
    const [address] = await firstLine(inspector, /http:\S+MCP_INSPECTOR_API_TOKEN=\S+/);
    await page.goto(address);
    await use(page, example.url);
  } catch (error) {
    if (process.env.VERBOSE) await page.screenshot({ path: join(home, 'failed.png') }).then(() => console.error(home));
    throw error;
  } finally {
    await page.close();
    await stop(inspector);
    await example.stop();
  }
}

/** The picture of the README: large enough for a phone, and nothing in it is cut off. */
async function screenshot(page, path) {
  // Notifications would hide the result.
  await page.getByText('Authentication succeeded').waitFor({ state: 'detached' });
  await page.evaluate(() => {
    for (const element of document.querySelectorAll('.ace_editor')) {
      element.env?.editor.setOptions({ wrap: true, fontSize: 16 });
    }
    // Fonts of servers lack their sign.
    for (const button of document.querySelectorAll('[aria-label=Copy]')) button.style.visibility = 'hidden';
  });
  await page.locator('.ace_editor').first().hover();
  // Without the panel of messages, at the right.
  await page.screenshot({ path, clip: { x: 0, y: 0, width: 934, height: 548 } });
}
