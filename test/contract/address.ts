// The only place for an address that nobody dials: the contract transport ignores it.
import type { Address } from '../../src/remote/ports.ts';

/** The address of the one simulated host. */
export const addressOf = (): Address => ({
  name: 'web1',
  host: '127.0.0.1',
  port: 22,
  user: 'someone',
  identityFiles: [],
  knownHostsFiles: [],
  strictHostKeyChecking: 'yes',
});
