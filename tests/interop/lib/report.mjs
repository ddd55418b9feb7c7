// One line of JSON per client and scenario; `table.mjs` puts them together.
import { appendFile } from 'node:fs/promises';

/** What a client is known not to do. */
export class Cannot extends Error {}

/** What is not run here, and why. */
export class NotRun extends Error {}

/** Runs `scenarios` (name to function) one after the other. */
export async function report(client, scenarios, limit = 40_000) {
  const only = process.env.ONLY?.split(',');
  for (const [scenario, run] of Object.entries(scenarios)) {
    if (only && !only.includes(scenario)) continue;
    const began = Date.now();
    let line = { client, scenario, outcome: 'ok' };
    try {
      const detail = await deadline(run(), limit);
      if (detail) line.detail = detail;
    } catch (error) {
      const outcome = error instanceof Cannot ? 'cannot' : error instanceof NotRun ? 'not run' : 'FAILED';
      line = { ...line, outcome, detail: String(error?.message ?? error) };
      if (outcome === 'FAILED') console.error(error);
    }
    line.milliseconds = Date.now() - began;
    console.log(`${client}: ${scenario}: ${line.outcome}${line.detail ? ` (${line.detail.split('\n')[0]})` : ''}`);
    if (process.env.RESULTS) await appendFile(process.env.RESULTS, `${JSON.stringify(line)}\n`);
  }
}

async function deadline(promise, milliseconds) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

/** Waits until `token` has expired; the server's leeway is zero. */
export const untilExpired = (token) => sleep(claims(token).exp * 1000 - Date.now() + 50);
