// The clients under test. Uses nothing of Node, because the page of the browser tests includes it.
import { kits as client2 } from './client2.mjs';
import { kits as sdk1 } from './sdk1.mjs';

export const kits = [...sdk1, ...client2];
