// How a gate that drops handshakes is spared, and that nobody is lost to it: by itself, and on simulated hosts.
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { hostNames, Rig } from '../../test/support/rig.ts';
import type { Failure } from '../domain/failure.ts';
import { Gates } from './gates.ts';

const droppedAt = (host: string): Failure => ({ tag: 'dropped-in-handshake', host, cause: 'it closed' });

const gateOf = (handshakes: number): { gates: Gates; room: () => number; shake: (host: string, failure?: Failure) => void } => {
  const gates = new Gates({ handshakes }, new FakeClock());
  const room = (): number => {
    let begun = 0;
    for (; gates.mayShake('g'); begun += 1) gates.begin('g');
    // Given back with a failure that says nothing of the gate.
    for (let i = 0; i < begun; i += 1) gates.end('g', 'x', { tag: 'login-refused', host: 'x', cause: '' });
    return begun;
  };
  const shake = (host: string, failure?: Failure): void => {
    gates.begin('g');
    gates.end('g', host, failure);
  };
  return { gates, room, shake };
};

test('a gate takes as many handshakes at once as it is told, each gate for itself', () => {
  const { gates, room } = gateOf(8);
  expect(room()).toBe(8);
  for (let i = 0; i < 8; i += 1) gates.begin('g');
  expect([gates.mayShake('g'), gates.mayShake('other')]).toEqual([false, true]);
});

test('two hosts that were dropped halve it, one alone does not, and one is always left', () => {
  const { gates, room, shake } = gateOf(8);
  shake('a', droppedAt('a'));
  shake('a', droppedAt('a'));
  expect([room(), gates.slowed()]).toEqual([8, []]);
  shake('b', droppedAt('b'));
  expect([room(), gates.slowed()]).toEqual([4, [{ gate: 'g', handshakes: 4 }]]);
  // The next change waits for two more hosts: those that began together are dropped together.
  shake('c', droppedAt('c'));
  expect(room()).toBe(4);
  for (const host of ['d', 'e', 'f', 'g', 'h', 'i', 'j']) shake(host, droppedAt(host));
  expect(room()).toBe(1);
});

test('it gets one more back for eight that went well in a row, up to what it had', () => {
  const { gates, room, shake } = gateOf(4);
  for (const host of ['a', 'b', 'c', 'd']) shake(host, droppedAt(host));
  expect(room()).toBe(1);
  for (let i = 0; i < 7; i += 1) shake('a');
  expect(room()).toBe(1);
  shake('b');
  expect(room()).toBe(2);
  for (let i = 0; i < 7; i += 1) shake('a');
  shake('a', droppedAt('a'));
  for (let i = 0; i < 7; i += 1) shake('a');
  expect(room()).toBe(2);
  for (let i = 0; i < 100; i += 1) shake('a');
  expect([room(), gates.slowed()]).toEqual([4, []]);
});

/** `count` hosts of one gate, by way of the jump host that they share. */
const behindOneGate = (count: number): { rig: Rig; names: string[]; fleet: string[] } => {
  const fleet = hostNames(count * 3);
  const rig = new Rig({ settings: { forks: 25 }, hops: 1, jumps: ['jump1'] });
  return { rig, fleet, names: fleet.filter((_, at) => at % 3 === 0) };
};

test('200 hosts of one gate that takes nine at once: eight are tried at once, and nobody is turned away', async () => {
  const { rig, names, fleet } = behindOneGate(200);
  rig.hosts.startups.set('jump1', 9);
  const run = await rig.run(names, { command: '0 0', fleet });
  await rig.untilQuiet();
  expect(rig.jobsOf(run).filter(({ verdict }) => verdict === 'ok')).toHaveLength(200);
  expect([rig.hosts.shaking.get('jump1')?.most, rig.hosts.turnedAway]).toEqual([8, 0]);
  expect(rig.state.ways.slowed).toEqual([]);
});

test('200 hosts of one gate that takes three at once: fewer are tried, and nobody is lost', async () => {
  const { rig, names, fleet } = behindOneGate(200);
  rig.hosts.startups.set('jump1', 3);
  const run = await rig.run(names, { command: '0 0', fleet });
  await rig.clock.pass(200);
  expect(rig.state.ways.slowed).toMatchObject([{ gate: 'jump1' }]);
  await rig.untilQuiet();
  expect(rig.jobsOf(run).filter(({ verdict }) => verdict === 'ok')).toHaveLength(200);
  // Without the back-off it would be most of the tries.
  expect(rig.hosts.turnedAway).toBeLessThan(60);
});
