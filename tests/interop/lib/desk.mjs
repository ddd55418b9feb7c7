// The desk of a user who tries a client: a home folder of its own, an environment that has nothing
// of ours, and a browser whose user presses Allow.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { visit } from './user.mjs';

/** What programs start to open a page. */
const OPENERS = ['browser', 'open', 'sensible-browser', 'www-browser', 'x-www-browser', 'xdg-open'];
/** No step of a client may take longer. */
const LIMIT = 15_000;
/** Nor may all of them together. */
const WHOLE_LIMIT = 35_000;

/** What is running: with its own children, so that they end with this process too. */
const running = new Set();
const end = (child) => process.kill(-child.pid, 'SIGKILL');
process.on('exit', () => running.forEach(end));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** A program of an npm package. */
export const binary = (name) => new URL(`../node_modules/.bin/${name}`, import.meta.url).pathname;

export class Desk {
  /** The parameters of each authorization request that a client sent the user to. */
  asked = [];
  /** Rejects when a page in the browser failed, or after a while: the client may wait for ever. */
  failure;
  #browser;
  #fail;
  #running = new Set();
  #timer;

  static async set() {
    const it = new Desk();
    it.failure = new Promise((_, reject) => (it.#fail = reject));
    it.failure.catch(() => {});
    it.#timer = setTimeout(() => it.#fail(new Error(`the client was not done within ${WHOLE_LIMIT} ms`)), WHOLE_LIMIT);
    it.home = await mkdtemp(join(tmpdir(), 'desk-'));
    it.#browser = createServer((req, res) => it.#open(req, res)).listen(0, '127.0.0.1');
    await once(it.#browser, 'listening');
    const bin = join(it.home, 'bin');
    await mkdir(bin);
    const page = `http://127.0.0.1:${it.#browser.address().port}`;
    const opener = `#!${process.execPath}\nfetch('${page}', { method: 'POST', body: process.argv.at(-1) });\n`;
    for (const name of OPENERS) {
      await writeFile(join(bin, name), opener);
      await chmod(join(bin, name), 0o755);
    }
    // For a real xdg-open, which some packages contain.
    await it.file('.local/share/applications/ours.desktop', `[Desktop Entry]\nType=Application\nName=Ours\nExec=${join(bin, 'browser')} %u\n`);
    await it.file('.config/mimeapps.list', '[Default Applications]\nx-scheme-handler/http=ours.desktop\n');
    it.env = {
      PATH: [bin, dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
      HOME: it.home,
      BROWSER: join(bin, 'browser'),
      // Without it some clients believe that nobody could see a page.
      DISPLAY: ':0',
      TERM: 'xterm',
      LANG: 'C.UTF-8',
    };
    return it;
  }

  /** A file in the home folder. */
  async file(path, content) {
    const file = join(this.home, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
    return file;
  }

  /** Runs a program to its end. */
  async run(program, args, { env, input = '', limit = LIMIT } = {}) {
    const child = this.start(program, args, { env });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr']) child[stream].on('data', (text) => (output[stream] += text));
    child.stdin.end(input);
    const ended = once(child, 'close');
    const timer = setTimeout(() => end(child), limit);
    const [code, signal] = await ended;
    clearTimeout(timer);
    if (process.env.VERBOSE) console.error(`$ ${args.join(' ')}\n${output.stdout}${output.stderr}`);
    if (signal) throw new Error(`${args.join(' ')} was not done within ${limit} ms: ${output.stdout}${output.stderr}`);
    return { code, ...output };
  }

  /** Runs a program that must succeed; its output. */
  async succeed(program, args, options) {
    const { code, stdout, stderr } = await this.run(program, args, options);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
    return stdout;
  }

  /** Starts a program; it ends with the desk at the latest. */
  start(program, args, { env } = {}) {
    const child = spawn(program, args, { cwd: this.home, env: { ...this.env, ...env }, detached: true });
    for (const all of [running, this.#running]) {
      all.add(child);
      child.on('exit', () => all.delete(child));
    }
    return child;
  }

  async clear() {
    clearTimeout(this.#timer);
    for (const child of this.#running) {
      const ended = once(child, 'exit');
      end(child);
      await ended;
    }
    this.#browser.close();
    this.#browser.closeAllConnections();
    await rm(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  async #open(req, res) {
    let url = '';
    for await (const text of req) url += text;
    res.end();
    if (process.env.VERBOSE) console.error(`opens ${url}`);
    this.asked.push(new URL(url).searchParams);
    await visit(url).catch(this.#fail);
  }
}
