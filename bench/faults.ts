// The only place that lives through thousands of fault worlds: over worker threads, with progress, a table and the list of
// failing seeds. What a world is, and what must hold in it, stands in test/faults.
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { addHits, type Hits, missed, tableOf } from '../test/faults/cells.ts';
import { type Lived, Living } from '../test/faults/live.ts';
import { makeWorld } from '../test/faults/world.ts';

/** Seeds that a worker takes at a time. */
const portion = 10;

const live = (seed: number, tell: (line: string) => void = () => {}): Promise<Lived> => new Living(makeWorld(seed), tell).live();

/** @returns the exit code: 0 when every promise was kept, 2 when one was broken */
export const campaign = async (argv: string[]): Promise<number> => {
  const { values } = parseArgs({
    args: argv,
    options: {
      seed: { type: 'string' },
      runs: { type: 'string' },
      from: { type: 'string' },
      jobs: { type: 'string' },
      first: { type: 'boolean' },
    },
  });
  if (values.seed !== undefined) return story(Number(values.seed));
  const runs = Number(values.runs ?? 500);
  const from = Number(values.from ?? 1);
  return many(from, runs, Number(values.jobs ?? cpus().length), values.first === true);
};

const story = async (seed: number): Promise<number> => {
  const world = makeWorld(seed);
  const { submissions, planned, timed, ...rest } = world;
  say(JSON.stringify(rest));
  for (const { plan, ...submission } of submissions) say(JSON.stringify({ ...submission, plays: plan.plays }));
  for (const fault of [...planned, ...timed]) say(JSON.stringify(fault));
  const lived = await live(seed, say);
  say(
    `${lived.jobs} jobs, ${lived.executions} executions, ${lived.drivers} drivers: ${[...lived.verdicts].map(([kind, n]) => `${kind} ${n}`).join(' ')}`,
  );
  say(lived.wrong.length === 0 ? 'every promise was kept' : lived.wrong.join('\n'));
  return lived.wrong.length === 0 ? 0 : 2;
};

/** `first`: ends with the first seed that fails. */
const many = async (from: number, runs: number, jobs: number, first: boolean): Promise<number> => {
  const began = performance.now();
  const sums = { runs: 0, jobs: 0, executions: 0, drivers: 0 };
  const hits: Hits = new Map();
  const verdicts: Hits = new Map();
  const failing: Lived[] = [];
  let next = from;
  let shown = 0;
  const take = (lived: Lived): void => {
    sums.runs += 1;
    sums.jobs += lived.jobs;
    sums.executions += lived.executions;
    sums.drivers += lived.drivers;
    addHits(hits, lived.hits);
    addHits(verdicts, new Map(lived.verdicts));
    if (lived.wrong.length > 0) {
      failing.push(lived);
      say(`seed ${lived.seed}: ${lived.wrong[0]}`);
    }
    if (performance.now() - shown < 10_000) return;
    shown = performance.now();
    process.stderr.write(`${((shown - began) / 1000).toFixed(0)} s: ${sums.runs} of ${runs}, ${failing.length} failing\n`);
  };
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      const worker = new Worker(new URL(import.meta.url), { workerData: 'fault worlds' });
      for (; next < from + runs && !(first && failing.length > 0); ) {
        const seeds = Array.from({ length: Math.min(portion, from + runs - next) }, (_, i) => next + i);
        next += seeds.length;
        worker.postMessage(seeds);
        for (const lived of await answerOf(worker)) take(lived);
      }
      await worker.terminate();
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  say(tableOf(hits));
  say(`cells never met: ${missed(hits).join(', ') || 'none'}`);
  say([...verdicts].map(([kind, n]) => `${kind} ${n}`).join(' '));
  say(
    `${sums.runs} worlds, ${sums.jobs} jobs, ${sums.executions} executions, ${sums.drivers} drivers in ${seconds.toFixed(0)} s ` +
      `(${((seconds * 1000) / sums.runs).toFixed(0)} ms each) over ${jobs} threads, load ${(loadavg()[0] ?? 0).toFixed(1)}`,
  );
  say(`failing seeds: ${failing.map(({ seed }) => seed).join(' ') || 'none'}`);
  return failing.length === 0 ? 0 : 2;
};

const answerOf = (worker: Worker): Promise<readonly Lived[]> =>
  new Promise((resolve, reject) => {
    worker.once('message', message => {
      worker.off('error', reject);
      resolve(message as readonly Lived[]);
    });
    worker.once('error', reject);
  });

const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (!isMainThread && workerData === 'fault worlds') {
  parentPort?.on('message', async (seeds: readonly number[]) => {
    const all: Lived[] = [];
    for (const seed of seeds) all.push(await live(seed));
    parentPort?.postMessage(all);
  });
}
