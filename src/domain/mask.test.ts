// What matches is blanked wherever a run writes its words down; what is no pattern is refused without repeating it.
import { expect, test } from 'vitest';
import { compileMask, type Mask, maskArgv, maskPlanTexts } from './mask.ts';
import { adHocPlan } from './plan.ts';

const mask = (...patterns: string[]): Mask => {
  const compiled = compileMask(patterns);
  if (!compiled.ok) throw new Error(compiled.failure.cause);
  return compiled.value;
};

test('each match becomes three stars, also over lines and more than once', () => {
  expect(mask('-p\\S+', 'key=[0-9a-f]+')('mysql -phunter2 db\nkey=00ff key=11ee')).toBe('mysql *** db\n*** ***');
  expect(mask('(?<=password=)\\S+')('curl password=hunter2')).toBe('curl password=***');
  expect(mask()('as it is')).toBe('as it is');
});

test('what is no regular expression, or matches the empty text, is refused by its place and not repeated', () => {
  for (const pattern of ['hunter2[', 'hunter2*|x*']) {
    const refused = compileMask(['ok', pattern]);
    expect(refused).toMatchObject({ ok: false, failure: { tag: 'bad-input', cause: expect.stringMatching(/^--mask 2 of 2: it /) } });
    expect(JSON.stringify(refused)).not.toContain('hunter2');
  }
});

test.each(['(a+)+b', '(a|aa)*$', '((ab)*)+', '(?:x{2,}y?)*z', '([a-z]+\\.)+$'])('%j could take for ever, and is refused', pattern => {
  expect(compileMask([pattern])).toMatchObject({ ok: false, failure: { cause: expect.stringContaining('can take for ever') } });
});

test.each(['-p\\S+', '(?<=password=)\\S+', '(secret|token)=\\w+', '[(a+)+]', '\\(a+\\)+b', '(abc){2,5}'])(
  '%j is a pattern like others',
  pattern => {
    expect(compileMask([pattern]).ok).toBe(true);
  },
);

test('a plan keeps its shape: only its texts change', () => {
  const plan = adHocPlan({ pattern: 'all', command: 'login hunter2', module: 'shell', async: 5, name: 'as hunter2' });
  const masked = maskPlanTexts(mask('hunter\\d'), plan);
  expect(JSON.stringify(masked)).not.toContain('hunter2');
  expect(masked.plays[0]?.tasks[0]).toMatchObject({ path: '0.0', async: 5, module: { name: 'shell', args: { cmd: 'login ***' } } });
});

test('a command line is recorded without patterns and variables, and what matches is found across words', () => {
  const argv = [
    'run',
    'all',
    '--mask',
    'hunter2',
    '--mask=x.*y',
    '-e',
    'pw=1',
    '--extra-vars=pw=2',
    '-epw=3',
    '--',
    'login',
    '--pw',
    'abc',
  ];
  expect(maskArgv(mask('--pw \\S+'), argv).join(' ')).toBe('run all --mask *** --mask=*** -e *** --extra-vars=*** -e*** -- login ***');
});
