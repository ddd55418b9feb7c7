// Requests to providers, and waiting for their state.
import { sleep } from '../../lib/report.mjs';

/** The access token in the response of a token endpoint. */
export async function tokenFrom(url, { client, secret, ...parameters }) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...parameters }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} from ${url}: ${text}`);
  return JSON.parse(text).access_token;
}

/** Revokes a token at the endpoint of RFC 7009. */
export async function revoke(url, { client, secret }, token) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ token }),
  });
  if (!response.ok) throw new Error(`${response.status} from ${url}: ${await response.text()}`);
}

/** Waits until `state()` returns something other than `undefined`; an error counts as not yet. */
export async function until(what, state, limit = 15_000) {
  const end = Date.now() + limit;
  let reason = '';
  while (Date.now() < end) {
    try {
      const found = await state();
      if (found !== undefined) return found;
    } catch (error) {
      reason = `: ${error.cause?.message ?? error.message}`;
    }
    await sleep(50);
  }
  throw new Error(`${what}: not within ${limit} ms${reason}`);
}

/** Waits until `url` answers with success. */
export const answers = (url) =>
  until(`an answer of ${url}`, async () => {
    const response = await fetch(url);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response;
  });
