// The only place that says what ssh_config means for one host: Host, Match and Include, the first value wins, tokens.
// Files are read once; only a `Match exec` asks the machine anew. It gives options, not connections.
// @see ssh_config(5); held against `ssh -G` in test/contract/ssh-config.test.ts
import { isIP } from 'node:net';
import { fail, ok, type Result } from '../domain/result.ts';
import { type ConfigLine, parseConfigFile } from './config-file.ts';
import { settingOf } from './config-keywords.ts';
import { matchesPattern, matchesPatternList } from './pattern.ts';

/** What reading needs of this machine. */
export type ConfigWorld = {
  readonly home: string;
  readonly localUser: string;
  /** This machine's name, for `%l`. */
  readonly machine: string;
  /** The text of a file; undefined where there is none. @failure bad-input where it cannot be read */
  readonly read: (path: string) => Promise<Result<string | undefined>>;
  /** Paths that match, sorted. */
  readonly glob: (pattern: string) => Promise<readonly string[]>;
  /** Whether the command ends with 0; for `Match exec`. */
  readonly succeeds: (command: string) => Promise<boolean>;
  /** Whether a name has an address; for CanonicalizeHostname. */
  readonly resolves: (name: string) => Promise<boolean>;
};

/** A file, and whose it is: relative Includes are seen from `~/.ssh` or `/etc/ssh`. */
export type ConfigPlace = { readonly path: string; readonly whose: 'user' | 'system' };

/** Options of one host: by keyword in lower case, all values in order; `hostname` and `user` and `port` are always there. */
export type ConfigOptions = ReadonlyMap<string, readonly string[]>;

/** One host as it is asked for; what stands here wins over the files, as on ssh's command line. */
export type ConfigQuery = { readonly host: string; readonly user?: string; readonly port?: number };

/** An ssh_config, read. */
export type SshConfig = {
  /** Keywords that stand somewhere in the files, in lower case. */
  readonly keywords: ReadonlySet<string>;
  /** Hosts that a Host line names in full, in their order; what stands below a Host or Match of somebody else is not looked at. */
  readonly names: readonly string[];
  /** @failure bad-input */
  readonly optionsFor: (query: ConfigQuery) => Promise<Result<ConfigOptions>>;
};

/** The files that ssh reads, the stronger one first. */
export const usualPlaces = (home: string): readonly ConfigPlace[] => [
  { path: `${home}/.ssh/config`, whose: 'user' },
  { path: '/etc/ssh/ssh_config', whose: 'system' },
];

/** Includes may be nested so deep. */
const deepest = 16;

/** Keywords whose values add up; of the others the first line wins. */
const adding: ReadonlySet<string> = new Set(['identityfile', 'certificatefile', 'localforward', 'remoteforward', 'dynamicforward']);

type Block =
  | ConfigLine
  | { readonly keyword: 'include'; readonly files: readonly (readonly Block[])[]; readonly at: string }
  | { readonly unknown: string; readonly at: string };

/** Reads the files with all that they include. @failure bad-input */
export const loadSshConfig = async (places: readonly ConfigPlace[], world: ConfigWorld): Promise<Result<SshConfig>> => {
  const keywords = new Set<string>();
  const read = async (path: string, whose: ConfigPlace['whose'], depth: number, from: string): Promise<Result<readonly Block[]>> => {
    if (depth > deepest) return refuse(`${from}: Include is nested more than ${deepest} deep; look for a file that includes itself`);
    const text = await world.read(path);
    if (!text.ok) return text;
    const lines = parseConfigFile(path, text.value ?? '');
    if (!lines.ok) return lines;
    const blocks: Block[] = [];
    for (const line of lines.value) {
      if (line.keyword !== 'include') {
        const block = blockOf(line);
        if (!block.ok) return block;
        if (block.value === 'nothing') continue;
        if ('keyword' in block.value) keywords.add(block.value.keyword);
        blocks.push(block.value);
        continue;
      }
      const files: (readonly Block[])[] = [];
      for (const written of line.args) {
        for (const found of await world.glob(anchored(written, whose, world.home))) {
          const inside = await read(found, whose, depth + 1, line.at);
          if (!inside.ok) return inside;
          files.push(inside.value);
        }
      }
      blocks.push({ keyword: 'include', files, at: line.at });
    }
    return ok(blocks);
  };
  const files: (readonly Block[])[] = [];
  for (const { path, whose } of places) {
    const blocks = await read(path, whose, 0, path);
    if (!blocks.ok) return blocks;
    files.push(blocks.value);
  }
  return ok({ keywords, names: [...new Set(files.flatMap(namesIn))], optionsFor: query => new Lookup(files, world, query).options() });
};

const namesIn = (blocks: readonly Block[]): readonly string[] => {
  const names: string[] = [];
  let isForAll = true;
  for (const block of blocks) {
    if ('unknown' in block) continue;
    if ('files' in block) names.push(...(isForAll ? block.files.flatMap(namesIn) : []));
    else if (block.keyword === 'match') isForAll = block.args.join(' ').toLowerCase() === 'all';
    else if (block.keyword === 'host') {
      isForAll = block.args.join(' ') === '*';
      names.push(...block.args.filter(written => /^[^!*?]+$/.test(written)));
    }
  }
  return names;
};

/** Host and Match are judged with each host, all others say the same to each. */
const blockOf = (line: ConfigLine): Result<Block | 'nothing'> => {
  if (line.keyword === 'host' || line.keyword === 'match') return ok(line);
  const setting = settingOf(line.keyword, line.args, line.rest);
  if (!setting.ok) return refuse(`${line.at}: ${setting.failure}`);
  if (setting.value === 'nothing') return ok('nothing');
  if (setting.value === 'unknown') return ok({ unknown: line.keyword, at: line.at });
  return ok({ ...line, keyword: setting.value.keyword, args: setting.value.values });
};

const anchored = (written: string, whose: ConfigPlace['whose'], home: string): string => {
  if (written.startsWith('/')) return written;
  if (written.startsWith('~/')) return `${home}${written.slice(1)}`;
  return whose === 'user' ? `${home}/.ssh/${written}` : `/etc/ssh/${written}`;
};

const refuse = (cause: string): Result<never> => fail({ tag: 'bad-input', cause });

/** One walk through the files for one host; a `Match final` makes it two. */
class Lookup {
  private readonly files: readonly (readonly Block[])[];
  private readonly world: ConfigWorld;
  private readonly query: ConfigQuery;
  private readonly found = new Map<string, string[]>();
  /** What Host lines are compared with: the name as it was asked for, in the second walk the name it stands for. */
  private host: string;
  private pass: 'first' | 'final' = 'first';
  private wantsFinal = false;
  private trouble: string | undefined;

  constructor(files: readonly (readonly Block[])[], world: ConfigWorld, query: ConfigQuery) {
    this.files = files;
    this.world = world;
    this.query = query;
    this.host = query.host;
    if (query.user !== undefined) this.found.set('user', [query.user]);
    if (query.port !== undefined) this.found.set('port', [String(query.port)]);
  }

  async options(): Promise<Result<ConfigOptions>> {
    await this.walkFiles();
    const named = this.found.get('hostname')?.[0];
    this.host = (named === undefined ? this.host : withTokens(named, { h: this.host })).toLowerCase();
    if ((this.found.get('canonicalizehostname')?.[0] ?? 'false') !== 'false') {
      await this.makeCanonical();
      this.wantsFinal = true;
    }
    if (this.wantsFinal) {
      this.found.set('hostname', [this.host]);
      this.pass = 'final';
      await this.walkFiles();
    }
    if (this.trouble !== undefined) return refuse(this.trouble);
    this.found.set('hostname', [this.host]);
    if (!this.found.has('user')) this.found.set('user', [this.world.localUser]);
    if (!this.found.has('port')) this.found.set('port', ['22']);
    return ok(this.found);
  }

  /** The first of the domains in which the name has an address. @see ssh_config(5), CanonicalizeHostname */
  private async makeCanonical(): Promise<void> {
    const first = (keyword: string): string => this.found.get(keyword)?.[0] ?? 'none';
    const isDirect = first('proxycommand') === 'none' && first('proxyjump') === 'none';
    if (isIP(this.host) !== 0 || (!isDirect && first('canonicalizehostname') !== 'always')) return;
    const { host } = this;
    const isAnchored = host.endsWith('.');
    if (!isAnchored && host.split('.').length - 1 > Number(this.found.get('canonicalizemaxdots')?.[0] ?? 1)) return;
    const domains = first('canonicaldomains') === 'none' ? [] : (this.found.get('canonicaldomains') ?? []);
    for (const full of isAnchored ? [host] : domains.map(domain => `${host}.${domain}.`.toLowerCase())) {
      if (!(await this.world.resolves(full))) continue;
      this.host = full.slice(0, -1);
      return;
    }
    if (first('canonicalizefallbacklocal') === 'no') this.stop(`${host} has no address in any of CanonicalDomains (${domains.join(' ')})`);
  }

  private async walkFiles(): Promise<void> {
    for (const blocks of this.files) await this.walk(blocks, true, 'may-match');
  }

  /** @param reach inside an Include that does not count, no Host line opens anything */
  private async walk(blocks: readonly Block[], isActive: boolean, reach: 'may-match' | 'never'): Promise<void> {
    let active = isActive;
    for (const block of blocks) {
      if (this.trouble !== undefined) return;
      if ('unknown' in block) {
        if (!matchesPatternList(block.unknown, (this.found.get('ignoreunknown')?.[0] ?? '').toLowerCase().split(',')))
          this.stop(`${block.at}: ssh has no option "${block.unknown}"; look for a typing error, or name it in IgnoreUnknown before`);
      } else if ('files' in block) {
        for (const inside of block.files) await this.walk(inside, active, active ? reach : 'never');
      } else if (block.keyword === 'host') active = this.isHost(block) && reach === 'may-match';
      else if (block.keyword === 'match') {
        const isMatch = await this.isMatch(block);
        active = isMatch && reach === 'may-match';
      } else if (active) this.take(block);
    }
  }

  private take({ keyword, args: values }: ConfigLine): void {
    const before = this.found.get(keyword);
    if (keyword === 'sendenv') this.found.set(keyword, sentNames(before ?? [], values));
    else if (before === undefined) {
      // Of a jump host and a command in its place the first one counts; only "ProxyJump none" leaves the command its place.
      const isTaken =
        keyword === 'proxyjump'
          ? this.found.has('proxycommand')
          : keyword === 'proxycommand' && (this.found.get('proxyjump')?.[0] ?? 'none') !== 'none';
      if (!isTaken) this.found.set(keyword, [...values]);
    } else if (adding.has(keyword)) before.push(...values.filter(value => !before.includes(value)));
  }

  private isHost({ args }: ConfigLine): boolean {
    let isOpen = false;
    for (const written of args) {
      const pattern = written.startsWith('!') ? written.slice(1) : written;
      if (!matchesPattern(this.host, pattern)) continue;
      if (pattern !== written) return false;
      isOpen = true;
    }
    return isOpen;
  }

  private async isMatch({ args, at }: ConfigLine): Promise<boolean> {
    let result = true;
    const words = matchWords(args);
    if (words.length === 0) return this.stop(`${at}: Match needs a condition; write for example Match host web*`);
    for (let index = 0, before = 0; index < words.length; index++, before++) {
      const written = words[index] ?? '';
      const isNegated = written.startsWith('!');
      const attribute = (isNegated ? written.slice(1) : written).toLowerCase();
      if (attribute === 'all') {
        if (before > 1 || index < words.length - 1) return this.stop(`${at}: "all" stands alone in a Match; take the rest out`);
        return result && !isNegated;
      }
      if (attribute === 'canonical' || attribute === 'final') {
        if (attribute === 'final') this.wantsFinal = true;
        if ((this.pass === 'final') === isNegated) result = false;
        continue;
      }
      const value = words[++index];
      if (value === undefined) return this.stop(`${at}: ${attribute} in a Match needs a value; write one behind it`);
      const holds = await this.holds(attribute, value, result);
      if (holds === undefined)
        return this.stop(`${at}: Match knows no condition "${attribute}"; there are host, originalhost, user, localuser, exec, all, final`);
      if (holds === isNegated) result = false;
    }
    return result;
  }

  /** undefined: there is no such condition. A command is run only where everything before it held, as ssh does. */
  private async holds(attribute: string, value: string, soFar: boolean): Promise<boolean | undefined> {
    const { localUser } = this.world;
    const user = this.found.get('user')?.[0] ?? localUser;
    switch (attribute) {
      case 'host':
        return matchesPatternList(this.hostNow().toLowerCase(), value.toLowerCase().split(','));
      case 'originalhost':
        return matchesPatternList(this.query.host.toLowerCase(), value.toLowerCase().split(','));
      case 'user':
        return matchesPatternList(user, value.split(','));
      case 'localuser':
        return matchesPatternList(localUser, value.split(','));
      case 'tagged':
        return matchesPatternList(this.found.get('tag')?.[0] ?? '', value.split(','));
      case 'exec':
        return soFar && this.world.succeeds(withTokens(value, this.tokens(user)));
      default:
        return undefined;
    }
  }

  private hostNow(): string {
    const named = this.found.get('hostname')?.[0];
    return named === undefined || this.pass === 'final' ? this.host : withTokens(named, { h: this.host });
  }

  private tokens(user: string): Tokens {
    const { home, localUser, machine } = this.world;
    return {
      d: home,
      h: this.hostNow(),
      L: machine.split('.')[0] ?? machine,
      l: machine,
      n: this.query.host,
      p: this.found.get('port')?.[0] ?? '22',
      r: user,
      u: localUser,
    };
  }

  private stop(cause: string): false {
    this.trouble ??= cause;
    return false;
  }
}

/** Of SendEnv: names behind a `-` take out what stood before. */
export const sentNames = (before: readonly string[], values: readonly string[]): string[] => {
  let names = [...before];
  for (const value of values) {
    if (value.startsWith('-')) names = names.filter(name => !matchesPattern(name, value.slice(1)));
    else names.push(value);
  }
  return names;
};

/** `host=web` and `host web` are the same. */
const matchWords = (args: readonly string[]): readonly string[] =>
  args.flatMap(word => {
    const pair = /^(!?[A-Za-z]+)=(.*)$/.exec(word);
    return pair === null ? [word] : [pair[1] ?? '', pair[2] ?? ''].filter(part => part !== '');
  });

/** Letters behind `%`, and what they stand for. */
export type Tokens = Readonly<Record<string, string>>;

/** Replaces `%h` and its like; what is no token of the list stays as it is. */
export const withTokens = (text: string, tokens: Tokens): string =>
  text.replace(/%(.)/g, (whole, letter: string) => (letter === '%' ? '%' : Object.hasOwn(tokens, letter) ? (tokens[letter] ?? '') : whole));
