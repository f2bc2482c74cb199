// The only place that runs ours, the bare loop and the system's ssh in turns, round by round, and makes their rows.
import { fork } from 'node:child_process';
import type { Sshd } from '../test/support/sshd.ts';
import type { BareWork, Hosts } from './bare-loop.ts';
import { type Cost, within } from './measure.ts';
import type { Ours } from './ours.ts';
import { all, curve25519, sshLoop } from './peers.ts';
import { pairRow, type Row } from './table.ts';

/** Does a piece of work in the bare loop's process. */
export type Bare = (work: BareWork) => Promise<Cost>;

/** Starts the bare loop. */
export const openBareLoop = (sshd: Sshd, names: readonly string[], closers: (() => void)[]): Bare => {
  const hosts: Hosts = { names, port: sshd.port, user: sshd.user, keyPath: sshd.keyPath, forks: 25 };
  const child = fork(new URL('./bare-loop.mjs', import.meta.url), [JSON.stringify(hosts)], { execArgv: [] });
  closers.push(() => void child.kill('SIGKILL'));
  return work =>
    within(
      `the bare loop's ${work.scenario}`,
      90,
      new Promise((resolve, reject) => {
        const gone = (): void => reject(new Error('the bare loop ended'));
        child.once('exit', gone);
        child.once('message', cost => {
          child.off('exit', gone);
          resolve(cost as Cost);
        });
        child.send(work);
      }),
    );
};

/** Who takes part, and how often. */
export type Contest = {
  readonly sshd: Sshd;
  readonly ours: Ours;
  readonly bare: Bare;
  readonly rounds: number;
  readonly mayGoOn: (round: number) => boolean;
};

/** Interleaved: every round does everything once. `mayGoOn` is asked before each round but the first; as many as there was time for come back. */
export const roundRows = async ({
  sshd,
  ours,
  bare,
  rounds,
  mayGoOn,
}: Contest): Promise<{ readonly done: number; readonly rows: readonly Row[] }> => {
  type Series = { start: Cost; look: Cost; wall: Cost };
  const own: Series[] = [];
  const floor: Series[] = [];
  const plain: Cost[] = [];
  const stock: Cost[] = [];
  for (let round = 1; round <= rounds && (round === 1 || mayGoOn(round)); round += 1) {
    // Who goes first changes with the rounds: jobs of the one before are still about, and weigh on the next.
    const inTurn = async (first: () => Promise<Cost>, second: () => Promise<Cost>): Promise<readonly [Cost, Cost]> => {
      if (round % 2 === 1) return [await first(), await second()];
      const other = await second();
      return [await first(), other];
    };
    const [start, bareStart] = await inTurn(
      () => ours.run('sleep 40', { async: 60, poll: 0 }),
      () => bare({ scenario: 'start', seconds: 40 }),
    );
    await ours.firstLooks();
    const [look, bareLook] = await inTurn(
      () => ours.lookAtAll(),
      () => bare({ scenario: 'look', seconds: 40 }),
    );
    plain.push(await sshLoop(sshd, curve25519));
    stock.push(await sshLoop(sshd, []));
    const [wall, bareWall] = await inTurn(
      () => ours.run('sleep 3', { async: 60, poll: 1 }),
      () => bare({ scenario: 'wall', seconds: 3 }),
    );
    own.push({ start, look, wall });
    floor.push({ start: bareStart, look: bareLook, wall: bareWall });
  }
  const of = (series: readonly Series[], scenario: keyof Series, what: keyof Cost): number[] => series.map(one => one[scenario][what]);
  const both = (series: readonly Series[], what: keyof Cost): number[] => series.map(one => one.start[what] + one.look[what]);
  const loop = (work: string, scenario: keyof Series, what: keyof Cost, most: number | undefined): Row => {
    const goal = most === undefined ? undefined : { most };
    return pairRow({ work, nextTo: 'bare loop', ours: of(own, scenario, what), theirs: of(floor, scenario, what), goal });
  };
  const here = both(own, 'cpu');
  const cpuOfAll = (costs: readonly Cost[]): number[] => costs.map(({ cpu }) => cpu);
  const rows = [
    loop(`start of ${all} hosts: CPU here`, 'start', 'cpu', undefined),
    loop(`start of ${all} hosts: wall`, 'start', 'wall', undefined),
    loop(`one poll of ${all} hosts, reconnecting: CPU here`, 'look', 'cpu', undefined),
    loop(`one poll of ${all} hosts, reconnecting: wall`, 'look', 'wall', undefined),
    pairRow({
      work: `start + poll of ${all} hosts: CPU here`,
      nextTo: 'bare loop',
      ours: here,
      theirs: both(floor, 'cpu'),
      goal: { most: 1.3 },
    }),
    pairRow({ work: 'the same', nextTo: '`ssh`, curve25519', ours: here, theirs: cpuOfAll(plain), goal: { least: 1.7 } }),
    pairRow({ work: 'the same', nextTo: '`ssh`, stock key exchange', ours: here, theirs: cpuOfAll(stock), goal: { least: 10 } }),
    loop(`\`sleep 3\` on ${all} hosts, polled each second: wall`, 'wall', 'wall', 1.25),
    loop(`\`sleep 3\` on ${all} hosts, polled each second: CPU here`, 'wall', 'cpu', 1.3),
  ];
  return { done: own.length, rows };
};
