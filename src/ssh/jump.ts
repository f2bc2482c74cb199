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

/** Reaches addresses from a jump host; names are resolved there. @failure refused, connect-timeout, connection-lost */
export const through =
  (jump: Link): Reach =>
  (address, patience, fails) =>
    new Promise(resolve => {
      const where = `${address.host} port ${address.port}`;
      const settle = (result: Result<Dialled>): void => {
        clearTimeout(timer);
        resolve(result);
      };
      const timer = setTimeout(
        () => settle(fail(fails('connect-timeout', `${where}: the jump host got no answer within ${patience / 1000} s`))),
        patience,
      );
      void jump.closed.then(() => settle(fail(fails('connection-lost', 'the jump host closed the connection'))));
      jump.client.forwardOut('127.0.0.1', 0, address.host, address.port, (error, channel) => {
        if (error !== undefined) return settle(fail(fails('refused', `${where}: the jump host says: ${error.message}`)));
        const socket: Duplex = channel;
        const closed = new Promise<void>(done => socket.once('close', () => done()));
        socket.on('error', () => undefined);
        settle(ok({ socket, closed }));
      });
    });

/** A link that takes its jump host's along: closed only when both have closed. */
export const behind = (jump: Link, link: Link): Link => ({
  client: link.client,
  isOver: () => link.isOver() || jump.isOver(),
  cut: cause => {
    link.cut(cause);
    jump.cut(cause);
  },
  cause: () => link.cause() ?? jump.cause(),
  closed: link.closed.then(() => {
    jump.client.end();
    return jump.closed;
  }),
});
