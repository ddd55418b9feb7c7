// Prints the packages with programs for this platform that npm has left out: it goes on without an
// optional package when its download breaks off.
//
//   node lib/left_out.mjs --omit=dev|--include=dev
import { existsSync, readFileSync } from 'node:fs';

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const withDevelopment = process.argv[2] === '--include=dev';
const isMeant = ({ optional, dev, os, cpu, libc = ['glibc'] }) =>
  optional &&
  (!dev || withDevelopment) &&
  os?.includes(process.platform) &&
  cpu?.includes(process.arch) &&
  libc.includes('glibc');
for (const [path, described] of Object.entries(packages)) {
  if (isMeant(described) && !existsSync(`${path}/package.json`)) console.log(path);
}
