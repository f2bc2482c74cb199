// The only place for files that a playbook names: readers ask for them by path, and what is not here yet is noted as wanted.
// So reading stays one pure pass; whoever reads from disk fetches what was wanted, and passes again until nothing is.
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import type { Vars } from '../domain/value.ts';
import type { Found } from './disk.ts';
import { isVault } from './vault.ts';
import { describeNode, parseYaml, varsOf, type YamlFile } from './yaml.ts';
import { isNothing } from './yaml-fields.ts';

/** Where a file is named, for sentences about it. */
export type NamedIn = { readonly file: YamlFile; readonly at: number };

export class Shelf {
  /** Paths that were asked for and are not here. */
  readonly wanted = new Set<string>();
  readonly #found: ReadonlyMap<string, Found>;

  constructor(found: ReadonlyMap<string, Found> = new Map()) {
    this.#found = found;
  }

  /** The first of these paths that is there; undefined while that is not known, or where none is. */
  first(paths: readonly string[]): string | undefined {
    for (const path of paths) {
      const found = this.#found.get(path);
      if (found === undefined) this.wanted.add(path);
      if (found === undefined || found.kind !== 'missing') return found === undefined ? undefined : path;
    }
    return undefined;
  }

  /** A file that has to be there; undefined while it is not here. */
  open(path: string, { file, at }: NamedIn): Result<YamlFile | undefined> {
    const found = this.#found.get(path);
    if (found === undefined) {
      this.wanted.add(path);
      return ok(undefined);
    }
    if (found.kind === 'missing') return file.refuse(at, `the file ${path} does not exist; check the path`);
    if (found.kind === 'folder') return file.refuse(at, `${path} is a folder; name a file in it`);
    if (found.kind === 'unreadable') return file.refuse(at, `the file ${path} cannot be read (${found.why}); check its mode and owner`);
    if (isVault(found.text))
      return file.refuse(at, `${path} is encrypted, which is not supported here yet; put its values into group_vars or host_vars`);
    const parsed = parseYaml(path, found.text);
    if (!parsed.ok) return parsed;
    const [closed] = parsed.value.sealed;
    return closed === undefined ? parsed : refuseSealed(parsed.value, closed.at);
  }

  /** A file of variables; nothing while it is not here. */
  vars(path: string, named: NamedIn): Result<Vars> {
    const opened = this.open(path, named);
    if (!opened.ok) return opened;
    const root = opened.value?.root;
    if (opened.value === undefined || root === undefined || isNothing(root)) return ok({});
    if (root.kind === 'map') return ok(varsOf(root.entries));
    return opened.value.refuse(root.at, `a variables file is a mapping of variables, found ${describeNode(root)}; write \`name: value\``);
  }
}

/** No value of a playbook is decrypted. */
export const refuseSealed = (file: YamlFile, at: number) =>
  file.refuse(at, 'an encrypted value is not supported in a playbook yet; put it into group_vars or host_vars beside it');
