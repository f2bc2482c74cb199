// Which hosts the SSH transport believes: known_hosts against a real sshd with two host keys.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Address } from '../../src/remote/ports.ts';
import { makePerson } from '../support/person.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { addressAt, failure, type Lab, makeLab, value } from './ssh-lab.ts';

describe.skipIf(!sshdAvailable())('host keys of a real sshd', () => {
  let sshd: Sshd;
  let lab: Lab;
  let knownHosts: string;
  let rsa: string;
  let stranger: string;
  let count = 0;

  beforeAll(async () => {
    lab = makeLab();
    const rsaKey = lab.makeKey('host_rsa', '-t', 'rsa', '-b', '2048');
    rsa = publicKey(`${rsaKey}.pub`);
    stranger = publicKey(`${lab.makeKey('stranger')}.pub`);
    sshd = await startSshd({ config: [`HostKey ${rsaKey}`] });
  });
  afterAll(async () => {
    expect(sshd.connectionsOpen()).toBe(0);
    await sshd.stop();
    lab.remove();
  });
  beforeEach(() => {
    knownHosts = join(lab.home, `known_hosts.${count++}`);
  });

  const where = () => `[127.0.0.1]:${sshd.port}`;
  const ed25519 = () => readFileSync(sshd.knownHostsPath, 'utf8').trim().split(' ').slice(1).join(' ');
  const address = (changes: Partial<Address> = {}) => addressAt(sshd, { knownHostsFiles: [knownHosts], ...changes });
  const connect = async (changes: Partial<Address> = {}, transport = lab.transport()) => {
    const result = await transport.connect(address(changes));
    if (result.ok) {
      result.value.close();
      await result.value.closed;
    }
    return result;
  };

  test('an unknown host is refused, with what one needs to decide', async () => {
    const refused = failure(await connect());
    const fingerprint = execFileSync('ssh-keygen', ['-l', '-f', join(sshd.dir, 'host_key.pub')])
      .toString()
      .split(' ')[1];
    expect(refused).toMatchObject({ tag: 'host-key-unknown', facts: { type: 'ssh-ed25519', fingerprint, file: knownHosts } });
    expect(refused.cause).toBe(
      `ssh-ed25519 ${fingerprint} is not in ${knownHosts} for ${where()} (ssh-keyscan -p ${where().split(':')[1]} 127.0.0.1)`,
    );
    expect(existsSync(knownHosts)).toBe(false);
  });

  test('a known host is believed, by whichever of its keys is known', async () => {
    for (const key of [ed25519(), rsa]) {
      writeFileSync(knownHosts, `${where()} ${key}\n`);
      value(await connect());
    }
  });

  test('names may be hashed', async () => {
    writeFileSync(knownHosts, `${where()} ${ed25519()}\nother ${stranger}\n`);
    execFileSync('ssh-keygen', ['-H', '-f', knownHosts], { stdio: 'ignore' });
    expect(readFileSync(knownHosts, 'utf8')).not.toContain('127.0.0.1');
    value(await connect());
  });

  test.each(['yes', 'accept-new'] as const)('a changed key is refused (%s)', async strictHostKeyChecking => {
    writeFileSync(knownHosts, `# why\n${where()} ${stranger}\n`);
    const refused = failure(await connect({ strictHostKeyChecking }));
    expect(refused).toMatchObject({ tag: 'host-key-changed', facts: { type: 'ssh-ed25519', file: knownHosts, line: 2 } });
    expect(refused.cause).toContain(`${knownHosts}:2`);
    expect(readFileSync(knownHosts, 'utf8')).toBe(`# why\n${where()} ${stranger}\n`);
  });

  test('"no" connects to unknown and changed hosts and writes nothing', async () => {
    value(await connect({ strictHostKeyChecking: 'no' }));
    expect(existsSync(knownHosts)).toBe(false);
    writeFileSync(knownHosts, `${where()} ${stranger}\n`);
    value(await connect({ strictHostKeyChecking: 'no' }));
  });

  test.each(['yes', 'accept-new', 'no'] as const)('a revoked key is refused (%s)', async strictHostKeyChecking => {
    writeFileSync(knownHosts, `${where()} ${ed25519()}\n@revoked * ${ed25519()}\n`);
    expect(failure(await connect({ strictHostKeyChecking }))).toMatchObject({ tag: 'host-key-revoked', facts: { line: 2 } });
  });

  test('accept-new records an unknown host once, privately, in a folder that it makes', async () => {
    knownHosts = join(lab.home, `made${count}`, 'deep', 'known_hosts');
    const transport = lab.transport();
    value(await connect({ strictHostKeyChecking: 'accept-new' }, transport));
    expect(readFileSync(knownHosts, 'utf8')).toBe(`${where()} ${ed25519()}\n`);
    expect(statSync(knownHosts).mode & 0o777).toBe(0o600);
    expect(statSync(join(knownHosts, '..')).mode & 0o777).toBe(0o700);
    value(await connect({ strictHostKeyChecking: 'accept-new' }, transport));
    value(await connect({}, transport));
    expect(readFileSync(knownHosts, 'utf8')).toBe(`${where()} ${ed25519()}\n`);
  });

  test('accept-new mends a last line without an end and leaves the mode of a file as it is', async () => {
    writeFileSync(knownHosts, `other ${stranger}`);
    chmodSync(knownHosts, 0o644);
    const transport = lab.transport();
    value(await connect({ strictHostKeyChecking: 'accept-new' }, transport));
    expect(readFileSync(knownHosts, 'utf8')).toBe(`other ${stranger}\n${where()} ${ed25519()}\n`);
    expect(statSync(knownHosts).mode & 0o777).toBe(0o644);
    value(await connect({}, transport));
  });

  test('many new hosts at once write whole lines, each once', async () => {
    const transport = lab.transport();
    writeFileSync(knownHosts, `other ${stranger}\n`);
    const hosts = Array.from({ length: 12 }, (_, at) => `127.0.0.${at + 1}`);
    // sshd listens on 127.0.0.1 only, so the names are those of one address; half of them come twice.
    const names = hosts.map((_, at) => (at % 2 === 0 ? 'localhost' : '127.0.0.1'));
    for (const result of await Promise.all(names.map(host => connect({ host, strictHostKeyChecking: 'accept-new' }, transport))))
      value(result);
    const lines = readFileSync(knownHosts, 'utf8').split('\n').sort();
    expect(lines).toEqual(['', `${where()} ${ed25519()}`, `[localhost]:${sshd.port} ${ed25519()}`, `other ${stranger}`].sort());
    value(await connect({}, transport));
  });

  test('accept-new that cannot write refuses', async () => {
    mkdirSync(knownHosts);
    const refused = failure(await connect({ strictHostKeyChecking: 'accept-new' }));
    expect(refused).toMatchObject({ tag: 'host-key-unknown' });
    expect(refused.cause).toContain('cannot be added');
  });

  test('accept-new into /dev/null accepts and leaves it a device', async () => {
    value(await connect({ strictHostKeyChecking: 'accept-new', knownHostsFiles: ['/dev/null'] }));
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
    expect(statSync('/dev/null').mode & 0o666).toBe(0o666);
  });

  test('without named files, ~/.ssh/known_hosts and the global file are read', async () => {
    const global = join(lab.home, 'global');
    writeFileSync(global, `${where()} ${ed25519()}\n`);
    expect(failure(await connect({ knownHostsFiles: [] }))).toMatchObject({ facts: { file: join(lab.home, '.ssh/known_hosts') } });
    value(await connect({ knownHostsFiles: [] }, lab.transport({ globalKnownHostsFiles: [global] })));
    writeFileSync(join(lab.home, '.ssh/known_hosts'), `${where()} ${ed25519()}\n`);
    value(await connect({ knownHostsFiles: [] }));
  });

  describe('where somebody can be asked', () => {
    const answering = (answer: string) => {
      const person = makePerson();
      person.give('host-key', answer);
      return person;
    };

    test('an unknown key is asked for with what one needs to decide, and a yes is written down', async () => {
      const asked = makePerson();
      expect(failure(await connect({ strictHostKeyChecking: 'ask' }, lab.transport({ secrets: asked })))).toMatchObject({
        tag: 'waits-for-answer',
        facts: { waitsFor: 'host-key' },
      });
      const fingerprint = expect.stringMatching(/^SHA256:[\w+/]{43}$/);
      const account = { host: 'web1', user: sshd.user, at: `${sshd.user}@127.0.0.1:${sshd.port}` };
      expect(asked.asked).toEqual([{ kind: 'host-key', account, type: 'ssh-ed25519', fingerprint, file: knownHosts }]);
      expect(existsSync(knownHosts)).toBe(false);
      const person = answering('yes');
      value(await connect({ strictHostKeyChecking: 'ask' }, lab.transport({ secrets: person })));
      expect(person.outcomes).toEqual(['host-key accepted']);
      expect(readFileSync(knownHosts, 'utf8')).toBe(`${where()} ${ed25519()}\n`);
      value(await connect());
    });

    test('a name is hashed where that is wished, and found again, by ssh-keygen too', async () => {
      const transport = lab.transport({ secrets: answering('yes') });
      value(await connect({ strictHostKeyChecking: 'ask', hashKnownHosts: true }, transport));
      expect(readFileSync(knownHosts, 'utf8')).toMatch(/^\|1\|[\w+/]{27}=\|[\w+/]{27}= ssh-ed25519 \S+\n$/);
      value(await connect({}, transport));
      value(await connect());
      expect(execFileSync('ssh-keygen', ['-F', where(), '-f', knownHosts]).toString()).toContain('found: line 1');
    });

    test('many hosts at once write whole lines, each once', async () => {
      const transport = lab.transport({ secrets: answering('yes') });
      const names = Array.from({ length: 10 }, (_, at) => (at % 2 === 0 ? 'localhost' : '127.0.0.1'));
      for (const result of await Promise.all(names.map(host => connect({ host, strictHostKeyChecking: 'ask' }, transport)))) value(result);
      expect(readFileSync(knownHosts, 'utf8').split('\n').sort()).toEqual([
        '',
        `${where()} ${ed25519()}`,
        `[localhost]:${sshd.port} ${ed25519()}`,
      ]);
    });

    test('a no is an unknown key, and so is nobody', async () => {
      const refused = failure(await connect({ strictHostKeyChecking: 'ask' }, lab.transport({ secrets: answering('no') })));
      expect(refused).toMatchObject({ tag: 'host-key-unknown', cause: expect.stringContaining('ssh-keyscan -p') });
      expect(failure(await connect({ strictHostKeyChecking: 'ask' }))).toEqual(refused);
      expect(existsSync(knownHosts)).toBe(false);
    });

    test('"yes" asks nobody, and a changed or revoked key is nobody’s to accept', async () => {
      const person = answering('yes');
      const transport = lab.transport({ secrets: person });
      expect(failure(await connect({ strictHostKeyChecking: 'yes' }, transport)).tag).toBe('host-key-unknown');
      writeFileSync(knownHosts, `${where()} ${stranger}\n`);
      expect(failure(await connect({ strictHostKeyChecking: 'ask' }, transport)).tag).toBe('host-key-changed');
      writeFileSync(knownHosts, `@revoked * ${ed25519()}\n`);
      expect(failure(await connect({ strictHostKeyChecking: 'ask' }, transport)).tag).toBe('host-key-revoked');
      expect(person.outcomes).toEqual([]);
    });

    test('where a certificate authority is trusted, the plain key is not offered to a yes', async () => {
      writeFileSync(knownHosts, `@cert-authority *.example,[127.0.0.*]:* ${stranger}\n`);
      const person = answering('yes');
      const refused = failure(await connect({ strictHostKeyChecking: 'ask' }, lab.transport({ secrets: person })));
      expect(refused).toMatchObject({
        tag: 'host-key-unknown',
        cause: `${knownHosts}:1 trusts a certificate authority for it, which only ssh itself can check; give --transport openssh`,
      });
      expect(person.outcomes).toEqual([]);
    });
  });

  test('an address may name the global files', async () => {
    const global = join(lab.home, 'global-of-address');
    writeFileSync(global, `${where()} ${ed25519()}\n`);
    value(await connect({ globalKnownHostsFiles: [global] }));
  });

  test('a file that changes is read again', async () => {
    const transport = lab.transport();
    expect(failure(await connect({}, transport)).tag).toBe('host-key-unknown');
    writeFileSync(knownHosts, `${where()} ${ed25519()}\n`);
    value(await connect({}, transport));
    writeFileSync(knownHosts, `${where()} ${stranger}\n`);
    expect(failure(await connect({}, transport)).tag).toBe('host-key-changed');
  });
});

const publicKey = (path: string): string => readFileSync(path, 'utf8').split(' ').slice(0, 2).join(' ');
