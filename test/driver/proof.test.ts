// Who speaks in a group's folder is proven by a file's owner: what anybody else could have put there proves nothing.
import { chmodSync, linkSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDesk } from '../../src/driver/desk.ts';
import { linkOver } from '../../src/driver/link.ts';
import { pipePair } from '../../src/driver/memory-link.ts';
import { giveProof, takeProof } from '../../src/driver/proof.ts';
import { type Hello, protocolVersion } from '../../src/driver/protocol.ts';
import { handDriver } from '../support/hand-driver.ts';
import { tempFolder } from '../support/journal-kit.ts';

const nonce = '0123456789abcdef0123456789abcdef';
const other = 'f'.repeat(32);

let folder: ReturnType<typeof tempFolder>;
beforeEach(() => {
  folder = tempFolder('proof');
});
afterEach(() => folder.remove());

const path = (name = nonce): string => join(folder.path, `proof.${name}`);

test('the owner of the file is who speaks, and the file goes', () => {
  giveProof(folder.path, nonce);
  expect(takeProof(folder.path, nonce)).toBe(process.getuid?.());
  expect(readdirSync(folder.path)).toEqual([]);
});

test.each<[string, () => void]>([
  ['no file', () => {}],
  [
    'another proof under this name',
    () => {
      giveProof(folder.path, other);
      renameSync(path(other), path());
    },
  ],
  [
    'a second name of a proof',
    () => {
      giveProof(folder.path, nonce);
      linkSync(path(), path(other));
    },
  ],
  [
    'a file that colleagues may write',
    () => {
      writeFileSync(path(), nonce);
      chmodSync(path(), 0o660);
    },
  ],
  [
    'a link',
    () => {
      writeFileSync(path(other), nonce);
      symlinkSync(path(other), path());
    },
  ],
])('%s proves nothing', (_, put) => {
  put();
  expect(takeProof(folder.path, nonce)).toBeUndefined();
});

test('a nonce that is none names no path', () => {
  giveProof(folder.path, '../x');
  expect(takeProof(folder.path, '../x')).toBeUndefined();
});

const hello: Hello = { hello: protocolVersion, actor: { user: 'mallory', machine: 'x' }, client: 'command', wants: 'nothing' };

const deskWith = () => {
  const driver = handDriver();
  const desk = openDesk({
    driver,
    onBug: error => {
      throw error;
    },
    prove: {
      nonce: () => nonce,
      who: async ({ actor, ...rest }, named) =>
        takeProof(folder.path, named) === undefined ? undefined : { ...rest, actor: { ...actor, user: 'proven' } },
    },
  });
  return { driver, desk };
};

test('whoever proves it is seated under the proven name, whatever the hello said', async () => {
  const { driver, desk } = deskWith();
  const [ours, theirs] = pipePair();
  desk.join(theirs);
  const link = await linkOver(ours, { hello, prove: named => giveProof(folder.path, named) });
  expect(link.ok).toBe(true);
  expect(driver.came.map(client => client.hello.actor.user)).toEqual(['proven']);
  desk.close();
});

test('whoever does not is turned away with a sentence', async () => {
  const { driver, desk } = deskWith();
  const [ours, theirs] = pipePair();
  desk.join(theirs);
  expect(await linkOver(ours, { hello, prove: () => {} })).toMatchObject({
    ok: false,
    failure: { why: 'refused', sentence: expect.stringContaining('not proven') },
  });
  expect(driver.came).toEqual([]);
  desk.close();
});
