// The only place for what an acting host says, and how long it takes: the fixed list of commands that it knows.
// Each program is a pure function from words and facts to lines with pauses; nothing here waits or runs anything.
import type { Random } from './faults.ts';

/** What a program may know of its host. */
export type Facts = {
  readonly host: string;
  readonly bootId: string;
  /** Seconds since the host's boot. */
  readonly up: number;
  /** Milliseconds since 1970 at which the command starts. */
  readonly at: number;
  readonly random: Random;
  /** What stays over a reboot and may be changed: packages that are pending or installed. */
  readonly kept: Set<string>;
  /** What a reboot clears and may be changed: services that were stopped. */
  readonly running: Set<string>;
  /** Milliseconds until a package manager's lock is free; 0 when it is. */
  readonly lockedFor: number;
};

/** One line of output after a pause, in milliseconds. */
export type Line = { readonly pause: number; readonly text: string; readonly stream: 'out' | 'err' };

/** What a program does: lines, an exit code, and for some a lock held to the end or a reboot. */
export type Act = { readonly lines: readonly Line[]; readonly code: number; readonly locks?: true; readonly reboots?: true };

type Program = (words: readonly string[], facts: Facts) => Act;

const out = (text: string, pause = 0): Line => ({ pause, text: `${text}\n`, stream: 'out' });
/** Silence for so many milliseconds. */
const nothing = (pause: number): Line => ({ pause, text: '', stream: 'out' });
const err = (text: string): Line => ({ pause: 0, text: `${text}\n`, stream: 'err' });
const says = (...texts: readonly string[]): Act => ({ lines: texts.map(text => out(text)), code: 0 });
const fails = (code: number, text: string): Act => ({ lines: [err(text)], code });

/** Lines after short pauses, as a busy program prints them. */
const busily = (facts: Facts, texts: readonly string[]): Line[] => texts.map(text => out(text, 100 + Math.floor(facts.random() * 350)));

const pending = 'apt: upgrades pending';
const upgrades = ['openssl', 'libssl3', 'tzdata', 'ca-certificates', 'curl', 'libcurl4', 'systemd', 'sudo'];
const services = new Set(['app', 'cron', 'nginx', 'postgresql', 'ssh', 'sshd']);

const waitForLock = (facts: Facts): Line[] => {
  const seconds = Math.ceil(facts.lockedFor / 1000);
  const said = 'Waiting for cache lock: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (apt-get)...';
  return Array.from({ length: seconds }, (_, i) => [out(`${said} ${i}s`), nothing(1000)]).flat();
};

const aptGet: Program = (words, facts) => {
  const [operation, ...names] = words.filter(word => !word.startsWith('-'));
  const act = (texts: readonly string[]): Act => ({ lines: [...waitForLock(facts), ...busily(facts, texts)], code: 0, locks: true });
  const reading = ['Reading package lists... Done', 'Building dependency tree... Done', 'Reading state information... Done'];
  switch (operation) {
    case 'update':
      facts.kept.add(pending);
      return act(['Hit:1 http://deb.practice.example/debian stable InRelease', 'Fetched 372 kB in 1s (311 kB/s)', reading[0]!]);
    case 'upgrade':
    case 'dist-upgrade':
    case 'full-upgrade': {
      const list = facts.kept.delete(pending) ? upgrades : [];
      return act([
        ...reading,
        `${list.length} upgraded, 0 newly installed, 0 to remove and 0 not upgraded.`,
        ...list.map(name => `Unpacking ${name} ...`),
        ...list.map(name => `Setting up ${name} ...`),
      ]);
    }
    case 'install': {
      const fresh = names.filter(name => !facts.kept.has(name));
      for (const name of fresh) facts.kept.add(name);
      return act([
        ...reading,
        `0 upgraded, ${fresh.length} newly installed, 0 to remove and 0 not upgraded.`,
        ...fresh.flatMap(name => [`Unpacking ${name} (1.0-1) ...`, `Setting up ${name} (1.0-1) ...`]),
      ]);
    }
    default:
      return fails(100, `E: Invalid operation ${operation ?? '(none)'}`);
  }
};

const dnf: Program = (words, facts) => {
  const [operation, ...names] = words.filter(word => !word.startsWith('-'));
  const list = operation === 'install' ? names : upgrades.slice(0, 5);
  if (!['upgrade', 'update', 'install'].includes(operation ?? '')) return fails(1, `No such command: ${operation ?? '(none)'}.`);
  const rows = list.map((name, i) => `  ${operation === 'install' ? 'Installing' : 'Upgrading'}  : ${name}  ${i + 1}/${list.length}`);
  return { lines: [...waitForLock(facts), ...busily(facts, ['Dependencies resolved.', ...rows, 'Complete!'])], code: 0, locks: true };
};

const systemctl: Program = ([verb = 'list-units', ...rest], facts) => {
  const names = rest.filter(word => !word.startsWith('-')).map(word => word.replace(/\.service$/, ''));
  const strange = names.find(name => !services.has(name));
  if (strange !== undefined) return fails(5, `Unit ${strange}.service could not be found.`);
  const slowly = (): Act => ({ lines: [nothing(1000 + Math.floor(facts.random() * 2000))], code: 0 });
  const stateOf = (name: string) => (facts.running.has(`stopped ${name}`) ? 'inactive' : 'active');
  switch (verb) {
    case 'start':
    case 'restart':
    case 'reload':
      for (const name of names) facts.running.delete(`stopped ${name}`);
      return slowly();
    case 'stop':
      for (const name of names) facts.running.add(`stopped ${name}`);
      return slowly();
    case 'is-active':
      return { lines: names.map(name => out(stateOf(name))), code: names.every(name => stateOf(name) === 'active') ? 0 : 3 };
    case 'status':
      return {
        lines: names.map(name => out(`● ${name}.service: ${stateOf(name)}`)),
        code: names.every(n => stateOf(n) === 'active') ? 0 : 3,
      };
    case 'list-units':
      return says(...[...services].map(name => `${name}.service loaded ${stateOf(name)}`));
    case 'reboot':
      return { lines: [], code: 0, reboots: true };
    default:
      return fails(1, `Unknown command verb '${verb}'.`);
  }
};

const sleep: Program = words => {
  const seconds = Number(words[0]);
  if (!(seconds >= 0)) return fails(1, `sleep: invalid time interval '${words[0] ?? ''}'`);
  return { lines: [nothing(Math.min(seconds, 1e9) * 1000)], code: 0 };
};

const cat: Program = (words, facts) => {
  const files: Readonly<Record<string, string>> = {
    '/proc/sys/kernel/random/boot_id': facts.bootId,
    '/etc/hostname': facts.host,
    '/proc/uptime': `${facts.up.toFixed(2)} ${facts.up.toFixed(2)}`,
  };
  const strange = words.find(word => files[word] === undefined);
  return strange === undefined ? says(...words.map(word => files[word]!)) : fails(1, `cat: ${strange}: No such file or directory`);
};

const reboot: Program = () => ({ lines: [], code: 0, reboots: true });
const quietly: Program = () => says();

/** The fixed list. */
export const actingPrograms: ReadonlyMap<string, Program> = new Map<string, Program>([
  ['true', quietly],
  [':', quietly],
  ['false', () => ({ lines: [], code: 1 })],
  ['set', quietly],
  ['export', quietly],
  ['cd', quietly],
  ['echo', words => says(words.join(' '))],
  ['sleep', sleep],
  ['cat', cat],
  ['hostname', (_, facts) => says(facts.host)],
  ['uname', (words, facts) => says(words[0] === '-n' ? facts.host : 'Linux')],
  ['whoami', () => says('ops')],
  ['pwd', () => says('/home/ops')],
  ['date', (_, facts) => says(new Date(facts.at).toUTCString())],
  ['uptime', (_, facts) => says(` up ${Math.floor(facts.up / 60)} min,  0 users,  load average: 0.08, 0.03, 0.01`)],
  ['apt-get', aptGet],
  ['apt', aptGet],
  ['dnf', dnf],
  ['yum', dnf],
  ['systemctl', systemctl],
  ['service', ([name = '', verb = 'status'], facts) => systemctl([verb, name], facts)],
  ['reboot', reboot],
  ['shutdown', reboot],
  ['poweroff', reboot],
]);
