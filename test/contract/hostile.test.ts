// The only place where somebody else has been at the folders of our jobs: links, pipes, folders and devices where plain
// files should be, words where numbers should be. Nothing hangs, nothing outside is read or written, and it is said.
import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Jid } from '../../src/domain/job.ts';
import type { RemoteLine } from '../../src/remote/jobs.ts';
import { makeSimulatedLink, type Shell, type SimulatedLink, temporary } from '../support/simulated-link.ts';
import { freshJid, hex, lookAt, lookOnce, lookUntil, runJob, startOf, text, value } from './jobs-contract.ts';
import { jobFolder, openLine, underEachShell } from './runner-kit.ts';

const broken = { kind: 'lost', why: 'broken' };
const files = 'about plan umask limit claim super child out err out.dropped err.dropped cancel gone ansible ansible.new'.split(' ');

/** What may stand where a plain file should. */
const plants = {
  link: (path: string, outside: string) => symlinkSync(join(outside, 'secret'), path),
  'dangling link': (path: string, outside: string) => symlinkSync(join(outside, hex(4)), path),
  pipe: (path: string) => void spawnSync('mkfifo', [path]),
  folder: (path: string) => void mkdirSync(path),
  device: (path: string) => symlinkSync('/dev/zero', path),
};

/** A folder outside of ours; `untouched` fails when anything in it has changed. */
const makeOutside = () => {
  const folder = temporary('rollcall-outside-');
  writeFileSync(join(folder, 'secret'), 'SECRET\n');
  writeFileSync(join(folder, 'claim'), '');
  writeFileSync(join(folder, 'out'), 'SECRET\n');
  const seen = () => readdirSync(folder).map(name => [name, readFileSync(join(folder, name), 'utf8')]);
  const before = seen();
  return { folder, untouched: () => expect(seen()).toEqual(before) };
};

const finished = async (line: RemoteLine): Promise<Jid> => {
  const start = startOf('echo hi', { linger: 3000 });
  value(await line.start(start));
  await lookUntil(line, start.jid, 'done');
  return start.jid;
};

underEachShell(standsItsGround);

function standsItsGround(shell: Shell): void {
  const link = makeSimulatedLink(shell);
  const copyOf = (jid: Jid): Jid => {
    const copy = freshJid();
    cpSync(jobFolder(link, jid), jobFolder(link, copy), { recursive: true });
    return copy;
  };
  const hidden = (jid: Jid, file: string): string => join(jobFolder(link, jid), file);

  describe(`among strangers in ${shell.name}`, { timeout: 240_000, concurrent: true }, () => {
    test.each(['', 'jobs', 'stage', 'epoch', 'once', 'bin'])('nothing begins where ~/.rollcall/%s is a link', async name => {
      const own = makeSimulatedLink(shell);
      const line = await openLine(shell, own);
      const jid = await finished(line);
      const outside = makeOutside();
      const path = join(own.home, '.rollcall', name);
      rmSync(path, { recursive: true });
      symlinkSync(outside.folder, path);
      const failure = { tag: 'folder-unsafe', cause: expect.stringMatching(/\.rollcall(\/\w+)? is a symbolic link$/) };
      expect(await line.start(startOf('true'))).toMatchObject({ ok: false, failure });
      expect(await line.look([lookAt(jid)])).toMatchObject({ ok: false, failure });
      expect(await line.clean([jid])).toMatchObject({ ok: false, failure });
      outside.untouched();
    });

    test('nothing begins where ~/.rollcall belongs to somebody else', async context => {
      if (process.getuid?.() !== 0) context.skip('only root may give a folder away');
      const own = makeSimulatedLink(shell);
      const line = await openLine(shell, own);
      await finished(line);
      chownSync(join(own.home, '.rollcall'), 65534, 65534);
      const failure = { tag: 'folder-unsafe', cause: expect.stringContaining('belongs to somebody else') };
      expect(await line.start(startOf('true'))).toMatchObject({ ok: false, failure });
    });

    test('the runner of somebody else is not run', async context => {
      if (process.getuid?.() !== 0) context.skip('only root may give a file away');
      const own = makeSimulatedLink(shell);
      const line = await openLine(shell, own);
      await finished(line);
      const bin = join(own.home, '.rollcall/bin');
      const runner = join(bin, readdirSync(bin).find(name => name.endsWith('.sh')) ?? '');
      writeFileSync(runner, `touch "$HOME/pwned"\n`);
      chownSync(runner, 65534, 65534);
      await finished(line);
      expect(existsSync(join(own.home, 'pwned'))).toBe(false);
    });

    test.each(['link', 'dangling link', 'pipe'] as const)('a job whose folder is a %s is broken, and so is nothing else', async kind => {
      const line = await openLine(shell, link);
      const other = await finished(line);
      const outside = makeOutside();
      const start = startOf(`touch "${outside.folder}/ran"`);
      plants[kind](jobFolder(link, start.jid), outside.folder);
      if (kind === 'link') {
        rmSync(jobFolder(link, start.jid));
        symlinkSync(outside.folder, jobFolder(link, start.jid));
      }
      const reports = value(await line.look([lookAt(start.jid), lookAt(other)]));
      expect(reports).toMatchObject([
        { state: broken, out: { size: 0 } },
        { state: { kind: 'done', rc: 0 }, out: { size: 3 } },
      ]);
      expect(value(await line.start(start))).toMatchObject({ kind: 'exists', report: { state: broken } });
      expect(value(await line.cancel(start.jid, 0))).toEqual(broken);
      expect(await line.extend(start.jid, 5)).toMatchObject({ ok: false });
      expect(value(await line.clean([start.jid]))).toEqual([]);
      outside.untouched();
    });

    test.each(Object.keys(plants) as (keyof typeof plants)[])('a %s in place of a file makes that job broken', async kind => {
      const line = await openLine(shell, link);
      const outside = makeOutside();
      const other = await finished(line);
      const jids = files.map(() => copyOf(other));
      files.forEach((file, at) => {
        const path = hidden(jids[at] as Jid, file);
        rmSync(path, { force: true });
        plants[kind](path, outside.folder);
      });
      const reports = value(await line.look([...jids, other].map(jid => lookAt(jid))));
      expect(reports.map(({ state, out }) => ({ state, said: text(out.bytes) }))).toEqual([
        ...files.map(() => ({ state: broken, said: '' })),
        { state: { kind: 'done', rc: 0 }, said: 'hi\n' },
      ]);
      for (const file of ['claim', 'cancel', 'gone']) {
        expect(value(await line.cancel(jids[files.indexOf(file)] as Jid, 0))).toEqual(broken);
      }
      expect(value(await line.clean(jids))).toEqual([]);
      outside.untouched();
    });

    test.each(Object.keys(plants) as (keyof typeof plants)[])('a %s as its reason to wait is not read', async kind => {
      const line = await openLine(shell, link);
      const outside = makeOutside();
      const start = startOf('sleep 600');
      value(await line.start(start));
      plants[kind](hidden(start.jid, 'waiting'), outside.folder);
      const report = await lookOnce(line, start.jid);
      expect(report.state.kind).toBe('running');
      expect(report.waiting).toBeUndefined();
      value(await line.cancel(start.jid, 0));
      await lookUntil(line, start.jid, 'cancelled');
      outside.untouched();
    });

    test.each([
      ['super', 'aaaa 1 1 x y .'],
      ['super', 'aaaa 1 1 08 1 .'],
      ['super', 'a;b 1 1 1 1 .'],
      ['super', 'aaaa 1 1 1 a[$(touch$IFS"$HOME/pwned")] .'],
      ['child', 'x 1 y 1 .'],
      ['limit', 'a[$(touch$IFS"$HOME/pwned")]'],
      ['limit', '99999999999999999999999'],
      ['out.dropped', '08'],
    ])('words in %s where numbers should be: %s', async (file, words) => {
      const line = await openLine(shell, link);
      const other = await finished(line);
      const jid = copyOf(other);
      writeFileSync(hidden(jid, file), `${words}\n`);
      const reports = value(await line.look([lookAt(jid), lookAt(other)]));
      expect(reports.map(({ state }) => state)).toEqual([file === 'super' ? broken : { kind: 'done', rc: 0 }, { kind: 'done', rc: 0 }]);
      expect(existsSync(join(link.home, 'pwned'))).toBe(false);
    });

    test('an end that makes no sense is no end', async () => {
      const line = await openLine(shell, link);
      const jid = await finished(line);
      for (const name of readdirSync(jobFolder(link, jid))) if (name.startsWith('end.')) rmSync(hidden(jid, name));
      for (const name of ['end.x.1.1', 'end.1', 'end.08.1.1', 'end.0.1.1 1', 'end.']) writeFileSync(hidden(jid, name), '');
      expect((await lookOnce(line, jid)).state).toEqual({ kind: 'lost', why: 'killed' });
    });

    test('a job that lays traps in its own folder still ends at its limit', async () => {
      const line = await openLine(shell, link);
      const start = startOf('cd "${ROLLCALL_WAITING%/*}"; mkfifo cancel; rm about; mkfifo about; sleep 600', { limit: 1, grace: 0 });
      value(await line.start(start));
      const ended = await runJob(line, `until ls "$HOME/.rollcall/jobs/${start.jid}" | grep '^end\\.'; do sleep 0.1; done`);
      expect(text(ended.out.bytes)).toMatch(/^end\.(137|143)\./);
      expect((await lookOnce(line, start.jid)).state).toEqual(broken);
    });

    test.each(['pipe', 'hostile words'] as const)('a --once name that is a %s is not taken', async kind => {
      const own = makeSimulatedLink(shell);
      const line = await openLine(shell, own);
      const once = startOf(`touch "${own.home}/ran"`, { once: 'name' });
      value(await line.start(startOf('true', { once: 'name', linger: 3000 })));
      const path = join(own.home, '.rollcall/once', readdirSync(join(own.home, '.rollcall/once'))[0] ?? '');
      rmSync(path);
      if (kind === 'pipe') plants.pipe(path);
      else writeFileSync(path, '../../../etc\n');
      expect(await line.start(once)).toMatchObject({ ok: false, failure: { tag: 'state-unreadable' } });
      expect(existsSync(join(own.home, 'ran'))).toBe(false);
    });

    test('what is no job is not listed, and what is nobody’s jid is refused', async () => {
      const own: SimulatedLink = makeSimulatedLink(shell);
      const line = await openLine(shell, own);
      const jid = await finished(line);
      for (const name of ['two words', '*', 'j1.1', `${jid}x`, `j${'1'.repeat(25)}.0`]) mkdirSync(join(own.home, '.rollcall/jobs', name));
      expect(value(await line.list()).map(report => report.jid)).toEqual([jid]);
      for (const strange of ['../../etc', `j${'1'.repeat(24)}/.1`, 'j1.1', `${freshJid()}.1`, `j${'1'.repeat(25)}.01x`]) {
        const failure = { tag: 'host-refused', cause: expect.stringContaining('no jid') };
        expect(await line.look([lookAt(strange as Jid)])).toMatchObject({ ok: false, failure });
        expect(await line.cancel(strange as Jid, 0)).toMatchObject({ ok: false, failure });
        expect(await line.clean([strange as Jid])).toMatchObject({ ok: false, failure });
      }
    });
  });
}
