// Who is looked at when: below forks, one with a password first, and who waits is asked for when nobody else is left.
import { expect, test } from 'vitest';
import { accountOf, type Need, type Question } from '../domain/need.ts';
import { Keeper } from '../driver/secrets.ts';
import type { Address } from '../remote/ports.ts';
import type { Put } from './answer.ts';
import type { Examined } from './examine.ts';
import { examineAll } from './examine-all.ts';

const addressOf = (name: string): Address => ({
  name,
  host: `${name}.example`,
  port: 22,
  user: 'ops',
  identityFiles: [],
  knownHostsFiles: [],
  strictHostKeyChecking: 'yes',
});

/** Hosts that let in whoever says `right`, and count. */
const stage = (names: readonly string[], ask?: (question: Question) => Put) => {
  const keeper = new Keeper({ realmOf: () => 'fleet', canAsk: () => ask !== undefined });
  const sent: string[] = [];
  const asked: Question[] = [];
  let open = 0;
  let peak = 0;
  const examine = async (host: string, address: Address): Promise<Examined> => {
    open += 1;
    peak = Math.max(peak, open);
    const base = { host, address, transport: 'ssh2' } as const;
    const need: Need = { kind: 'password', account: accountOf(address) };
    const taken = keeper.take(need);
    await Promise.resolve();
    open -= 1;
    if (taken.kind === 'not-now') return { ...base, failure: taken.failure };
    sent.push(`${host} ${taken.values[0]}`);
    const isRight = taken.values[0] === 'right';
    taken.settle(isRight ? 'accepted' : 'refused');
    if (isRight) return base;
    const again = keeper.take(need);
    if (again.kind === 'not-now') return { ...base, failure: again.failure };
    throw new Error('it was given another');
  };
  const parts = {
    hosts: names.map(name => ({ name, address: addressOf(name) })),
    forks: 3,
    keeper,
    examine,
    ...(ask !== undefined && {
      ask: async (question: Question) => {
        asked.push(question);
        return ask(question);
      },
    }),
  };
  return { keeper, sent, asked, peak: () => peak, look: () => examineAll(parts) };
};

const tags = (examined: readonly Examined[]) => examined.map(({ failure }) => failure?.tag ?? 'in');
const five = ['h1', 'h2', 'h3', 'h4', 'h5'];

test('a wrong password is sent to one host, then asked for once for all, and the answer lets all in', async () => {
  const on = stage(five, () => ['right']);
  on.keeper.entrust([{ for: 'password', realm: 'fleet', value: 'wrong' }]);
  expect(tags(await on.look())).toEqual(['in', 'in', 'in', 'in', 'in']);
  expect(on.asked).toMatchObject([{ hosts: expect.arrayContaining(five), refused: { elsewhere: 'not-accepted' } }]);
  expect(on.sent.filter(what => what.endsWith('wrong'))).toHaveLength(1);
  expect(on.peak()).toBe(3);
});

test('who leaves the question is told who is needed, and nothing was sent', async () => {
  for (const put of ['left', 'no'] as const) {
    const on = stage(five, () => put);
    expect(new Set(tags(await on.look()))).toEqual(new Set(['needs-person']));
    expect([on.asked.length, on.sent]).toEqual([1, []]);
  }
});

test('where nobody can be asked each host says so at once', async () => {
  const on = stage(five);
  const examined = await on.look();
  expect(examined).toMatchObject(five.map(host => ({ host, failure: { tag: 'needs-person', host, facts: { needs: 'password' } } })));
});
