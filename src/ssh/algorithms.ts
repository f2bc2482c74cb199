// The only place for lists of algorithms as ssh_config writes them: `+` appends, `-` takes out, `^` puts in front, `*` matches.
// It knows what OpenSSH has and what ssh2 has; which of them a connection uses is agreed on with the host.
// @see ssh_config(5), Ciphers, HostKeyAlgorithms, KexAlgorithms, MACs; the lists are those of OpenSSH 9.2
import type { Algorithms } from 'ssh2';
import { fail, ok, type Result } from '../domain/result.ts';
import { matchesPattern } from './pattern.ts';

/** The options that hold such lists, by their names in ssh_config. */
export type AlgorithmKind = 'ciphers' | 'hostkeyalgorithms' | 'kexalgorithms' | 'macs';

type Known = {
  /** What is asked for when nobody says anything, the best first. */
  readonly usual: readonly string[];
  /** All that can be asked for, in the order of `ssh -Q`. */
  readonly all: readonly string[];
};

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const ecdsa = 'ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 ecdsa-sha2-nistp521';
const hmacs = 'hmac-sha2-256-etm@openssh.com hmac-sha2-512-etm@openssh.com hmac-sha1-etm@openssh.com';

/** What ssh has. Newer versions have more: those names are taken too, and wanted of the host by nobody here. */
const openssh: Readonly<Record<AlgorithmKind, Known>> = {
  ciphers: {
    usual: words('chacha20-poly1305@openssh.com aes128-ctr aes192-ctr aes256-ctr aes128-gcm@openssh.com aes256-gcm@openssh.com'),
    all: words(
      `3des-cbc aes128-cbc aes192-cbc aes256-cbc aes128-ctr aes192-ctr aes256-ctr
       aes128-gcm@openssh.com aes256-gcm@openssh.com chacha20-poly1305@openssh.com`,
    ),
  },
  hostkeyalgorithms: {
    usual: words(
      `ssh-ed25519-cert-v01@openssh.com ecdsa-sha2-nistp256-cert-v01@openssh.com ecdsa-sha2-nistp384-cert-v01@openssh.com
       ecdsa-sha2-nistp521-cert-v01@openssh.com sk-ssh-ed25519-cert-v01@openssh.com sk-ecdsa-sha2-nistp256-cert-v01@openssh.com
       rsa-sha2-512-cert-v01@openssh.com rsa-sha2-256-cert-v01@openssh.com ssh-ed25519 ${ecdsa}
       sk-ssh-ed25519@openssh.com sk-ecdsa-sha2-nistp256@openssh.com rsa-sha2-512 rsa-sha2-256`,
    ),
    all: words(
      `ssh-ed25519 ssh-ed25519-cert-v01@openssh.com sk-ssh-ed25519@openssh.com sk-ssh-ed25519-cert-v01@openssh.com
       ecdsa-sha2-nistp256 ecdsa-sha2-nistp256-cert-v01@openssh.com ecdsa-sha2-nistp384 ecdsa-sha2-nistp384-cert-v01@openssh.com
       ecdsa-sha2-nistp521 ecdsa-sha2-nistp521-cert-v01@openssh.com sk-ecdsa-sha2-nistp256@openssh.com
       sk-ecdsa-sha2-nistp256-cert-v01@openssh.com webauthn-sk-ecdsa-sha2-nistp256@openssh.com ssh-dss ssh-dss-cert-v01@openssh.com
       ssh-rsa ssh-rsa-cert-v01@openssh.com rsa-sha2-256 rsa-sha2-256-cert-v01@openssh.com rsa-sha2-512 rsa-sha2-512-cert-v01@openssh.com`,
    ),
  },
  kexalgorithms: {
    usual: words(
      `sntrup761x25519-sha512 sntrup761x25519-sha512@openssh.com curve25519-sha256 curve25519-sha256@libssh.org
       ecdh-sha2-nistp256 ecdh-sha2-nistp384 ecdh-sha2-nistp521 diffie-hellman-group-exchange-sha256
       diffie-hellman-group16-sha512 diffie-hellman-group18-sha512 diffie-hellman-group14-sha256`,
    ),
    all: words(
      `diffie-hellman-group1-sha1 diffie-hellman-group14-sha1 diffie-hellman-group14-sha256 diffie-hellman-group16-sha512
       diffie-hellman-group18-sha512 diffie-hellman-group-exchange-sha1 diffie-hellman-group-exchange-sha256 ecdh-sha2-nistp256
       ecdh-sha2-nistp384 ecdh-sha2-nistp521 curve25519-sha256 curve25519-sha256@libssh.org
       sntrup761x25519-sha512 sntrup761x25519-sha512@openssh.com`,
    ),
  },
  macs: {
    usual: words(
      `umac-64-etm@openssh.com umac-128-etm@openssh.com ${hmacs} umac-64@openssh.com umac-128@openssh.com hmac-sha2-256
       hmac-sha2-512 hmac-sha1`,
    ),
    all: words(
      `hmac-sha1 hmac-sha1-96 hmac-sha2-256 hmac-sha2-512 hmac-md5 hmac-md5-96 umac-64@openssh.com umac-128@openssh.com
       hmac-sha1-etm@openssh.com hmac-sha1-96-etm@openssh.com hmac-sha2-256-etm@openssh.com hmac-sha2-512-etm@openssh.com
       hmac-md5-etm@openssh.com hmac-md5-96-etm@openssh.com umac-64-etm@openssh.com umac-128-etm@openssh.com`,
    ),
  },
};

/** Names that newer versions of ssh know. */
const newer: Readonly<Record<AlgorithmKind, readonly string[]>> = {
  ciphers: [],
  hostkeyalgorithms: words('webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com'),
  kexalgorithms: words('mlkem768x25519-sha256'),
  macs: [],
};

/** What ssh2 has, in its own order: a cipher that Node does in hardware comes before one in JavaScript. */
const ssh2: Readonly<Record<AlgorithmKind, Known>> = (() => {
  const ciphers = words('aes128-gcm@openssh.com aes256-gcm@openssh.com aes128-ctr aes192-ctr aes256-ctr chacha20-poly1305@openssh.com');
  const hostKeys = words(`ssh-ed25519 ${ecdsa} rsa-sha2-512 rsa-sha2-256 ssh-rsa`);
  const kex = words(
    `curve25519-sha256@libssh.org curve25519-sha256 ecdh-sha2-nistp256 ecdh-sha2-nistp384 ecdh-sha2-nistp521
     diffie-hellman-group-exchange-sha256 diffie-hellman-group14-sha256 diffie-hellman-group15-sha512
     diffie-hellman-group16-sha512 diffie-hellman-group17-sha512 diffie-hellman-group18-sha512`,
  );
  const macs = words(`${hmacs} hmac-sha2-256 hmac-sha2-512 hmac-sha1`);
  return {
    ciphers: { usual: ciphers, all: [...ciphers, ...words('aes256-cbc aes192-cbc aes128-cbc 3des-cbc')] },
    hostkeyalgorithms: { usual: hostKeys, all: [...hostKeys, 'ssh-dss'] },
    kexalgorithms: {
      usual: kex,
      all: [...kex, ...words('diffie-hellman-group-exchange-sha1 diffie-hellman-group14-sha1 diffie-hellman-group1-sha1')],
    },
    macs: { usual: macs, all: [...macs, ...words('hmac-md5 hmac-sha1-96 hmac-md5-96')] },
  };
})();

/** Whether ssh would take it. Only host keys may be named by patterns, save where something is taken out. */
export const isAlgorithmList = (kind: AlgorithmKind, written: string): boolean => {
  if (written.startsWith('-')) return true;
  const names = namesIn(written.replace(/^[+^]/, ''));
  const known = [...openssh[kind].all, ...newer[kind]];
  const isKnown = (name: string): boolean =>
    kind === 'hostkeyalgorithms' ? known.some(one => matchesPattern(one, name)) : known.includes(name);
  return names.length > 0 && names.every(isKnown);
};

/** The list that ssh would make of it; `undefined` is what nobody changed. */
export const opensshList = (kind: AlgorithmKind, written: string | undefined): readonly string[] => assembled(openssh[kind], written);

/** Options as written, by their names in ssh_config. */
export type AlgorithmWishes = Readonly<Partial<Record<AlgorithmKind, string>>>;

const written: Readonly<Record<AlgorithmKind, string>> = {
  ciphers: 'Ciphers',
  hostkeyalgorithms: 'HostKeyAlgorithms',
  kexalgorithms: 'KexAlgorithms',
  macs: 'MACs',
};

/**
 * What ssh2 is to ask a host for; changes are made to ssh2's own lists, and what it lacks is left out.
 * @param known types of host keys that can be compared, the best first
 * @failure which option leaves nothing
 */
export const ssh2Algorithms = (wishes: AlgorithmWishes, known?: readonly string[]): Result<Algorithms, string> => {
  const lists = new Map<AlgorithmKind, readonly string[]>();
  for (const kind of ['ciphers', 'hostkeyalgorithms', 'kexalgorithms', 'macs'] as const) {
    const wish = wishes[kind];
    if (wish === undefined) continue;
    const list = assembled(ssh2[kind], wish);
    if (list.length === 0) return fail(`${written[kind]} ${wish}`);
    lists.set(kind, list);
  }
  // As ssh has it: an order that somebody wrote down stays, only its own one gives way to what is known of the host.
  const hostKeys = lists.get('hostkeyalgorithms');
  const isOrdered = /^[^+-]/.test(wishes.hostkeyalgorithms ?? '+');
  const serverHostKey =
    hostKeys === undefined || isOrdered || known === undefined
      ? (hostKeys ?? known)
      : [...known.filter(name => hostKeys.includes(name)), ...hostKeys.filter(name => !known.includes(name))];
  return ok({
    ...(serverHostKey !== undefined && { serverHostKey }),
    ...(lists.has('kexalgorithms') && { kex: lists.get('kexalgorithms') }),
    ...(lists.has('ciphers') && { cipher: lists.get('ciphers') }),
    ...(lists.has('macs') && { hmac: lists.get('macs') }),
  } as Algorithms);
};

const namesIn = (list: string): readonly string[] => list.split(',').filter(name => name !== '');

const assembled = ({ usual, all }: Known, written: string | undefined): readonly string[] => {
  if (written === undefined || written === '') return usual;
  const names = namesIn(written.replace(/^[-+^]/, ''));
  if (written.startsWith('-')) return usual.filter(name => !names.some(pattern => matchesPattern(name, pattern)));
  const asked = written.startsWith('+') ? [...usual, ...names] : written.startsWith('^') ? [...names, ...usual] : names;
  return [...new Set(asked.flatMap(pattern => all.filter(name => matchesPattern(name, pattern))))];
};
