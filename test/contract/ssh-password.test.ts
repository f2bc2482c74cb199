// Logins that need a person, at a real sshd with PAM: passwords, keyboard-interactive, several methods in a row, accounts that are over.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Keeper } from '../../src/driver/secrets.ts';
import { makeJobs } from '../../src/remote/jobs.ts';
import type { Address } from '../../src/remote/ports.ts';
import { makePerson, type Person } from '../support/person.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { testUsersAvailable } from '../support/test-user.ts';
import { waitFor } from '../support/wait-for.ts';
import { freshIdentity, hex, jobsContract } from './jobs-contract.ts';
import { addressAt, failure, type Lab, makeLab, NO_INPUT, text, value } from './ssh-lab.ts';

const password = 'correct horse $taple';
const users = [
  { name: 'rollcall-ops', password },
  { name: 'rollcall-old', password, state: 'password-expired' },
  { name: 'rollcall-over', password, state: 'account-expired' },
  { name: 'rollcall-shut', password, state: 'locked' },
] as const;

describe.skipIf(!sshdAvailable() || !testUsersAvailable())('logins that need a person', () => {
  let lab: Lab;
  let plain: Sshd;
  let interactive: Sshd;
  let keyThenPassword: Sshd;
  let passwordThenKey: Sshd;
  const all = () => [plain, interactive, keyThenPassword, passwordThenKey];

  beforeAll(async () => {
    lab = makeLab();
    [plain, interactive, keyThenPassword, passwordThenKey] = await Promise.all([
      startSshd({ users }),
      startSshd({ users, config: ['KbdInteractiveAuthentication yes', 'PasswordAuthentication no'] }),
      startSshd({
        users,
        config: ['KbdInteractiveAuthentication yes', 'AuthenticationMethods publickey,password publickey,keyboard-interactive'],
      }),
      startSshd({ users, config: ['AuthenticationMethods password,publickey'] }),
    ]);
  });
  afterAll(async () => {
    await waitFor('every connection to close', () => (all().every(sshd => sshd.connectionsOpen() === 0) ? true : undefined));
    await Promise.all(all().map(sshd => sshd.stop()));
    lab.remove();
  });

  const ops = (sshd: Sshd, changes: Partial<Address> = {}): Address =>
    addressAt(sshd, { user: 'rollcall-ops', identityFiles: [], ...changes });
  const connect = async (address: Address, person: Person) => {
    const result = await lab.transport({ secrets: person }).connect(address);
    if (result.ok) {
      result.value.close();
      await result.value.closed;
    }
    // Whatever happened, each thing taken was told about.
    expect(person.open()).toBe(0);
    return result;
  };
  const knowing = (...kinds: Parameters<Person['give']>[0][]): Person => {
    const person = makePerson();
    for (const kind of kinds) person.give(kind, password);
    return person;
  };
  /** What sshd wrote of wrong attempts, once it has written that the connection is over. */
  const failedIn = async (sshd: Sshd, since: number): Promise<readonly string[]> => {
    const told = await waitFor(
      'the end of a login',
      () => /(?:Connection (?:closed|reset) by|maximum authentication)/.exec(sshd.log().slice(since))?.input,
    );
    return told.match(/^Failed (?!none)\S+ for .*$/gm) ?? [];
  };

  test('a password opens the door and is accepted once', async () => {
    const person = knowing('password');
    const connection = value(await lab.transport({ secrets: person }).connect(ops(plain)));
    expect(text(value(await connection.exec('id -un', NO_INPUT)).stdout)).toBe('rollcall-ops\n');
    expect(person.outcomes).toEqual(['password accepted']);
    connection.close();
    await connection.closed;
  });

  test('without one the login ends at once, nothing is tried, and the account is named', async () => {
    const before = plain.log().length;
    const person = makePerson();
    expect(failure(await connect(ops(plain), person))).toMatchObject({ tag: 'waits-for-answer', facts: { waitsFor: 'password' } });
    expect(person.asked).toEqual([
      { kind: 'password', account: { host: 'web1', user: 'rollcall-ops', at: `rollcall-ops@127.0.0.1:${plain.port}` } },
    ]);
    expect(await failedIn(plain, before)).toEqual([]);
  });

  test('a wrong one is sent once, refused, and asked for again', async () => {
    const before = plain.log().length;
    const person = makePerson();
    person.give('password', 'wrong horse');
    const refused = failure(await connect(ops(plain), person));
    expect(refused.tag).toBe('waits-for-answer');
    expect(JSON.stringify(refused)).not.toContain('horse');
    expect(person.outcomes).toEqual(['password refused']);
    expect(await failedIn(plain, before)).toHaveLength(1);
  });

  test('where the host ends it after one wrong password, that is a refusal too', async () => {
    const strict = await startSshd({ users, config: ['MaxAuthTries 1'] });
    try {
      const person = makePerson();
      person.give('password', 'wrong horse');
      expect(failure(await connect(ops(strict), person)).tag).toBe('waits-for-answer');
      expect(person.outcomes).toEqual(['password refused']);
    } finally {
      await strict.stop();
    }
  });

  test('keyboard-interactive that asks for a password is answered with it', async () => {
    const person = knowing('password');
    value(await connect(ops(interactive), person));
    expect(person.outcomes).toEqual(['password accepted']);
    const before = interactive.log().length;
    const wrong = makePerson();
    wrong.give('password', 'wrong horse');
    expect(failure(await connect(ops(interactive), wrong)).tag).toBe('waits-for-answer');
    expect(wrong.outcomes).toEqual(['password refused']);
    expect(await failedIn(interactive, before)).toHaveLength(1);
    const nobody = makePerson();
    expect(failure(await connect(ops(interactive), nobody)).tag).toBe('waits-for-answer');
    expect(nobody.asked.map(({ kind }) => kind)).toEqual(['password']);
  });

  test.each(['password', 'keyboard-interactive'])('a key first, then the password by %s', async method => {
    const person = knowing('password');
    const preferredAuthentications = ['publickey', method];
    value(await connect(ops(keyThenPassword, { identityFiles: [keyThenPassword.keyPath], preferredAuthentications }), person));
    expect(person.outcomes).toEqual(['password accepted']);
    // Nobody can be asked: the key was good, so the password is the cause.
    const nobody = makePerson('needs-person');
    expect(failure(await connect(ops(keyThenPassword, { identityFiles: [keyThenPassword.keyPath] }), nobody))).toMatchObject({
      tag: 'needs-person',
    });
  });

  test('the password first, then the key that was refused before it', async () => {
    const person = knowing('password');
    value(await connect(ops(passwordThenKey, { identityFiles: [passwordThenKey.keyPath] }), person));
    expect(person.outcomes).toEqual(['password accepted']);
    // The password was right also where the key is not.
    const strange = knowing('password');
    const refused = failure(await connect(ops(passwordThenKey, { identityFiles: [lab.makeKey('strange')] }), strange));
    expect(refused.cause).toContain('password was accepted, but the host asks for more');
    expect(strange.outcomes).toEqual(['password accepted']);
  });

  test('the order is PreferredAuthentications, and what is not in it is not done', async () => {
    const person = knowing('password');
    const before = plain.log().length;
    value(
      await connect(ops(plain, { identityFiles: [lab.makeKey('unused')], preferredAuthentications: ['password', 'publickey'] }), person),
    );
    expect(plain.log().slice(before)).not.toContain('publickey');
    const refused = failure(
      await connect(ops(plain, { preferredAuthentications: ['keyboard-interactive', 'publickey'] }), knowing('password')),
    );
    expect(refused).toMatchObject({ tag: 'login-refused', facts: { methods: 'publickey,password' } });
  });

  test('where nobody can be asked, keys that were refused are the cause, else the missing password', async () => {
    const wrong = lab.makeKey('not-admitted');
    const refused = failure(await connect(ops(plain, { identityFiles: [wrong] }), makePerson('needs-person')));
    expect(refused).toMatchObject({ tag: 'login-refused', facts: { tried: wrong } });
    expect(refused.cause).toContain('password rollcall-ops');
    expect(failure(await connect(ops(plain), makePerson('needs-person'))).tag).toBe('needs-person');
  });

  test('a refused password is the cause, whatever else was refused', async () => {
    const person = makePerson('password-refused');
    person.give('password', 'wrong horse');
    expect(failure(await connect(ops(plain, { identityFiles: [lab.makeKey('also-wrong')] }), person)).tag).toBe('password-refused');
  });

  test('a try is kept for the password, and keys that were not tried are told', async () => {
    const keys = ['t1', 't2', 't3', 't4', 't5', 't6', 't7'].map(name => lab.makeKey(name));
    value(await connect(ops(plain, { identityFiles: keys }), knowing('password')));
    const refused = failure(await connect(ops(plain, { identityFiles: keys }), makePerson('needs-person')));
    expect(refused.facts?.['tried']).toBe(keys.slice(0, 5).join(', '));
    expect(refused.tag).toBe('login-refused');
  });

  test('a password that has to be changed is told, by either method, and counts as right', async () => {
    for (const sshd of [plain, interactive]) {
      const person = knowing('password');
      const refused = failure(await connect(ops(sshd, { user: 'rollcall-old' }), person));
      expect(refused).toMatchObject({ tag: 'password-expired', cause: expect.stringContaining('has to change it') });
      expect(person.outcomes).toEqual(['password accepted']);
    }
  });

  test('an account that is over says so, a locked one is a refusal', async () => {
    for (const sshd of [plain, interactive]) {
      const over = failure(await connect(ops(sshd, { user: 'rollcall-over' }), knowing('password')));
      expect(over.tag).toBe('account-refused');
      expect(over.cause).toMatch(/it said: .*expired/);
      expect(failure(await connect(ops(sshd, { user: 'rollcall-shut' }), knowing('password'))).tag).toBe('waits-for-answer');
    }
    const byKey = failure(await connect(ops(plain, { user: 'rollcall-over', identityFiles: [plain.keyPath] }), makePerson()));
    expect(byKey.tag).toBe('account-refused');
    expect(byKey.cause).toMatch(/it said: .*expired/);
  });

  test('of twenty hosts of one account one tries, and after its refusal nothing more is sent anywhere until there is another password', async () => {
    // An sshd listens on sixteen ports at most.
    const names = Array.from({ length: 10 }, (_, at) => `web${at + 1}`);
    const fleet = await Promise.all([1, 2].map(() => startSshd({ users, aliases: names })));
    const hosts = fleet.flatMap(sshd => names.map(name => ops(sshd, { name, port: sshd.alias(name).port })));
    try {
      const keeper = new Keeper({ realmOf: () => 'fleet', canAsk: () => true });
      const transport = lab.transport({ secrets: keeper, timeouts: { connect: 20_000, handshake: 60_000, reply: 20_000 } });
      const all = () =>
        Promise.all(
          hosts.map(async host => {
            const result = await transport.connect(host);
            if (result.ok) result.value.close();
            return result.ok ? 'in' : result.failure.tag;
          }),
        );
      const count = (what: RegExp) => fleet.flatMap(sshd => sshd.log().match(what) ?? []).length;
      keeper.entrust([{ for: 'password', realm: 'fleet', value: 'wrong horse' }]);
      expect(new Set(await all())).toEqual(new Set(['waits-for-answer']));
      expect(new Set(await all())).toEqual(new Set(['waits-for-answer']));
      await expect.poll(() => count(/^Connection closed by authenticating user/gm)).toBe(40);
      expect(count(/^Failed password/gm)).toBe(1);
      expect(keeper.answer(['password fleet rollcall-ops'], [password])).toBe(1);
      // Those that come after the first one was let in need not wait.
      expect(await all()).toContain('in');
      expect(new Set(await all())).toEqual(new Set(['in']));
      expect(count(/^Failed password/gm)).toBe(1);
      await expect.poll(() => fleet.every(sshd => sshd.connectionsOpen() === 0)).toBe(true);
    } finally {
      await Promise.all(fleet.map(sshd => sshd.stop()));
    }
  }, 120_000);

  test('a password at a jump host and another behind it, each in its own name', async () => {
    const bastion = await startSshd({ users, config: ['AllowTcpForwarding yes'] });
    try {
      const via = [ops(bastion, { name: 'bastion' })];
      const person = knowing('password');
      value(await connect(ops(interactive, { via }), person));
      expect(person.outcomes).toEqual(['password accepted', 'password accepted']);
      const wrong = makePerson('password-refused');
      wrong.give('password', 'wrong horse');
      expect(failure(await connect(ops(interactive, { via }), wrong))).toMatchObject({
        tag: 'password-refused',
        cause: expect.stringMatching(/^jump host bastion: /),
      });
      expect(wrong.asked).toMatchObject([{ account: { host: 'bastion' } }]);
    } finally {
      await bastion.stop();
    }
  });

  const own = freshIdentity();
  jobsContract('a real sshd with a password', async (identity = own) => {
    const jobs = makeJobs({
      transport: lab.transport({ secrets: knowing('password') }),
      identity,
      nonce: () => hex(8),
      addressOf: () => ops(plain),
      secrets: makePerson('needs-person'),
    });
    return value(await jobs.connect({ name: 'web1', address: undefined, gate: 'web1' }));
  });
});
