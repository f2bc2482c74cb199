// Which folders may hold a journal: local, writable, ours or our group's; each refusal is a sentence with a way out.
import { chmodSync, mkdirSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { networkKind } from '../../src/journal/file-system.ts';
import { ensureStateFolder } from '../../src/journal/state-folder.ts';
import { tempFolder } from '../support/journal-kit.ts';

let folder: ReturnType<typeof tempFolder>;
beforeEach(() => {
  folder = tempFolder('folder');
});
afterEach(() => folder.remove());

const mounts = `22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
40 22 0:51 / /home/ops1/far rw,nosuid - fuse.sshfs ops1@files1:/srv rw,user_id=1000
41 22 0:52 / /home/ops1/near rw,nosuid - fuse.gocryptfs /home/ops1/.near rw
42 22 0:300 / /far rw - fuse.rclone remote: rw
`;

test.each([
  [0xef53, 1, undefined],
  [0x01021994, 1, undefined],
  [0x6969, 1, 'nfs'],
  [0xff534d42 | 0, 1, 'cifs'],
  [0xfe534d42, 1, 'smb'],
  [0x01021997, 1, '9p'],
  [0x65735546, 51, 'sshfs'],
  [0x65735546, 52, undefined],
  // Minor 300: its upper part stands above the major.
  [0x65735546, 44 + 2 ** 20, 'rclone'],
  [0x65735546, 99, undefined],
])('a file system of type %i on device %i: %s', (type, dev, kind) => {
  expect(networkKind('/x', dev, { typeOf: () => type, list: () => mounts })).toBe(kind);
});

test('where nobody tells, the folder counts as local', () => {
  const typeOf = (): number => {
    throw new Error('ENOSYS');
  };
  expect(networkKind('/x', 1, { typeOf, list: () => '' })).toBeUndefined();
  expect(networkKind(folder.path, 1)).toBeUndefined();
});

const refusal = (path: string): string => {
  const found = ensureStateFolder(path);
  return found.ok ? 'usable' : found.failure.cause;
};

test('a file on the way, a link to nothing, a circle of links, and a path that cannot be: each in one sentence', () => {
  writeFileSync(join(folder.path, 'file'), '');
  symlinkSync(join(folder.path, 'nowhere'), join(folder.path, 'dangling'));
  symlinkSync(join(folder.path, 'circle'), join(folder.path, 'circle'));
  expect(refusal(join(folder.path, 'file', 'state'))).toBe(`a part of the path ${join(folder.path, 'file', 'state')} is a file`);
  expect(refusal(join(folder.path, 'file'))).toBe(`${join(folder.path, 'file')} is not a folder`);
  expect(refusal(join(folder.path, 'dangling'))).toBe(`${join(folder.path, 'dangling')} is a link to nothing`);
  expect(refusal(join(folder.path, 'circle'))).toContain('go round in a circle');
  expect(refusal('/proc/nowhere/state')).toMatch(/does not exist|\/proc/);
});

test('a folder of our group is usable by the group, one that is merely writable is not', () => {
  expect(ensureStateFolder(folder.path)).toEqual({ ok: true, value: { kind: 'own' } });
  chmodSync(folder.path, 0o2770);
  expect(ensureStateFolder(folder.path)).toEqual({ ok: true, value: { kind: 'shared', gid: expect.any(Number) } });
  chmodSync(folder.path, 0o2777);
  expect(refusal(folder.path)).toContain(`chmod 700 ${folder.path}`);
  chmodSync(folder.path, 0o770);
  expect(refusal(folder.path)).toContain(`chmod 2770 ${folder.path}`);
  chmodSync(folder.path, 0o700);
});

// Root may write anywhere.
test.skipIf(process.getuid?.() === 0)('a folder that we may not write into is told as such', () => {
  const closed = join(folder.path, 'closed');
  mkdirSync(closed, { mode: 0o500 });
  expect(refusal(closed)).toBe(`we may not write into ${closed}`);
  expect(refusal(join(closed, 'state'))).toContain('we may not make it');
  rmdirSync(closed);
});
