// The only place that knows what an account belongs to: the inventory it was read from, so that what is given for one is sent to no other.
import type { Fleet } from '../domain/event.ts';
import { type Account, accountOf } from '../domain/need.ts';

export class Realms {
  readonly #sources = new Map<string, string>();

  learn({ source, hosts }: Fleet): void {
    for (const { name, address } of hosts) {
      this.#sources.set(name, source);
      if (isReached(address)) this.#sources.set(`${name} ${accountOf({ ...address, name }).at}`, source);
    }
  }

  /** Of a jump host that is in no inventory, the account alone. */
  of({ host, at }: Account): string {
    return this.#sources.get(`${host} ${at}`) ?? this.#sources.get(host) ?? at;
  }
}

const isReached = (address: unknown): address is { readonly user: string; readonly host: string; readonly port: number } =>
  typeof address === 'object' && address !== null && 'user' in address && 'host' in address && 'port' in address;
