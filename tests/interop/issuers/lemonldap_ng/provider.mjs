// The portal of LemonLDAP::NG, from Debian's package, under plackup instead of a web server.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../lib/resource_server.mjs';
import { tokenFrom, until } from '../lib/http.mjs';
import { unpacked } from '../lib/packages.mjs';
import { Service } from '../lib/service.mjs';

// Perl itself is the machine's. The portal does not start without some modules that its package
// only recommends: for captchas, mails, and saved requests. The last two are for the rotation of
// keys.
const PACKAGE = [
  'liblemonldap-ng-portal-perl',
  {
    also: ['gd-securityimage', 'image-magick', 'email-sender', 'mime-tools', 'io-string', 'convert-pem', 'string-random'].map((name) => `lib${name}-perl`),
    without: /^(perl|perl-base|libperl5.*|perl-modules-.*)$/,
  },
];

export const title = () => `LemonLDAP::NG ${unpacked(...PACKAGE).version}`;

export async function start({ folder, resources: [resource, other] }) {
  const { folder: root } = unpacked(...PACKAGE);
  const port = await freePort();
  // The portal's URL is the issuer, with the slash.
  const issuer = `http://127.0.0.1:${port}/`;
  for (const name of ['conf', 'cache', 'sessions', 'sessions/lock', 'psessions', 'psessions/lock']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'lemonldap-ng.ini'), ini(root, folder));
  writeFileSync(join(folder, 'conf/lmConf-1.json'), JSON.stringify(configuration(root, folder, issuer, { resource, other })));
  const env = {
    LD_LIBRARY_PATH: join(root, 'usr/lib/x86_64-linux-gnu'),
    LLNG_DEFAULTCONFFILE: join(folder, 'lemonldap-ng.ini'),
    PERL5LIB: ['usr/share/perl5', 'usr/lib/x86_64-linux-gnu/perl5/5.36'].map((path) => join(root, path)).join(':'),
  };
  const service = new Service({
    start: () => ({
      program: '/usr/bin/perl',
      args: [join(root, 'usr/bin/plackup'), '--env', 'deployment', '--server', 'HTTP::Server::PSGI', '--host', '127.0.0.1', '--port', port, join(import.meta.dirname, 'portal.psgi')],
      env,
    }),
    log: join(folder, 'portal.log'),
    ready: `${issuer}.well-known/openid-configuration`,
  });
  await service.up();
  const kid = async () => (await (await fetch(`${issuer}oauth2/jwks`)).json()).keys[0].kid;
  return {
    issuer,
    settings: {},
    // A client's tokens have a fixed audience and lifetime, so each kind of token has its client.
    token: ({ resource: wanted, seconds = 600 }) => {
      const client = wanted !== resource ? 'other' : seconds > 2 ? 'machine' : 'short';
      return tokenFrom(`${issuer}oauth2/token`, { client, secret: 'machine-secret', scope: 'openid mcp:read' });
    },
    // Its own script, which cron calls.
    rotate: async () => {
      const before = await kid();
      execFileSync('/usr/bin/perl', [join(root, 'usr/share/lemonldap-ng/bin/rotateOidcKeys')], { env: { ...process.env, ...env } });
      await until('the new key', async () => ((await kid()) === before ? undefined : true));
    },
    withdraws: true,
    down: () => service.down(),
    up: () => service.up(),
  };
}

const ini = (root, folder) => `
[all]
logLevel = debug
checkTime = 1

[configuration]
type = File
dirName = ${folder}/conf

[portal]
staticPrefix = /static
templateDir = ${root}/usr/share/lemonldap-ng/portal/templates
languages = en
`;

function configuration(root, folder, issuer, { resource, other }) {
  const shipped = readdirSync(join(root, 'var/lib/lemonldap-ng/conf')).find((file) => file.startsWith('lmConf-'));
  const clients = { machine: [resource, 600], short: [resource, 2], other: [other, 600] };
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    ...JSON.parse(readFileSync(join(root, 'var/lib/lemonldap-ng/conf', shipped))),
    portal: issuer,
    domain: '127.0.0.1',
    globalStorageOptions: { Directory: join(folder, 'sessions'), LockDirectory: join(folder, 'sessions/lock'), generateModule: 'Lemonldap::NG::Common::Apache::Session::Generate::SHA256' },
    persistentStorageOptions: { Directory: join(folder, 'psessions'), LockDirectory: join(folder, 'psessions/lock') },
    localSessionStorageOptions: { namespace: 'lemonldap-ng-sessions', default_expires_in: 600, cache_root: join(folder, 'cache') },
    issuerDBOpenIDConnectActivation: 1,
    oidcServicePrivateKeySig: privateKey.export({ type: 'pkcs1', format: 'pem' }),
    oidcServicePublicKeySig: publicKey.export({ type: 'spki', format: 'pem' }),
    oidcServiceKeyIdSig: randomUUID(),
    // Without this a client gets every scope that it requests.
    oidcServiceAllowOnlyDeclaredScopes: 1,
    oidcRPMetaDataScopeRules: each(clients, () => ({ 'mcp:read': '1' })),
    oidcRPMetaDataExportedVars: each(clients, () => ({})),
    oidcRPMetaDataOptions: each(clients, (name, [audience, seconds]) => ({
      oidcRPMetaDataOptionsClientID: name,
      oidcRPMetaDataOptionsClientSecret: 'machine-secret',
      oidcRPMetaDataOptionsAllowClientCredentialsGrant: 1,
      oidcRPMetaDataOptionsAccessTokenJWT: 1,
      oidcRPMetaDataOptionsAccessTokenSignAlg: 'RS256',
      oidcRPMetaDataOptionsAdditionalAudiences: audience,
      oidcRPMetaDataOptionsAccessTokenExpiration: seconds,
    })),
  };
}

const each = (clients, value) => Object.fromEntries(Object.entries(clients).map(([name, settings]) => [name, value(name, settings)]));
