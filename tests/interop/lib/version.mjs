import { readFileSync } from 'node:fs';

/** The version of an installed package. */
export const version = (name) => JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url))).version;
