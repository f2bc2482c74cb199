// What no sshd here asks for: one-time codes, several prompts, other methods, links that break at each step of a login. By a server of our own.
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import ssh2, { type AuthContext, type Connection, type KeyboardAuthContext } from 'ssh2';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Keeper } from '../../src/driver/secrets.ts';
import type { Address } from '../../src/remote/ports.ts';
import { makePerson, type Person } from '../support/person.ts';
import { addressOfPort, failure, type Lab, makeLab, value } from './ssh-lab.ts';

let lab: Lab;
let key: string;
let hostKey: string;
const servers: ssh2.Server[] = [];

beforeAll(() => {
  lab = makeLab();
  const make = () =>
    generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    }).privateKey;
  hostKey = make();
  key = join(lab.home, 'key');
  writeFileSync(key, make(), { mode: 0o600 });
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map(server => new Promise(resolve => server.close(resolve))));
});
afterAll(() => lab.remove());

const hidden = (prompt: string) => ({ prompt, echo: false });

type Step = (attempt: AuthContext, connection: Connection, number: number) => void;

/** A server whose logins go by `step`; attempts are numbered from 1 in each connection, and kept by name. */
const serve = async (step: Step): Promise<{ port: number; seen: string[] }> => {
  const seen: string[] = [];
  const server = new ssh2.Server({ hostKeys: [hostKey] }, connection => {
    let number = 0;
    connection.on('authentication', attempt => {
      number++;
      seen.push(attempt.method);
      step(attempt, connection, number);
    });
    connection.on('error', () => undefined);
  });
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, seen };
};

const connect = async (port: number, person: Person, changes: Partial<Address> = {}) => {
  const transport = lab.transport({ secrets: person });
  const result = await transport.connect({ ...addressOfPort(port, key), user: 'ops', identityFiles: [], ...changes });
  if (result.ok) {
    result.value.close();
    await result.value.closed;
  }
  expect(person.open()).toBe(0);
  return result;
};

/** Asks for what stands in `prompts`, round by round; right answers let in. */
const asking =
  (
    rounds: readonly { prompts: readonly (string | { prompt: string; echo: boolean })[]; right: readonly string[] }[],
    title = 'Login',
    instruction = '',
  ): Step =>
  attempt => {
    if (attempt.method !== 'keyboard-interactive') return attempt.reject(['keyboard-interactive']);
    const ask = (at: number): void => {
      const round = rounds[at];
      if (round === undefined) {
        attempt.accept();
        return;
      }
      (attempt as KeyboardAuthContext).prompt([...round.prompts], title, instruction, given => {
        if (JSON.stringify(given) === JSON.stringify(round.right)) ask(at + 1);
        else attempt.reject(['keyboard-interactive']);
      });
    };
    ask(0);
  };

describe('one-time codes', () => {
  test('the first connect learns the prompts and ends, the next one answers at once', async () => {
    const { port, seen } = await serve(
      asking([{ prompts: [hidden('Verification \x1b[31mcode: ')], right: ['123456'] }], 'Two steps', 'Look at\nyour token'),
    );
    const person = makePerson();
    expect(failure(await connect(port, person)).tag).toBe('waits-for-answer');
    expect(person.asked).toEqual([
      {
        kind: 'codes',
        account: { host: 'web1', user: 'ops', at: `ops@127.0.0.1:${port}` },
        name: 'Two steps',
        instruction: 'Look at your token',
        prompts: [{ text: 'Verification code:', echo: false }],
      },
    ]);
    person.give('codes', '123456');
    value(await connect(port, person));
    expect(person.outcomes).toEqual(['codes accepted']);
    expect(seen.filter(method => method === 'keyboard-interactive')).toHaveLength(2);
  });

  test.each([
    ['Password: ', 'password'],
    ["ops@web1's PASSWORD", 'password'],
    ["One-time password (OATH) for `ops': ", 'codes'],
    ['Passcode: ', 'codes'],
  ])('%s is a need of kind %s', async (prompt, kind) => {
    const { port } = await serve(asking([{ prompts: [hidden(prompt)], right: ['1'] }]));
    const person = makePerson();
    expect(failure(await connect(port, person)).tag).toBe('waits-for-answer');
    expect(person.asked).toMatchObject([{ kind }]);
  });

  test('several prompts at once are asked for together, with their echo', async () => {
    const prompts = [
      { prompt: 'PIN: ', echo: false },
      { prompt: 'Token: ', echo: true },
    ];
    const { port } = await serve(asking([{ prompts, right: ['1', '2'] }]));
    const person = makePerson();
    person.give('codes', '1', '2');
    value(await connect(port, person));
    const empty = makePerson();
    await connect(port, empty);
    expect(empty.asked).toMatchObject([
      {
        prompts: [
          { text: 'PIN:', echo: false },
          { text: 'Token:', echo: true },
        ],
      },
    ]);
  });

  test('a wrong one is sent once and asked for again', async () => {
    const { port, seen } = await serve(asking([{ prompts: [hidden('Code: ')], right: ['123456'] }]));
    const person = makePerson();
    person.give('codes', '000000');
    const refused = failure(await connect(port, person));
    expect(refused.tag).toBe('waits-for-answer');
    expect(JSON.stringify(refused)).not.toContain('000000');
    expect(person.outcomes).toEqual(['codes refused']);
    expect(seen.filter(method => method === 'keyboard-interactive')).toHaveLength(1);
  });

  test('a password, then a code: both are answered in their turn, and judged together', async () => {
    const { port } = await serve(
      asking([
        { prompts: [hidden('Password: ')], right: ['horse'] },
        { prompts: [hidden('One-time password: ')], right: ['42'] },
      ]),
    );
    const person = makePerson();
    person.give('password', 'horse');
    expect(failure(await connect(port, person)).tag).toBe('waits-for-answer');
    // The password was never judged: nobody may call it right or wrong.
    expect(person.outcomes).toEqual(['password put-off']);
    expect(person.asked.map(({ kind }) => kind)).toEqual(['codes']);
    person.give('codes', '42');
    value(await connect(port, person));
    expect(person.outcomes.slice(1)).toEqual(['password accepted', 'codes accepted']);
  });

  test('a password that nobody has judged yet is sent to one host, while that one waits for its code', async () => {
    let sent = 0;
    const door: Step = attempt => {
      if (attempt.method !== 'keyboard-interactive') return attempt.reject(['keyboard-interactive']);
      (attempt as KeyboardAuthContext).prompt([hidden('Password: ')], 'Login', '', ([password]) => {
        sent++;
        (attempt as KeyboardAuthContext).prompt([hidden('Code: ')], 'Login', '', ([code]) => {
          if (password === 'horse' && code === '42') attempt.accept();
          else attempt.reject(['keyboard-interactive']);
        });
      });
    };
    const ports = (await Promise.all([1, 2, 3, 4].map(() => serve(door)))).map(({ port }) => port);
    const keeper = new Keeper({ realmOf: () => 'fleet', canAsk: () => true });
    keeper.entrust([{ for: 'password', realm: 'fleet', value: 'wrong horse' }]);
    const transport = lab.transport({ secrets: keeper });
    const tagOf = async (port: number) => {
      const result = await transport.connect({ ...addressOfPort(port, key), user: 'ops', identityFiles: [] });
      if (result.ok) result.value.close();
      return result.ok ? 'in' : String(result.failure.facts?.['waitsFor']);
    };
    const tags: string[] = [];
    for (const port of [...ports, ...ports.slice(1)]) tags.push(await tagOf(port));
    expect(sent).toBe(1);
    expect(tags).toEqual([`codes ops@127.0.0.1:${ports[0]}`, ...Array(6).fill('password fleet ops')]);
    // The code is there: both are judged, together, and both are asked for again.
    keeper.answer([tags[0] ?? ''], ['42']);
    expect(await tagOf(ports[0] ?? 0)).toBe('password fleet ops');
    expect(sent).toBe(2);
    keeper.answer(['password fleet ops'], ['horse']);
    expect(await tagOf(ports[1] ?? 0)).toBe(`codes ops@127.0.0.1:${ports[1]}`);
    keeper.answer([`codes ops@127.0.0.1:${ports[1]}`], ['42']);
    expect(await tagOf(ports[1] ?? 0)).toBe('in');
    expect(sent).toBe(4);
  });

  test('a second question for a password in one conversation is a person’s to answer', async () => {
    const { port } = await serve(
      asking([
        { prompts: [hidden('Password: ')], right: ['horse'] },
        { prompts: [hidden('Password: ')], right: ['horse'] },
      ]),
    );
    const person = makePerson();
    person.give('password', 'horse');
    expect(failure(await connect(port, person)).tag).toBe('waits-for-answer');
    expect(person.asked).toMatchObject([{ kind: 'codes', prompts: [{ text: 'Password:' }] }]);
  });

  test('questions without prompts and floods of them do no harm', async () => {
    const many = Array.from({ length: 40 }, (_, at) => `${at}: `);
    const { port } = await serve(asking([{ prompts: many, right: ['1'] }]));
    const person = makePerson();
    expect(failure(await connect(port, person)).tag).toBe('waits-for-answer');
    expect(person.asked).toMatchObject([{ prompts: { length: 16 } }]);
  });

  test('a question longer than a message of SSH may be is no fault of its being SSH', async () => {
    const { port } = await serve(asking([{ prompts: [hidden('x'.repeat(300_000))], right: ['1'] }]));
    expect(failure(await connect(port, makePerson()))).toMatchObject({
      tag: 'login-refused',
      cause: 'what it sends during the login cannot be read here (Bad packet length); give --transport openssh',
    });
  });

  test('at a jump host it is asked for in the name of the jump host', async () => {
    const { port } = await serve(asking([{ prompts: [hidden('Code: ')], right: ['1'] }]));
    const person = makePerson();
    const hop = { ...addressOfPort(port, key), name: 'bastion', user: 'ops', identityFiles: [] };
    const refused = failure(await connect(9, person, { via: [hop] }));
    expect(refused).toMatchObject({
      tag: 'waits-for-answer',
      cause: expect.stringMatching(/^jump host bastion: /),
      facts: { waitsFor: 'codes' },
    });
    expect(person.asked).toMatchObject([{ account: { host: 'bastion', at: `ops@127.0.0.1:${port}` } }]);
  });
});

describe('a link that breaks', () => {
  test('after a password was sent leaves it unjudged', async () => {
    const { port } = await serve((attempt, connection) => {
      if (attempt.method === 'password') connection.end();
      else attempt.reject(['password']);
    });
    const person = makePerson();
    person.give('password', 'horse');
    const refused = failure(await connect(port, person));
    expect(refused.tag).toBe('login-refused');
    expect(person.outcomes).toEqual(['password unknown']);
  });

  test('after a code was sent too, and before anything was sent nothing was taken', async () => {
    const { port } = await serve((attempt, connection) => {
      if (attempt.method !== 'keyboard-interactive') return attempt.reject(['keyboard-interactive']);
      (attempt as KeyboardAuthContext).prompt(['Code: '], () => connection.end());
    });
    const person = makePerson();
    person.give('codes', '1');
    failure(await connect(port, person));
    expect(person.outcomes).toEqual(['codes unknown']);
    const { port: early } = await serve((_attempt, connection) => connection.end());
    const untouched = makePerson();
    untouched.give('password', 'horse');
    expect(failure(await connect(early, untouched)).tag).toBe('dropped-in-handshake');
    expect(untouched.outcomes).toEqual([]);
  });

  test('a host that does not judge a password in time leaves it unjudged', async () => {
    const { port } = await serve(attempt => {
      if (attempt.method !== 'password') attempt.reject(['password']);
    });
    const person = makePerson();
    person.give('password', 'horse');
    const transport = lab.transport({ secrets: person, timeouts: { connect: 2_000, handshake: 1_500, reply: 2_000 } });
    const late = failure(await transport.connect({ ...addressOfPort(port, key), identityFiles: [] }));
    expect(late.tag).toBe('handshake-timeout');
    expect(person.outcomes).toEqual(['password unknown']);
  });
});

describe('methods', () => {
  test('a host that wants what only ssh can do says so', async () => {
    const { port } = await serve(attempt => attempt.reject(['hostbased', 'gssapi-with-mic' as 'hostbased']));
    const refused = failure(await connect(port, makePerson(), { identityFiles: [key] }));
    expect(refused.tag).toBe('login-refused');
    expect(refused.cause).toContain('it takes hostbased, gssapi-with-mic, which only ssh itself can do; give --transport openssh');
  });

  test('keyboard-interactive that is refused without a question makes room for the password, and is not asked for again', async () => {
    const { port, seen } = await serve(attempt => {
      if (attempt.method === 'password' && attempt.password === 'horse') attempt.accept();
      else attempt.reject(['keyboard-interactive', 'password']);
    });
    const person = makePerson();
    person.give('password', 'horse');
    value(await connect(port, person));
    expect(seen).toEqual(['none', 'keyboard-interactive', 'password']);
  });

  test('a host that asks for a new password is told', async () => {
    const { port } = await serve(attempt => {
      if (attempt.method === 'password') attempt.requestChange('Your password is old', () => attempt.reject());
      else attempt.reject(['password']);
    });
    const person = makePerson();
    person.give('password', 'horse');
    expect(failure(await connect(port, person))).toMatchObject({
      tag: 'password-expired',
      cause: expect.stringContaining('has to change it'),
    });
    expect(person.outcomes).toEqual(['password accepted']);
  });

  test('nothing is typed where the host key is another than the known one, though checking is off', async () => {
    const { port, seen } = await serve(attempt => attempt.reject(['keyboard-interactive', 'password']));
    const knownHosts = join(lab.home, 'known_hosts_of_another');
    const other = ssh2.utils.generateKeyPairSync('ed25519').public;
    writeFileSync(knownHosts, `[127.0.0.1]:${port} ${other}\n`);
    const person = makePerson();
    person.give('password', 'horse');
    const refused = failure(await connect(port, person, { knownHostsFiles: [knownHosts] }));
    expect(refused.cause).toContain('no password is sent there');
    expect(person.outcomes).toEqual([]);
    expect(seen).toEqual(['none']);
  });
});
