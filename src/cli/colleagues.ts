// The only place that knows who colleagues are: names of accounts, and what a hello may say once its uid is proven.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { DeskSetting } from '../driver/desk.ts';
import { takeProof } from '../driver/proof.ts';
import type { Hello } from '../driver/protocol.ts';

/** How long the name service has, ms. */
const nameWithin = 3000;

const names = new Map<number, string>();

/** The account's name; `uid 1234` where nobody knows one. */
export const userNameOf = async (uid: number): Promise<string> => {
  const known = names.get(uid) ?? nameIn(readText('/etc/passwd'), uid) ?? nameIn(await askNameService(uid), uid) ?? `uid ${uid}`;
  names.set(uid, known);
  return known;
};

const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** Lines of passwd(5). */
const nameIn = (text: string, uid: number): string | undefined =>
  text
    .split('\n')
    .map(line => line.split(':'))
    .find(([, , id]) => id === String(uid))?.[0];

const askNameService = (uid: number): Promise<string> =>
  new Promise(resolve => {
    execFile('getent', ['passwd', String(uid)], { timeout: nameWithin }, (_error, out) => resolve(out));
  });

/** Who speaks in a group's folder: the owner of the file that the driver asked for, on this machine. */
export const proveIn = (stateDir: string): NonNullable<DeskSetting['prove']> => ({
  nonce: () => randomBytes(16).toString('hex'),
  async who(hello, nonce) {
    const uid = takeProof(stateDir, nonce);
    return uid === undefined ? undefined : provenHello(hello, uid, await userNameOf(uid));
  },
});

/** Only root may say on whose behalf; the agent of another account is of no use to this process. */
const provenHello = ({ agentSocket, ...hello }: Hello, uid: number, user: string): Hello => {
  const { sudoUser, ...actor } = hello.actor;
  return {
    ...hello,
    actor: { ...actor, user, machine: hostname(), ...(uid === 0 && sudoUser !== undefined && { sudoUser }) },
    ...(uid === process.getuid?.() && agentSocket !== undefined && { agentSocket }),
  };
};
