// The clients under test. No Node in here: a page of the browser tests is made of it too.
import { kits as client2 } from './client2.mjs';
import { kits as sdk1 } from './sdk1.mjs';

export const kits = [...sdk1, ...client2];
