// The only place that says which flags there are and what they take: Ansible's names, ours beside them.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { becomeMethods } from '../domain/become.ts';
import { parseDuration } from '../domain/duration.ts';
import { compileMask } from '../domain/mask.ts';

/** Flags of everything that runs something on hosts. */
export type RunFlags = {
  readonly inventory?: readonly string[];
  readonly limit?: string;
  readonly forks?: number;
  readonly background?: number;
  readonly poll?: number;
  readonly user?: string;
  readonly privateKey?: string;
  readonly timeout?: number;
  readonly handshakeTimeout?: number;
  readonly replyTimeout?: number;
  readonly transport?: 'auto' | 'ssh2' | 'openssh';
  readonly extraVars?: readonly string[];
  readonly serial?: number;
  readonly once?: string;
  readonly ansibleAsync?: boolean;
  readonly giveUp?: number;
  readonly persist?: number;
  readonly startRate?: number;
  readonly handshakes?: number;
  readonly reason?: string;
  readonly log: boolean;
  readonly mask?: readonly string[];
  readonly template: boolean;
  readonly plain?: boolean;
  readonly json?: boolean;
  readonly output?: string;
  readonly yes?: boolean;
  readonly state?: string;
  readonly mirror?: string;
  readonly practice?: boolean | string;
  readonly module?: string;
  readonly args?: string;
  readonly listHosts?: boolean;
  readonly vaultPasswordFile?: readonly string[];
  readonly vaultId?: readonly string[];
  readonly askVaultPass?: boolean;
  /** Ansible's other words for the same. */
  readonly vaultPassFile?: readonly string[];
  readonly askVaultPassword?: boolean;
  readonly become?: boolean;
  readonly becomeUser?: string;
  readonly becomeMethod?: string;
  readonly askBecomePass?: boolean;
  readonly askPass?: boolean;
  readonly connectionPasswordFile?: string;
  readonly connPassFile?: string;
  readonly becomePasswordFile?: string;
  readonly becomePassFile?: string;
};

/** A whole number between two. */
export const whole =
  (least: number, most = 1_000_000) =>
  (text: string): number => {
    const n = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isInteger(n) || n < least || n > most) throw new InvalidArgumentError(`it takes a whole number from ${least} to ${most}.`);
    return n;
  };

/** Ten years: what is longer was meant otherwise. */
const longest = 10 * 365 * 24 * 3600;

export const seconds = (text: string): number => {
  const read = parseDuration(text);
  if (!read.ok) throw new InvalidArgumentError(`${read.failure.cause}.`);
  if (read.value > longest) throw new InvalidArgumentError('it takes ten years at most.');
  return read.value;
};

const moreThanNone = (text: string): number => {
  const read = seconds(text);
  if (read === 0) throw new InvalidArgumentError('it takes a second at least.');
  return read;
};

const something = (text: string): string => {
  if (text.trim() === '') throw new InvalidArgumentError('it is empty.');
  return text;
};

/** What `rollcall play` takes besides. */
export type PlayFlags = RunFlags & {
  readonly syntaxCheck?: boolean;
  readonly listTasks?: boolean;
  readonly tags?: readonly string[];
  readonly skipTags?: readonly string[];
};

/** Words with commas between them; a flag that is repeated adds to them. */
export const listed = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text
    .split(',')
    .map(word => word.trim())
    .filter(word => word !== ''),
];

const many = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

const extraVars = (): Option =>
  new Option('-e, --extra-vars <k=v>', 'variables: k=v, JSON, or @FILE in YAML or JSON (repeatable)').argParser(many);

const maskPattern = (text: string, before: readonly string[] = []): readonly string[] => {
  const compiled = compileMask([text]);
  if (!compiled.ok) throw new InvalidArgumentError(`${compiled.failure.cause.replace(/^--mask 1 of 1: /, '')}.`);
  return [...before, text];
};

/** The state folder: every verb has it. */
export const withState = (command: Command): Command =>
  command.addOption(new Option('--state <dir>', 'state folder (default: the XDG state folder)').argParser(something));

/** Where a copy of the journal is kept. */
export const withMirror = (command: Command): Command =>
  command.addOption(
    new Option('--mirror <place>', 'keep a copy of the journal in a folder or at HOST:PATH; none ends it').argParser(something),
  );

/** How a run tells what happens. */
export const withOutputs = (command: Command): Command =>
  command
    .addOption(new Option('--plain', 'lines with times instead of a screen'))
    .addOption(new Option('--json', 'one event a line as JSON'))
    .addOption(new Option('--output <name>', 'plain, json or ansible-json').choices(['plain', 'json', 'ansible-json']));

/** A word that follows by chance (`--practice run …`) must not be taken for a number of hosts. */
const practiceHosts = (text: string): string => {
  if (!/^\d+$/.test(text))
    throw new InvalidArgumentError(`it takes a number of hosts; a verb stands before it: rollcall ${text} … --practice`);
  return text;
};

/** Which hosts and how they are reached. */
export const withFleet = (command: Command): Command =>
  withState(command)
    .addOption(new Option('-i, --inventory <path>', 'inventory file, or host1,host2, (repeatable)').argParser(many))
    .addOption(new Option('-l, --limit <pattern>', 'only hosts of this pattern'))
    .addOption(new Option('-u, --user <name>', 'log in as this user').argParser(something))
    .addOption(new Option('--private-key <file>', 'log in with this key'))
    .addOption(new Option('-T, --timeout <seconds>', 'time for a connect (10)').argParser(moreThanNone))
    .addOption(new Option('--handshake-timeout <seconds>', 'time from the connect to the login (15)').argParser(moreThanNone))
    .addOption(new Option('--reply-timeout <seconds>', 'time for a host to answer once it is logged in to (30)').argParser(moreThanNone))
    .addOption(new Option('--transport <name>', "auto (default), ssh2, or openssh: the system's ssh").choices(['auto', 'ssh2', 'openssh']))
    .addOption(new Option('--practice [hosts]', 'the practice fleet').argParser(practiceHosts))
    .addOption(new Option('--vault-password-file <file>', 'password of Ansible Vault; a program prints it (repeatable)').argParser(many))
    .addOption(
      new Option('--vault-id <label@source>', 'the same for one vault id; the source is a file, a program or prompt').argParser(many),
    )
    .addOption(new Option('--vault-pass-file <file>').argParser(many).hideHelp())
    .addOption(new Option('--ask-vault-password').hideHelp())
    .addOption(new Option('-J, --ask-vault-pass', 'ask for the password of Ansible Vault'))
    // Known, so that they get a sentence of their own.
    .addOption(new Option('-b, --become', 'run as another user (root; variables of the inventory win)'))
    .addOption(new Option('--become-user <name>', 'with -b: as this user (root)').argParser(something))
    .addOption(new Option('--become-method <name>', 'with -b: sudo (default), su or doas').choices([...becomeMethods]))
    .addOption(new Option('-K, --ask-become-pass', 'ask for the password for becoming another user'))
    .addOption(new Option('-k, --ask-pass', 'ask for the password for logging in'))
    .addOption(
      new Option('--connection-password-file <file>', 'read the password for logging in (- is standard input)').argParser(something),
    )
    .addOption(new Option('--conn-pass-file <file>').argParser(something).hideHelp())
    .addOption(new Option('--become-password-file <file>', 'read the password for becoming another user').argParser(something))
    .addOption(new Option('--become-pass-file <file>').argParser(something).hideHelp());

/** Flags that are taken for the sake of scripts, and mean nothing where hosts are only chosen. */
const loginFlags: ReadonlySet<string | undefined> = new Set([
  '--user',
  '--private-key',
  '--timeout',
  '--handshake-timeout',
  '--reply-timeout',
  '--transport',
  '--become',
  '--become-user',
  '--become-method',
  '--ask-become-pass',
  '--ask-pass',
  '--connection-password-file',
  '--become-password-file',
]);

/** Which hosts, for a verb that reaches them as their runs do. */
export const withChoice = (command: Command): Command => {
  for (const option of withFleet(command).options) if (loginFlags.has(option.long)) option.hideHelp();
  return command;
};

/** How it is run. */
export const withRun = (command: Command): Command =>
  withMirror(withOutputs(withFleet(command)))
    .addOption(new Option('-f, --forks <n>', 'connections at once').argParser(whole(1, 10_000)))
    .addOption(extraVars())
    .addOption(new Option('--once <name>', 'join the unfinished run of this name instead of starting another').argParser(something))
    .addOption(new Option('--ansible-async', 'keep ~/.ansible_async/JID on each host too, so that async_status reads the job'))
    .addOption(new Option('--give-up <time>', 'give a silent host up after this long (30m)').argParser(seconds))
    .addOption(new Option('--persist <seconds>', 'keep a connection for a look due this soon (20; 0 lets go at once)').argParser(seconds))
    .addOption(new Option('--start-rate <n>', 'starts a second (20; 0 for no limit)').argParser(whole(0)))
    .addOption(new Option('--handshakes <n>', 'handshakes at once per address (8)').argParser(whole(1)))
    .addOption(new Option('--reason <text>', 'why, for the journal'))
    .addOption(
      new Option('--mask <regex>', 'keep what matches in command lines out of journal, hosts, logs and reports (repeatable)').argParser(
        maskPattern,
      ),
    )
    .addOption(new Option('--no-log', 'keep the command out of journal, hosts, logs and reports; output is not fetched'))
    .addOption(new Option('--yes', 'ask nothing'))
    .addOption(new Option('--list-hosts', 'print the hosts and end'));

/** What only an ad hoc command takes. */
export const withAdHoc = (command: Command): Command =>
  withRun(command)
    .addOption(new Option('-B, --background <seconds>', 'run async, with this time limit').argParser(seconds))
    .addOption(new Option('-P, --poll <seconds>', 'look exactly this often; 0 lets go').argParser(seconds))
    .addOption(new Option('--serial <n>', 'hosts per batch').argParser(whole(1)))
    .addOption(new Option('-m, --module-name <name>', 'shell or command').choices(['shell', 'command']))
    .addOption(new Option('-a, --args <text>', 'arguments of the module'))
    .addOption(new Option('--no-template', 'leave {{ braces }} alone'));

/** How a text is meant, and whose variables it sees. */
export const withEval = (command: Command): Command =>
  withFleet(command)
    .addOption(new Option('--when', 'as a condition: true or false'))
    .addOption(new Option('--template', 'as a text with {{ braces }}'))
    .addOption(new Option('-p, --pattern <hosts>', 'with the variables of these hosts, one value each'))
    .addOption(extraVars());
