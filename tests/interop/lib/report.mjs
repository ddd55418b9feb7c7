// One line of JSON per client and scenario; `table.mjs` puts them together.
import { appendFile } from 'node:fs/promises';

/** What a client is known not to do. */
export class Cannot extends Error {}

/** What is not run here, and why. */
export class NotRun extends Error {}

/**
 * Runs `scenarios` (name to function) one after the other. One that fails is run once more:
 * programs with a browser are late at times on a busy machine. What failed first is told in any
 * case.
 */
export async function report(client, scenarios, limit = 40_000) {
  const only = process.env.ONLY?.split(',');
  for (const [scenario, run] of Object.entries(scenarios)) {
    if (only && !only.includes(scenario)) continue;
    const began = Date.now();
    let result = await attempt(run, limit);
    if (result.outcome === 'FAILED') {
      console.log(`${client}: ${scenario}: failed, once more`);
      const first = result.detail;
      result = await attempt(run, limit);
      if (result.outcome !== 'FAILED') result.detail = `the second time; first: ${first}`;
    }
    const line = { client, scenario, ...result, milliseconds: Date.now() - began };
    console.log(`${client}: ${scenario}: ${line.outcome}${line.detail ? ` (${line.detail.split('\n')[0]})` : ''}`);
    if (process.env.RESULTS) await appendFile(process.env.RESULTS, `${JSON.stringify(line)}\n`);
  }
}

async function attempt(run, limit) {
  try {
    const detail = await deadline(run(), limit);
    return { outcome: 'ok', ...(detail && { detail }) };
  } catch (error) {
    const outcome = error instanceof Cannot ? 'cannot' : error instanceof NotRun ? 'not run' : 'FAILED';
    if (outcome === 'FAILED') console.error(error);
    return { outcome, detail: String(error?.message ?? error) };
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
