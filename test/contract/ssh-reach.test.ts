// What ssh_config says of the connection itself, seen by a real sshd: algorithms, source address, environment, signs of life.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Address } from '../../src/remote/ports.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { addressAt, failure, type Lab, makeLab, NO_INPUT, text, value } from './ssh-lab.ts';

describe.skipIf(!sshdAvailable())('as ssh_config has it', () => {
  let sshd: Sshd;
  let lab: Lab;

  beforeAll(async () => {
    lab = makeLab();
    sshd = await startSshd({ config: ['LogLevel DEBUG1', 'AcceptEnv ROLL_*', 'Ciphers +aes128-cbc', 'MACs +hmac-md5'] });
  });
  afterAll(async () => {
    await sshd.stop();
    lab.remove();
  });

  /** What sshd logged of one connection. */
  const logOf = async (changes: Partial<Address>, command = 'true') => {
    const before = sshd.log().length;
    const connection = value(await lab.transport().connect(addressAt(sshd, changes)));
    const reply = value(await connection.exec(command, NO_INPUT));
    connection.close();
    await connection.closed;
    return { log: sshd.log().slice(before), out: text(reply.stdout) };
  };

  test.each<[string, Address['algorithms'], RegExp]>([
    ['nothing', undefined, /client->server cipher: aes128-gcm@openssh.com/],
    ['one cipher', { ciphers: 'aes256-ctr' }, /client->server cipher: aes256-ctr MAC: hmac-sha2-256-etm/],
    ['a cipher in front', { ciphers: '^aes192-ctr' }, /client->server cipher: aes192-ctr/],
    ['ciphers taken out', { ciphers: '-*gcm*,aes128-ctr' }, /client->server cipher: aes192-ctr/],
    ['old ones only', { ciphers: 'aes128-cbc', macs: 'hmac-md5' }, /client->server cipher: aes128-cbc MAC: hmac-md5/],
    ['a key exchange', { kexalgorithms: 'ecdh-sha2-nistp521,sntrup761x25519-sha512' }, /kex: algorithm: ecdh-sha2-nistp521/],
    ['a host key', { hostkeyalgorithms: '^ssh-ed25519' }, /host key algorithm: ssh-ed25519/],
  ])('algorithms: %s', async (_what, algorithms, sign) => {
    expect((await logOf({ ...(algorithms !== undefined && { algorithms }) })).log).toMatch(sign);
  });

  test.each<[string, Partial<Address>, RegExp]>([
    [
      'an algorithm that is only ssh’s',
      { algorithms: { kexalgorithms: 'sntrup761x25519-sha512' } },
      /^no-common-algorithm: KexAlgorithms sntrup761x25519-sha512: .*--transport openssh/,
    ],
    ['an algorithm that the host lacks', { algorithms: { ciphers: '3des-cbc' } }, /^no-common-algorithm: no matching C->S cipher/],
    ['another version of IP', { addressFamily: 6 }, /^unroutable: 127\.0\.0\.1 is no address of AddressFamily inet6/],
    ['an interface that is not there', { bindInterface: 'nowhere0' }, /^unroutable: BindInterface nowhere0: /],
    ['an address that is elsewhere', { bindAddress: '192.0.2.1' }, /^unroutable: .*BindAddress is no address of this machine/],
    ['an address of another version', { bindAddress: '::1' }, /^unroutable: BindAddress ::1: /],
  ])('refused: %s', async (_what, changes, sign) => {
    const { tag, cause } = failure(await lab.transport().connect(addressAt(sshd, changes)));
    expect(`${tag}: ${cause}`).toMatch(sign);
  });

  test('from where it is told', async () => {
    expect((await logOf({ bindAddress: '127.0.0.2' })).log).toContain('Connection from 127.0.0.2 ');
    expect((await logOf({ bindInterface: 'lo', addressFamily: 4 })).log).toContain('Connection from 127.0.0.1 ');
  });

  test('the environment goes along, as far as the host takes it', async () => {
    const environment = { ROLL_A: "a 'b' $c", OTHER: 'x' };
    expect((await logOf({ environment }, 'echo "$ROLL_A-$OTHER"')).out).toBe("a 'b' $c-\n");
  });
});
