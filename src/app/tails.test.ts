// Tails come in pieces, from where they were, each byte once, sanitised, in a ring that has an end.
import { expect, test } from 'vitest';
import { testLink } from '../../test/support/console.ts';
import { type Jid, jidOf } from '../domain/job.ts';
import { emptyState } from '../domain/run-state.ts';
import type { Link } from '../driver/protocol.ts';
import type { Tail } from './console-state.ts';
import { makeTails } from './tails.ts';

const jid = jidOf({ runId: 'r', taskPath: '0.0', host: 'web1', item: 0, attempt: 1 });
const grown = (from: number, length: number) =>
  ({ type: 'job.output', at: 0, jid, stream: 'out', from, length, there: from + length, dropped: 0, lastLine: '' }) as const;

const setUp = (first: string, most?: number) => {
  const outputs = new Map([[jid, first]]);
  const wire = testLink(emptyState(), outputs);
  const into = new Map<typeof jid, Tail>();
  const tails = makeTails(wire.link, into, () => {}, most);
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 1000; turn += 1) await Promise.resolve();
  };
  return {
    outputs,
    tails,
    settle,
    asked: wire.asked,
    lines: () => into.get(jid)?.lines.map(line => line.text) ?? [],
    before: () => into.get(jid)?.before,
    tail: () => into.get(jid),
  };
};

test('a watched job: its end first, then only what is new, the unfinished line included', async () => {
  const { outputs, tails, settle, asked, lines } = setUp('one\ntwo\nthr');
  tails.watch([jid]);
  await settle();
  expect(lines()).toEqual(['one', 'two', 'thr']);
  outputs.set(jid, 'one\ntwo\nthree\n\x1b]0;x\x07four\n');
  tails.grown(grown(11, 14));
  await settle();
  expect(lines()).toEqual(['one', 'two', 'three', 'four']);
  const froms = asked.flatMap(ask => (ask.verb === 'output' && ask.stream === 'out' ? [ask.from] : []));
  expect(froms).toEqual([-32_768, 11]);
  expect(asked.filter(ask => ask.verb === 'watch')).toEqual([{ verb: 'watch', jids: [jid] }]);
});

test('growth that is told while a piece is on its way is fetched after it', async () => {
  const { outputs, tails, settle, lines } = setUp('a\n');
  tails.watch([jid]);
  outputs.set(jid, 'a\nb\n');
  tails.grown(grown(2, 2));
  outputs.set(jid, 'a\nb\nc\n');
  tails.grown(grown(4, 2));
  await settle();
  expect(lines()).toEqual(['a', 'b', 'c']);
});

test('a long output begins at a whole line and says that there is more before; the whole log begins at its first', async () => {
  const all = Array.from({ length: 20_000 }, (_, at) => `line ${at}`);
  const { tails, settle, lines, before } = setUp(`${all.join('\n')}\n`);
  tails.watch([jid]);
  await settle();
  expect(before()).toBe('more');
  expect(lines()[0]).toMatch(/^line \d+$/);
  expect(lines().at(-1)).toBe('line 19999');
  expect(lines().length).toBeLessThanOrEqual(2000);
  tails.loadWhole(jid);
  await settle();
  expect(lines()).toEqual(all);
  expect(before()).toBe('nothing');
});

test('glances fetch each output once and do not name the job as watched', async () => {
  const { tails, settle, asked, lines } = setUp('same\n');
  tails.glance([jid]);
  tails.glance([jid]);
  await settle();
  expect(lines()).toEqual(['same']);
  expect(asked.map(ask => ask.verb)).toEqual(['output', 'output']);
});

test('another driver is asked for everything again', async () => {
  const { tails, settle, asked } = setUp('a\n');
  tails.watch([jid]);
  await settle();
  tails.forget();
  tails.watch([jid]);
  await settle();
  expect(asked.filter(ask => ask.verb === 'watch')).toHaveLength(2);
});

test('a link that answers nothing any more is not asked in a loop', async () => {
  let asked = 0;
  const link = {
    ask: async () => {
      asked += 1;
      return { ok: false, failure: { tag: 'driver-gone', cause: 'closed here' } };
    },
  } as unknown as Link;
  const tails = makeTails(link, new Map(), () => {});
  const jid = 'j0000000000000000000000001.1' as Jid;
  tails.watch([jid]);
  tails.grown({ type: 'job.output', jid, stream: 'out', from: 0, length: 90_000, there: 90_000, dropped: 0, lastLine: '', at: 0 });
  await new Promise(resolve => setImmediate(resolve));
  expect(asked).toBeLessThan(10);
});

test('a log longer than what is kept is read part by part, from its first line to its last and round again', async () => {
  const all = Array.from({ length: 25_000 }, (_, at) => `line ${at}`);
  const { tails, settle, lines, tail } = setUp(`${all.join('\n')}\n`, 10_000);
  tails.watch([jid]);
  await settle();
  let seen: string[] = [];
  const firsts: number[] = [];
  for (let part = 0; part < 5; part += 1) {
    tails.loadWhole(jid);
    await settle();
    firsts.push(tail()?.first ?? -1);
    expect(tail()?.first).toBe(seen.length);
    expect(lines().length).toBeLessThan(20_000);
    seen = [...seen, ...lines()];
    if (tail()?.after === 'nothing') break;
    expect([tail()?.after, tail()?.before]).toEqual(['more', part === 0 ? 'nothing' : 'more']);
  }
  expect(seen).toEqual(all);
  expect(firsts.length).toBeGreaterThan(1);
  tails.loadWhole(jid);
  await settle();
  expect([tail()?.first, lines()[0]]).toEqual([0, 'line 0']);
  tails.loadEnd(jid);
  await settle();
  expect([lines().at(-1), tail()?.after]).toEqual(['line 24999', 'nothing']);
});

test('the whole log of a job with 205,000 lines is there after one L', async () => {
  const all = Array.from({ length: 205_000 }, (_, at) => `${at}`);
  const { tails, settle, lines, before } = setUp(`${all.join('\n')}\n`);
  tails.watch([jid]);
  await settle();
  tails.loadWhole(jid);
  await settle();
  expect([lines().length, lines()[0], lines().at(-1), before()]).toEqual([205_000, '0', '204999', 'nothing']);
});
