// The only place for failures as data and for the sentences they become: what happened, why, what to do next.
// Every tag has a row in the table, so a new tag does not compile until it has a stage, a verdict and a cure.

/** Where on its way the work failed. */
export type Stage = 'input' | 'here' | 'connect' | 'handshake' | 'login' | 'transfer' | 'host';

/** A failure as it is journalled: plain data, no Error object, no secrets. */
export type Failure = {
  readonly tag: FailureTag;
  /** Inventory name of the host it happened on, where there is one. */
  readonly host?: string;
  /** The cause in the words of the part that saw it; one line, sanitised before it is shown. */
  readonly cause: string;
  /** Facts that the sentence needs: numbers and names only. */
  readonly facts?: Readonly<Record<string, string | number>>;
};

type Row = {
  readonly stage: Stage;
  /** Whether a *start* may be tried again without telling anybody (nothing can have run). */
  readonly retry: 'silently' | 'never';
  readonly what: string;
  readonly next: string;
};

const row = (stage: Stage, retry: Row['retry'], what: string, next: string): Row => ({
  stage,
  retry,
  what,
  next,
});

/** One row per tag: stage, whether a start may be retried, what to say, what to do next. */
export const failureTable = {
  'bad-input': row('input', 'never', 'bad input', 'mend it and run the command again'),
  'needs-person': row(
    'input',
    'never',
    'a person is needed',
    'or answer where it is asked for: in the console, in a terminal, or in rollcall attach',
  ),
  'disk-full-here': row('here', 'never', 'the disk of this machine is full', 'free some space; new starts wait until then'),
  'mirror-behind': row(
    'here',
    'never',
    'the mirror of the journal is behind',
    'runs go on; it is tried again by itself, save where it is not ours to write',
  ),
  'state-folder': row('here', 'never', 'the state folder cannot be used', 'check its owner and mode, or give --state DIR'),
  'driver-gone': row(
    'here',
    'never',
    'the driver went away',
    'run the command again: it starts a new driver, which goes on from the journal',
  ),
  'driver-refused': row(
    'here',
    'never',
    'the driver of this state folder does not serve us',
    'use the version that started it, or wait: it goes a minute after its last run',
  ),
  'practice-failed': row(
    'here',
    'never',
    'the practice fleet does not start',
    'see its log; rollcall practice --stop clears what is left of one',
  ),
  'address-unknown': row('connect', 'never', 'its address is unknown', 'check ansible_host, or the name service'),
  refused: row('connect', 'never', 'connection refused', 'check that sshd runs there and that ansible_port is right'),
  unroutable: row('connect', 'never', 'no route to it', 'check the network between here and there'),
  'jump-needed': row(
    'connect',
    'never',
    'ssh would go through something that is not understood',
    "leave --transport at auto: then the system's ssh goes there; or say ProxyJump none where the host can be reached from here",
  ),
  'not-supported': row(
    'connect',
    'never',
    'the inventory asks for what is not supported yet',
    'take it out of the inventory where the command may run without it',
  ),
  'chain-too-long': row('connect', 'never', 'its chain of jump hosts is longer than forks', 'give it more with -f'),
  'jump-refused': row(
    'connect',
    'never',
    'its jump host does not pass us on',
    'check AllowTcpForwarding and PermitOpen in sshd_config of the jump host',
  ),
  'connect-timeout': row('connect', 'never', 'connect timed out', 'check that the host is up and reachable, or give it longer with -T'),
  'dropped-in-handshake': row('handshake', 'silently', 'refused during the handshake', 'probably sshd MaxStartups; lower --handshakes'),
  'handshake-timeout': row(
    'handshake',
    'silently',
    'the handshake timed out',
    'the host is overloaded or what answers is not sshd; --handshake-timeout gives it longer',
  ),
  'not-ssh': row('handshake', 'never', 'what answers there is not SSH', 'check ansible_port'),
  'no-common-algorithm': row(
    'handshake',
    'never',
    'no algorithm in common',
    'the host offers only algorithms that this client does not have',
  ),
  'host-key-unknown': row(
    'handshake',
    'never',
    'its host key is unknown',
    'compare the fingerprint with its own; then add the key to known_hosts, or say yes where it is asked for: in a terminal, or in rollcall attach',
  ),
  'host-key-changed': row(
    'handshake',
    'never',
    'ITS HOST KEY HAS CHANGED',
    'somebody may be listening in, or the host was reinstalled; ask before you remove the old key from known_hosts',
  ),
  'host-key-revoked': row('handshake', 'never', 'its host key is revoked', 'known_hosts marks this key @revoked: do not connect'),
  'login-refused': row('login', 'never', 'login refused', 'check ansible_user, and that its authorized_keys hold this key'),
  'password-expired': row('login', 'never', 'the password has expired', 'log in there with ssh once, and change it'),
  'account-refused': row('login', 'never', 'the account is locked or over', 'ask whoever keeps the accounts of that host'),
  'key-unusable': row(
    'login',
    'never',
    'the private key cannot be used',
    'mend that, or name another: --private-key, ansible_ssh_private_key_file, or IdentityFile in ssh_config',
  ),
  'agent-unreachable': row('login', 'never', 'the SSH agent does not answer', 'start ssh-agent, or give a key with --private-key'),
  'waits-for-answer': row('login', 'silently', 'an answer is waited for', 'give it in rollcall attach; nothing was started there'),
  'password-refused': row(
    'login',
    'never',
    'the password was refused',
    'give the right one: in the inventory where it stands there, else with -k or -K, or where it is asked for; a locked account turns any away',
  ),
  'connection-lost': row('transfer', 'silently', 'the connection was lost', 'it is asked again by itself'),
  'reply-timeout': row(
    'transfer',
    'silently',
    'no reply in time',
    'the host is overloaded; it is asked again by itself, and --reply-timeout gives it longer',
  ),
  'channel-refused': row('transfer', 'silently', 'the host refused a session on an open connection', 'probably sshd MaxSessions'),
  'reply-garbled': row(
    'transfer',
    'silently',
    'the reply makes no sense',
    'it is asked again by itself; if it stays, look at the login scripts of that account',
  ),
  'another-machine': row(
    'transfer',
    'never',
    'another machine answered',
    'a shared home or a name that leads to several machines: give each machine an ansible_host of its own',
  ),
  'request-cut': row('transfer', 'silently', 'the request arrived cut off', 'it is sent again by itself'),
  'become-refused': row('host', 'never', 'it does not let us become another', 'see the cause; the sudoers of that host decide'),
  restricted: row(
    'host',
    'never',
    'the account does not run commands',
    'it has a restricted shell or a forced command; use another account',
  ),
  'shell-missing': row('host', 'never', '/bin/sh is missing or does not run', 'a host needs /bin/sh and sshd, nothing else'),
  'home-missing': row('host', 'never', 'the account has no home folder', 'make one, or use another account'),
  'home-read-only': row('host', 'never', 'the home folder is read-only', 'remount it writable, or use another account'),
  'disk-full': row('host', 'never', 'the disk there is full', 'free some space in the home folder there'),
  'no-session': row('host', 'never', 'no way to detach a job', 'install util-linux (setsid), perl or python3 there'),
  fenced: row('host', 'never', 'another driver of this line has taken over', 'watch from there; this driver has become a watcher'),
  'host-refused': row('host', 'never', 'the host refused', 'see the cause'),
  'folder-unsafe': row(
    'host',
    'never',
    'the folder of our jobs there cannot be trusted',
    'find out who put it there; it has to be a folder of that account, without symbolic links',
  ),
  'state-unreadable': row('host', 'never', 'the job folder cannot be read', 'check ~/.rollcall there: owner, mode, disk'),
} as const satisfies Record<string, Row>;

/** The name of a kind of failure. */
export type FailureTag = keyof typeof failureTable;

/** Three lengths of the same truth. */
export type Described = {
  readonly what: string;
  readonly why: string;
  readonly next: string;
};

/** Turns a failure into the lines that people read: what, why, what to do next. */
export const describeFailure = (failure: Failure): Described => {
  const entry: Row = failureTable[failure.tag];
  const where = failure.host === undefined ? '' : `${failure.host}: `;
  return { what: `${where}${entry.what}`, why: failure.cause, next: entry.next };
};

/** The failure in one sentence, for lists and logs. */
export const failureSentence = (failure: Failure): string => {
  const { what, why, next } = describeFailure(failure);
  return why === '' || why === what ? `${what}; ${next}` : `${what}: ${why}; ${next}`;
};

/** True when a start that failed like this cannot have run and may be sent again. */
export const mayRetryStart = (failure: Failure): boolean => (failureTable[failure.tag] as Row).retry === 'silently';

/** True where nothing is broken: somebody has to say something first. */
export const needsPerson = ({ tag }: Failure): boolean => tag === 'needs-person' || tag === 'host-key-unknown';

/** True when the host has answered that it did not begin; an unreadable job folder tells nothing. */
export const isRefusal = ({ tag }: Failure): boolean =>
  tag === 'password-refused' || tag === 'needs-person' || (failureTable[tag].stage === 'host' && tag !== 'state-unreadable');
