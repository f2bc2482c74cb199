// The keeper's promises: one host tries, the others wait; what was refused is used by nobody.
import { expect, test } from 'vitest';
import { accountOf, type Entrusted, type Need, noSecrets, type Outcome, type TurnedDown } from '../domain/need.ts';
import { Keeper } from './secrets.ts';

const password = (host: string): Need => ({
  kind: 'password',
  account: accountOf({ name: host, host: `${host}.example`, port: 22, user: 'ops' }),
});

test('where nobody can be asked, each need says what to run', () => {
  expect(noSecrets.take(password('web1'))).toMatchObject({
    failure: { tag: 'needs-person', host: 'web1', cause: expect.stringContaining('-k') },
  });
});

test('where somebody can be asked, the host waits and says for what', () => {
  const keeper = new Keeper({ realmOf: () => 'fleet', canAsk: () => true });
  expect(keeper.take(password('web1'))).toMatchObject({
    failure: { tag: 'waits-for-answer', host: 'web1', cause: 'the password of ops', facts: { waitsFor: 'password fleet ops' } },
  });
});

test('hosts that hang up without a word are sent a password three times in all; then its giver is asked', () => {
  const keeper = new Keeper({ realmOf: () => 'fleet', canAsk: () => true });
  keeper.entrust([{ for: 'password', realm: 'fleet', value: 'perhaps wrong' }]);
  const outcomes = ['web1', 'web2', 'web3', 'web4'].map(host => {
    const taken = keeper.take(password(host));
    if (taken.kind === 'have') taken.settle('unknown');
    return taken.kind;
  });
  expect(outcomes).toEqual(['have', 'have', 'have', 'not-now']);
  expect(keeper.questions(new Map([['password fleet ops', new Set(['web4'])]]))).toMatchObject([
    { hosts: ['web4'], refused: { host: 'web3', elsewhere: 'untold' } },
  ]);
});

test('a password that a host puts off for a code is that host’s alone; the others get it when that one comes no more', () => {
  const keeper = new Keeper({ realmOf: () => 'fleet', canAsk: () => true });
  keeper.entrust([{ for: 'password', realm: 'fleet', value: 'perhaps wrong' }]);
  const what = 'password fleet ops';
  const codes: Need = { ...(password('web1') as Need & { kind: 'password' }), kind: 'codes', name: '', instruction: '', prompts: [] };
  const taken = keeper.take(password('web1'));
  keeper.take(codes);
  if (taken.kind === 'have') taken.settle('put-off');
  expect(keeper.mayTry(what)).toBe('nobody');
  expect(keeper.take(password('web2'))).toMatchObject({ failure: { tag: 'waits-for-answer', facts: { waitsFor: what } } });
  const waiting = new Map([[what, new Set(['web2'])]]);
  const asked = keeper.questions(new Map([...waiting, ['codes ops@web1.example:22', new Set(['web1'])]]));
  expect(asked).toMatchObject([{ id: 'codes ops@web1.example:22', hosts: ['web1'] }]);
  keeper.answer(['codes ops@web1.example:22'], ['42']);
  expect([keeper.questions(waiting), keeper.mayTry(what)]).toEqual([[], 'nobody']);
  // Its code was wrong, or its run is over.
  const code = keeper.take(codes);
  if (code.kind === 'have') code.settle('unknown');
  expect([keeper.questions(waiting), keeper.mayTry(what)]).toEqual([[], 'one']);
  expect(keeper.take(password('web2')).kind).toBe('have');
});

test('a password that a host has taken outlives broken links', () => {
  const keeper = new Keeper({ realmOf: () => 'fleet', canAsk: () => true });
  keeper.entrust([{ for: 'password', realm: 'fleet', value: 'right' }]);
  for (const outcome of ['unknown', 'accepted', 'unknown', 'unknown', 'unknown', 'accepted'] as const) {
    const taken = keeper.take(password('web1'));
    if (taken.kind === 'have') taken.settle(outcome);
    expect(taken.kind).toBe('have');
  }
});

test('a no is told as one, and holds until something new is wanted', () => {
  const keeper = new Keeper({ realmOf: () => 'fleet', canAsk: () => true });
  const [need, what] = [password('web1'), 'password fleet ops'];
  keeper.take(need);
  keeper.answer([what], undefined);
  expect(keeper.take(need)).toMatchObject({ failure: { tag: 'needs-person', cause: expect.stringContaining('said no') } });
  keeper.reconsider();
  expect(keeper.take(need)).toMatchObject({ failure: { tag: 'waits-for-answer' } });
});

/** A keeper, and what it tells of what it was given. */
const keeperThatTells = () => {
  const keeper = new Keeper({ realmOf: () => 'fleet', canAsk: () => true });
  const told: TurnedDown[] = [];
  keeper.onTurnedDown(one => told.push(one));
  const tries = (host: string, outcome: Outcome, need = password(host)): string => {
    const taken = keeper.take(need);
    if (taken.kind === 'have') taken.settle(outcome);
    return taken.kind === 'have' ? 'sent' : taken.failure.tag;
  };
  return { keeper, told, tries };
};

test('the keeper after this one sends nothing again that was turned down, and all that was accepted or not judged', () => {
  const own = (name: string, value: string): Entrusted => ({
    for: 'password',
    realm: 'fleet',
    accounts: [`ops@${name}.example:22`],
    value,
  });
  const become: Need = { ...(password('web1') as Need & { kind: 'password' }), kind: 'become', method: 'sudo', user: 'root' };
  const given: Entrusted[] = [
    { for: 'password', realm: 'fleet', value: 'wrong' },
    { for: 'become', realm: 'fleet', value: 'never judged' },
    own('db1', 'right'),
    own('db2', 'wrong, too'),
  ];
  const first = keeperThatTells();
  first.keeper.entrust(given);
  const sent = [
    first.tries('web1', 'refused'),
    first.tries('web2', 'refused'),
    first.tries('db1', 'accepted'),
    first.tries('db2', 'refused'),
  ];
  expect(sent).toEqual(['sent', 'waits-for-answer', 'sent', 'sent']);
  // A run that is taken up may want it before its client is back.
  for (const isWanted of ['before', 'after']) {
    const second = keeperThatTells();
    if (isWanted === 'before') second.tries('web2', 'refused');
    second.keeper.entrust(given, first.told);
    expect(['web1', 'web2', 'db2'].map(host => second.tries(host, 'refused'))).toEqual(Array(3).fill('waits-for-answer'));
    expect([second.tries('db1', 'accepted'), second.tries('web1', 'accepted', become)]).toEqual(['sent', 'sent']);
    const what = 'password fleet ops';
    expect(second.keeper.questions(new Map([[what, new Set(['web2'])]]))).toMatchObject([{ refused: { host: 'web1' } }]);
    second.keeper.answer([what], ['typed']);
    expect([second.tries('web2', 'accepted'), second.told]).toEqual(['sent', []]);
    second.keeper.entrust([{ for: 'password', realm: 'fleet', value: 'given anew' }]);
    expect(second.tries('web3', 'accepted')).toBe('sent');
  }
});

test('what one account alone turned down is sent to the others by the next keeper, to that one no more', () => {
  const given: Entrusted[] = [{ for: 'password', realm: 'fleet', value: 'of most' }];
  const first = keeperThatTells();
  first.keeper.entrust(given);
  first.tries('web1', 'accepted');
  first.tries('web2', 'refused');
  const second = keeperThatTells();
  second.keeper.entrust(given, first.told);
  expect([second.tries('web2', 'refused'), second.tries('web1', 'accepted')]).toEqual(['waits-for-answer', 'sent']);
});

test('what three hosts hung up on is not sent by the next keeper either', () => {
  const given: Entrusted[] = [
    { for: 'passphrase', path: '/key', value: 'right' },
    { for: 'password', realm: 'fleet', value: 'untold' },
  ];
  const first = keeperThatTells();
  first.keeper.entrust(given);
  for (const host of ['web1', 'web2', 'web3']) first.tries(host, 'unknown');
  const second = keeperThatTells();
  second.keeper.entrust(given, first.told);
  expect(second.tries('web4', 'unknown')).toBe('waits-for-answer');
  expect(second.tries('web4', 'accepted', { kind: 'passphrase', path: '/key', host: 'web4' })).toBe('sent');
});
