// The only place that lists what can go wrong, and when: one row per fault and phase. The campaign counts how often each
// was really met; test/faults/campaign.test.ts fails when one never was.

/** What can happen to one request on an open line, and to its reply. */
export const wireFaults = [
  /** Not a byte of it arrives; the link is gone. */
  'request lost',
  /** The host gets its first n bytes, then the end; we hear nothing. */
  'request cut',
  /** The same, and the host's word about it is heard. */
  'request cut and said',
  /** The link is gone, and the request arrives whole some time after. */
  'request late',
  /** It arrives twice. */
  'request doubled',
  'reply lost',
  /** We get its first n bytes, and the link is gone. */
  'reply cut',
  /** We get its first n bytes, and the exit status as if that had been all. */
  'reply truncated',
  /** Something that is none of its bytes stands at the n-th. */
  'reply garbled',
  /** A login script talks before it. */
  'reply behind noise',
  'reply delayed',
  /** Half-open: nothing comes back until our patience ends; whether the request arrived is not known. */
  'link half-open',
  /** MaxSessions: no session on the open link. */
  'session refused',
  /** sshd's session is killed while the runner works. */
  'session killed',
] as const;

/** Which request it is; `install` is a start that brings the runner along. */
export const wirePhases = ['start', 'install', 'look', 'cancel', 'extend'] as const;

export const connectFaults = [
  'connection refused',
  'connect timed out',
  /** MaxStartups: closed before the banner. */
  'dropped before the banner',
  'handshake half-open',
  /** sshd dies between accept and auth. */
  'dropped before the login',
  /** Never tried again. */
  'host key changed',
  'login refused',
] as const;

/** `first`: no job of the host has been acknowledged; `again`: some have. */
export const connectPhases = ['first contact', 'later contact'] as const;

export const deathPhases = [
  'before an intent',
  'after an intent',
  'before a fact',
  'after a fact',
  'between bytes and their event',
  'while connecting',
  'before a start is sent',
  'within a start',
  'after a start was sent',
  'within the reply to a start',
  'after a look was sent',
  'after a cancel was sent',
  'while all wait',
  'while taking up',
] as const;

const rest: Readonly<Record<string, readonly string[]>> = {
  'host reboots': ['while a start is answered', 'while jobs run', 'while idle'],
  'host is reinstalled': ['while jobs run', 'while idle'],
  'host clock jumps': ['while jobs run'],
  'job is killed there': ['while it runs'],
  'supervisor is killed there': ['while it runs'],
  'disk there is full': ['at a start', 'at a cancel'],
  'runner there is gone': ['at a start', 'at a look'],
  'host is unreachable': ['while jobs run', 'before first contact'],
  'clock here jumps': ['forward', 'back'],
  'driver sleeps': ['while jobs run'],
  'disk here is full': ['at an intent', 'at a fact'],
  'driver killed': deathPhases,
  'power lost': deathPhases,
  'console leaves': ['while it runs'],
  'headless client vanishes': ['while it runs'],
  'answer to a submission lost': ['and submitted again'],
  'another driver takes over': ['while the first lives', 'while the first sleeps', 'after the first died'],
};

/** A row of the table. */
export type Cell = { readonly fault: string; readonly phase: string };

const rows = (faults: readonly string[], phases: readonly string[]): Cell[] =>
  faults.flatMap(fault => phases.map(phase => ({ fault, phase })));

/** The whole table. */
export const cells: readonly Cell[] = [
  ...rows(wireFaults, wirePhases),
  ...rows(connectFaults, connectPhases),
  ...Object.entries(rest).flatMap(([fault, phases]) => rows([fault], phases)),
];

export const nameOf = ({ fault, phase }: Cell): string => `${fault}: ${phase}`;

/** How often each cell was met, by name. */
export type Hits = Map<string, number>;

export const addHits = (to: Hits, from: Hits): void => {
  for (const [name, times] of from) to.set(name, (to.get(name) ?? 0) + times);
};

/** Cells that were never met. */
export const missed = (hits: Hits): readonly string[] => cells.map(nameOf).filter(name => (hits.get(name) ?? 0) === 0);

/** The table as people read it: a line per fault, its phases with their counts. */
export const tableOf = (hits: Hits): string => {
  const faults = [...new Set(cells.map(({ fault }) => fault))];
  const line = (fault: string): string =>
    `${fault.padEnd(28)} ${cells
      .filter(cell => cell.fault === fault)
      .map(cell => `${cell.phase} ${hits.get(nameOf(cell)) ?? 0}`)
      .join(' · ')}`;
  return faults.map(line).join('\n');
};
