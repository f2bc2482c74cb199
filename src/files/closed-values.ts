// The only place that knows what of an inventory is encrypted, where it stands, and how to get at it: values (`!vault`) are
// carried closed until somebody needs them; a whole file is opened when it is read, and its values are closed again,
// so that they reach neither journal nor screen by accident.
import type { Inventory } from '../domain/inventory.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { hasSealed, replaceSealed, seal } from '../domain/sealed.ts';
import type { Value, Vars } from '../domain/value.ts';
import type { Vault } from './vault.ts';
import type { YamlFile } from './yaml.ts';

/** What is closed in the files that were read. */
export class ClosedValues {
  /** Sentences about files that could not be opened; whoever needs variables needs them. */
  readonly locked: string[] = [];
  private readonly vault: Vault | undefined;
  private readonly places = new Map<string, string>();
  private readonly fromFiles = new Map<string, Value>();

  constructor(vault: Vault | undefined) {
    this.vault = vault;
  }

  /** Opens a whole file. */
  openFile(path: string, text: string): Promise<Result<string>> {
    return this.open(text, `${path}:1:1`);
  }

  /** Takes down where a file's own encrypted values stand. */
  note(file: YamlFile): void {
    for (const { text, at } of file.sealed) {
      const { file: path, line, column } = file.where(at);
      if (!this.places.has(text)) this.places.set(text, `${path}:${line}:${column}`);
    }
  }

  /** Variables of a file that was encrypted as a whole, each closed. */
  close(vars: Vars, path: string): Vars {
    return Object.fromEntries(
      Object.entries(vars).map(([name, value]) => {
        const mark = `${path} ${name} ${this.fromFiles.size}`;
        this.fromFiles.set(mark, value);
        this.places.set(mark, path);
        return [name, seal(mark)];
      }),
    );
  }

  /** False where nothing at all is closed, which most inventories are. */
  get any(): boolean {
    return this.places.size > 0;
  }

  /** A value with everything in it open. */
  async reveal(value: Value): Promise<Result<Value>> {
    if (!hasSealed(value)) return ok(value);
    const texts = new Set<string>();
    replaceSealed(value, text => {
      texts.add(text);
      return null;
    });
    const open = new Map<string, Value>();
    for (const text of texts) {
      const known = this.fromFiles.get(text);
      const opened = known === undefined ? await this.open(text, this.placeOf(text)) : await this.reveal(known);
      if (!opened.ok) return opened;
      open.set(text, opened.value);
    }
    return ok(replaceSealed(value, text => open.get(text) ?? null));
  }

  /** A value as a journal may have it: where it was written in place of what it is. */
  located(value: Value): Value {
    return replaceSealed(value, text => seal(this.placeOf(text)));
  }

  /** An inventory as `ansible-inventory` prints it: what came from encrypted files is open, single values are not. */
  printable(inventory: Inventory): Inventory {
    if (this.fromFiles.size === 0) return inventory;
    const open = <T extends { readonly vars: Vars }>(one: T): T => ({ ...one, vars: this.plain(one.vars) as Vars });
    const mapped = <T extends { readonly vars: Vars }>(all: ReadonlyMap<string, T>) =>
      new Map([...all].map(([name, one]) => [name, open(one)]));
    return { ...inventory, hosts: mapped(inventory.hosts), groups: mapped(inventory.groups) };
  }

  private plain(value: Value): Value {
    return replaceSealed(value, text => {
      const known = this.fromFiles.get(text);
      return known === undefined ? seal(text) : this.plain(known);
    });
  }

  private placeOf(text: string): string {
    return this.places.get(text) ?? 'an inventory script';
  }

  private async open(text: string, where: string): Promise<Result<string>> {
    if (this.vault !== undefined) return this.vault.open(text, where);
    return fail({
      tag: 'bad-input',
      cause: `${where}: this is encrypted with Ansible Vault; give its password with --vault-password-file FILE`,
    });
  }
}
