// The only place that knows how sources become dist: which entries there are, what is bundled how, and when that is due again.
// Everything is bundled, so that the published package installs nothing else and no add-on of a dependency is ever loaded.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

/** Built file → its source. */
const ENTRIES = {
  bin: 'src/bin.ts',
  driver: 'src/cli/driver-main.ts',
  'journal-worker': 'src/journal/worker.ts',
  'mirror-worker': 'src/journal/mirror-worker.ts',
  practice: 'src/practice/main.ts',
};

/** minijinja-js reads its code from a file beside itself. */
const WASM = 'node_modules/minijinja-js/dist/node/minijinja_js_bg.wasm';

/** A running program loads chunks late: those of recent builds stay, so that a rebuild does not pull them from under it. */
const KEEP_MS = 24 * 60 * 60_000;

/** CommonJS in an ES module: dependencies ask for these three. */
const BANNER = [
  "import { createRequire as __createRequire } from 'node:module';",
  "import { fileURLToPath as __fileURLToPath } from 'node:url';",
  'const require = __createRequire(import.meta.url);',
  'const __filename = __fileURLToPath(import.meta.url);',
  "const __dirname = __fileURLToPath(new URL('.', import.meta.url));",
].join('\n');

/**
 * Whether sources, lock file or this recipe changed since dist was built, by path, size and time.
 * @param {string} root the clone
 */
export function buildNeeded(root) {
  const stamp = readStamp(root);
  if (stamp === undefined || stamp.sources !== fingerprint(root)) return true;
  return stamp.files.some(file => !existsSync(join(root, 'dist', file)));
}

/**
 * Bundles all entries into dist. Each file appears whole, entries last.
 * @param {string} root the clone
 * @param {'clean' | 'keep-recent'} leftovers what happens to files of earlier builds
 */
export async function build(root, leftovers) {
  const sources = fingerprint(root);
  const { outputFiles, inputs } = await bundle(root);
  const dist = join(root, 'dist');
  if (leftovers === 'clean') rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  const isEntry = (/** @type {string} */ path) => Number(basename(path, '.js') in ENTRIES);
  const files = [
    { path: join(dist, basename(WASM)), contents: readFileSync(join(root, WASM)) },
    { path: join(dist, 'THIRD-PARTY-NOTICES.txt'), contents: notices(root, inputs) },
    ...outputFiles.sort((one, other) => isEntry(one.path) - isEntry(other.path)),
  ];
  for (const file of files) put(file.path, file.contents);
  chmodSync(join(dist, 'bin.js'), 0o755);
  const names = files.map(file => relative(dist, file.path));
  removeOld(dist, new Set(names));
  writeStamp(root, { sources, files: names });
}

/** @param {string} root */
async function bundle(root) {
  const esbuild = await import('esbuild');
  try {
    const result = await esbuild.build({
      absWorkingDir: root,
      entryPoints: ENTRIES,
      outdir: 'dist',
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node22.13',
      // All beside each other, so that one relative address is right from every file.
      chunkNames: '[name]-[hash]',
      jsx: 'automatic',
      charset: 'utf8',
      loader: { '.sh': 'text' },
      // Nothing here speaks HTTP; Yoga would load all of Node's HTTP client to read its own data, and the first frame would wait for that.
      define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"', fetch: 'undefined' },
      banner: { js: BANNER },
      legalComments: 'none',
      logLevel: 'silent',
      metafile: true,
      write: false,
      plugins: [withoutAddOns, forTheBundle(root)],
    });
    return { outputFiles: result.outputFiles, inputs: Object.keys(result.metafile.inputs) };
  } catch (error) {
    if (!(error instanceof Error && 'errors' in error && Array.isArray(error.errors))) throw error;
    const told = await esbuild.formatMessages(error.errors, { kind: 'error', color: false });
    throw new Error(`the sources do not bundle\n${told.join('').trimEnd()}`);
  } finally {
    // Its own process would live as long as the program that is about to be opened.
    await esbuild.stop();
  }
}

/** ssh2 tries its add-ons and goes on without; Ink asks for React's developer tools only when DEV says so. Neither is shipped.
 * @type {import('esbuild').Plugin} */
const withoutAddOns = {
  name: 'without-add-ons',
  setup(build) {
    build.onResolve({ filter: /\.node$|^cpu-features$|^react-devtools-core$/ }, ({ path }) => ({ path, namespace: 'left-out' }));
    build.onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${path} is not part of the bundle`)});`,
    }));
  },
};

/**
 * Two ways of speaking are right for Node and the tests and need a word of translation here:
 * `new URL('./worker.ts', import.meta.url)` is another entry, in dist the built file beside the chunk;
 * `const load = createRequire(import.meta.url)` with `load('package')` loads a package late, which bundlers know as `require('package')`.
 * @param {string} root
 * @returns {import('esbuild').Plugin}
 */
function forTheBundle(root) {
  const built = new Map(Object.entries(ENTRIES).map(([name, source]) => [join(root, source), `${name}.js`]));
  return {
    name: 'for-the-bundle',
    setup(build) {
      build.onLoad({ filter: /[/\\]src[/\\].*\.tsx?$/ }, ({ path }) => {
        const source = readFileSync(path, 'utf8');
        const addressed = source.replace(/new URL\(\s*'([^']+\.tsx?)',\s*import\.meta\.url,?\s*\)/g, (_, address) => {
          const target = built.get(join(dirname(path), address));
          if (target === undefined) throw new Error(`${relative(root, path)}: ${address} is no entry of scripts/bundle.mjs`);
          return `new URL('./${target}', import.meta.url)`;
        });
        const late = /\bconst (\w+) = createRequire\(import\.meta\.url\)/.exec(addressed)?.[1];
        const contents = late === undefined ? addressed : addressed.replaceAll(`${late}('`, "require('");
        return { contents, loader: path.endsWith('x') ? 'tsx' : 'ts' };
      });
    },
  };
}

/** The licences of what is in the bundle, as they ask for.
 * @param {string} root
 * @param {string[]} inputs paths of all bundled files */
function notices(root, inputs) {
  const folders = new Set(inputs.flatMap(path => /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? []));
  const texts = [...folders].sort().map(path => {
    const folder = join(root, path);
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find(entry => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? '' : `\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
    return `${name} ${version} (${license})\n${text}`;
  });
  return `Rollcall's built files contain these packages:\n\n${texts.join(`\n${'-'.repeat(80)}\n`)}`;
}

/** Writes beside and renames, so that nobody reads half a file.
 * @param {string} path
 * @param {string | Uint8Array} contents */
function put(path, contents) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, contents);
  renameSync(draft, path);
}

/** @param {string} dist
 * @param {Set<string>} current */
function removeOld(dist, current) {
  for (const name of readdirSync(dist)) {
    const path = join(dist, name);
    if (!current.has(name) && Date.now() - statSync(path).mtimeMs > KEEP_MS) rmSync(path, { recursive: true, force: true });
  }
}

/** The stamp lies outside dist, which is published as it is.
 * @param {string} root */
const stampPath = root => join(root, 'node_modules', '.cache', 'rollcall', 'build.json');

/** @param {string} root
 * @returns {{sources: string, files: string[]} | undefined} */
function readStamp(root) {
  try {
    return JSON.parse(readFileSync(stampPath(root), 'utf8'));
  } catch {
    return undefined;
  }
}

/** @param {string} root
 * @param {{sources: string, files: string[]}} stamp */
function writeStamp(root, stamp) {
  mkdirSync(dirname(stampPath(root)), { recursive: true });
  put(stampPath(root), JSON.stringify(stamp));
}

/** @param {string} root */
function fingerprint(root) {
  const hash = createHash('sha256');
  for (const path of [...sourcesIn(join(root, 'src')), join(root, 'package-lock.json'), join(root, 'scripts', 'bundle.mjs')]) {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** @param {string} folder
 * @returns {string[]} */
function sourcesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourcesIn(path);
    return /\.test\.tsx?$/.test(entry.name) ? [] : [path];
  });
}
