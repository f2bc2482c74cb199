// The only place that goes through a jump host: a channel of its link takes the place of a socket.
// Whoever is behind it is judged and logged in to as if it had been dialled; the jump host sees only sealed bytes.
import type { Duplex } from 'node:stream';
import { fail, ok, type Result } from '../domain/result.ts';
import type { Address } from '../remote/ports.ts';
import type { Dialled } from './dial.ts';
import type { Fails } from './failures.ts';
import type { Link } from './handshake.ts';

/** How a socket to an address is had: by dialling, or through somebody. */
export type Reach = (address: Address, patience: number, fails: Fails) => Promise<Result<Dialled>>;

/** SSH_OPEN_ADMINISTRATIVELY_PROHIBITED. @see RFC 4254 section 5.1 */
const PROHIBITED = 1;

/** Reaches addresses from a jump host; names are resolved there. @failure refused, jump-refused, connect-timeout, connection-lost */
export const through =
  (jump: Link, name: string): Reach =>
  (address, patience, fails) =>
    new Promise(resolve => {
      const where = `${address.host} port ${address.port}`;
      let isSettled = false;
      const settle = (result: Result<Dialled>): void => {
        isSettled = true;
        clearTimeout(timer);
        resolve(result);
      };
      const lost = (): void => settle(fail(fails('connection-lost', `jump host ${name} closed the connection`)));
      const timer = setTimeout(
        () => settle(fail(fails('connect-timeout', `${where}: the jump host got no answer within ${patience / 1000} s`))),
        patience,
      );
      if (jump.isOver()) return lost();
      void jump.closed.then(lost);
      jump.client.forwardOut('127.0.0.1', 0, address.host, address.port, (error, channel) => {
        // The jump host tries for minutes; nobody waits for that any more.
        if (isSettled) return channel?.destroy();
        if (error !== undefined) {
          const { reason } = error as { readonly reason?: number };
          return settle(
            fail(
              reason === PROHIBITED
                ? fails('jump-refused', `jump host ${name} does not pass anybody on to ${where}: ${error.message}`)
                : fails('refused', `${where}: the jump host says: ${error.message}`),
            ),
          );
        }
        const socket: Duplex = channel;
        const closed = new Promise<void>(done => socket.once('close', () => done()));
        socket.on('error', () => undefined);
        settle(ok({ socket, closed }));
      });
    });

/** A link that is over as soon as its jump host's is, and tells the jump host's reason where it has none. Others may share the jump host. */
export const behind = (jump: Link, link: Link): Link => ({
  ...link,
  isOver: () => link.isOver() || jump.isOver(),
  cause: () => link.cause() ?? jump.cause(),
});
