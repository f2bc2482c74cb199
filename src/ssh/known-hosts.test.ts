// The known_hosts format; where a case is not obvious, OpenSSH 9.2 was asked and the comment says so.
import { execFileSync } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fingerprintOf, judgeHostKey, knownHostsLine, knownKeyTypes, lookupNames, parseKnownHosts } from './known-hosts.ts';

const blob = (type: string, fill: number): Buffer => {
  const part = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return Buffer.concat([part(Buffer.from(type)), part(Buffer.alloc(32, fill))]);
};
const OURS = blob('ssh-ed25519', 1);
const OTHER = blob('ssh-ed25519', 2);
const RSA = blob('ssh-rsa', 3);
const line = (names: string, key: Buffer, marker = ''): string =>
  `${marker}${names} ${key.toString('latin1', 4, 4 + key.readUInt32BE(0))} ${key.toString('base64')} comment here\n`;
const hash = (name: string): string => {
  const salt = randomBytes(20);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
};
const files = (...texts: string[]) => texts.map((text, at) => ({ path: `/f${at}`, hosts: parseKnownHosts(text) }));
const judge = (text: string, host = 'web1.example.com', port = 22, key = OURS) => judgeHostKey(files(text), host, port, key);

test.each([
  ['plain', line('web1.example.com', OURS), 'known'],
  ['case does not matter', line('WEB1.example.COM', OURS), 'known'],
  ['one of a list', line('a,web1.example.com,b', OURS), 'known'],
  ['star', line('*.example.com', OURS), 'known'],
  ['question mark', line('web?.example.com', OURS), 'known'],
  ['question mark is one character', line('web??.example.com', OURS), 'unknown'],
  ['star matches all', line('*', OURS), 'known'],
  ['a dot is a dot', line('web1xexample.com', OURS), 'unknown'],
  ['brackets are no class', line('web[1].example.com', OURS), 'unknown'],
  ['negation vetoes the line', line('*.example.com,!web1.*', OURS), 'unknown'],
  ['negation first', line('!web1.*,*', OURS), 'unknown'],
  ['negation of others', line('*,!web2.*', OURS), 'known'],
  ['negation alone matches nothing', line('!web2.*', OURS), 'unknown'],
  ['another port', line('[web1.example.com]:2222', OURS), 'unknown'],
  ['hashed', line(hash('web1.example.com'), OURS), 'known'],
  ['hashed, another name', line(hash('web2.example.com'), OURS), 'unknown'],
  ['another key of the type', line('web1.example.com', OTHER), 'changed'],
  ['another key, hashed', line(hash('web1.example.com'), OTHER), 'changed'],
  ['two keys, one of them right', line('web1.example.com', OTHER) + line('web1.example.com', OURS), 'known'],
  // ssh: REMOTE HOST IDENTIFICATION HAS CHANGED, also with accept-new.
  ['only a key of another type', line('web1.example.com', RSA), 'changed'],
  ['revoked', line('*', OURS, '@revoked ') + line('web1.example.com', OURS), 'revoked'],
  ['revoked after it was known', line('web1.example.com', OURS) + line('web1.*', OURS, '@revoked '), 'revoked'],
  // ssh lets such a key in: the marker is for the hosts of its line.
  ['revoked for another host', line('db*', OURS, '@revoked ') + line('web1.example.com', OURS), 'known'],
  ['another key revoked', line('*', OTHER, '@revoked ') + line('web1.example.com', OURS), 'known'],
  ['only another key revoked', line('*', OTHER, '@revoked '), 'unknown'],
  ['an authority is no plain key', line('*', OURS, '@cert-authority '), 'unknown'],
  ['an unknown marker', line('*', OURS, '@someday '), 'unknown'],
  ['comment', `# ${line('web1.example.com', OURS)}`, 'unknown'],
  ['leading blanks, tabs, carriage returns', `  ${line('web1.example.com', OURS).replace(/ /, '\t').replace('\n', '\r\n')}`, 'known'],
  ['no line end', line('web1.example.com', OURS).trim(), 'known'],
  ['damaged key', `web1.example.com ssh-ed25519 AAAA\n`, 'unknown'],
  ['protocol 1', 'web1.example.com 1024 65537 1234567890\n', 'unknown'],
  ['rubbish', '\n\0\nweb1.example.com\nweb1.example.com ssh-ed25519\n|1|x\n|2|a|b c d\n', 'unknown'],
  ['a name of Object', line('constructor', OURS), 'unknown'],
])('%s', (_, text, kind) => {
  expect(judge(text).kind).toBe(kind);
});

test.each([
  ['with the port', line('[web1.example.com]:2222', OURS), 'known'],
  ['with the port, hashed', line(hash('[web1.example.com]:2222'), OURS), 'known'],
  ['with a pattern for the port', line('[*.example.com]:2222', OURS), 'known'],
  ['a pattern over all', line('*', OURS), 'known'],
  // ssh: "found matching key w/out port"
  ['known without the port', line('web1.example.com', OURS), 'known'],
  // ssh: No ED25519 host key is known for [web1.example.com]:2222
  ['another key without the port', line('web1.example.com', OTHER), 'unknown'],
  ['another key with the port', line('[web1.example.com]:2222', OTHER) + line('web1.example.com', OURS), 'changed'],
  // ssh tries the plain name when the bracketed one found nothing.
  ['negated with the port, known without', line('*,![web1.example.com]:2222', OURS), 'known'],
])('on port 2222: %s', (_, text, kind) => {
  expect(judge(text, 'web1.example.com', 2222).kind).toBe(kind);
});

test('says where the other key stands, the one of the same type before others', () => {
  const text = `# first\n${line('web1', RSA)}${line('web1', OTHER)}`;
  expect(judge(text, 'web1')).toEqual({ kind: 'changed', path: '/f0', line: 3, type: 'ssh-ed25519' });
});

test('files are read one after the other, and together', () => {
  expect(judgeHostKey(files(line('a', OTHER), line('web1', OURS)), 'web1', 22, OURS).kind).toBe('known');
  expect(judgeHostKey(files(line('web1', OTHER), line('web1', OURS)), 'web1', 22, OURS).kind).toBe('known');
  expect(judgeHostKey(files(line('web1', OURS), line('web1', OURS, '@revoked ')), 'web1', 22, OURS).kind).toBe('revoked');
});

test('types that are known come back in the order of the best name', () => {
  const text = line('web1', RSA) + line('[web1]:2222', OURS) + line('*', RSA, '@revoked ');
  expect(knownKeyTypes(files(text), 'web1', 22)).toEqual(['ssh-rsa']);
  expect(knownKeyTypes(files(text), 'web1', 2222)).toEqual(['ssh-ed25519']);
  expect(knownKeyTypes(files(text), 'db1', 22)).toEqual([]);
});

test('lines that are added later count, with their numbers', () => {
  const hosts = parseKnownHosts(line('a', OURS) + line(hash('b'), OURS));
  const file = [{ path: '/f', hosts }];
  expect(judgeHostKey(file, 'web1', 22, OURS).kind).toBe('unknown');
  hosts.add(line('web1', OTHER));
  expect(judgeHostKey(file, 'web1', 22, OURS)).toMatchObject({ kind: 'changed', line: 3 });
  expect(judgeHostKey(file, 'c', 22, OURS).kind).toBe('unknown');
  hosts.add(line(hash('c'), OTHER));
  expect(judgeHostKey(file, 'c', 22, OURS)).toMatchObject({ kind: 'changed', line: 4 });
  expect(judgeHostKey(file, 'b', 22, OURS).kind).toBe('known');
});

test('a line that is written is a line that is found', () => {
  for (const [host, port] of [
    ['web1', 22],
    ['Web1', 2222],
    ['fe80::1', 22],
    ['::1', 2222],
  ] as const) {
    const written = knownHostsLine(host, port, OURS);
    expect(judge(written, host, port).kind).toBe('known');
    expect(written.startsWith(`${lookupNames(host, port)[0]} ssh-ed25519 `)).toBe(true);
  }
});

test('long patterns take no time', () => {
  const text = line(`${'*a'.repeat(200)}*`, OURS);
  const start = performance.now();
  judge(text, 'a'.repeat(199));
  expect(performance.now() - start).toBeLessThan(200);
});

const KEYGEN = ['/usr/bin/ssh-keygen', '/usr/local/bin/ssh-keygen', '/opt/homebrew/bin/ssh-keygen'].find(existsSync);

test.skipIf(KEYGEN === undefined)('reads what ssh-keygen hashes, and prints fingerprints like ssh-keygen', () => {
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-known-'));
  try {
    const keygen = (...args: string[]) => execFileSync(KEYGEN ?? '', args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
    keygen('-q', '-t', 'ed25519', '-N', '', '-f', join(dir, 'key'));
    const key = Buffer.from(readFileSync(join(dir, 'key.pub'), 'utf8').split(' ')[1] ?? '', 'base64');
    const path = join(dir, 'known_hosts');
    writeFileSync(path, `${knownHostsLine('web1', 22, key)}${knownHostsLine('web2', 2222, key)}${knownHostsLine('::1', 22, key)}`);
    keygen('-H', '-f', path);
    const text = readFileSync(path, 'utf8');
    expect(text).not.toMatch(/web/);
    for (const [host, port] of [
      ['web1', 22],
      ['web2', 2222],
      ['::1', 22],
    ] as const)
      expect(judge(text, host, port, key).kind).toBe('known');
    expect(judge(text, 'web2', 22, key).kind).toBe('unknown');
    expect(judge(text, 'web1', 22, OURS).kind).toBe('changed');
    expect(keygen('-l', '-f', join(dir, 'key.pub')).split(' ')[1]).toBe(fingerprintOf(key));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
