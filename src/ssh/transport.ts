// The only place that puts a connection together: keys, known hosts, TCP, handshake, login.
// It never retries and keeps nothing open after a failure: the engine counts slots by what this returns.
import { noSecrets, type Secrets } from '../domain/need.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { type Address, type Timeouts, type Transport, timeoutsOf } from '../remote/ports.ts';
import { ssh2Algorithms } from './algorithms.ts';
import { makeConnection } from './connection.ts';
import { type Fails, failsOf } from './failures.ts';
import { type Expectation, type Link, shakeHands } from './handshake.ts';
import { makeHops } from './hops.ts';
import { prepareHostKeyCheck } from './host-keys.ts';
import { makeIdentityFinder } from './identities.ts';
import type { Reach } from './jump.ts';
import { makeKnownHostsStore } from './known-hosts-store.ts';
import { hopeless, makeLogin } from './login.ts';
import { makePrivateKeys } from './private-keys.ts';
import type { Witness } from './witness.ts';

/** What the transport must be told about this machine. Times in ms. */
export type SshOptions = {
  readonly timeouts: Timeouts;
  /** The operator's home: default keys and known_hosts are in its `.ssh`. */
  readonly home: string;
  /** Whose private keys must not be readable by others; nobody's when absent. */
  readonly uid?: number;
  /** Read after the user's own files. */
  readonly globalKnownHostsFiles?: readonly string[];
  readonly keepalive?: { readonly every: number; readonly times: number };
  /** Time for an agent to list its keys. */
  readonly agentPatience?: number;
  /** Time for a closed connection to say farewell. */
  readonly farewell?: number;
  /** How long a connection to a jump host is kept with nobody behind it; 0 lets go at once. */
  readonly hopPersist?: number;
  /** Most bytes of standard output of one exec. */
  readonly stdoutMax?: number;
  /** Is told what hosts show and let in. */
  readonly witness?: Witness;
  /** Where passphrases, passwords, codes and answers about host keys come from; absent: nobody can be asked. */
  readonly secrets?: Secrets;
};

/** Of this machine, as ssh has them. */
export const globalKnownHostsFiles = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];

/** A transport over real SSH, in this process. Make one and keep it: it remembers parsed keys and known_hosts. */
export const makeSshTransport = (options: SshOptions): Transport => {
  const { timeouts, home, secrets = noSecrets } = options;
  const findIdentities = makeIdentityFinder({
    home,
    keys: makePrivateKeys(options.uid),
    agentPatience: options.agentPatience ?? 5_000,
    mayOpen: secrets !== noSecrets,
  });
  const hostKeyFiles = { home, globalFiles: options.globalKnownHostsFiles ?? globalKnownHostsFiles, store: makeKnownHostsStore() };
  const usualKeepalive = options.keepalive ?? { every: 15_000, times: 3 };
  const limits = { farewell: options.farewell ?? 2_000, stdout: options.stdoutMax ?? 16 * 1024 * 1024 };

  /** Hands shakes over a socket that stands: TCP, or a channel through a jump host. */
  const logIn = async (address: Address, reach: Reach, fails: Fails): Promise<Result<Link>> => {
    const [identities, hostKeys] = await Promise.all([findIdentities(address), prepareHostKeyCheck(address, hostKeyFiles, secrets, fails)]);
    const algorithms = ssh2Algorithms(address.algorithms ?? {}, hostKeys.serverHostKey as readonly string[] | undefined);
    if (!algorithms.ok)
      return fail(fails('no-common-algorithm', `${algorithms.failure}: nothing of it is known here; use --transport openssh`));
    const noKey = hopeless(address, identities, secrets, fails);
    if (noKey !== undefined) return fail(noKey);
    const bounds = timeoutsOf(address, timeouts);
    const dialled = await reach(address, bounds.connect, fails);
    if (!dialled.ok) return dialled;
    let isDear = false;
    const watched: Secrets = {
      take: need => {
        const taken = secrets.take(need);
        isDear ||= need.kind === 'codes' && taken.kind === 'have';
        return taken;
      },
    };
    const login = makeLogin(
      { address, identities, secrets: secrets === noSecrets ? noSecrets : watched, isTrusted: hostKeys.isTrusted },
      fails,
    );
    const verify: Expectation['verify'] = blob => {
      options.witness?.hostKey(address, blob);
      return hostKeys.verify(blob);
    };
    const alive = address.serverAlive;
    const keepalive = alive === undefined ? usualKeepalive : { every: alive.every * 1000, times: alive.times };
    const link = await shakeHands(
      dialled.value,
      { verify, algorithms: algorithms.value, login, patience: bounds.handshake, keepalive, user: address.user },
      fails,
    );
    if (!link.ok) return link;
    options.witness?.login(address, login.by());
    return ok({ ...link.value, isDear });
  };

  const hops = makeHops({ open: logIn, persist: options.hopPersist ?? 0, farewell: limits.farewell });
  return {
    hops,
    connect: async address => {
      const fails = failsOf(address.name);
      if (address.jump !== undefined) return fail(fails('jump-needed', address.jump));
      const { agentSocket } = address;
      const via = (address.via ?? []).map(hop => (agentSocket === undefined ? hop : { agentSocket, ...hop }));
      const way = await hops.through(via, fails);
      if (!way.ok) return way;
      const link = await logIn(address, way.value.reach, fails);
      if (!link.ok) {
        way.value.done();
        return link;
      }
      void link.value.closed.then(way.value.done);
      const { reply } = timeoutsOf(address, timeouts);
      return ok(makeConnection(way.value.carried(link.value), { ...limits, reply, environment: address.environment ?? {} }, fails));
    },
  };
};
