// Writes facts and intents, with a mark on standard output before and after each kind, for a test that watches system calls.
// Run as: node sync-writer.ts STATE.
import { mkdirSync, writeSync } from 'node:fs';
import { openStore } from '../../src/journal/store.ts';
import { entryOf, outputOf, planned, queued, requested, started } from './journal-kit.ts';

const [, , stateDir = ''] = process.argv;
mkdirSync(stateDir, { mode: 0o700 });
const opened = openStore(stateDir);
if (!opened.ok) throw new Error(opened.failure.cause);
const store = opened.value;
const mark = (name: string): unknown => writeSync(1, `mark ${name}\n`);

store.write([entryOf([planned(1), queued(1, 2)], { durability: 'intent' })]);
mark('facts');
const piece = outputOf(1, 5, 0, 'hello\n');
store.write([entryOf([started(1, 3)])]);
store.write([entryOf([piece.event], { output: [piece.bytes] })]);
mark('intent');
store.write([entryOf([requested(1, 4)], { durability: 'intent' })]);
mark('answered');
store.write([entryOf([started(1, 5)])]);
mark('end');
