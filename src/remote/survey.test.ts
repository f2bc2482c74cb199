import { expect, test } from 'vitest';
import { emptySurvey } from './frames.ts';
import { decodeSurvey, encodeSurvey, encodeThrough, surveyText } from './survey.ts';

const nonce = 'abc123';
const ours = 'j0000000000000000000000001.1';
const reply = (stdout: string, more = {}) => ({
  stdout: Buffer.from(stdout, 'latin1'),
  stderr: new Uint8Array(),
  code: 0,
  signal: undefined,
  ...more,
});
const framed = (...lines: readonly string[]) => reply(`motd\n\nA ${nonce} 1\n${lines.map(line => `${line}\n`).join('')}Z ${nonce}\n`);
const read = (...lines: readonly string[]) => {
  const answer = decodeSurvey(nonce, framed('T 100 50', 'H ops /home/ops', ...lines));
  if (!answer.ok) throw new Error(answer.failure.cause);
  return answer.value;
};
const about = ['|run=0123456789abcdef0123456789abcdef', '|host=web1', '|task=0.0'];

test('an answer without its marks is none', () => {
  expect(decodeSurvey(nonce, reply('sh: not found\n', { code: 127, stderr: Buffer.from('x\nno shell\n') }))).toMatchObject({
    failure: { tag: 'restricted', cause: 'no shell' },
  });
  expect(decodeSurvey(nonce, reply(`A ${nonce} 1\nT 1 1\n`))).toMatchObject({ failure: { tag: 'reply-garbled' } });
  expect(decodeSurvey(nonce, reply(`A ${nonce} 1\nT 1 1\n`, { code: undefined }))).toMatchObject({ failure: { tag: 'connection-lost' } });
  expect(decodeSurvey(nonce, reply(`A other 1\nZ other\n`))).toMatchObject({ failure: { tag: 'restricted' } });
  expect(decodeSurvey(nonce, framed('E request-cut in the list of jobs'))).toMatchObject({ failure: { tag: 'request-cut' } });
});

test('an about is read line by line, the first of a key counts, and nothing in it forges a record', () => {
  const { folders, files, skipped } = read(
    `F ${ours}`,
    ...about,
    '|number=12',
    '|title=Gr\\u00fc\\u00dfe \\u001b[31mred',
    '|batch=3/8',
    '|become=root',
    '|run=ffffffffffffffffffffffffffffffff',
    '|command=x=1; echo',
    '|F j0000000000000000000000002.1',
    '|N j1.1 2 3',
    'K 2',
  );
  expect(folders).toEqual([
    {
      jid: ours,
      account: 0,
      about: {
        runId: '0123456789abcdef0123456789abcdef',
        runNumber: 12,
        title: 'Grüße red',
        operator: '',
        machine: '',
        host: 'web1',
        task: '0.0',
        batch: '3/8',
        command: 'x=1; echo',
        become: 'root',
      },
    },
  ]);
  expect([files, skipped]).toEqual([[], 2]);
});

test.each([
  ['a jid with a path in it', ['F ../../x.1', ...about]],
  ["one of Ansible's as ours", ['F j1.1', ...about]],
  ['a run that is no id', [`F ${ours}`, '|run=../..', '|host=web1', '|task=0.0']],
  ['a task that is no path', [`F ${ours}`, about[0] as string, '|host=web1', '|task=0.0; rm']],
  ['no host', [`F ${ours}`, about[0] as string, '|task=0.0']],
  ['a file of many digits', ['N j1234567890123.1 2 3', ' 7b 7d', '.']],
  ['a size that is no number', ['N j1.1 x 3', ' 7b 7d', '.']],
])('%s is counted and dropped', (_, lines) => {
  expect(read(...lines)).toMatchObject({ folders: [], files: [], skipped: 1 });
});

test('a file has its wrapper only from the same account, and bytes of any kind', () => {
  const { files } = read(
    'P j1 60',
    'N j1.1 4 77',
    ' 00 ff',
    ' 0a 7d',
    '.',
    'H web /home/a web',
    'N j1.9 1 5',
    '.',
    'P j2 x',
    'N j2.1 0 0',
    '.',
  );
  expect(files).toEqual([
    { jid: 'j1.1', account: 0, size: 4, bytes: Buffer.from([0, 255, 10, 125]), changedAt: 77, wrapper: { limit: 60 } },
    { jid: 'j1.9', account: 1, size: 1, bytes: Buffer.alloc(0), changedAt: 5 },
    { jid: 'j2.1', account: 1, size: 0, bytes: Buffer.alloc(0), changedAt: 0, wrapper: { limit: 0 } },
  ]);
});

test('accounts and homes of no shape are not believed; whether root was had is told', () => {
  expect(read('H $(id) /x', 'H web relative').looked.map(({ name, home }) => [name, home])).toEqual([
    ['ops', '/home/ops'],
    ['', '/x'],
    ['web', ''],
  ]);
  expect([read().root, read('R').root]).toEqual(['refused', 'had']);
});

test('an empty survey of a host that only acts is read as one', () => {
  const answer = decodeSurvey('ab', { ...reply(''), stdout: emptySurvey('ab', 'practice') });
  expect(answer).toMatchObject({ ok: true, value: { folders: [], files: [], skipped: 0, root: 'had', looked: [{ name: 'practice' }] } });
});

test('a command holds nothing that shells read differently, and what is handed over is counted', () => {
  const account = { name: 'web', home: "/home/it's $HOME" };
  const inner = encodeThrough(account, ['look', 'ab', 'hash'], surveyText, Buffer.from('x\n.\n'), 'ab', surveyText);
  for (const { command } of [encodeSurvey('all', 'ab', surveyText), inner])
    expect(command.replaceAll(/^exec \/bin\/sh -c '[^']*'/g, '')).not.toMatch(/['\\!\n]/);
  const after = Buffer.from(inner.stdin.subarray(surveyText.bytes.length)).toString();
  expect(after.startsWith(`/home/it's $HOME\n${surveyText.bytes.length} look ab hash\n`)).toBe(true);
  expect(inner.command.endsWith(' web')).toBe(true);
});
