// A program in a terminal: for clients that do nothing without one.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

const LIMIT = 15_000;

export class Terminal {
  /** What the program has written, without colours and moves of the cursor. */
  screen = '';
  #child;

  /** `script` (util-linux) gives the program a terminal. */
  constructor(desk, program, args, { env } = {}) {
    const quoted = [program, ...args].map((word) => `'${word}'`).join(' ');
    this.#child = desk.start('script', ['--quiet', '--flush', '--return', '--command', `stty cols 120 rows 50; exec ${quoted}`, '/dev/null'], { env });
    this.#child.stdout.on('data', (text) => {
      if (process.env.VERBOSE) process.stderr.write(text);
      this.screen += String(text).replaceAll(/\x1b\[[0-9;?<>=]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g, '');
    });
  }

  /** Waits until the program has written this, and forgets what it has written before. */
  async shows(pattern) {
    for (const end = Date.now() + LIMIT; ; await sleep(50)) {
      const found = pattern.exec(this.screen);
      if (found) {
        this.screen = this.screen.slice(found.index + found[0].length);
        return found;
      }
      if (Date.now() > end || this.#child.exitCode !== null) throw new Error(`no ${pattern} in the terminal: ${this.screen.slice(-2000)}`);
    }
  }

  async type(text) {
    this.#child.stdin.write(text);
    await this.shows(new RegExp(text));
  }

  /** After a moment, as a person does: what comes at once looks like pasted text to some programs. */
  async enter() {
    await sleep(300);
    this.#child.stdin.write('\r');
  }

  async close() {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await Promise.race([once(this.#child, 'exit'), sleep(1000)]);
  }
}
