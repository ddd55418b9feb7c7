// A provider in a process of its own, which can be stopped and started.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { answers } from './http.mjs';

export class Service {
  #start;
  #log;
  #ready;
  #process;

  /** `start` returns the program, its arguments and its environment; `ready` is a URL. */
  constructor({ start, log, ready }) {
    this.#start = start;
    this.#log = log;
    this.#ready = ready;
  }

  async up() {
    await this.down();
    const { program, args = [], env = {}, cwd } = this.#start();
    const log = openSync(this.#log, 'a');
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', log, log] });
    this.#process = child;
    const ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`${program} ended with ${code ?? signal}; its output is in ${this.#log}`);
    });
    // After the start the process may end: `down` waits for that.
    ended.catch(() => {});
    try {
      await Promise.race([answers(this.#ready), ended]);
    } catch (error) {
      await this.down();
      throw error;
    }
  }

  async down() {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill();
    const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(late);
  }
}
