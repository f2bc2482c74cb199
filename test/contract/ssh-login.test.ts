// How the SSH transport logs in to a real sshd: keys of files and of a real agent, and what it says when nobody is let in.
import { execFileSync, spawn } from 'node:child_process';
import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import { appendFileSync, chmodSync, copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Address } from '../../src/remote/ports.ts';
import { type AgentAnswer, listAgentKeys, signWithAgent } from '../../src/ssh/agent.ts';
import type { SshOptions } from '../../src/ssh/transport.ts';
import { makePerson } from '../support/person.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { addressAt, failure, type Lab, makeLab, NO_INPUT, text, value } from './ssh-lab.ts';

describe.skipIf(!sshdAvailable())('logins at a real sshd', () => {
  let sshd: Sshd;
  let twoKeys: Sshd;
  let lab: Lab;
  let rsa: string;
  let agent: { readonly socket: string; stop(): void };

  beforeAll(async () => {
    lab = makeLab();
    [sshd, twoKeys] = await Promise.all([
      startSshd({ config: ['MaxAuthTries 4'] }),
      startSshd({ config: ['AuthenticationMethods publickey,publickey'] }),
    ]);
    agent = await startAgent(join(lab.home, 'agent'));
    // One RSA key for all, because to make one takes a second on a busy machine.
    rsa = lab.makeKey('rsa', '-t', 'rsa', '-b', '2048');
    admit(sshd, rsa);
  });
  afterEach(() => {
    execFileSync('ssh-add', ['-q', '-D'], { env: { ...process.env, SSH_AUTH_SOCK: agent.socket }, stdio: 'ignore' });
    for (const name of ['id_ed25519', 'id_ecdsa', 'id_rsa']) rmSync(join(lab.home, '.ssh', name), { force: true });
  });
  afterAll(async () => {
    agent.stop();
    expect(sshd.connectionsOpen()).toBe(0);
    await Promise.all([sshd.stop(), twoKeys.stop()]);
    lab.remove();
  });

  const connect = async (changes: Partial<Address> = {}, options: Partial<SshOptions> = {}) => {
    const result = await lab.transport(options).connect(addressAt(sshd, changes));
    if (result.ok) {
      result.value.close();
      await result.value.closed;
    }
    return result;
  };
  const admit = (server: Sshd, path: string): void => appendFileSync(join(server.dir, 'authorized_keys'), readFileSync(`${path}.pub`));
  const give = (...paths: string[]): void => {
    execFileSync('ssh-add', ['-q', ...paths], { env: { ...process.env, SSH_AUTH_SOCK: agent.socket }, stdio: 'ignore' });
  };
  const copyOfKey = (name: string, key = sshd.keyPath): string => {
    const path = join(lab.home, name);
    copyFileSync(key, path);
    chmodSync(path, 0o600);
    return path;
  };
  /** A copy in another format, or with a passphrase. */
  const rewrite = (key: string, name: string, ...options: string[]): string => {
    const path = copyOfKey(name, key);
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-f', path, ...options], { stdio: 'ignore' });
    return path;
  };

  test('a host behind a jump host is not dialled directly', async () => {
    expect(failure(await connect({ jump: 'ProxyJump bastion' }))).toMatchObject({
      tag: 'jump-needed',
      cause: 'ProxyJump bastion',
    });
  });

  test('with IdentitiesOnly the other keys of the agent are not offered', async () => {
    give(copyOfKey('held'));
    const named = lab.makeKey('not-admitted');
    const asked = { agentSocket: agent.socket, identityFiles: [named] };
    expect((await connect(asked)).ok).toBe(true);
    expect(failure(await connect({ ...asked, identitiesOnly: true }))).toMatchObject({ tag: 'login-refused', facts: { tried: named } });
  });

  test('RSA and ECDSA keys are good enough', async () => {
    value(await connect({ identityFiles: [rsa] }));
    const ecdsa = lab.makeKey('ecdsa', '-t', 'ecdsa');
    admit(sshd, ecdsa);
    value(await connect({ identityFiles: [ecdsa] }));
  });

  test.each(['PEM', 'PKCS8'])('so are keys in %s format', async format => {
    value(await connect({ identityFiles: [rewrite(rsa, `rsa.${format}`, '-m', format, '-N', '')] }));
    const ecdsa = lab.makeKey(`ecdsa.${format}`, '-t', 'ecdsa', '-m', format);
    admit(sshd, ecdsa);
    value(await connect({ identityFiles: [ecdsa] }));
  });

  test('a key that the host does not know is refused, with who, which key and what the host takes', async () => {
    const path = lab.makeKey('wrong');
    const refused = failure(await connect({ identityFiles: [path] }));
    expect(refused).toMatchObject({ tag: 'login-refused', facts: { user: sshd.user, methods: 'publickey', tried: path } });
    expect(refused.cause).toBe(`${sshd.user} with ${path}; it takes publickey`);
  });

  test('keys are offered in order until one fits', async () => {
    const before = sshd.log().length;
    value(await connect({ identityFiles: [lab.makeKey('first'), sshd.keyPath, lab.makeKey('third')] }));
    expect(sshd.log().slice(before)).toMatch(/Accepted publickey/);
    expect(
      sshd
        .log()
        .slice(before)
        .match(/Failed publickey/g) ?? [],
    ).toHaveLength(1);
  });

  test('a key that stands in two files is offered once', async () => {
    const wrong = lab.makeKey('twice');
    const refused = failure(await connect({ identityFiles: [wrong, copyOfKey('twice-copied', wrong)] }));
    expect(refused.facts?.['tried']).toBe(wrong);
  });

  test('an unknown user is refused', async () => {
    expect(failure(await connect({ user: 'nobody-here' }))).toMatchObject({ tag: 'login-refused', facts: { user: 'nobody-here' } });
  });

  test('the host ends it when too many keys were offered', async () => {
    const paths = ['m1', 'm2', 'm3', 'm4', 'm5', 'm6'].map(name => lab.makeKey(name));
    const refused = failure(await connect({ identityFiles: paths }));
    expect(refused.tag).toBe('login-refused');
    expect(refused.facts?.['tried']).toBe(paths.slice(0, 4).join(', '));
  });

  test('a key that is missing, encrypted, too open, public or no key at all says so without bothering the host', async () => {
    const before = sshd.log();
    const encrypted = lab.makeKey('encrypted', '-N', 'secret words');
    const pem = rewrite(rsa, 'encrypted-pem', '-m', 'PEM', '-N', 'secret words');
    const open = copyOfKey('open');
    chmodSync(open, 0o644);
    const rubbish = join(lab.home, 'rubbish');
    writeFileSync(rubbish, 'hello\n', { mode: 0o600 });
    const cases: [string, string][] = [
      [join(lab.home, 'missing'), 'no such file'],
      [join(lab.home, 'rubbish', 'below'), 'no such file'],
      [encrypted, 'it is encrypted; add it to ssh-agent'],
      [pem, 'it is encrypted; add it to ssh-agent'],
      [open, 'its mode 0644 is too open; chmod 600 it'],
      [`${encrypted}.pub`, 'it is a public key'],
      [rubbish, 'it is not a private key'],
      [lab.home, 'it is a folder'],
    ];
    for (const [path, why] of cases) {
      const refused = failure(await connect({ identityFiles: [path] }));
      expect(refused).toEqual({ tag: 'key-unusable', host: 'web1', cause: `${path}: ${why}`.slice(0, 200), facts: { path } });
      expect(JSON.stringify(refused)).not.toContain('secret');
    }
    expect(sshd.log()).toBe(before);
  });

  test('a named key that cannot be used is the cause, even when others were refused', async () => {
    const missing = join(lab.home, 'missing');
    const wrong = lab.makeKey('wrong-too');
    const refused = failure(await connect({ identityFiles: [wrong, missing] }));
    expect(refused).toMatchObject({ tag: 'key-unusable', cause: `${missing}: no such file; refused: ${wrong}` });
  });

  test('a named key that cannot be used does no harm when another fits', async () => {
    value(await connect({ identityFiles: [join(lab.home, 'missing'), sshd.keyPath] }));
  });

  test('a key that is mended is read again', async () => {
    const path = copyOfKey('mended');
    chmodSync(path, 0o640);
    const transport = lab.transport();
    expect(failure(await transport.connect(addressAt(sshd, { identityFiles: [path] }))).tag).toBe('key-unusable');
    chmodSync(path, 0o600);
    const connection = value(await transport.connect(addressAt(sshd, { identityFiles: [path] })));
    connection.close();
    await connection.closed;
  });

  test('without named keys the default files are tried', async () => {
    const nothing = failure(await connect({ identityFiles: [] }));
    expect(nothing).toMatchObject({ tag: 'login-refused', cause: `${sshd.user}: there was no key to offer; it takes publickey` });
    copyOfKey('.ssh/id_ed25519');
    value(await connect({ identityFiles: [] }));
  });

  test('a default key that is encrypted is told', async () => {
    rewrite(rsa, '.ssh/id_rsa', '-N', 'secret words');
    expect(failure(await connect({ identityFiles: [] })).cause).toBe(`${lab.home}/.ssh/id_rsa: it is encrypted; add it to ssh-agent`);
  });

  test('a second key can be asked for', async () => {
    const second = lab.makeKey('second');
    const at = { knownHostsFiles: [twoKeys.knownHostsPath], host: twoKeys.host, port: twoKeys.port };
    const refused = failure(await connect({ ...at, identityFiles: [twoKeys.keyPath] }));
    expect(refused).toMatchObject({ tag: 'login-refused' });
    expect(refused.cause).toContain(`${twoKeys.keyPath} was accepted, but the host asks for more`);
    admit(twoKeys, second);
    value(await connect({ ...at, identityFiles: [twoKeys.keyPath, second] }));
  });

  describe('with a passphrase', () => {
    const passphrase = 'secret words';
    const locked = (name: string, key = sshd.keyPath, ...options: string[]): string => rewrite(key, name, '-N', passphrase, ...options);

    test('a key that the host takes is opened once, and kept', async () => {
      const path = locked('opened-once');
      const person = makePerson();
      person.give('passphrase', passphrase);
      const transport = lab.transport({ secrets: person });
      for (let times = 0; times < 2; times++) {
        const connection = value(await transport.connect(addressAt(sshd, { identityFiles: [path] })));
        connection.close();
        await connection.closed;
      }
      expect(person.outcomes).toEqual(['passphrase accepted']);
    });

    test('nobody is asked for one that the host does not take, named or not', async () => {
      const strange = lab.makeKey('strange-locked-key', '-N', passphrase);
      copyOfKey('.ssh/id_ed25519', strange);
      const person = makePerson();
      for (const identityFiles of [[strange], []]) {
        expect(failure(await connect({ identityFiles }, { secrets: person })).tag).toBe('login-refused');
        value(await connect({ identityFiles: [...identityFiles, sshd.keyPath] }, { secrets: person }));
      }
      expect(person.asked).toEqual([]);
    });

    test('of a default key that the host takes it is asked for, and the login ends until it is there', async () => {
      const path = locked('.ssh/id_ed25519');
      const person = makePerson();
      expect(failure(await connect({ identityFiles: [] }, { secrets: person }))).toMatchObject({
        tag: 'waits-for-answer',
        facts: { waitsFor: 'passphrase' },
      });
      expect(person.asked).toEqual([{ kind: 'passphrase', path, host: 'web1' }]);
    });

    test('a wrong one is refused, asked for again, and stands nowhere', async () => {
      const path = locked('opened-late');
      const person = makePerson();
      person.give('passphrase', 'other words');
      const refused = failure(await connect({ identityFiles: [path] }, { secrets: person }));
      expect(refused.tag).toBe('waits-for-answer');
      expect(JSON.stringify(refused)).not.toContain('words');
      expect(person.outcomes).toEqual(['passphrase refused']);
    });

    test('where nobody can be asked, another key may fit; else the passphrase is what is missing', async () => {
      const path = locked('without-anybody');
      value(await connect({ identityFiles: [path, sshd.keyPath] }, { secrets: makePerson('needs-person') }));
      expect(failure(await connect({ identityFiles: [path] }, { secrets: makePerson('needs-person') }))).toMatchObject({
        tag: 'needs-person',
        cause: `passphrase ${path} is asked for`,
      });
    });

    test.each(['PEM', 'PKCS8'])('in %s format, with and without its public half beside it', async format => {
      const path = locked(`locked.${format}`, rsa, '-m', format);
      const person = makePerson();
      person.give('passphrase', passphrase);
      value(await connect({ identityFiles: [path] }, { secrets: person }));
      expect(person.outcomes).toEqual(['passphrase accepted']);
      // Nothing says which key it is, so it is asked for before the host can be.
      const strange = lab.makeKey(`strange.${format}`, '-t', 'ecdsa', '-m', format, '-N', passphrase);
      const asked = makePerson();
      expect(failure(await connect({ identityFiles: [strange] }, { secrets: asked })).tag).toBe('login-refused');
      expect(asked.asked).toEqual([]);
      rmSync(`${strange}.pub`);
      expect(failure(await connect({ identityFiles: [strange] }, { secrets: asked })).tag).toBe('waits-for-answer');
    });

    test('one that others can read stays refused', async () => {
      const path = locked('open-and-locked');
      chmodSync(path, 0o644);
      const person = makePerson();
      person.give('passphrase', passphrase);
      expect(failure(await connect({ identityFiles: [path] }, { secrets: person }))).toMatchObject({
        tag: 'key-unusable',
        cause: `${path}: its mode 0644 is too open; chmod 600 it`,
      });
      expect(person.outcomes).toEqual([]);
    });
  });

  describe('with an agent', () => {
    test('its key opens the door', async () => {
      give(copyOfKey('for-agent'));
      value(await connect({ identityFiles: [], agentSocket: agent.socket }));
    });

    test('its RSA key too', async () => {
      give(rsa);
      value(await connect({ identityFiles: [], agentSocket: agent.socket }));
    });

    test('an encrypted file is no trouble when the agent holds it', async () => {
      const path = rewrite(sshd.keyPath, 'locked', '-N', 'secret words');
      give(copyOfKey('unlocked'));
      value(await connect({ identityFiles: [path], agentSocket: agent.socket }));
      // A public half names a key of the agent, as in ssh.
      execFileSync('/bin/sh', ['-c', `ssh-keygen -y -f '${join(lab.home, 'unlocked')}' > '${join(lab.home, 'named.pub')}'`]);
      value(await connect({ identityFiles: [join(lab.home, 'named.pub')], agentSocket: agent.socket }));
    });

    test('an encrypted file that it holds and the host refuses is a refused login', async () => {
      const strange = lab.makeKey('strange-agent');
      give(strange);
      const locked = rewrite(strange, 'strange-locked', '-N', 'secret words');
      const refused = failure(await connect({ identityFiles: [locked], agentSocket: agent.socket }));
      expect(refused).toMatchObject({ tag: 'login-refused', facts: { tried: locked } });
    });

    test('named keys that it holds come first, then its others, then files', async () => {
      const [strange, alsoStrange] = [lab.makeKey('strange'), lab.makeKey('also-strange')];
      give(strange, alsoStrange);
      const file = lab.makeKey('only-file');
      const refused = failure(await connect({ identityFiles: [file, alsoStrange], agentSocket: agent.socket }));
      expect(refused.facts?.['tried']).toBe(`${alsoStrange}, agent key "strange", ${file}`);
      expect(refused.facts?.['methods']).toBe('publickey');
    });

    test('the methods are known also when only its keys were offered', async () => {
      give(lab.makeKey('lonely'));
      expect(failure(await connect({ identityFiles: [], agentSocket: agent.socket }))).toMatchObject({
        tag: 'login-refused',
        cause: `${sshd.user} with agent key "lonely"; it takes publickey`,
      });
    });

    test('one that does not exist or does not answer is told, unless a file fits', async () => {
      const missing = join(lab.home, 'no-agent');
      expect(failure(await connect({ identityFiles: [], agentSocket: missing }))).toMatchObject({
        tag: 'agent-unreachable',
        cause: `the agent at ${missing} cannot be reached (ENOENT)`,
      });
      value(await connect({ agentSocket: missing }));
      const deaf = await listen(join(lab.home, 'deaf'));
      try {
        expect(failure(await connect({ identityFiles: [], agentSocket: join(lab.home, 'deaf') }, { agentPatience: 200 }))).toMatchObject({
          tag: 'agent-unreachable',
          cause: `the agent at ${join(lab.home, 'deaf')} does not answer`,
        });
      } finally {
        deaf.close();
      }
    });

    test('it signs with the hash that was asked for', async () => {
      give(rsa);
      const patience = AbortSignal.timeout(5_000);
      const [held] = answered(await listAgentKeys(agent.socket, patience));
      const key = createPublicKey(createPrivateKey(readFileSync(rewrite(rsa, 'rsa-to-check', '-m', 'PEM', '-N', ''))));
      for (const hash of ['sha1', 'sha256', 'sha512'] as const) {
        const signature = answered(await signWithAgent(agent.socket, held?.blob ?? Buffer.alloc(0), Buffer.from('words'), hash, patience));
        expect(verify(hash, Buffer.from('words'), key, signature)).toBe(true);
      }
    });

    test('one that lists its keys and then waits for a finger is told when the time is over', async () => {
      give(sshd.keyPath);
      const lazy = await listen(join(lab.home, 'lazy'), client => {
        const real = dial(agent.socket).on('error', () => undefined);
        real.pipe(client);
        client.on('data', request => request[4] !== SIGN_REQUEST && real.write(request));
        client.on('close', () => real.destroy());
      });
      try {
        const timeouts = { connect: 5_000, handshake: 4_000, reply: 5_000 };
        const refused = failure(await connect({ identityFiles: [], agentSocket: join(lab.home, 'lazy') }, { timeouts }));
        expect(refused).toMatchObject({ tag: 'agent-unreachable', cause: 'the agent did not sign within 4 s' });
      } finally {
        await new Promise(resolve => lazy.close(resolve));
      }
    });

    test('one that refuses to sign is told, and the next key is tried', async () => {
      const path = copyOfKey('confirmed');
      execFileSync('ssh-add', ['-q', '-c', path], {
        env: { ...process.env, SSH_AUTH_SOCK: agent.socket },
        stdio: 'ignore',
      });
      const refused = failure(await connect({ identityFiles: [], agentSocket: agent.socket }));
      expect(refused.tag).toBe('login-refused');
      expect(refused.cause).toContain('the agent refuses to sign');
      const other = lab.makeKey('fits');
      admit(sshd, other);
      value(await connect({ identityFiles: [other], agentSocket: agent.socket }));
    });
  });

  test('an account with a forced command or a restricted shell answers as it likes: that is for others to judge', async () => {
    const forced = lab.makeKey('forced');
    appendFileSync(join(sshd.dir, 'authorized_keys'), `command="echo no commands here; exit 9" ${readFileSync(`${forced}.pub`, 'utf8')}`);
    const connection = value(await lab.transport().connect(addressAt(sshd, { identityFiles: [forced] })));
    const reply = value(await connection.exec('echo mine', NO_INPUT));
    expect({ said: text(reply.stdout), code: reply.code }).toEqual({ said: 'no commands here\n', code: 9 });
    connection.close();
    await connection.closed;
  });
});

/** A real ssh-agent in the foreground, so that its pid is ours. */
const startAgent = async (socket: string): Promise<{ socket: string; stop(): void }> => {
  const child = spawn('ssh-agent', ['-D', '-a', socket], {
    stdio: 'ignore',
    env: { ...process.env, SSH_ASKPASS: '/bin/false', DISPLAY: '' },
  });
  await vi.waitFor(() => expect(existsSync(socket)).toBe(true), { timeout: 60_000, interval: 10 });
  return { socket, stop: () => child.kill('SIGTERM') };
};

/** SSH_AGENTC_SIGN_REQUEST, after four bytes of length. */
const SIGN_REQUEST = 13;

const answered = <T>(answer: AgentAnswer<T>): T => {
  if (!answer.ok) throw new Error(answer.why);
  return answer.value;
};

const listen = async (path: string, meet: (client: Socket) => void = () => undefined): Promise<Server> => {
  const server = createServer(client => {
    client.on('error', () => undefined);
    meet(client);
    client.resume();
  });
  await new Promise<void>(resolve => server.listen(path, resolve));
  return server;
};
