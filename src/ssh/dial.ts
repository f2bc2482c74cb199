// The only place that makes a TCP connection: resolves the name, bounds the time, tells why it failed.
// What it hands out has an error listener for ever, so that no late reset can end the process.
import { lookup } from 'node:dns/promises';
import { isIP, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Duplex } from 'node:stream';
import type { Failure } from '../domain/failure.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import type { Address } from '../remote/ports.ts';
import { dialFailure, type Fails } from './failures.ts';

/** An open socket, or what stands for one, that nobody reads from yet. */
export type Dialled = {
  readonly socket: Duplex;
  /** Settles when the socket has closed; never rejects. */
  readonly closed: Promise<void>;
};

/**
 * Connects within `patience` ms, name resolution included. When it fails, the socket has closed.
 * @failure address-unknown, refused, unroutable, connect-timeout
 */
export const dial = async (address: Address, patience: number, fails: Fails): Promise<Result<Dialled>> => {
  const where = `${address.host} port ${address.port}`;
  if (address.host === '') return fail(fails('address-unknown', 'its address is empty'));
  const from = await sourceOf(address);
  if (typeof from === 'string') return fail(fails('unroutable', from));
  const socket = new Socket();
  let first: Failure | undefined;
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()));
  const connected = new Promise<boolean>(resolve => {
    socket.once('connect', () => resolve(true));
    socket.once('close', () => resolve(false));
  });
  socket.on('error', error => {
    first ??= dialFailure(fails, where, error);
  });
  const timer = setTimeout(() => {
    first ??= fails('connect-timeout', `${where}: no answer within ${patience / 1000} s`);
    socket.destroy();
  }, patience);
  socket.setNoDelay(true);
  // Each address of a name gets its share of the time; Node's own 250 ms would give up on a slow link.
  socket.connect({
    host: address.host,
    port: address.port,
    ...from,
    autoSelectFamilyAttemptTimeout: Math.max(250, Math.floor(patience / 3)),
  });
  const stands = await connected;
  clearTimeout(timer);
  if (stands && first === undefined) return ok({ socket, closed });
  socket.destroy();
  await closed;
  return fail(first ?? fails('refused', `${where}: it closed at once`));
};

type Source = { readonly family?: 4 | 6; readonly localAddress?: string };

/** From where, as BindAddress and BindInterface have it; a sentence where this machine has no such place. */
const sourceOf = async ({ host, addressFamily, bindAddress, bindInterface }: Address): Promise<Source | string> => {
  const wrong = isIP(host) !== 0 && addressFamily !== undefined && isIP(host) !== addressFamily;
  if (wrong) return `${host} is no address of AddressFamily ${addressFamily === 4 ? 'inet' : 'inet6'}`;
  if (bindAddress === undefined && bindInterface === undefined) return addressFamily === undefined ? {} : { family: addressFamily };
  const wanted = addressFamily ?? (isIP(host) || undefined);
  const fits = (found: string): boolean => wanted === undefined || isIP(found) === wanted;
  const here = bindAddress === undefined ? ofInterface(bindInterface ?? '') : await ofName(bindAddress);
  const localAddress = here.find(fits);
  if (localAddress !== undefined) return { localAddress, family: isIP(localAddress) === 6 ? 6 : 4 };
  const said = bindAddress === undefined ? `BindInterface ${bindInterface}` : `BindAddress ${bindAddress}`;
  return `${said}: there is no such address here from which ${host} could be reached`;
};

const ofInterface = (name: string): readonly string[] => (networkInterfaces()[name] ?? []).map(({ address }) => address);

const ofName = async (name: string): Promise<readonly string[]> =>
  isIP(name) === 0
    ? lookup(name, { all: true }).then(
        found => found.map(({ address }) => address),
        () => [],
      )
    : [name];
