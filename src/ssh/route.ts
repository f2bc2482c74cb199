// The only place that reads how ssh would get to a host that is not reached directly: ProxyJump, and a ProxyCommand that is
// only ssh's older way to say the same. What it cannot read stays as it was written, so that nobody walks past it.
// @see ssh_config(5), ProxyJump and ProxyCommand
import { fail, ok, type Result } from '../domain/result.ts';
import type { Address } from '../remote/ports.ts';
import { type AddressDefaults, addressOf } from './address.ts';
import type { SshConfig } from './config.ts';
import { readSshArguments, shellWords } from './ssh-arguments.ts';

/** Jump hosts may be named by jump hosts so deep; more is a circle. */
const deepest = 8;

/** One jump host as it was named. */
export type Hop = {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
  readonly identityFiles: readonly string[];
  /** Further options of an inner ssh, as arguments of it. */
  readonly options?: string;
  /** Nothing is on the way to it, whatever ssh_config says. */
  readonly direct?: 'yes';
};

/** `user@host:port,…`, in the order in which they are passed. Undefined: it makes no sense. */
export const readProxyJump = (text: string): readonly Hop[] | undefined => {
  const hops = text.split(',').map(part => readHop(part.trim().replace(/^ssh:\/\//, '')));
  return hops.every(hop => hop !== undefined) ? hops : undefined;
};

const readHop = (text: string): Hop | undefined => {
  const found = /^(?:([^@\s]+)@)?(?:\[([0-9a-fA-F:.%]+)\]|([^@:\s/[\]]+))(?::(\d{1,5}))?\/?$/.exec(text);
  if (found === null) return undefined;
  const [, user, bracketed, plain, port] = found;
  const host = bracketed ?? plain ?? '';
  if (host.startsWith('-') || Number(port ?? 22) > 65_535) return undefined;
  return { host, identityFiles: [], ...(user !== undefined && { user }), ...(port !== undefined && { port: Number(port) }) };
};

/** Options of that inner ssh that change nothing for us, or that we hold to in any case. */
const harmless: ReadonlySet<string> = new Set(['-q', '-T', '-x', '-a', '-C', '-v', '-4', '-6', '-n', '-N']);
const harmlessOptions =
  /^(?:BatchMode|ConnectTimeout|ControlMaster|ControlPath|ControlPersist|ServerAlive\w+|LogLevel|Compression|ForwardAgent)$/i;

/** The jump host of `ssh … -W %h:%p HOST` and `ssh … HOST nc %h %p`. Undefined: it is another command. */
export const readProxyCommand = (text: string): Hop | undefined => {
  const words = shellWords(text.replace(/^exec\s+/, ''));
  if (!words.ok || !/^(?:\S*\/)?ssh$/.test(words.value[0] ?? '')) return undefined;
  const rest = words.value.slice(1);
  const forwards: string[] = [];
  const flags: string[] = [];
  const others: string[] = [];
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] ?? '';
    const joined = /^-W(.*)$/.exec(word)?.[1];
    if (joined !== undefined) forwards.push(joined || (rest[++at] ?? ''));
    else if (/^-[ilop]$/.test(word)) flags.push(word, quoted(rest[++at] ?? ''));
    else if (/^-[ilop]./.test(word)) flags.push(quoted(word));
    else if (!harmless.has(word)) others.push(word);
  }
  const [destination = '', ...command] = others;
  const isForward = forwards.length === 1 && /^(?:%h:%p|\[%h\]:%p)$/.test(forwards[0] ?? '') && command.length === 0;
  const isNetcat = forwards.length === 0 && /^(?:exec )?nc(?: -w ?\d+)? %h %p$/.test(command.join(' '));
  const hop = readHop(destination);
  const options = readSshArguments(flags.join(' '), new Set(['identityfile', 'port', 'user', 'proxycommand', ...kept]));
  if (!(isForward || isNetcat) || hop === undefined || !options.ok) return undefined;
  if (options.value.others.some(other => !harmlessOptions.test(other))) return undefined;
  const first = (name: string): string | undefined => options.value.options.get(name)?.[0];
  if ((first('proxycommand') ?? 'none') !== 'none') return undefined;
  const passed = kept.flatMap(name => optionOf(name, first(name))).join(' ');
  const [user, port] = [hop.user ?? first('user'), hop.port ?? first('port')];
  return {
    host: hop.host,
    identityFiles: options.value.options.get('identityfile') ?? [],
    ...(user !== undefined && { user }),
    ...(port !== undefined && { port: Number(port) }),
    ...(passed !== '' && { options: passed }),
    ...(first('proxycommand') !== undefined && { direct: 'yes' as const }),
  };
};

/** Options of the inner ssh that count for the way to the jump host as they would there. */
const kept = ['stricthostkeychecking', 'userknownhostsfile'];

const optionOf = (name: string, value: string | undefined): readonly string[] =>
  value === undefined ? [] : ['-o', quoted(`${name}=${value}`)];

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/**
 * The address with the way to it: `via` in the order of passing. Each jump host is what ssh_config says of it.
 * @failure bad-input
 */
export const withRoute = async (
  address: Address,
  written: { readonly keyword: 'proxyjump' | 'proxycommand'; readonly value: string } | undefined,
  config: SshConfig,
  defaults: Pick<AddressDefaults, 'home' | 'cwd' | 'localUser' | 'strictHostKeyChecking' | 'agentSocket'>,
  depth = 0,
): Promise<Result<Address>> => {
  if (written === undefined || written.value === 'none') return ok(address);
  const { keyword, value } = written;
  const command = keyword === 'proxycommand' ? readProxyCommand(value) : undefined;
  const hops = keyword === 'proxyjump' ? readProxyJump(value) : command && [command];
  if (hops === undefined) return ok({ ...address, jump: `${keyword === 'proxyjump' ? 'ProxyJump' : 'ProxyCommand'} ${value}` });
  if (depth > deepest) {
    return fail({
      tag: 'bad-input',
      host: address.name,
      cause: `${address.name}: its jump hosts lead in a circle (${value}); look at ProxyJump in ssh_config`,
    });
  }
  const via: Address[] = [];
  for (const [at, { host, user, port, identityFiles, options: inner, direct }] of hops.entries()) {
    const asked = { host, ...(user !== undefined && { user }), ...(port !== undefined && { port }) };
    const options = await config.optionsFor(asked);
    if (!options.ok) return options;
    const found = addressOf(host, inner === undefined ? {} : { ansible_ssh_args: inner }, { ...defaults, sshConfig: options.value });
    if (!found.ok) return found;
    const own = { ...found.value.address, identityFiles: [...identityFiles, ...found.value.address.identityFiles] };
    // Only the first is reached from here; what its own entry says of jump hosts comes before it.
    const reached = at === 0 && direct === undefined ? await withRoute(own, found.value.route, config, defaults, depth + 1) : ok(own);
    if (!reached.ok) return reached;
    const { via: before = [], ...hop } = reached.value;
    if (hop.jump !== undefined) return ok({ ...address, jump: hop.jump });
    via.push(...before, hop);
  }
  return ok({ ...address, via });
};
