// A key of a client and its DPoP proofs (RFC 9449), with WebCrypto alone. Uses nothing of Node,
// because the page of the browser tests includes it.

const kinds = {
  ES256: [{ name: 'ECDSA', namedCurve: 'P-256' }, { name: 'ECDSA', hash: 'SHA-256' }],
  ES384: [{ name: 'ECDSA', namedCurve: 'P-384' }, { name: 'ECDSA', hash: 'SHA-384' }],
  EdDSA: [{ name: 'Ed25519' }, { name: 'Ed25519' }],
  RS256: [rsa('RSASSA-PKCS1-v1_5', 2048), { name: 'RSASSA-PKCS1-v1_5' }],
};

export class Key {
  static async create(alg = 'ES256') {
    const it = new Key();
    const [generation, signing] = kinds[alg];
    it.alg = alg;
    it.signing = signing;
    it.pair = await crypto.subtle.generateKey(generation, true, ['sign', 'verify']);
    const { kty, crv, x, y, n, e } = await crypto.subtle.exportKey('jwk', it.pair.publicKey);
    it.jwk = JSON.parse(JSON.stringify({ kty, crv, x, y, n, e }));
    it.thumbprint = await hash(JSON.stringify(Object.fromEntries(Object.entries(it.jwk).sort())));
    return it;
  }

  /** A JWS in compact form. `header` and `claims` are objects, or texts that are taken as they are. */
  async sign(header, claims) {
    const signed = [header, claims].map(encode).join('.');
    const signature = await crypto.subtle.sign(this.signing, this.pair.privateKey, new TextEncoder().encode(signed));
    return `${signed}.${base64url(signature)}`;
  }

  /** The parts of a good proof, made now: its header and its claims. */
  async parts(method, url, token) {
    const header = { typ: 'dpop+jwt', alg: this.alg, jwk: this.jwk };
    const claims = { jti: crypto.randomUUID(), htm: method, htu: url, iat: now() };
    if (token) claims.ath = await hash(token);
    return { header, claims };
  }

  /** A proof; `changes` replaces claims, and removes those that it has as `undefined`. */
  async proof(method, url, token, changes = {}) {
    const { header, claims } = await this.parts(method, url, token);
    return this.sign(header, { ...claims, ...changes });
  }
}

export const now = () => Math.floor(Date.now() / 1000);

/** SHA-256 in base64url. */
export async function hash(text) {
  return base64url(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

export function base64url(bytes) {
  const text = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join('');
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function encode(part) {
  return base64url(new TextEncoder().encode(typeof part === 'string' ? part : JSON.stringify(part)));
}

function rsa(name, modulusLength) {
  return { name, modulusLength, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' };
}
