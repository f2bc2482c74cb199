// The only place that takes typed values out of a YAML mapping and says in one form what was expected.
// It knows kinds of values, not what the keys mean.
import type { BecomeWords } from '../domain/become.ts';
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import type { Vars } from '../domain/value.ts';
import type { YamlFile } from './yaml.ts';
import { describeNode, varsOf } from './yaml.ts';
import type { YamlEntry, YamlNode } from './yaml-node.ts';

/** A mapping and the file it stands in. Getters return undefined for a key that is absent or holds nothing. */
export class Fields {
  readonly at: number;
  readonly entries: readonly YamlEntry[];
  private readonly file: YamlFile;

  constructor(file: YamlFile, node: YamlNode & { readonly kind: 'map' }) {
    this.file = file;
    this.at = node.at;
    this.entries = node.entries;
  }

  find(key: string): YamlEntry | undefined {
    const entry = this.entries.find(candidate => candidate.key === key);
    return entry !== undefined && isNothing(entry.value) ? undefined : entry;
  }

  text(key: string, example: string): Result<string | undefined> {
    const entry = this.find(key);
    if (entry === undefined) return ok(undefined);
    if (entry.value.kind === 'scalar') return ok(entry.value.text);
    return this.wrong(entry, 'a text', example);
  }

  /** A whole number, quoted or not; `least` is the smallest that makes sense. */
  whole(key: string, ofWhat: string, example: number, least = Number.NEGATIVE_INFINITY): Result<number | undefined> {
    const entry = this.find(key);
    if (entry === undefined) return ok(undefined);
    const { value } = entry;
    if (value.kind === 'scalar' && hasTemplate(value.text)) {
      return this.file.refuse(value.at, `${key}: a template is not supported here yet; write the number itself, for example ${example}`);
    }
    const number = value.kind === 'scalar' && /^[-+]?\d+$/.test(value.text) ? Number(value.text) : Number.NaN;
    if (!Number.isSafeInteger(number) || number < least) return this.wrong(entry, `a whole number${ofWhat}`, String(example));
    return ok(number);
  }

  truth(key: string): Result<boolean | undefined> {
    const entry = this.find(key);
    if (entry === undefined) return ok(undefined);
    if (entry.value.kind === 'scalar' && typeof entry.value.value === 'boolean') return ok(entry.value.value);
    return this.wrong(entry, 'true or false', 'false');
  }

  /** What is said of becoming another user; templates are left as they are. */
  become(): Result<BecomeWords | undefined> {
    const entry = this.find('become');
    const isTemplate = entry?.value.kind === 'scalar' && hasTemplate(entry.value.text);
    const become = isTemplate ? this.text('become', 'true') : this.truth('become');
    if (!become.ok) return become;
    const words: Record<string, string | boolean> = become.value === undefined ? {} : { become: become.value };
    for (const [part, example] of Object.entries({ user: 'root', method: 'sudo', flags: '-H', exe: '/usr/bin/sudo' })) {
      const said = this.text(`become_${part}`, example);
      if (!said.ok) return said;
      if (said.value !== undefined) words[part] = said.value;
    }
    return ok(Object.keys(words).length === 0 ? undefined : words);
  }

  vars(key: string): Result<Vars> {
    const entry = this.find(key);
    if (entry === undefined) return ok({});
    if (entry.value.kind !== 'map') return this.wrong(entry, 'a mapping of variables', 'name: value');
    for (const variable of entry.value.entries) {
      if (!isVariableName(variable.key)) {
        return this.file.refuse(
          variable.at,
          `"${variable.key}" cannot name a variable; use letters, digits and _, not beginning with a digit`,
        );
      }
    }
    return ok(varsOf(entry.value.entries));
  }

  /** One condition or a list of them; truth values and numbers are conditions too. */
  conditions(key: string): Result<readonly string[] | undefined> {
    const entry = this.find(key);
    if (entry === undefined) return ok(undefined);
    const nodes = entry.value.kind === 'list' ? entry.value.items : [entry.value];
    const conditions: string[] = [];
    for (const node of nodes) {
      if (node.kind !== 'scalar' || node.text === '') {
        return this.file.refuse(
          node.at,
          `${key}: must be an expression or a list of them, found ${describeNode(node)}; write for example result.rc == 0`,
        );
      }
      conditions.push(node.text);
    }
    return ok(conditions);
  }

  wrong(entry: YamlEntry, expected: string, example: string) {
    return this.file.refuse(
      entry.value.at,
      `${entry.key}: must be ${expected}, found ${describeNode(entry.value)}; write for example ${entry.key}: ${example}`,
    );
  }
}

/** True for what may name a variable. */
export const isVariableName = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name);

/** True for a text that a template engine would change. */
export const hasTemplate = (text: string): boolean => /\{\{|\{%|\{#/.test(text);

/** True for a key that was written without a value. */
export const isNothing = (node: YamlNode): boolean => node.kind === 'scalar' && node.value === null;
