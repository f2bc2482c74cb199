// The only place that opens the built program for `npm start`: the practice fleet, unless the user said something else.
// It runs in the process that npm started, so that exit code, terminal and signals are the program's own.
import { fileURLToPath } from 'node:url';
import { setUp } from './setup-steps.mjs';

const door = new URL('../dist/bin.js', import.meta.url);
const problem = await setUp(new Set());
if (problem !== 0) process.exit(problem);
const words = process.argv.slice(2);
process.argv.splice(1, process.argv.length, fileURLToPath(door), ...(words.length > 0 ? words : ['--practice']));
await import(door.href);
