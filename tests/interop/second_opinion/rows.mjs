// The requests. Each row changes one thing of a request that both accept. Its id is that of the
// test in tests/CATALOGUE.md.
//
// A row returns what it changes: `token` and `proof` (whole texts), `claims` (of the token),
// `header` and `payload` (of the proof), `key` (that signs it), `scheme`, `host` (that the request
// names), `before` (proofs that are sent first). A row with a reason at its end is one for which
// oauth4webapi's verdict is the other one; the reason says why ours is right.
import { createHash } from 'node:crypto';
import { base64url, hash, now } from '../lib/proof.mjs';

const REFUSED = 'refused';
const ACCEPTED = 'accepted';

/** What must be refused. */
const bad = (id, what, change, why) => ({ id, what, change, why, ours: REFUSED, theirs: why ? ACCEPTED : REFUSED });
/** What must be accepted. */
const good = (id, what, change, why) => ({ id, what, change, why, ours: ACCEPTED, theirs: why ? REFUSED : ACCEPTED });

const encoded = (text) => base64url(new TextEncoder().encode(text));
const decoded = (segment) => Buffer.from(segment, 'base64url').toString();

export const rows = [
  bad('P01', 'no proof', () => ({ proof: [] })),
  bad('P02', 'the same proof in two lines', ({ proof }) => ({ proof: [proof, proof] })),
  bad('P04', 'two proofs in one line', async ({ proof, another }) => ({ proof: `${proof}, ${await another()}` })),
  bad('P05', 'a proof that is no JWT', () => ({ proof: 'this-is-not-a-jwt' })),
  bad('P07', '= at the end of the signature', ({ proof }) => ({ proof: `${proof}==` }), 'RFC 7515 §2: no padding. One proof has one spelling'),
  bad('P10', 'claims with htu twice, the second one right', ({ parts }) => {
    const text = JSON.stringify(parts.claims);
    return { payload: text.replace('{', '{"htu":"https://elsewhere.example/whoami",') };
  }, 'RFC 7519 §4 lets a reader refuse it. Two parsers may see two URLs'),
  bad('P11', 'no typ', () => ({ header: { typ: undefined } })),
  bad('P12', 'typ JWT', () => ({ header: { typ: 'JWT' } })),
  bad('P14', 'alg none', async ({ proof, parts }) => ({ proof: [encoded(JSON.stringify({ ...parts.header, alg: 'none' })), ...proof.split('.').slice(1)].join('.') })),
  bad('P15', 'alg HS256, with a key of type oct', () => ({ header: { alg: 'HS256', jwk: { kty: 'oct', k: 'c2VjcmV0' } } })),
  bad('P18', 'alg ES256 with a key on P-384', ({ keys }) => ({ key: keys.p384, header: { alg: 'ES256' }, claims: { cnf: { jkt: keys.p384.thumbprint } } })),
  bad('P20', 'no jwk', () => ({ header: { jwk: undefined } })),
  bad('P21', 'jwk with the private key', async ({ keys }) => {
    const { d } = await crypto.subtle.exportKey('jwk', keys.own.pair.privateKey);
    return { header: { jwk: { ...keys.own.jwk, d } } };
  }),
  bad('P24', 'kid in place of jwk', () => ({ header: { jwk: undefined, kid: 'one' } })),
  bad('P27', 'jwk for encryption', ({ keys }) => ({ header: { jwk: { ...keys.own.jwk, use: 'enc' } } }), 'RFC 7517 §4.2: the key is not for signatures'),
  bad('P28', 'crit with a name', () => ({ header: { crit: ['exp'], exp: now() + 600 } })),
  bad('P29', 'another signature', async ({ proof, another }) => ({ proof: [...proof.split('.').slice(0, 2), (await another()).split('.')[2]].join('.') })),
  bad('P30', 'claims that were changed after signing', ({ proof }) => {
    const [header, claims, signature] = proof.split('.');
    return { proof: [header, encoded(decoded(claims).replace('"htm"', '"x":1,"htm"')), signature].join('.') };
  }),
  bad('P31', 'signed by another key than jwk', ({ keys }) => ({ key: keys.other, header: { jwk: keys.own.jwk } })),
  bad('P32', 'a stolen token with a key of the thief', ({ keys }) => ({ key: keys.other })),
  bad('P33', 'cnf.jkt in hex', ({ keys }) => ({ claims: { cnf: { jkt: Buffer.from(keys.own.thumbprint, 'base64url').toString('hex') } } })),
  bad('P34', 'cnf with no member', () => ({ claims: { cnf: {} } })),
  bad('P34', 'cnf with no member, as Bearer, no proof', () => ({ claims: { cnf: {} }, scheme: 'Bearer', proof: [] }), 'decided: the issuer wanted a key to be proven, and did not say which (RFC 7800 §3.1)'),
  bad('P35', 'cnf with jkt and kid', ({ keys }) => ({ claims: { cnf: { jkt: keys.own.thumbprint, kid: '1' } } })),
  bad('P36', 'no cnf', () => ({ claims: { cnf: undefined } })),
  bad('P37', 'as Bearer, with the proof', () => ({ scheme: 'Bearer' })),
  bad('P38', 'as Bearer, without a proof', () => ({ scheme: 'Bearer', proof: [] })),
  bad('P40', 'no jti', () => ({ payload: { jti: undefined } })),
  bad('P40', 'an empty jti', () => ({ payload: { jti: '' } }), 'RFC 9449 §4.2: it cannot tell two proofs apart'),
  bad('P41', 'a jti of 257 bytes', () => ({ payload: { jti: 'j'.repeat(257) } }), 'a limit of ours: who remembers proofs must bound them (RFC 9449 §11.1)'),
  bad('P42', 'no htm', () => ({ payload: { htm: undefined } })),
  bad('P43', 'htm HEAD for a GET', () => ({ payload: { htm: 'HEAD' } })),
  bad('P44', 'htm get for a GET', () => ({ payload: { htm: 'get' } })),
  bad('P46', 'a relative htu', () => ({ payload: { htu: '/whoami' } })),
  bad('P47', 'htu and Host of another server', () => ({ host: 'elsewhere.example', payload: { htu: 'http://elsewhere.example/whoami' } }), 'RFC 9449 §4.3 (9). It compares with the URL that it is given; a server that makes it from Host accepts proofs for any host'),
  bad('P50', 'htu with https for http', ({ url }) => ({ payload: { htu: url.replace('http:', 'https:') } })),
  bad('P52', 'htu with a path in upper case', ({ url }) => ({ payload: { htu: url.replace('/whoami', '/WHOAMI') } })),
  bad('P53', 'htu with a slash at the end', ({ url }) => ({ payload: { htu: `${url}/` } })),
  bad('P54', 'htu with two slashes', ({ url }) => ({ payload: { htu: url.replace('/whoami', '//whoami') } })),
  bad('P55', 'htu with \\ for /', ({ url }) => ({ payload: { htu: url.replace('/whoami', '\\whoami') } }), 'RFC 3986 §3.3: no character of a URL. A parser for browsers makes / of it'),
  bad('P55', 'htu with a tab', ({ url }) => ({ payload: { htu: url.replace('whoami', 'who\tami') } }), 'RFC 3986 §2: no character of a URL. A parser for browsers drops it'),
  bad('P55', 'htu with a user', ({ url }) => ({ payload: { htu: url.replace('//', '//alice@') } })),
  bad('P57', 'iat as a text', () => ({ payload: { iat: String(now()) } })),
  bad('P58', 'iat 303 s old', () => ({ payload: { iat: now() - 303 } })),
  bad('P60', 'iat 120 s old, no nonce', () => ({ payload: { iat: now() - 120 } }), 'RFC 9449 §11.1: 60 s unless a nonce says that the proof is new. It allows 300 s and has no nonces'),
  bad('P61', 'exp has passed', () => ({ payload: { exp: now() - 120 } })),
  bad('P65', 'nonce is a number', () => ({ payload: { nonce: 1 } }), 'RFC 9449 §4.2: a text'),
  bad('P68', 'no ath', () => ({ payload: { ath: undefined } })),
  bad('P69', 'ath of another token', async () => ({ payload: { ath: await hash('another') } })),
  bad('P70', 'ath in hex', ({ token }) => ({ payload: { ath: createHash('sha256').update(token).digest('hex') } })),
  bad('P71', 'the same proof a second time', ({ proof }) => ({ before: [proof], proof }), 'RFC 9449 §11.1. It leaves replays to its user'),
  bad('P73', 'the same claims, signed a second time', async ({ proof, parts, keys }) => ({ before: [proof], proof: await keys.own.sign(parts.header, parts.claims) }), 'the same: remembered is the jti, not the signature'),
  bad('P85', 'text after the token', ({ token }) => ({ token: `${token} x` })),
  bad('P86', 'an expired token', () => ({ claims: { exp: now() - 60 } })),
  bad('P87', 'a token for another audience', () => ({ claims: { aud: 'https://elsewhere.example/mcp' } })),
  bad('P88', 'a token with another signature', async ({ token, otherToken }) => ({ token: [...token.split('.').slice(0, 2), otherToken.split('.')[2]].join('.') })),

  good('W01', 'scheme dpop', () => ({ scheme: 'dpop' })),
  good('W02', 'htu with %77 for w', ({ url }) => ({ payload: { htu: url.replace('/whoami', '/%77hoami') } }), 'RFC 3986 §6.2.2.2: the same URL. Parsers for browsers keep %77'),
  good('W03', 'htu with a query', ({ url }) => ({ payload: { htu: `${url}?a=b` } })),
  good('W05', 'jwk as WebCrypto exports it', async ({ keys }) => ({ header: { jwk: await crypto.subtle.exportKey('jwk', keys.own.pair.publicKey) } })),
  good('W06', 'members of the header in another order', ({ parts }) => ({ header: Object.fromEntries(Object.entries(parts.header).reverse()) })),
  good('W08', 'iat with a fraction', () => ({ payload: { iat: now() + 0.5 } })),
  good('W11', 'EdDSA', ({ keys }) => ({ key: keys.ed25519, claims: { cnf: { jkt: keys.ed25519.thumbprint } } })),
  good('W11', 'RS256', ({ keys }) => ({ key: keys.rsa, claims: { cnf: { jkt: keys.rsa.thumbprint } } })),
  good('W12', 'a token without cnf as Bearer, with a proof', () => ({ claims: { cnf: undefined }, scheme: 'Bearer' }), 'the token asks for no proof, and some clients always send one'),
  good('W25', 'cnf with a member beside jkt that names no key', ({ keys }) => ({ claims: { cnf: { jkt: keys.own.thumbprint, 'kc-jkt-type': 'proof' } } }), 'RFC 7800 §3.1: unknown members are passed over. Keycloak writes this one'),
];
