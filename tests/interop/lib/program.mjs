// Programs that run during a scenario.
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Waits for a line of the program's output; the rest is discarded. */
export async function firstLine(program, pattern) {
  for await (const line of createInterface({ input: program.stdout })) {
    const found = pattern.exec(line);
    if (!found) continue;
    program.stdout.resume();
    return found;
  }
  throw new Error(`the program ended without a line like ${pattern}`);
}

export async function stop(program) {
  const ended = once(program, 'exit');
  program.kill();
  await ended;
}
