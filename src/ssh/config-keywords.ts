// The only place that knows which options ssh_config has, what each may say, and how ssh itself writes that down again.
// Which line counts for which host is for config.ts; what an option does is for whoever honours it.
// @see ssh_config(5); words and refusals as OpenSSH 9.2 has them, keywords up to OpenSSH 10
import { fail, ok, type Result } from '../domain/result.ts';
import { type AlgorithmKind, isAlgorithmList } from './algorithms.ts';

/** An option as ssh keeps it: its newer name, and its values in ssh's own words. */
export type Setting = { readonly keyword: string; readonly values: readonly string[] };

/** Written word → how ssh keeps it. */
type Choice = Readonly<Record<string, string>>;

const yesOrNo: Choice = { yes: 'yes', true: 'yes', no: 'no', false: 'no' };

const choices: Readonly<Record<string, Choice>> = {
  addressfamily: { any: 'any', inet: 'inet', inet6: 'inet6' },
  canonicalizehostname: { yes: 'true', true: 'true', no: 'false', false: 'false', always: 'always' },
  pubkeyauthentication: { yes: 'true', true: 'true', no: 'false', false: 'false', unbound: 'unbound', 'host-bound': 'host-bound' },
  stricthostkeychecking: {
    ...{ yes: 'true', true: 'true', no: 'false', false: 'false', off: 'false' },
    ...{ ask: 'ask', 'accept-new': 'accept-new' },
  },
  ...Object.fromEntries(
    [
      ...['batchmode', 'canonicalizefallbacklocal', 'checkhostip', 'clearallforwardings', 'compression', 'enableescapecommandline'],
      ...['enablesshkeysign', 'exitonforwardfailure', 'forkafterauthentication', 'forwardx11', 'forwardx11trusted', 'gatewayports'],
      ...['gssapiauthentication', 'gssapidelegatecredentials', 'hashknownhosts', 'hostbasedauthentication', 'identitiesonly'],
      ...['kbdinteractiveauthentication', 'nohostauthenticationforlocalhost', 'passwordauthentication', 'permitlocalcommand'],
      ...['proxyusefdpass', 'stdinnull', 'streamlocalbindunlink', 'tcpkeepalive', 'visualhostkey'],
    ].map(keyword => [keyword, yesOrNo]),
  ),
};

const numbers: ReadonlySet<string> = new Set([
  ...['canonicalizemaxdots', 'connectionattempts', 'numberofpasswordprompts', 'requiredrsasize', 'serveralivecountmax'],
]);

const times: ReadonlySet<string> = new Set(['connecttimeout', 'serveraliveinterval']);

const algorithms: Readonly<Record<string, AlgorithmKind>> = {
  ciphers: 'ciphers',
  hostkeyalgorithms: 'hostkeyalgorithms',
  kexalgorithms: 'kexalgorithms',
  macs: 'macs',
};

/** Options that take one word, which may say anything. */
const words: ReadonlySet<string> = new Set([
  ...['addkeystoagent', 'bindaddress', 'bindinterface', 'casignaturealgorithms', 'certificatefile', 'controlmaster', 'controlpath'],
  ...['controlpersist', 'escapechar', 'fingerprinthash', 'forwardagent', 'forwardx11timeout', 'gssapiclientidentity'],
  ...['gssapikexalgorithms', 'gssapikeyexchange', 'gssapirenewalforcesrekey', 'gssapiserveridentity', 'gssapitrustdns'],
  ...['hostbasedacceptedalgorithms', 'hostkeyalias', 'hostname', 'identityagent', 'identityfile', 'ignoreunknown'],
  ...['kbdinteractivedevices', 'loglevel', 'obscurekeystroketiming', 'pkcs11provider', 'preferredauthentications'],
  ...['pubkeyacceptedalgorithms', 'refuseconnection', 'requesttty', 'revokedhostkeys', 'securitykeyprovider', 'sessiontype'],
  ...['streamlocalbindmask', 'syslogfacility', 'tag', 'tunnel', 'tunneldevice', 'updatehostkeys', 'user', 'usekeychain'],
  ...['verifyhostkeydns', 'versionaddendum', 'warnweakcrypto', 'xauthlocation'],
]);

/** Options that take several words. */
const lists: ReadonlySet<string> = new Set([
  ...['canonicaldomains', 'canonicalizepermittedcnames', 'channeltimeout', 'dynamicforward', 'globalknownhostsfile', 'ipqos'],
  ...['localforward', 'logverbose', 'permitremoteopen', 'rekeylimit', 'remoteforward', 'sendenv', 'setenv', 'userknownhostsfile'],
]);

/** Options that take the rest of their line as it is. */
const commands: ReadonlySet<string> = new Set(['knownhostscommand', 'localcommand', 'proxycommand', 'proxyjump', 'remotecommand']);

const newerNames: Readonly<Record<string, string>> = {
  challengeresponseauthentication: 'kbdinteractiveauthentication',
  dsaauthentication: 'pubkeyauthentication',
  hostbasedkeytypes: 'hostbasedacceptedalgorithms',
  identityfile2: 'identityfile',
  keepalive: 'tcpkeepalive',
  pubkeyacceptedkeytypes: 'pubkeyacceptedalgorithms',
  skeyauthentication: 'kbdinteractiveauthentication',
  smartcarddevice: 'pkcs11provider',
  tisauthentication: 'kbdinteractiveauthentication',
};

/** What older versions had, and ssh passes over. */
const givenUp: ReadonlySet<string> = new Set([
  ...['afstokenpassing', 'cipher', 'compressionlevel', 'fallbacktorsh', 'globalknownhostsfile2', 'kerberosauthentication'],
  ...['kerberostgtpassing', 'protocol', 'rhostsauthentication', 'rhostsrsaauthentication', 'rsaauthentication', 'useprivilegedport'],
  ...['userknownhostsfile2', 'useroaming', 'usersh'],
]);

/**
 * What one line sets. `unknown`: ssh has no such option; `nothing`: it had one once.
 * @param rest what follows the keyword as it was written
 * @failure why ssh would refuse it
 */
export const settingOf = (written: string, args: readonly string[], rest: string): Result<Setting | 'unknown' | 'nothing', string> => {
  const keyword = newerNames[written] ?? written;
  if (givenUp.has(keyword)) return ok('nothing');
  if (commands.has(keyword)) return ok({ keyword, values: [rest] });
  if (lists.has(keyword)) return args.length === 0 ? fail(lacks(written)) : listOf(keyword, args);
  const read = readers.find(reader => reader.has(keyword));
  if (read === undefined) return ok('unknown');
  const [word, ...more] = args;
  if (word === undefined || word === '') return fail(lacks(written));
  if (more.length > 0) return fail(`${written} takes one value, not ${args.length}; put quotes round one that holds blanks`);
  const value = read.value(keyword, word);
  return value === undefined
    ? fail(`${written} cannot be ${JSON.stringify(word)}; ${read.takes(keyword)}`)
    : ok({ keyword, values: [value] });
};

type Reader = {
  readonly has: (keyword: string) => boolean;
  readonly value: (keyword: string, word: string) => string | undefined;
  readonly takes: (keyword: string) => string;
};

const readers: readonly Reader[] = [
  {
    has: keyword => Object.hasOwn(choices, keyword),
    value: (keyword, word) =>
      Object.hasOwn(choices[keyword] ?? {}, word.toLowerCase()) ? choices[keyword]?.[word.toLowerCase()] : undefined,
    takes: keyword => `it is one of ${Object.keys(choices[keyword] ?? {}).join(', ')}`,
  },
  { has: keyword => times.has(keyword), value: (_, word) => secondsOf(word), takes: () => 'it is a time, such as 30 or 1m30s, or none' },
  {
    has: keyword => numbers.has(keyword),
    value: (_, word) => (/^\d{1,9}$/.test(word) ? String(Number(word)) : undefined),
    takes: () => 'it is a whole number',
  },
  {
    has: keyword => keyword === 'port',
    value: (_, word) => (/^\d{1,5}$/.test(word) && Number(word) >= 1 && Number(word) <= 65_535 ? String(Number(word)) : undefined),
    takes: () => 'it is a number from 1 to 65535',
  },
  {
    has: keyword => Object.hasOwn(algorithms, keyword),
    value: (keyword, word) => (isAlgorithmList(algorithms[keyword] ?? 'ciphers', word) ? word : undefined),
    takes: keyword => `it is a list of what ssh -Q ${keyword} prints, behind +, - or ^ where ours is to be changed`,
  },
  { has: keyword => words.has(keyword), value: (_, word) => word, takes: () => 'it is a word' },
];

const listOf = (keyword: string, values: readonly string[]): Result<Setting, string> => {
  const wrong = values.find(value => {
    if (keyword === 'setenv') return !value.includes('=');
    return keyword === 'sendenv' ? value.includes('=') : keyword.endsWith('knownhostsfile') && value === 'none' && values.length > 1;
  });
  const instead = { setenv: 'write NAME=value', sendenv: 'write a name' }[keyword] ?? 'it stands alone';
  return wrong === undefined ? ok({ keyword, values }) : fail(`${JSON.stringify(wrong)} cannot stand behind ${keyword}; ${instead}`);
};

const lacks = (written: string): string => `${written} needs a value; write one behind it, or take the line out`;

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds, or `none`. @see sshd_config(5), TIME FORMATS */
const secondsOf = (word: string): string | undefined => {
  if (word === 'none') return word;
  if (!/^(?:\d{1,9}[smhdw]?)+$/i.test(word)) return undefined;
  const parts = [...word.matchAll(/(\d+)([smhdw]?)/gi)];
  return String(parts.reduce((sum, [, n, unit]) => sum + Number(n) * (units[unit?.toLowerCase() || 's'] ?? 1), 0));
};
