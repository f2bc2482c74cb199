// The only place that sends each address over the transport that is for it; driver and doctor reach hosts alike.
import { fail } from '../domain/result.ts';
import type { Address, Transport } from '../remote/ports.ts';

type Way = 'ssh2' | 'openssh' | 'local';

/** Which transport an address is for. */
export const wayOf = ({ local, system }: Address): Way => (local === true ? 'local' : system === undefined ? 'ssh2' : 'openssh');

/** One transport made of all. @failure not-supported, before anything is connected to */
export const eachItsWay = (transports: Readonly<Record<Way, Transport>>): Transport => {
  const { hops } = transports.ssh2;
  return {
    // The system's ssh makes connections to jump hosts of its own.
    ...(hops !== undefined && { hops: { ...hops, of: address => (address.system === undefined ? hops.of(address) : []) } }),
    connect: async address => {
      const { name: host, unsupported } = address;
      if (unsupported !== undefined) return fail({ tag: 'not-supported', host, cause: unsupported });
      return transports[wayOf(address)].connect(address);
    },
  };
};
