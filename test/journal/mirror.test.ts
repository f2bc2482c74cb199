// A mirror: what it says is what the journal says, at every length that it can be cut to; what was changed in it is told where.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { realClock } from '../../src/cli/clock.ts';
import type { Event } from '../../src/domain/event.ts';
import { parseMirrorPlace } from '../../src/domain/mirror-place.ts';
import { keepMirror, type Mirror, type MirrorTrouble } from '../../src/journal/mirror.ts';
import { type MirrorRow, mirrorWriter, readMirror, splitLine } from '../../src/journal/mirror-format.ts';
import { mirrorFile, readMirrorBytes } from '../../src/journal/mirror-session.ts';
import { readChain, readHistory, readOutput } from '../../src/journal/read.ts';
import { type Restored, restoreFrom } from '../../src/journal/restore.ts';
import type { Store } from '../../src/journal/store.ts';
import { entryOf, jid, outputOf, planned, queued, requested, started, storeIn, tempFolder, wholeRun } from '../support/journal-kit.ts';
import { waitFor } from '../support/wait-for.ts';

let folder: ReturnType<typeof tempFolder>;
const mirrors: Mirror[] = [];
beforeEach(() => {
  folder = tempFolder('mirror');
});
afterEach(async () => {
  await Promise.all(mirrors.splice(0).map(mirror => mirror.close()));
  folder.remove();
});

const here = (name: string): string => join(folder.path, name);
const file = (): string => join(here('mirror'), mirrorFile);
const placeOf = (path: string) => {
  const place = parseMirrorPlace(path, known => known);
  if (!place.ok) throw new Error(place.failure.cause);
  return place.value;
};

const driverStarted = (epoch: number): Event => ({ type: 'driver.started', at: epoch, driver: `d${epoch}`, epoch, pid: 1, version: '0' });

/** A journal with one run that has ended and one whose job has said something. */
const journalIn = (name: string): Store => {
  mkdirSync(here(name), { mode: 0o700 });
  const store = storeIn(here(name));
  const said = outputOf(2, 23, 0, 'half way\n');
  const events = [driverStarted(1), planned(2), ...wholeRun(1, 10), queued(2, 20), requested(2, 21), started(2, 22)];
  expect(store.write([entryOf(events), entryOf([said.event], { output: [said.bytes] })]).every(({ ok }) => ok)).toBe(true);
  return store;
};

/** Keeps a mirror of a journal; `told` are its troubles. */
const keep = (
  stateDir: string,
  path = here('mirror'),
  epoch = 1,
  bin?: string,
): { readonly mirror: Mirror; readonly told: MirrorTrouble[] } => {
  const told: MirrorTrouble[] = [];
  const mirror = keepMirror({
    stateDir,
    place: placeOf(path),
    epoch,
    env: () => ({ PATH: `${bin === undefined ? '' : `${bin}:`}${process.env['PATH']}` }),
    // Ten times as fast where the programs there are not the real ones.
    clock: bin === undefined ? realClock : { ...realClock, after: (delay, fire) => realClock.after(delay / 10, fire) },
    onTrouble: trouble => told.push(trouble),
  });
  mirrors.push(mirror);
  return { mirror, told };
};

const restore = async (to: string, path = here('mirror')) => {
  const chunks = readMirrorBytes({ place: placeOf(path), env: process.env });
  return restoreFrom({ stateDir: here(to), name: path, chunks, wall: () => 1000 });
};

const restoredFrom = async (to: string, path?: string): Promise<Restored> => {
  const result = await restore(to, path);
  if (!result.ok) throw new Error(result.failure.cause);
  return result.value;
};

const eventsIn = (name: string): unknown[] => {
  const db = new DatabaseSync(join(here(name), 'journal.db'), { readOnly: true });
  const rows = db.prepare('select * from events order by seq').all();
  const open = db.prepare('select * from outstanding').all();
  const runs = db.prepare('select * from runs').all();
  const meta = db.prepare("select * from meta where key in ('line', 'epoch', 'created')").all();
  db.close();
  return [rows, open, runs, meta];
};

const commit = (restored: Restored): void => expect(restored.commit([])).toEqual({ ok: true, value: undefined });

test('a mirror holds the journal, its output and its chain, and nobody else may read it', async () => {
  journalIn('one').close();
  mkdirSync(here('two'), { mode: 0o700 });
  mkdirSync(join(here('two'), 'taking-over-killed'));
  await keep(here('one')).mirror.close(60_000);
  expect([statSync(here('mirror')).mode & 0o777, statSync(file()).mode & 0o777]).toEqual([0o700, 0o600]);
  const restored = await restoredFrom('two');
  expect([restored.kind, restored.events, restored.isCut]).toEqual(['ready', 14, false]);
  expect([...restored.state.runs.values()].map(({ number, phase }) => [number, phase.kind])).toEqual([
    [1, 'ended'],
    [2, 'going'],
  ]);
  commit(restored);
  expect(eventsIn('two')).toEqual(eventsIn('one'));
  expect(readChain(here('two'))).toMatchObject({ value: { kind: 'whole', events: 14 } });
  const output = readOutput(here('two'), jid(2), 'out', 0, 100);
  expect(output.ok && Buffer.from(output.value.bytes).toString()).toBe('half way\n');
  expect(readdirSync(here('two')).filter(name => name.startsWith('taking-over-'))).toEqual([]);
});

test('what is written while the mirror is kept is in it soon, and the next driver goes on where it ended', async () => {
  const store = journalIn('one');
  const { told } = keep(here('one'));
  await waitFor('the first copy', () => (existsSync(file()) ? true : undefined));
  store.write([entryOf([queued(3, 30)])]);
  await waitFor('the third run', () => (readFileSync(file(), 'utf8').includes('run 3') ? true : undefined), 5);
  await mirrors.pop()?.close(60_000);
  const before = readFileSync(file(), 'utf8');
  store.write([entryOf([driverStarted(2), ...wholeRun(4, 40)])]);
  await keep(here('one'), here('mirror'), 2).mirror.close(60_000);
  store.close();
  expect(readFileSync(file(), 'utf8').startsWith(before)).toBe(true);
  expect(readdirSync(here('mirror'))).toEqual([mirrorFile]);
  expect(told).toEqual([]);
  commit(await restoredFrom('two'));
  expect(eventsIn('two')).toEqual(eventsIn('one'));
});

/** What is read of a mirror that is only bytes. */
const readBytes = (bytes: Uint8Array): { readonly lines: number; readonly isCut: boolean; readonly cause?: string } => {
  const reading = readMirror('M');
  const read = reading.take(bytes);
  return read.ok ? { lines: read.value.length, isCut: reading.isCut() } : { lines: 0, isCut: false, cause: read.failure.cause };
};

test('cut to any length it is whole up to its last whole line, and a driver goes on from there', async () => {
  journalIn('one').close();
  await keep(here('one')).mirror.close(60_000);
  const whole = readFileSync(file());
  for (let length = 0; length < whole.length; length += 1) {
    const lines = whole.subarray(0, length).toString().split('\n');
    expect(readBytes(whole.subarray(0, length))).toEqual({ lines: lines.length - 1, isCut: lines.at(-1) !== '' });
  }
  const first = whole.indexOf(10) + 1;
  for (const [length, events] of [
    [0, undefined],
    [first, undefined],
    [whole.indexOf(10, first) + 1, 1],
    [whole.length - 1, 14],
  ] as const) {
    writeFileSync(file(), whole.subarray(0, length));
    const cut = await restore('two');
    expect(cut).toMatchObject(
      events === undefined ? { failure: { cause: expect.stringContaining('no event yet') } } : { value: { events } },
    );
    if (cut.ok) cut.value.discard();
    await keep(here('one'), here('mirror'), 2).mirror.close(60_000);
    const again = await restoredFrom('two');
    expect([again.events, again.isCut]).toEqual([14, false]);
    again.discard();
  }
}, 20_000);

test('a byte that was changed anywhere is found, and told with its line', async () => {
  journalIn('one').close();
  await keep(here('one')).mirror.close(60_000);
  const whole = readFileSync(file());
  let line = 1;
  for (let at = 0; at < whole.length - 1; at += 1) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ 1;
    const { cause } = readBytes(changed);
    expect(cause).toMatch(new RegExp(`^the mirror M (breaks at line ${line}:|was written by a newer)`));
    if (whole[at] === 10) line += 1;
  }
  const lines = whole.toString().split('\n');
  const without = Buffer.from([...lines.slice(0, 5), ...lines.slice(6)].join('\n'));
  expect(readBytes(without).cause).toBe(
    'the mirror M breaks at line 6: it, or the one before it, is not what was written; what is before it is whole: a file of the first 5 lines can be taken over from',
  );
  expect(readBytes(Buffer.from('hello\n')).cause).toContain('breaks at line 1: this is no mirror');
  writeFileSync(file(), without);
  expect(await restore('two')).toMatchObject({ failure: { tag: 'bad-input', cause: expect.stringContaining('breaks at line 6') } });
  expect(readdirSync(here('two'))).toEqual(['lease.db']);
});

test('an event that was made up with the right check does not follow in the chain', async () => {
  journalIn('one').close();
  await keep(here('one')).mirror.close(60_000);
  const lines = readFileSync(file(), 'utf8').trimEnd().split('\n');
  const forged = mirrorWriter('');
  const text = lines.map(text => {
    const { line } = splitLine(text) as NonNullable<ReturnType<typeof splitLine>>;
    return forged.line('body' in line && line.type === 'run.queued' ? { ...line, body: line.body.replace('run 1', 'run X') } : line);
  });
  expect(readBytes(Buffer.from(text.join(''))).cause).toContain('breaks at line 4: event 3 does not follow the one before it');
  const odd = mirrorWriter('');
  const head = (splitLine(lines[0] ?? '') as NonNullable<ReturnType<typeof splitLine>>).line;
  const row = { seq: 1, epoch: 1, at: 'yesterday', run: null, jid: null, type: 'run.noted', actor: null, body: '{}', hash: null };
  writeFileSync(file(), odd.line(head) + odd.line(row as unknown as MirrorRow));
  expect(await restore('two')).toMatchObject({ failure: { tag: 'bad-input', cause: expect.stringContaining('holds what is no event') } });
});

describe('what may not be written', () => {
  const refusal = async (prepare: () => void): Promise<string> => {
    journalIn('one').close();
    prepare();
    const { told } = keep(here('one'));
    return waitFor('a refusal', () => told[0]);
  };

  test('a folder that others may enter', async () => {
    const why = await refusal(() => {
      mkdirSync(here('mirror'));
      chmodSync(here('mirror'), 0o755);
    });
    expect(why).toContain('others may enter it (mode drwxr-xr-x');
  });

  test('what is no mirror', async () => {
    const why = await refusal(() => {
      mkdirSync(here('mirror'), { mode: 0o700 });
      writeFileSync(file(), 'a shopping list\n');
    });
    expect(why).toContain('no mirror that this rollcall knows');
    expect(readFileSync(file(), 'utf8')).toBe('a shopping list\n');
  });

  test('the mirror of another journal', async () => {
    const store = journalIn('other');
    store.close();
    await keep(here('other')).mirror.close(60_000);
    const before = readFileSync(file(), 'utf8');
    expect(await refusal(() => {})).toContain('the mirror of another journal');
    expect(readFileSync(file(), 'utf8')).toBe(before);
  });

  test('a mirror that a newer driver of the line writes now; what was begun before it goes nowhere', async () => {
    const store = journalIn('one');
    const old = keep(here('one'));
    await waitFor('the first copy', () => (existsSync(file()) ? true : undefined));
    commit(await restoredFrom('two'));
    const second = storeIn(here('two'));
    second.write([entryOf([driverStarted(7)])]);
    await keep(here('two'), here('mirror'), 7).mirror.close(60_000);
    // The old one does not know and writes on, into a file that has no name any more.
    store.write([entryOf([queued(8, 80)])]);
    await old.mirror.close(60_000);
    expect(readFileSync(file(), 'utf8')).not.toContain('run 8');
    const again = keep(here('one'));
    expect(await waitFor('a refusal', () => again.told[0])).toContain('a newer driver of this line has taken over');
    store.close();
    second.close();
  });
});

test('where the place cannot be written, it says how far behind it is, and catches up when it can', async () => {
  const store = journalIn('one');
  writeFileSync(here('mirror'), 'in the way');
  const { told } = keep(here('one'));
  expect(await waitFor('trouble', () => told[0])).toMatch(/what came after \d\d:\d\d:\d\d UTC is not in it yet/);
  store.write([entryOf([queued(3, 30)])]);
  rmSync(here('mirror'));
  await waitFor('the trouble to be over', () => (told.at(-1) === undefined ? true : undefined));
  expect(readFileSync(file(), 'utf8')).toContain('run 3');
  store.close();
});

/** A folder with a program that stands in for the real one. */
const programIn = (name: string, script: string): string => {
  mkdirSync(here('bin'), { recursive: true });
  writeFileSync(join(here('bin'), name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return here('bin');
};

test('a full disk there is told; when there is room again the mirror catches up, and begins with what was whole', async () => {
  const store = journalIn('one');
  const bin = programIn('cat', 'dd bs=1 count=700 2>/dev/null; echo "cat: write error: No space left on device" >&2; exit 1');
  const { told } = keep(here('one'), here('mirror'), 1, bin);
  expect(await waitFor('trouble', () => told[0])).toContain('No space left on device');
  store.write([entryOf([queued(3, 30)])]);
  rmSync(bin, { recursive: true });
  await waitFor('the trouble to be over', () => (told.at(-1) === undefined ? true : undefined));
  await mirrors.pop()?.close(60_000);
  store.close();
  commit(await restoredFrom('two'));
  expect(eventsIn('two')).toEqual(eventsIn('one'));
  expect(readdirSync(here('mirror'))).toEqual([mirrorFile]);
});

test('who takes nothing is told of; nothing of it waits in memory, and the end waits no longer than it must', async () => {
  const store = journalIn('one');
  const piece = 'x'.repeat(100_000);
  const said = Array.from({ length: 30 }, (_, at) => outputOf(2, 30 + at, at * piece.length, piece));
  store.write(said.map(({ event, bytes }) => entryOf([event], { output: [bytes] })));
  const { mirror, told } = keep(here('one'), here('mirror'), 1, programIn('cat', 'exec sleep 100'));
  expect(await waitFor('trouble', () => told[0])).toContain('it takes nothing');
  const before = performance.now();
  await mirror.close();
  expect(performance.now() - before).toBeLessThan(5000);
  store.close();
});

test('who does not answer is told of, and does not keep the driver from ending', async () => {
  journalIn('one').close();
  const { mirror, told } = keep(here('one'), here('mirror'), 1, programIn('ls', 'exec sleep 20'));
  expect(await waitFor('trouble', () => told[0])).toContain('it does not answer');
  const before = performance.now();
  await mirror.close();
  expect(performance.now() - before).toBeLessThan(5000);
});

test('where retention has taken events out, the chain of what is left is proven all the same', async () => {
  const store = journalIn('one');
  store.write([entryOf(Array.from({ length: 25 }, (_, at) => wholeRun(at + 3, 100 + at * 10)).flat())]);
  const went = store.keeping.answer({ what: 'prune', before: 1_000_000, at: 2_000_000 });
  expect(went).toBeGreaterThan(5);
  store.write([entryOf([driverStarted(3)])]);
  store.close();
  await keep(here('one')).mirror.close(60_000);
  commit(await restoredFrom('two'));
  expect(eventsIn('two')).toEqual(eventsIn('one'));
  expect(readChain(here('two'))).toEqual(readChain(here('one')));
  expect(readChain(here('two'))).toMatchObject({ value: { kind: 'whole' } });
});

test('a journal that lost to a power cut what the mirror has: the mirror is made anew, and never a half one', async () => {
  const store = journalIn('one');
  await keep(here('one')).mirror.close(60_000);
  store.db.exec('delete from events where seq > 12');
  store.close();
  const again = storeIn(here('one'));
  again.write([entryOf([driverStarted(2)])]);
  await keep(here('one'), here('mirror'), 2).mirror.close(60_000);
  again.close();
  commit(await restoredFrom('two'));
  expect(eventsIn('two')).toEqual(eventsIn('one'));
});

describe('a state folder that holds something', () => {
  test('is brought up where the mirror knows all of it and more, and left alone where it knows more itself', async () => {
    const store = journalIn('one');
    await keep(here('one')).mirror.close(60_000);
    commit(await restoredFrom('two'));
    store.write([entryOf([queued(3, 30)])]);
    await keep(here('one'), here('mirror'), 2).mirror.close(60_000);
    const ahead = await restoredFrom('two');
    expect(ahead.kind).toBe('ready');
    commit(ahead);
    expect(readHistory(here('two'), { limit: 9 })).toMatchObject({ value: [{ number: 3 }, { number: 2 }, { number: 1 }] });
    const second = storeIn(here('two'));
    second.write([entryOf([driverStarted(9)])]);
    second.close();
    const known = await restoredFrom('two');
    expect(known.kind).toBe('here already');
    known.discard();
    for (const [run, epoch] of [
      [4, 3],
      [5, 4],
    ] as const) {
      store.write([entryOf([queued(run, 40)])]);
      await keep(here('one'), here('mirror'), epoch).mirror.close(60_000);
      expect(await restore('two')).toMatchObject({ failure: { cause: expect.stringContaining('have both gone on by themselves') } });
    }
    store.close();
    journalIn('three').close();
    expect(await restore('three')).toMatchObject({ failure: { cause: expect.stringContaining('holds another journal') } });
    expect(readHistory(here('three'), { limit: 9 })).toMatchObject({ value: [{ number: 2 }, { number: 1 }] });
  });
});

test('a mirror from a newer version is refused', async () => {
  journalIn('one').close();
  await keep(here('one')).mirror.close(60_000);
  const text = readFileSync(file(), 'utf8');
  expect(readBytes(Buffer.from(text.replace('"mirror":1', '"mirror":2'))).cause).toContain('newer rollcall (format 2)');
  const missing = await restore('two', here('nowhere'));
  expect(missing).toMatchObject({ failure: { tag: 'bad-input', cause: expect.stringContaining('cannot be read') } });
});

test.each([
  ['/backup/x', 'here'],
  ['backup1:rollcall', 'there'],
  ['ops@backup1:/var/x', 'there'],
  ['[fe80::1%eth0]:x', 'there'],
  ['./a:b', 'here'],
])('%s is a place %s', (text, kind) => {
  expect(parseMirrorPlace(text, path => path)).toMatchObject({ value: { kind } });
});

test.each(['', '-oProxyCommand=x:y', 'a b:c', '$(x):c', 'host:', ':x', 'a\nb', "h';x:y"])('%j is no place', text => {
  expect(parseMirrorPlace(text, path => path)).toMatchObject({ ok: false, failure: { tag: 'bad-input' } });
});
