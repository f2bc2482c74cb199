// Holds jobs of another user to the same contract as jobs of our own, under each shell.
import { describe } from 'vitest';
import type { Become } from '../../src/domain/become.ts';
import type { Line } from '../../src/engine/ports.ts';
import { makeSimulatedLink } from '../support/simulated-link.ts';
import { jobsContract } from './jobs-contract.ts';
import { openLine, underEachShell } from './runner-kit.ts';

/** The same line, whose jobs are another user's. */
const asOther = (line: Line, become: Become): Line => ({ ...line, start: start => line.start({ ...start, become }) });

describe.skipIf(process.getuid?.() !== 0)('become', () => {
  underEachShell(shell => {
    const link = makeSimulatedLink(shell);
    jobsContract(`${shell.name} by way of sudo`, async identity =>
      asOther(await openLine(shell, link, undefined, identity), { method: 'sudo', user: 'root', exe: '/usr/bin/sudo' }),
    );
  });
});
