// Debian packages, unpacked into this folder: nothing is installed, and no service starts. The
// packages that the machine has already are used from there.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The folder with the package, what it needs, and `also` (more packages); and the package's
 * version. `without` matches the names of packages that are left out.
 */
export function unpacked(name, { also = [], without = /^$/ } = {}) {
  const folder = join(import.meta.dirname, '../packages', name);
  if (!existsSync(folder)) {
    const draft = `${folder}.draft`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(join(draft, 'debs'), { recursive: true });
    const plan = run('apt-get', ['install', '--simulate', '--no-install-recommends', name, ...also]);
    const names = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, found]) => found).filter((found) => !without.test(found));
    run('apt-get', ['download', '-o', 'APT::Sandbox::User=root', ...names], join(draft, 'debs'));
    for (const file of readdirSync(join(draft, 'debs'))) run('dpkg-deb', ['-x', join(draft, 'debs', file), draft]);
    renameSync(draft, folder);
  }
  const [, version] = readdirSync(join(folder, 'debs')).find((file) => file.startsWith(`${name}_`)).split('_');
  return { folder, version: decodeURIComponent(version) };
}

function run(program, args, cwd) {
  return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
