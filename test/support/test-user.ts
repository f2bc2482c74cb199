// The only place that makes accounts with passwords for tests: they exist in a private view of /etc, which only one sshd and its sessions have.
// Nothing of this machine is changed: a mount namespace of its own puts our passwd, shadow, PAM and sudoers over the real ones.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An account of one test server. */
export type TestUser = {
  readonly name: string;
  readonly password: string;
  /** `ALL=(ALL:ALL) ALL`: what stands behind its name in sudoers. */
  readonly sudoers?: string;
  /** The password has to be changed at the next login, the account is over, or its password is locked. */
  readonly state?: 'password-expired' | 'account-expired' | 'locked';
  /** Default /bin/sh. */
  readonly shell?: string;
};

/** What a private view of /etc holds besides the users. */
export type EtcOptions = {
  /** Lines of PAM's `sshd` service; default: passwords by pam_unix, without its delay. */
  readonly pam?: readonly string[];
  /** Lines of sudoers before those of the users, such as `Defaults !requiretty`. */
  readonly sudoers?: readonly string[];
  /** Lines of doas.conf, which this machine need not have. */
  readonly doas?: readonly string[];
};

/** A made user. */
export type MadeUser = TestUser & { readonly home: string; readonly uid: number };

/** A private view of /etc: what to put before a command so that it, and all that it starts, sees it. */
export type PrivateEtc = { readonly enter: readonly string[]; readonly users: readonly MadeUser[] };

/**
 * Whether this process may make accounts that only its own servers see.
 * @throws Error where ROLLCALL_REQUIRE_SSHD=1 says that it must: CI may not skip.
 */
export function testUsersAvailable(): boolean {
  const can = process.getuid?.() === 0 && spawnSync('unshare', ['-m', '--propagation', 'private', 'true']).status === 0;
  if (!can && process.env['ROLLCALL_REQUIRE_SSHD'] === '1')
    throw new Error('ROLLCALL_REQUIRE_SSHD=1, but no mount namespace can be made: run it as root, with CAP_SYS_ADMIN');
  return can;
}

/** Far from what a distribution gives to people. */
const firstUid = 47_100;

/**
 * Writes the files of the view into a folder; homes too, each its user's own.
 * @param dir is made passable for other users
 */
export function makePrivateEtc(dir: string, users: readonly TestUser[], options: EtcOptions = {}): PrivateEtc {
  const etc = join(dir, 'etc');
  const pam = join(etc, 'pam.d');
  mkdirSync(pam, { recursive: true });
  // Sessions of other users than root have to pass through to their homes.
  chmodSync(dir, 0o711);
  const made = users.map((user, at): MadeUser => {
    const uid = firstUid + at;
    const home = join(dir, `home-of-${user.name}`);
    mkdirSync(home, { mode: 0o700 });
    chownSync(home, uid, uid);
    return { ...user, home, uid };
  });
  const put = (name: string, lines: readonly string[], mode = 0o644): void => {
    writeFileSync(join(etc, name), `${lines.join('\n')}\n`, { mode });
    chmodSync(join(etc, name), mode);
  };
  const real = (name: string): readonly string[] => readFileSync(`/etc/${name}`, 'utf8').trimEnd().split('\n');
  put('passwd', [...real('passwd'), ...made.map(({ name, uid, home, shell = '/bin/sh' }) => `${name}:x:${uid}:${uid}::${home}:${shell}`)]);
  put('group', [...real('group'), ...made.map(({ name, uid }) => `${name}:x:${uid}:`)]);
  // No password of this machine stands here; root's own is not needed.
  put('shadow', ['root:*:19000:0:99999:7:::', 'sshd:!:19000::::::', ...made.map(shadowLine)], 0o600);
  put(
    'sudoers',
    [...(options.sudoers ?? []), ...made.flatMap(({ name, sudoers }) => (sudoers === undefined ? [] : [`${name} ${sudoers}`]))],
    0o440,
  );
  const simple = ['auth required pam_unix.so nodelay', 'account required pam_unix.so', 'session required pam_permit.so'];
  put('pam.d/sshd', options.pam ?? [...simple, 'password required pam_unix.so']);
  for (const service of ['sudo', 'sudo-i', 'doas']) put(`pam.d/${service}`, simple);
  for (const service of ['su', 'su-l']) put(`pam.d/${service}`, ['auth sufficient pam_rootok.so', ...simple]);
  put('pam.d/other', ['auth required pam_deny.so', 'account required pam_deny.so', 'session required pam_deny.so']);
  const binds = ['passwd', 'group', 'shadow', 'pam.d', 'sudoers'].map(
    name => `if [ -e /etc/${name} ]; then mount --bind ${join(etc, name)} /etc/${name}; fi`,
  );
  const lacking = options.doas === undefined ? [] : [lendEtc(etc)];
  if (options.doas !== undefined) put('doas.conf', options.doas, 0o600);
  // The timestamps of sudo would let a second test in without a password.
  const script = [...lacking, ...binds, 'if [ -d /run/sudo ]; then mount -t tmpfs tmpfs /run/sudo; fi', 'exec "$@"'].join(' && ');
  return { enter: ['unshare', '-m', '--propagation', 'private', '--', '/bin/sh', '-c', script, 'sh'], users: made };
}

/** A file that /etc does not have can be put there only where /etc is another: a folder in memory, with links to what the real one has. */
const lendEtc = (etc: string): string =>
  [
    `mkdir ${etc}/real`,
    `mount --bind /etc ${etc}/real`,
    'mount -t tmpfs -o mode=755 tmpfs /etc',
    `ln -s ${etc}/real/* ${etc}/real/.[!.]* /etc/`,
    `rm -f /etc/doas.conf`,
    `cp -p ${etc}/doas.conf /etc/`,
  ].join(' && ');

/** @see shadow(5): name, password, last change, min, max, warn, inactive, expire (days since 1970) */
function shadowLine({ name, password, state }: TestUser): string {
  const hash = `${state === 'locked' ? '!' : ''}${hashOf(password)}`;
  return `${name}:${hash}:${state === 'password-expired' ? 0 : 19_000}:0:99999:7::${state === 'account-expired' ? 1 : ''}:`;
}

const hashOf = (password: string): string =>
  execFileSync('perl', ['-e', 'chomp(my $p = <STDIN>); print crypt($p, q($6$rollcall$))'], { input: password }).toString();
