// A process that writes a journal until it is killed: numbered notes, each with output bytes that it counts, and tells each
// number once the journal says that it is written. Run as: node writer.ts STATE.
import { openJournal } from '../../src/journal/open.ts';
import { entryOf, journalWorkerUrl, outputOf, planned, queued, requested, runId, started } from './journal-kit.ts';

const [, , stateDir = ''] = process.argv;
const opened = await openJournal({ stateDir, workerUrl: journalWorkerUrl, wall: Date.now });
if (!opened.ok) throw new Error(opened.failure.cause);
const journal = opened.value;
await journal.append(entryOf([planned(1), queued(1, 2), requested(1, 3), started(1, 4)], { durability: 'intent' }));
let from = 0;
for (let n = 0; ; n += 1) {
  const output = outputOf(1, n, from, `line ${n}\n`.repeat(1 + (n % 50)));
  from += output.bytes.bytes.length;
  const written = await journal.append(
    entryOf([output.event, { type: 'run.noted', at: n, run: runId(1), text: String(n) }], {
      output: [output.bytes],
      durability: n % 3 === 0 ? 'intent' : 'fact',
    }),
  );
  if (!written.ok) throw new Error(written.failure.cause);
  process.stdout.write(`${n}\n`);
}
