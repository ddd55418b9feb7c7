// Starts the servers and the Python client.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startControl } from '../lib/control.mjs';

const control = await startControl();
const program = new URL('scenarios.py', import.meta.url).pathname;
const python = spawn(process.env.PYTHON, [program], { stdio: 'inherit', env: { ...process.env, ...control.env } });
const [code] = await once(python, 'exit');
await control.stop();
process.exitCode = code;
