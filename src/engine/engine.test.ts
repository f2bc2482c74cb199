// How jobs live on simulated hosts and a clock that only the test moves.
import { expect, test } from 'vitest';
import { hostNames, Rig } from '../../test/support/rig.ts';
import { isUnsent, type Jid } from '../domain/job.ts';

test('a command on many hosts is started, let go, asked and ends ok on each', async () => {
  const rig = new Rig({ settings: { forks: 4 } });
  const run = await rig.run(hostNames(12), { command: '30 0', async: 600 });
  await rig.clock.pass(10_000);
  expect(rig.jobsOf(run).filter(job => job.kind === 'running')).toHaveLength(12);
  await rig.untilQuiet();
  expect(rig.jobsOf(run).map(job => job.verdict)).toEqual(Array(12).fill('ok'));
  expect(rig.state.runs.get(run)?.phase.kind).toBe('ended');
  expect(rig.hosts.mostOpen).toBeLessThanOrEqual(4);
  expect([rig.hosts.open, rig.engine.armed, rig.clock.armed]).toEqual([0, 0, 0]);
});

test('a sync run with one fork takes one host at a time', async () => {
  const rig = new Rig({});
  const run = await rig.run(hostNames(3), { command: '10 0', options: { forks: 1 } });
  await rig.clock.pass(5000);
  expect(rig.jobsOf(run)).toHaveLength(1);
  await rig.untilQuiet();
  expect(rig.jobsOf(run).map(job => job.verdict)).toEqual(['ok', 'ok', 'ok']);
});

test('a run at its own limit does not keep spares while its other hosts wait', async () => {
  const rig = new Rig({ settings: { forks: 25 } });
  const run = await rig.run(hostNames(20), { command: '60 0', async: 600, options: { forks: 5 } });
  await rig.clock.pass(5000);
  expect(rig.jobsOf(run)).toHaveLength(20);
  expect(rig.hosts.mostOpen).toBeLessThanOrEqual(5);
});

test('a second run starts while the first still polls', async () => {
  const rig = new Rig({ settings: { forks: 2 } });
  const first = await rig.run(hostNames(4), { command: '100 0', async: 600 });
  await rig.clock.pass(3000);
  const second = await rig.run(hostNames(4), { command: '1 0', async: 600 });
  await rig.clock.pass(8000);
  expect(rig.jobsOf(second).map(job => job.verdict)).toEqual(Array(4).fill('ok'));
  expect(rig.jobsOf(first).every(job => job.kind === 'running')).toBe(true);
});

test('a chain of jump hosts is taken whole, and light hosts do not overtake it for ever', async () => {
  const rig = new Rig({ settings: { forks: 3, startRate: 0 }, hops: 2 });
  const run = await rig.run(hostNames(30), { command: '20 0', async: 600 });
  await rig.untilQuiet();
  expect(rig.jobsOf(run).map(job => job.verdict)).toEqual(Array(30).fill('ok'));
  expect(rig.hosts.mostOpen).toBe(3);
  const ended = rig.events.flatMap(event => (event.type === 'job.requested' ? [event.host] : []));
  expect(ended.indexOf('h04')).toBeLessThan(12);
});

test('a chain longer than forks is told so, and nothing waits for it', async () => {
  const rig = new Rig({ settings: { forks: 2 }, hops: 2 });
  const run = await rig.run(hostNames(3), { command: '5 0', async: 60 });
  await rig.untilQuiet();
  expect(
    rig
      .jobsOf(run)
      .map(job => job.verdict)
      .sort(),
  ).toEqual(['ok', 'ok', 'unreachable']);
  const end = rig.events.find(event => event.type === 'job.ended' && event.verdict.kind === 'unreachable');
  expect(end).toMatchObject({
    verdict: { failure: { tag: 'chain-too-long', cause: 'with its 2 jump hosts it takes 3 connections, and forks is 2' } },
  });
});

test('no line is kept for a start that waits to be sent again: a pause may make that long', async () => {
  const rig = new Rig({ settings: { persist: 20_000 } });
  const run = await rig.run(hostNames(1), { command: '5 0', async: 60 });
  rig.hosts.lateBy = 3_600_000;
  await rig.clock.pass(1000);
  await rig.pause(run);
  await rig.clock.pass(60_000);
  expect(rig.jobsOf(run).map(({ kind }) => kind)).toEqual(['stale']);
  expect([rig.engine.queued, rig.hosts.open]).toEqual([1, 0]);
});

test('more time for a job that has ended there is no silence of its host: its end is told', async () => {
  const rig = new Rig({});
  const run = await rig.run(hostNames(1), { command: '4 0', async: 600, poll: 60 });
  await rig.clock.pass(10_000);
  const jid = rig.jobsOf(run)[0]?.jid as Jid;
  const connect = rig.hosts.connect.bind(rig.hosts);
  rig.hosts.connect = async host => {
    const line = await connect(host);
    const extend = async () => ({ ok: false, failure: { tag: 'host-refused', cause: 'the job is done' } }) as const;
    return line.ok ? { ok: true, value: { ...line.value, extend } } : line;
  };
  void rig.engine.extend(jid, 900, undefined);
  await rig.clock.pass(5000);
  expect(rig.jobsOf(run).map(job => job.verdict)).toEqual(['ok']);
  expect(rig.events.some(({ type }) => type === 'job.fell-silent')).toBe(false);
});

test('poll: 0 lets go: one look, the run ends, the job stays outstanding', async () => {
  const rig = new Rig({});
  const run = await rig.run(hostNames(2), { command: '600 0', async: 3600, poll: 0 });
  await rig.untilQuiet();
  expect(rig.state.runs.get(run)?.phase.kind).toBe('ended');
  expect(rig.jobsOf(run).map(job => job.kind)).toEqual(['let-go', 'let-go']);
  expect([...rig.hosts.looks.values()].map(looks => looks.length)).toEqual([1, 1]);
  expect(rig.hosts.open).toBe(0);
});

test('a host that is dead is unreachable, never started; the others end', async () => {
  const rig = new Rig({});
  rig.hosts.dead.add('h02');
  const run = await rig.run(hostNames(3), { command: '5 0', async: 60 });
  await rig.untilQuiet();
  expect(
    rig
      .jobsOf(run)
      .map(job => job.verdict)
      .sort(),
  ).toEqual(['ok', 'ok', 'unreachable']);
  expect(rig.state.runs.get(run)?.hosts.get('h02')?.tally.unreachable).toBe(1);
});

test('a host that falls silent is stale, then given up, and comes home when it answers again', async () => {
  const rig = new Rig({});
  const run = await rig.run(hostNames(1), { command: '7200 0', async: 86_400, options: { giveUp: 600 } });
  await rig.clock.pass(10_000);
  rig.hosts.dead.add('h01');
  await rig.clock.pass(120_000);
  expect(rig.jobsOf(run)[0]?.kind).toBe('stale');
  await rig.clock.pass(1_200_000);
  expect(rig.jobsOf(run)[0]?.verdict).toBe('unreachable');
  expect(rig.state.runs.get(run)?.phase.kind).toBe('ended');
  rig.hosts.dead.delete('h01');
  await rig.untilQuiet();
  expect(rig.jobsOf(run)[0]?.verdict).toBe('ok');
});

test('cancel ends a job only after the host has said that it is gone', async () => {
  const rig = new Rig({});
  const run = await rig.run(hostNames(1), { command: '600 0', async: 3600 });
  await rig.clock.pass(5000);
  const jid = rig.jobsOf(run)[0]?.jid;
  if (jid === undefined) throw new Error('no job');
  void rig.engine.cancel(jid, undefined);
  await rig.clock.pass(100);
  expect(rig.jobsOf(run)[0]?.kind).toBe('running');
  await rig.clock.pass(10_000);
  expect(rig.jobsOf(run)[0]?.verdict).toBe('cancelled');
});

test('pause starts nothing new, what runs goes on; resume starts the rest', async () => {
  const rig = new Rig({ settings: { forks: 1, startRate: 1 } });
  const run = await rig.run(hostNames(6), { command: '3 0', async: 60 });
  await rig.clock.pass(2500);
  await rig.pause(run);
  const begun = rig.jobsOf(run).length;
  await rig.clock.pass(60_000);
  expect(rig.jobsOf(run)).toHaveLength(begun);
  expect(begun).toBeLessThan(6);
  await rig.resume(run);
  await rig.untilQuiet();
  expect(rig.jobsOf(run).map(job => job.verdict)).toEqual(Array(6).fill('ok'));
});

test('serial: a batch opens only after the one before it has ended; a batch that fails wholly stops the roll', async () => {
  const rig = new Rig({});
  const good = await rig.run(hostNames(5), { command: '10 0', async: 60, serial: [1, 2] });
  await rig.untilQuiet();
  expect(rig.state.runs.get(good)?.batches.map(batch => batch.hosts.length)).toEqual([1, 2, 2]);
  const bad = await rig.run(hostNames(5), { command: '10 3', async: 60, serial: 2 });
  await rig.untilQuiet();
  const phase = rig.state.runs.get(bad)?.phase;
  expect(phase).toMatchObject({ kind: 'ended', message: 'batch 1 failed on all its 2 hosts; 3 hosts were never started' });
});

test('a name that another inventory reaches elsewhere does not share the line of the first', async () => {
  const rig = new Rig({});
  await rig.run(['h01'], { command: '600 0', async: 3600 });
  await rig.clock.pass(3000);
  expect(rig.hosts.open).toBe(1);
  await rig.run(['h01'], { command: '600 0', async: 3600, addresses: 'moved' });
  await rig.clock.pass(500);
  expect(rig.hosts.open).toBe(2);
});

test('a hold counts from the moment it is asked for, before the pause is written', async () => {
  const rig = new Rig({ settings: { forks: 1, startRate: 1 } });
  const run = await rig.run(hostNames(4), { command: '1 0', async: 60 });
  await rig.clock.pass(500);
  const begun = rig.jobsOf(run).length;
  rig.engine.hold(run);
  await rig.clock.pass(30_000);
  expect(rig.jobsOf(run)).toHaveLength(begun);
});

test('a host whose login ends after a pause or an abort is sent nothing, and the job says so all along', async () => {
  const rig = new Rig({ settings: { forks: 4 } });
  const run = await rig.run(hostNames(2), { command: '1 0', async: 60 });
  expect([...rig.state.jobs.values()].map(isUnsent)).toEqual([true, true]);
  await rig.pause(run);
  await rig.clock.pass(30_000);
  expect([rig.hosts.ran.size, rig.hosts.open]).toEqual([0, 0]);
  expect([...rig.state.jobs.values()].map(isUnsent)).toEqual([true, true]);
  await rig.resume(run);
  await rig.untilQuiet();
  expect(rig.jobsOf(run).map(({ verdict }) => verdict)).toEqual(['ok', 'ok']);
  const other = await rig.run(hostNames(2), { command: '1 0', async: 60 });
  await rig.abort(other);
  await rig.untilQuiet();
  expect(rig.jobsOf(other).map(({ verdict }) => verdict)).toEqual(['cancelled', 'cancelled']);
  expect([rig.hosts.ran.size, rig.state.runs.get(other)?.phase.kind]).toEqual([2, 'ended']);
});

test('the next driver does not know what the one before it had sent, and takes a start for sent', async () => {
  const rig = new Rig({});
  await rig.run(hostNames(1), { command: '1 0', async: 60 });
  const next = await rig.killed();
  expect([...next.state.jobs.values()].map(isUnsent)).toEqual([false]);
});

test('the host hears of a start only after its intent is written, however slow the disk is', async () => {
  const rig = new Rig({});
  const append = rig.journal.append.bind(rig.journal);
  const run = await rig.run(hostNames(3), { command: '1 0', async: 60, options: {} });
  rig.journal.append = async entry => {
    await new Promise<void>(done => rig.clock.after(300, done));
    return append(entry);
  };
  const early: string[] = [];
  rig.hosts.onStart = jid => {
    if (!rig.events.some(event => event.type === 'job.requested' && event.jid === jid)) early.push(jid);
  };
  await rig.untilQuiet();
  expect(early).toEqual([]);
  expect(rig.jobsOf(run).map(job => job.verdict)).toEqual(['ok', 'ok', 'ok']);
});

test('what a host is about to be told outlives a loss of power', async () => {
  const rig = new Rig({});
  const durable = new Set<string>();
  rig.journal.onAppend = ({ events, durability }) => {
    for (const { type } of events) if (durability === 'intent') durable.add(type);
  };
  await rig.run(hostNames(1), { command: '60 0', async: 600 });
  await rig.clock.pass(5000);
  const [jid] = rig.state.jobs.keys();
  void rig.engine.extend(jid as Jid, 900, undefined);
  void rig.engine.cancel(jid as Jid, undefined);
  await rig.clock.pass(5000);
  for (const type of ['job.requested', 'job.extend-asked', 'job.cancel-asked']) expect(durable).toContain(type);
  await rig.untilQuiet();
});

test('a cancel that meets a start still on its way claims it on the host: "cancelled" stays true', async () => {
  const rig = new Rig({});
  rig.hosts.lateBy = 60_000;
  const run = await rig.run(['h01'], { command: '5 0', async: 60 });
  await rig.clock.pass(1000);
  const jid = rig.jobsOf(run)[0]?.jid;
  if (jid === undefined) throw new Error('no job');
  void rig.engine.cancel(jid, undefined);
  await rig.untilQuiet();
  expect(rig.jobsOf(run)[0]?.verdict).toBe('cancelled');
  expect(rig.hosts.ran.size).toBe(0);
});

test('a no-log start whose driver was killed is claimed before it is called never started', async () => {
  const rig = new Rig({});
  rig.hosts.lateBy = 60_000;
  const run = await rig.run(['h01'], { command: '5 0', async: 60, options: { log: 'no' } });
  await rig.clock.pass(1000);
  const next = await rig.killed();
  await next.untilQuiet();
  const { state } = [...next.state.jobs.values()][0] ?? {};
  expect(state).toMatchObject({ kind: 'ended', verdict: { kind: 'unreachable', began: 'never' } });
  expect(next.hosts.ran.size).toBe(0);
  expect(next.state.runs.get(run)?.phase.kind).toBe('ended');
});

test('a no-log start that was only cut off is sent again from memory; its output is not fetched', async () => {
  const rig = new Rig({});
  const run = await rig.run(['h01'], { command: '5 0', async: 60, options: { log: 'no' } });
  rig.hosts.lateBy = 3_600_000;
  await rig.clock.pass(1000);
  rig.hosts.lateBy = undefined;
  await rig.untilQuiet(0.5);
  expect(rig.jobsOf(run).map(({ verdict }) => verdict)).toEqual(['ok']);
  expect(rig.journal.bytes.size).toBe(0);
  expect(JSON.stringify(rig.events.filter(({ type }) => type.startsWith('job.')))).not.toContain('script');
});

test('a job given up before its start arrived is claimed when the host answers, and never runs behind the run', async () => {
  const rig = new Rig({});
  rig.hosts.lateBy = 10 * 3_600_000;
  const run = await rig.run(['h01'], { command: '5 0', async: 60, options: { giveUp: 60 } });
  rig.hosts.dead.add('h01');
  await rig.clock.pass(5000);
  await rig.clock.pass(1_800_000);
  rig.hosts.dead.delete('h01');
  await rig.untilQuiet(24);
  expect([rig.hosts.ran.size, rig.jobsOf(run)[0]?.verdict]).toEqual([0, 'unreachable']);
});
