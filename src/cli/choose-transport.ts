// The only place that says for which hosts the system's ssh is needed, and why: what ssh2 has no words for.
// It looks at this machine's files, never at the host. Where both could do it, ours does.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Address } from '../remote/ports.ts';
import { ssh2Algorithms } from '../ssh/algorithms.ts';
import { type KnownHosts, lookupNames, parseKnownHosts } from '../ssh/known-hosts.ts';
import type { OptionReader } from '../ssh/reach-options.ts';

/** What is asked of this machine. */
export type ChoiceWorld = {
  readonly home: string;
  readonly uid: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of a small file; undefined where it cannot be read. */
  readonly read: (path: string) => string | undefined;
  /** The certificate authorities that a known_hosts file trusts; undefined where it trusts none. */
  readonly authorities: (path: string) => KnownHosts | undefined;
  /** The answer to a question that was asked before: thousands of hosts share their keys. */
  readonly remember: (question: string, answer: () => string | undefined) => string | undefined;
};

/** A world that asks each file once: many hosts share their keys. */
export const choiceWorld = ({ home, uid, env }: Pick<ChoiceWorld, 'home' | 'uid' | 'env'>): ChoiceWorld => {
  const known = new Map<string, string | undefined>();
  const trusted = new Map<string, KnownHosts | undefined>();
  const answers = new Map<string, string | undefined>();
  return {
    home,
    uid,
    env,
    read: path => {
      if (!known.has(path)) known.set(path, textOf(path));
      return known.get(path);
    },
    authorities: path => {
      if (!trusted.has(path)) trusted.set(path, authoritiesIn(textOf(path)));
      return trusted.get(path);
    },
    remember: (question, answer) => {
      if (!answers.has(question)) answers.set(question, answer());
      return answers.get(question);
    },
  };
};

/** @param text of a known_hosts file */
export const authoritiesIn = (text = ''): KnownHosts | undefined => {
  const lines = text.split('\n').filter(line => line.startsWith('@cert-authority'));
  return lines.length === 0 ? undefined : parseKnownHosts(lines.join('\n'));
};

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return existsSync(path) ? '' : undefined;
  }
};

/** Options that only ssh itself can follow. */
const onlySsh = [
  ['certificatefile', 'CertificateFile'],
  ['pkcs11provider', 'PKCS11Provider'],
  ['knownhostscommand', 'KnownHostsCommand'],
] as const;

/** Ways to log in that are ours. */
const ourMethods = ['publickey', 'password', 'keyboard-interactive'];

/** Why a host needs the system's ssh; undefined: ours can reach it. */
export const whySystem = (address: Address, said: OptionReader, world: ChoiceWorld): string | undefined => {
  if (address.jump !== undefined) return address.jump;
  for (const [keyword, written] of onlySsh) if ((said.first(keyword) ?? 'none') !== 'none') return `${written} ${said.first(keyword)}`;
  const authority = byAuthority(address, world);
  if (authority !== undefined) return authority;
  const algorithms = address.algorithms && ssh2Algorithms(address.algorithms);
  if (algorithms?.ok === false) return algorithms.failure;
  const { preferredAuthentications: preferred } = address;
  if (preferred !== undefined && preferred.length > 0 && !preferred.some(method => ourMethods.includes(method)))
    return `login by ${preferred.join(', ')}`;
  if (preferred?.includes('publickey') === false) return undefined;
  const keys = address.identityFiles.join(' ');
  const why = world.remember(`keys ${keys}`, () => byKeys(address, world));
  if (why !== undefined || said.first('gssapiauthentication') !== 'yes') return why;
  return world.remember(`ticket ${address.agentSocket} ${keys}`, () => byTicket(address, world));
};

/** A host whose certificate is trusted shows that to ssh, and only a plain key to ours. */
const byAuthority = (address: Address, { home, authorities }: ChoiceWorld): string | undefined => {
  const { hostKeyAlias, knownHostsFiles, globalKnownHostsFiles } = address;
  const users = knownHostsFiles.length > 0 ? knownHostsFiles : [`${home}/.ssh/known_hosts`, `${home}/.ssh/known_hosts2`];
  const names = () => (hostKeyAlias === undefined ? lookupNames(address.host, address.port) : [hostKeyAlias]);
  const file = [...users, ...(globalKnownHostsFiles ?? systemKnownHosts)].find(path => {
    const trusted = authorities(path);
    return trusted !== undefined && names().some(name => trusted.find(name).length > 0);
  });
  return file && `certificate authority in ${file}`;
};

const systemKnownHosts = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];

const usualKeys = ['id_ed25519', 'id_ecdsa', 'id_rsa'];
const tokenKeys = ['id_ed25519_sk', 'id_ecdsa_sk'];

/** A certificate beside a key is what ssh would show; a key on a token needs a finger on it, and ssh to ask for that. */
const byKeys = ({ identityFiles }: Address, { home, read }: ChoiceWorld): string | undefined => {
  const isNamed = identityFiles.length > 0;
  const files = isNamed ? identityFiles : [...usualKeys, ...tokenKeys].map(name => join(home, '.ssh', name));
  const there = files.filter(path => read(path) !== undefined);
  const certified = there.find(path => read(`${path}-cert.pub`) !== undefined);
  if (certified !== undefined) return `certificate ${certified}-cert.pub`;
  const isToken = (path: string): boolean => /^sk-/.test(read(`${path}.pub`) ?? '');
  return there.length > 0 && there.every(isToken) ? `security key ${there[0]}` : undefined;
};

/** Kerberos counts only where somebody has a ticket and no key: many systems switch it on for everybody. */
const byTicket = ({ identityFiles, agentSocket }: Address, { home, uid, env, read }: ChoiceWorld): string | undefined => {
  if (agentSocket || (agentSocket === undefined && env['SSH_AUTH_SOCK'])) return undefined;
  const keys = identityFiles.length > 0 ? identityFiles : usualKeys.map(name => join(home, '.ssh', name));
  if (keys.some(path => read(path) !== undefined)) return undefined;
  const cache = env['KRB5CCNAME']?.replace(/^FILE:/, '') ?? `/tmp/krb5cc_${uid ?? 0}`;
  return cache.includes(':') || read(cache) !== undefined ? 'GSSAPIAuthentication, with a ticket and no key' : undefined;
};
