// The only place that holds the law of the house: which folder of src may import what, how big a file may grow, what no file may contain.
// The law is data; the rules below read it. It is told of each rule how it fails, so that a blind rule is noticed.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { parseSync } from 'oxc-parser';
import { expect, test } from 'vitest';

/** Folder → what it may import besides itself: a folder, or one file of it. A folder that is not named here may not exist. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  template: ['domain'],
  engine: ['domain'],
  play: ['engine', 'template', 'domain'],
  modules: ['domain'],
  remote: ['domain', 'engine/ports.ts'],
  ssh: ['domain', 'remote/ports.ts'],
  openssh: ['domain', 'remote/ports.ts'],
  local: ['domain', 'remote/ports.ts'],
  // Its acting form answers the runner's frames itself.
  practice: ['domain', 'remote/ports.ts', 'remote/frames.ts', 'remote/replies.ts'],
  journal: ['domain'],
  files: ['domain'],
  outputs: ['domain'],
  driver: ['domain', 'engine', 'play'],
  app: ['domain', 'driver/protocol.ts'],
  ui: ['domain', 'app'],
  // cli knows every folder; the door (src/bin.ts) knows only cli.
  cli: [
    'domain',
    'template',
    'engine',
    'play',
    'modules',
    'remote',
    'ssh',
    'openssh',
    'local',
    'practice',
    'journal',
    'files',
    'outputs',
    'driver',
    'app',
    'ui',
  ],
  '': ['cli/main.ts'],
};

/** Package → the folders that may import it. A package that is not named here is for tests only. */
const PACKAGE_BELONGS_TO: Readonly<Record<string, readonly string[]>> = {
  'minijinja-js': ['template'],
  'node:sqlite': ['journal'],
  ssh2: ['ssh', 'practice'],
  // Filters read YAML out of what hosts said.
  yaml: ['files', 'template'],
  commander: ['cli'],
  zustand: ['app', 'ui'],
  ink: ['ui'],
  react: ['ui'],
  'string-width': ['app', 'ui'],
};

/** Folder → the parts of Node that it may import; a folder that is not named here may import any. */
const NODE_PARTS: Readonly<Record<string, readonly string[]>> = { domain: ['node:crypto'], ui: [] };

const FORBIDDEN_NAMES = /^(utils?|helpers?|common|types)$/;
/** Split, so that this file may be judged, too. */
const TIMER = `set${'Timeout'}`;
const LINES_AT_MOST = { '.ts': 400, '.tsx': 250 };

type Module = { readonly path: string; readonly text: string };

const ROOT = dirname(import.meta.dirname);
const MODULES = [...filesIn('src'), ...filesIn('test')]
  .filter(path => /\.tsx?$/.test(path))
  .map(path => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));

test('the law holds for every file', () => {
  expect(MODULES.filter(module => module.path.startsWith('src/')).length).toBeGreaterThan(10);
  expect(MODULES.flatMap(breaks)).toEqual([]);
});

test('no imports go round in a circle', () => {
  expect(circles(MODULES)).toEqual([]);
});

test('the allow-table goes round in no circle either', () => {
  const folders = Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
    path: `src/${folder}`,
    text: allowed
      .filter(target => !target.includes('.'))
      .map(target => `import '../src/${target}'`)
      .join(';'),
  }));
  expect(circles(folders)).toEqual([]);
});

test('ARCHITECTURE.md names only files that exist', () => {
  const page = join(ROOT, 'ARCHITECTURE.md');
  const named = existsSync(page) ? (readFileSync(page, 'utf8').match(/\b(?:src|test|scripts|bench)\/[\w./-]*\w\.\w+/g) ?? []) : [];
  expect(named.filter(path => !existsSync(join(ROOT, path)))).toEqual([]);
});

/** Path, text, and what the law must say to it. */
const TRANSGRESSIONS: readonly [path: string, text: string, says: string][] = [
  ['src/domain/job.ts', "// x\nimport { a } from '../engine/timers.ts'", 'may not import src/engine/timers.ts'],
  ['src/domain/job.ts', "// x\nimport type { A } from '../engine/timers.ts'", 'may not import src/engine/timers.ts'],
  ['src/domain/job.ts', "// x\nexport { a } from '../engine/timers.ts'", 'may not import src/engine/timers.ts'],
  ['src/domain/job.ts', "// x\nconst a = await import('../engine/timers.ts')", 'may not import src/engine/timers.ts'],
  ['src/domain/job.ts', "// x\nlet a: import('../engine/timers.ts').A", 'may not import src/engine/timers.ts'],
  ['src/remote/ask.ts', "// x\nimport type { A } from '../engine/slots.ts'", 'may not import src/engine/slots.ts'],
  ['src/app/store.ts', "// x\nimport { a } from '../driver/server.ts'", 'may not import src/driver/server.ts'],
  ['src/bin.ts', "// x\nimport { a } from './cli/compose.ts'", 'may not import src/cli/compose.ts'],
  ['src/cli/main.ts', "// x\nimport { a } from '../../test/support/sshd.ts'", 'may not import test/support/sshd.ts'],
  ['src/driver/server.ts', "// x\nimport { a } from './server.test.ts'", 'may not import src/driver/server.test.ts'],
  ['src/engine/spine.ts', "// x\nimport '../domain/job'", 'without its extension'],
  ['src/play/walk.ts', "// x\nimport { Environment } from 'minijinja-js'", 'may not import minijinja-js'],
  ['src/driver/lease.ts', "// x\nimport { DatabaseSync } from 'node:sqlite'", 'may not import node:sqlite'],
  ['src/remote/x.ts', "// x\nimport type { Client } from 'ssh2'", 'may not import ssh2'],
  ['src/cli/x.ts', "// x\nimport { parse } from 'yaml'", 'may not import yaml'],
  ['src/app/x.ts', "// x\nimport x from 'left-pad'", 'may not import left-pad'],
  ['src/ui/Grid.tsx', "// x\nimport { readFileSync } from 'node:fs'", 'may not import node:fs'],
  ['src/domain/x.ts', "// x\nimport { readFileSync } from 'node:fs'", 'may not import node:fs'],
  ['src/gadgets/x.ts', '// x', 'is in a folder that the law does not know'],
  ['src/domain/utils/x.ts', '// x', 'bears a name that says nothing'],
  ['src/domain/helpers.ts', '// x', 'bears a name that says nothing'],
  ['src/domain/index.ts', '// x', 'is a barrel'],
  ['src/domain/x.ts', '// x\n'.repeat(401), 'has more than 400 lines'],
  ['src/ui/X.tsx', '// x\n'.repeat(251), 'has more than 250 lines'],
  ['src/domain/x.ts', 'export const a = 1', 'does not open with what it is the only place for'],
  ['src/app/x.test.ts', "// x\nvi.mock('../domain/job.ts')", 'mocks a module of ours'],
  ['src/engine/x.ts', `// x\n${TIMER}(a, 5)`, 'sets a timer of its own'],
  ['test/property/x.test.ts', `// x\nimport { ${TIMER} as sleep } from 'node:timers/promises'`, 'sets a timer of its own'],
];

test.each(TRANSGRESSIONS.map(([path, text, says]) => ({ path, text, says })))(
  '$path is told that it $says (%#)',
  ({ path, text, says }) => {
    expect(breaks({ path, text }).join('\n')).toContain(says);
  },
);

/** What looks alike but is right. */
const RIGHT: readonly Module[] = [
  { path: 'src/remote/ask.ts', text: "// x\nimport type { A } from '../engine/ports.ts'" },
  { path: 'src/engine/x.ts', text: `// x: ${TIMER} is only spoken of here` },
  { path: 'src/ui/X.test.tsx', text: "// x\nimport { expect } from 'vitest'\nimport { X } from './X.tsx'" },
  { path: 'src/journal/lease.ts', text: "// x\nimport { DatabaseSync } from 'node:sqlite'" },
  { path: 'src/practice/x.ts', text: "// x\nimport boot from './boot.sh'" },
  { path: 'test/support/x.ts', text: `// x\nimport { ${TIMER} } from 'node:timers/promises'` },
];

test.each(RIGHT)('$path is left alone', module => {
  expect(breaks(module)).toEqual([]);
});

test('a circle is found, also through types', () => {
  const a = { path: 'src/domain/a.ts', text: "import type { B } from './b.ts'" };
  const b = { path: 'src/domain/b.ts', text: "import { c } from './c.ts'" };
  const c = { path: 'src/domain/c.ts', text: "import { a } from './a.ts'" };
  expect(circles([a, b, c])).toEqual(['src/domain/a.ts → src/domain/b.ts → src/domain/c.ts → src/domain/a.ts']);
  expect(circles([a, b])).toEqual([]);
});

function breaks(module: Module): string[] {
  const code = withoutComments(module);
  const said = [...nameBreaks(module), ...textBreaks(module, code)];
  if (module.path.startsWith('src/')) said.push(...importsOf(module, code).flatMap(target => importBreaks(module.path, target)));
  return said.map(what => `${module.path} ${what}`);
}

function nameBreaks({ path }: Module): string[] {
  const said: string[] = [];
  const parts = path.replace(/(\.test)?\.tsx?$/, '').split('/');
  if (parts.some(part => FORBIDDEN_NAMES.test(part))) said.push('bears a name that says nothing');
  if (parts.at(-1) === 'index') said.push('is a barrel');
  if (parts[0] === 'src' && !(folderOf(path) in MAY_IMPORT)) said.push('is in a folder that the law does not know');
  return said;
}

function textBreaks({ path, text }: Module, code: string): string[] {
  const said: string[] = [];
  const most = path.endsWith('.tsx') ? LINES_AT_MOST['.tsx'] : LINES_AT_MOST['.ts'];
  if (text.trimEnd().split('\n').length > most && !path.includes('.test.')) said.push(`has more than ${most} lines`);
  if (!path.includes('.test.') && !/^(#!.*\n)?\s*\/[/*]/.test(text)) said.push('does not open with what it is the only place for');
  if (/\bvi\.(do)?mock\(\s*['"`]\.\.\//i.test(code)) said.push('mocks a module of ours');
  const clockIsInjected = path.startsWith('src/engine/') || (path.startsWith('test/') && !/\/support[/.]/.test(path));
  if (clockIsInjected && new RegExp(`\\b${TIMER}\\b`).test(code)) said.push('sets a timer of its own');
  return said;
}

function importBreaks(path: string, target: string): string[] {
  const folder = folderOf(path);
  const isTest = path.includes('.test.');
  const wrong = [`may not import ${target.startsWith('.') ? resolve(path, target) : target}`];
  if (target.startsWith('node:')) {
    if (target in PACKAGE_BELONGS_TO) return PACKAGE_BELONGS_TO[target]?.includes(folder) ? [] : wrong;
    return isTest || (NODE_PARTS[folder]?.includes(target) ?? true) ? [] : wrong;
  }
  if (!target.startsWith('.')) {
    const name = /^(?:@[^/]+\/)?[^/]+/.exec(target)?.[0] ?? target;
    const owners = PACKAGE_BELONGS_TO[name];
    return (owners?.includes(folder) ?? isTest) ? [] : wrong;
  }
  const file = resolve(path, target);
  if (!/\.\w+$/.test(file)) return [`imports ${file} without its extension`];
  if (file.startsWith('test/support/')) return isTest ? [] : wrong;
  if (!file.startsWith('src/') || (file.includes('.test.') && !isTest)) return wrong;
  const inside = file.slice('src/'.length);
  if (folder !== '' && folderOf(file) === folder) return [];
  const allowed = MAY_IMPORT[folder] ?? [];
  return allowed.includes(folderOf(file)) || allowed.includes(inside) ? [] : wrong;
}

/** Each circle once, as the path that closes it. */
function circles(modules: readonly Module[]): string[] {
  const edges = new Map(
    modules.map(module => [module.path, importsOf(module, withoutComments(module)).map(target => resolve(module.path, target))]),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) found.push([...trail.slice(at), path].join(' → '));
    if (at >= 0 || done.has(path)) return;
    for (const next of edges.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) walk(path, []);
  return found;
}

/** What a file imports, for values or types, now or later, under whatever syntax. */
function importsOf({ path, text }: Module, code: string): string[] {
  const { staticImports, staticExports } = parseSync(path, text).module;
  return [
    ...staticImports.map(found => found.moduleRequest.value),
    ...staticExports.flatMap(found => found.entries).flatMap(entry => entry.moduleRequest?.value ?? []),
    // Both `await import('x')` and the type `import('x').T`; the parser's own list has only the first kind.
    ...[...code.matchAll(/\bimport\(\s*['"`]([^'"`]+)['"`]/g)].flatMap(match => match[1] ?? []),
  ];
}

function withoutComments({ path, text }: Module): string {
  return parseSync(path, text).comments.reduce(
    (code, { start, end }) => code.slice(0, start) + ' '.repeat(end - start) + code.slice(end),
    text,
  );
}

const resolve = (from: string, target: string): string => (target.startsWith('.') ? normalize(join(dirname(from), target)) : target);

/** 'src/domain/x.ts' → 'domain'; 'src/bin.ts' → ''. */
function folderOf(path: string): string {
  const parts = path.split('/');
  return parts.length > 2 ? (parts[1] ?? '') : '';
}

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(ROOT, join(entry.parentPath, entry.name)));
}
