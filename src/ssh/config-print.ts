// The only place that writes the options of a host as `ssh -G` does, with ssh's own defaults where nobody said anything.
// Only what is honoured here is written: a line that changes nothing would be a promise.
// @see ssh(1), -G; order, words and defaults of OpenSSH 9.2
import { createHash } from 'node:crypto';
import { fail, ok, type Result } from '../domain/result.ts';
import { type AlgorithmKind, opensshList } from './algorithms.ts';
import { type ConfigOptions, type Tokens, withTokens } from './config.ts';

/** What tokens and variables stand for. */
export type PrintWorld = {
  readonly home: string;
  readonly localUser: string;
  readonly machine: string;
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/**
 * How the values of an option are written: `one` with a default, `algorithms`, `each` on a line of its own, `row` all on one line,
 * `set` only where somebody set it, `path` with tokens replaced.
 */
type Form = { readonly as: 'one'; readonly usual: string } | { readonly as: 'algorithms' | 'each' | 'row' | 'set' | 'path' };

const one = (usual: string): Form => ({ as: 'one', usual });
const set: Form = { as: 'set' };
const path: Form = { as: 'path' };
const algorithms: Form = { as: 'algorithms' };

/** In the order of `ssh -G`. */
const forms: readonly (readonly [string, Form])[] = [
  ['user', set],
  ['hostname', set],
  ['port', set],
  ['addressfamily', one('any')],
  ['canonicalizefallbacklocal', one('yes')],
  ['canonicalizehostname', one('false')],
  ['gssapiauthentication', one('no')],
  ['hashknownhosts', one('no')],
  ['identitiesonly', one('no')],
  ['kbdinteractiveauthentication', one('yes')],
  ['passwordauthentication', one('yes')],
  ['pubkeyauthentication', one('true')],
  ['stricthostkeychecking', one('ask')],
  ['canonicalizemaxdots', one('1')],
  ['serveralivecountmax', one('3')],
  ['serveraliveinterval', one('0')],
  ['bindaddress', set],
  ['bindinterface', set],
  ['ciphers', algorithms],
  ['hostkeyalgorithms', algorithms],
  ['hostkeyalias', set],
  ['identityagent', path],
  ['kexalgorithms', algorithms],
  ['macs', algorithms],
  ['pkcs11provider', set],
  ['preferredauthentications', set],
  ['knownhostscommand', set],
  ['identityfile', { as: 'each' }],
  ['canonicaldomains', { as: 'row' }],
  ['certificatefile', { as: 'each' }],
  ['globalknownhostsfile', { as: 'row' }],
  ['userknownhostsfile', { as: 'row' }],
  ['sendenv', { as: 'each' }],
  ['setenv', { as: 'each' }],
  ['connecttimeout', one('none')],
  ['proxycommand', set],
  ['proxyjump', set],
];

/** Every option that is honoured, by its name in ssh_config. */
export const honoured: ReadonlySet<string> = new Set(forms.map(([keyword]) => keyword));

/** What ssh looks for when nobody says anything. */
const usualLists: Readonly<Record<string, readonly string[]>> = {
  identityfile: ['rsa', 'ecdsa', 'ecdsa_sk', 'ed25519', 'ed25519_sk', 'xmss', 'dsa'].map(type => `~/.ssh/id_${type}`),
  canonicaldomains: ['none'],
  globalknownhostsfile: ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'],
  userknownhostsfile: ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'],
};

/** Not written where it says "none", as ssh does not. */
const noneIsNothing: ReadonlySet<string> = new Set(['proxycommand', 'proxyjump', 'knownhostscommand', 'pkcs11provider']);

/**
 * The lines, without line ends. @failure bad-input, for a variable that is not set
 * @param host as it was asked for
 */
export const printedOptions = (host: string, options: ConfigOptions, world: PrintWorld): Result<readonly string[]> => {
  const tokens = tokensOf(host, options, world);
  const missing = new Set<string>();
  const filled = (text: string): string => {
    if (text === 'none' || text === 'SSH_AUTH_SOCK' || /^\$(?!\{)/.test(text)) return text;
    const known = text.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
      const value = world.env[name];
      if (value === undefined) missing.add(name);
      return value ?? '';
    });
    return withTokens(known.replace(/^~(?=\/|$)/, world.home), tokens);
  };
  const lines = [`host ${host}`];
  for (const [keyword, form] of forms) {
    const said = options.get(keyword);
    const [first] = said ?? [];
    const values = said ?? usualLists[keyword] ?? [];
    if (form.as === 'algorithms') lines.push(`${keyword} ${opensshList(keyword as AlgorithmKind, first).join(',')}`);
    else if (form.as === 'each') lines.push(...values.map(value => `${keyword} ${value}`));
    else if (form.as === 'row') lines.push(`${keyword} ${(keyword === 'userknownhostsfile' ? values.map(filled) : values).join(' ')}`);
    else if (form.as === 'one') lines.push(`${keyword} ${written(keyword, first) ?? form.usual}`);
    else if (first !== undefined && !(noneIsNothing.has(keyword) && first === 'none')) {
      const lower = keyword === 'hostkeyalias' ? first.toLowerCase() : first;
      lines.push(`${keyword} ${form.as === 'path' ? filled(first) : lower}`);
    }
  }
  const [name] = missing;
  if (name === undefined) return ok(lines);
  return fail({ tag: 'bad-input', cause: `ssh_config: \${${name}} is used for ${host}, but the environment has no ${name}` });
};

/** No interval is written as a number. */
const written = (keyword: string, value: string | undefined): string | undefined =>
  keyword === 'serveraliveinterval' && value === 'none' ? '0' : value;

const tokensOf = (asked: string, options: ConfigOptions, { home, localUser, machine, uid }: PrintWorld): Tokens => {
  const value = (keyword: string): string => options.get(keyword)?.[0] ?? '';
  const [h, p, r] = [value('hostname'), value('port'), value('user')];
  return {
    ...{ d: home, h, i: String(uid), k: value('hostkeyalias').toLowerCase() || asked, L: machine.split('.')[0] ?? machine, l: machine },
    ...{ n: asked, p, r, u: localUser },
    C: createHash('sha1').update(`${machine}${h}${p}${r}`).digest('hex'),
  };
};

/** Options that are about terminals, forwardings, ssh's own messages and sharing: of no meaning to a command without a terminal. */
export const meaningless: ReadonlySet<string> = new Set([
  ...['addkeystoagent', 'batchmode', 'clearallforwardings', 'compression', 'connectionattempts', 'controlmaster', 'controlpath'],
  ...['controlpersist', 'dynamicforward', 'enableescapecommandline', 'escapechar', 'exitonforwardfailure', 'fingerprinthash'],
  ...['forkafterauthentication', 'forwardx11', 'forwardx11timeout', 'forwardx11trusted', 'gatewayports', 'gssapidelegatecredentials'],
  ...['ignoreunknown', 'ipqos', 'localcommand', 'localforward', 'loglevel', 'logverbose', 'numberofpasswordprompts'],
  ...['obscurekeystroketiming', 'permitlocalcommand', 'permitremoteopen', 'proxyusefdpass', 'remotecommand', 'remoteforward'],
  ...['requesttty', 'sessiontype', 'stdinnull', 'streamlocalbindmask', 'streamlocalbindunlink', 'syslogfacility', 'tag', 'tcpkeepalive'],
  ...['tunnel', 'tunneldevice', 'updatehostkeys', 'usekeychain', 'versionaddendum', 'visualhostkey', 'warnweakcrypto', 'xauthlocation'],
]);
