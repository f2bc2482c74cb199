// The keeper's promises: one host tries, the others wait; what was refused is used by nobody.
import { expect, test } from 'vitest';
import { accountOf, type Need, noSecrets } from '../domain/need.ts';
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
