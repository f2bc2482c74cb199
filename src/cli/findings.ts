// The only place that says what `rollcall doctor` found, in sentences: what to mend on hosts, in ssh_config, on this machine.
// It compares our reading of ssh_config with ssh's own, where there is an ssh.
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { failureSentence, failureTable } from '../domain/failure.ts';
import { fold } from '../domain/nodeset.ts';
import { safeText } from '../domain/safe-line.ts';
import { listAgentKeys } from '../ssh/agent.ts';
import type { ConfigOptions, ConfigQuery } from '../ssh/config.ts';
import { honoured, meaningless, printedOptions } from '../ssh/config-print.ts';
import type { Examined } from './examine.ts';
import type { World } from './world.ts';

/** Options that would change something, are set for a host, and are not honoured. */
export const unhonoured = (options: ConfigOptions): readonly string[] =>
  [...options]
    .filter(([keyword, [value]]) => !honoured.has(keyword) && !meaningless.has(keyword) && !/^(?:no|false|none)$/.test(value ?? ''))
    .map(([keyword]) => keyword);

/** Stands for a host's own name while sentences are compared; no sentence holds it. */
const itself = '\u0000';

/** What is to be mended on hosts: equal sentences once, with the hosts folded. */
export const hostFindings = (examined: readonly Examined[]): readonly string[] => {
  const told = examined.flatMap(one =>
    sentencesOf(one).map(sentence => ({ host: one.host, sentence: sentence.replaceAll(one.host, itself) })),
  );
  return [...Map.groupBy(told, ({ sentence }) => sentence)].map(([sentence, hosts]) => {
    const names = hosts.map(({ host }) => host);
    return `${fold(names)}: ${sentence.replaceAll(itself, names.length === 1 ? (names[0] ?? '') : 'HOST')}`;
  });
};

/** Less than this in a home, bytes, and output has no place. */
const littleSpace = 64 * 1024 * 1024;
/** A clock that is off by more, s, makes times of hosts and of this machine hard to compare. */
const muchSkew = 30;

const sentencesOf = ({ failure, there, hostKey }: Examined): readonly string[] => {
  if (failure?.tag === 'host-key-unknown' && hostKey?.fingerprint !== undefined) {
    const { what, next } = failureTable[failure.tag];
    return [`${what}; ${next}`, `it shows ${hostKey.type} ${hostKey.fingerprint}`];
  }
  if (failure !== undefined) return [failureSentence({ ...failure, host: '' }).replace(/^: /, '')];
  const { free, skew = 0, isWritable = true, home = 'its home' } = there ?? {};
  return [
    ...(isWritable ? [] : [`${home} cannot be written to: jobs have no place there; give the login user a home of its own`]),
    ...(free !== undefined && free < littleSpace ? [`only ${bytesOf(free)} are free in ${home}; make room before output is lost`] : []),
    ...(Math.abs(skew) > muchSkew
      ? [`its clock is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} ours; look at its time service`]
      : []),
    ...(hostKey?.state === 'unchecked'
      ? ['its host key is in no known_hosts, and nobody checks it; set StrictHostKeyChecking to accept-new or yes']
      : []),
  ];
};

/** With a unit of 1000, as `df -H`. */
export const bytesOf = (bytes: number): string => {
  for (const [unit, size] of [
    ['T', 1e12],
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const)
    if (bytes >= size) return `${bytes >= 100 * size ? Math.round(bytes / size) : (bytes / size).toFixed(1)} ${unit}B`;
  return `${bytes} B`;
};

/** How long ssh may take to say what it reads, ms. */
const patience = 5000;

/** Lines of ssh that we read otherwise for one host; undefined where there is no ssh, it refuses, or it reads another home. */
export const otherReading = async (query: ConfigQuery, options: ConfigOptions, world: World): Promise<readonly string[] | undefined> => {
  const { home, user, uid = 0, env } = world;
  if (otherHome(home) !== undefined) return undefined;
  const ours = printedOptions(query.host, options, { home, localUser: user, machine: hostname(), uid, env });
  const args = [...(query.user === undefined ? [] : ['-l', query.user]), ...(query.port === undefined ? [] : ['-p', String(query.port)])];
  const said = await outputOf('ssh', ['-G', ...args, '--', query.host]);
  if (said === undefined || !ours.ok) return undefined;
  // Defaults differ from version to version: only what somebody wrote down is compared.
  const asked = (lines: readonly string[]): readonly string[] =>
    lines.filter(line => honoured.has(wordOf(line)) && options.has(wordOf(line)));
  const [theirs, mine] = [asked(said.split('\n')), asked(ours.value)];
  return theirs.filter(line => !mine.includes(line)).map(line => safeText(line, 200));
};

/** The keyword of a line. */
export const wordOf = (line: string): string => line.split(' ')[0] ?? '';

const outputOf = (command: string, args: readonly string[]): Promise<string | undefined> =>
  new Promise(resolve => {
    execFile(command, args, { timeout: patience, encoding: 'utf8' }, (error, stdout) => resolve(error === null ? stdout : undefined));
  });

/** One fact of this machine, and whether it needs mending. */
export type MachineFact = { readonly what: string; readonly state: 'fine' | 'mend'; readonly said: string };

/** ssh, agent, known_hosts, and the modes of what should be ours alone. @param stateDir need not exist */
export const machineFacts = async (world: World, stateDir: string, needsSsh: boolean): Promise<readonly MachineFact[]> => {
  const folder = join(world.home, '.ssh');
  const version = await versionOfSsh();
  const known = join(folder, 'known_hosts');
  return [
    version === undefined
      ? fact(
          'ssh',
          needsSsh ? 'mend' : 'fine',
          needsSsh ? 'there is no ssh on this machine, and hosts need it; install openssh-client' : 'there is none; no host needs it',
        )
      : fact('ssh', 'fine', version),
    await agentFact(world.env['SSH_AUTH_SOCK']),
    isThere(known) ? fact('known_hosts', 'fine', known) : fact('known_hosts', 'fine', `there is no ${known}: every host key is unknown`),
    ...homeFact(world.home),
    ...modeFact(folder, 0o077, `chmod 700 ${folder}`, world.uid),
    ...modeFact(stateDir, 0o002, `chmod 700 ${stateDir}`, world.uid),
  ];
};

const fact = (what: string, state: MachineFact['state'], said: string): MachineFact => ({ what, state, said });

const versionOfSsh = (): Promise<string | undefined> =>
  new Promise(resolve => {
    execFile('ssh', ['-V'], { timeout: patience, encoding: 'utf8' }, (error, _stdout, stderr) =>
      resolve(error === null ? safeText(stderr, 100).trim() : undefined),
    );
  });

const agentFact = async (socket: string | undefined): Promise<MachineFact> => {
  if (socket === undefined || socket === '') return fact('agent', 'fine', 'none: SSH_AUTH_SOCK is not set');
  const answer = await listAgentKeys(socket, AbortSignal.timeout(patience));
  if (!answer.ok) return fact('agent', 'mend', `the agent at ${socket} ${answer.why}; start another, or unset SSH_AUTH_SOCK`);
  return fact('agent', 'fine', `${socket} holds ${answer.value.length} key${answer.value.length === 1 ? '' : 's'}`);
};

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

/** The home that passwd names, where that is another: the system's ssh goes by it, and not by HOME. */
const otherHome = (home: string): string | undefined => {
  try {
    const { homedir } = userInfo();
    return homedir === home ? undefined : homedir;
  } catch {
    return undefined;
  }
};

const homeFact = (home: string): readonly MachineFact[] => {
  const other = otherHome(home);
  if (other === undefined) return [];
  return [
    fact(
      'home',
      'mend',
      `HOME is ${home}, but the system's ssh reads ${other}/.ssh, as passwd has it; hosts that need it see other settings`,
    ),
  ];
};

const modeFact = (path: string, forbidden: number, cure: string, uid: number | undefined): readonly MachineFact[] => {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || (uid !== undefined && found.uid !== uid)) return [];
  const mode = `mode ${(found.mode & 0o7777).toString(8)}`;
  if ((found.mode & forbidden) === 0) return [fact(path, 'fine', mode)];
  return [fact(path, 'mend', `others may look or write there (${mode}); ${cure}`)];
};
