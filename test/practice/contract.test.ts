// Holds a practice host in namespaces to the same contract as a real sshd, over the whole way: the inventory that the
// fleet wrote, the address in it, SSH, the runner.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { variablesOf } from '../../src/domain/inventory.ts';
import { nodeDisk } from '../../src/files/disk.ts';
import { readInventory } from '../../src/files/inventory.ts';
import type { PracticeFleet } from '../../src/practice/fleet.ts';
import { makeJobs } from '../../src/remote/jobs.ts';
import type { Address } from '../../src/remote/ports.ts';
import { addressOf } from '../../src/ssh/address.ts';
import { makeSshTransport } from '../../src/ssh/transport.ts';
import { freshIdentity, hex, jobsContract } from '../contract/jobs-contract.ts';
import { hasNamespaces, makeYard, type Yard } from './support.ts';

describe.skipIf(!hasNamespaces)('over SSH', () => {
  let yard: Yard;
  let fleet: PracticeFleet;
  beforeAll(async () => {
    yard = await makeYard();
    fleet = await yard.ensure();
  });
  afterAll(() => yard.remove());

  const addressIn = async (name: string): Promise<Address> => {
    const loaded = await readInventory([fleet.inventoryPath], nodeDisk);
    if (!loaded.ok) throw new Error(loaded.failure.cause);
    const host = loaded.value.inventory.hosts.get(name);
    if (host === undefined) throw new Error(`no ${name} in the inventory`);
    const found = addressOf(name, variablesOf(host), { home: yard.stateDir, cwd: yard.stateDir, localUser: 'nobody' });
    if (!found.ok) throw new Error(found.failure.cause);
    expect([...loaded.value.warnings, ...found.value.warnings]).toEqual([]);
    return found.value.address;
  };

  test('the inventory is one that we read without a warning', async () => {
    const address = await addressIn('web01');
    expect(address).toMatchObject({ host: '127.0.0.1', user: 'ops', strictHostKeyChecking: 'yes', identityFiles: [fleet.privateKeyPath] });
  });

  const own = freshIdentity();
  jobsContract('a practice host', async (identity = own) => {
    const transport = makeSshTransport({
      timeouts: { connect: 10_000, handshake: 15_000, reply: 30_000 },
      home: yard.stateDir,
      globalKnownHostsFiles: [],
    });
    const address = await addressIn('web01');
    const jobs = makeJobs({ transport, identity, nonce: () => hex(8), addressOf: () => address });
    const line = await jobs.connect({ name: 'web01', address: undefined, gate: 'web01' });
    if (!line.ok) throw new Error(line.failure.cause);
    return line.value;
  });
});
