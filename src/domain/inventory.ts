// The only place that knows who exists: hosts and groups, in which order, with which variables.
// It is built from declarations in the order they were written; it knows no file format (files/ does).
// Orders and precedence are Ansible's, as `ansible --list-hosts` and `ansible-inventory` show them.
import type { Result } from './result.ts';
import { fail, ok } from './result.ts';
import type { Value, Vars } from './value.ts';
import { isMapping, layVars, lookUp } from './value.ts';

/** One host. The name is what people say; where it is reached stands in `vars`. */
export type Host = {
  readonly name: string;
  /** All groups it is in, directly or through a child, sorted, without `all` (Ansible's `group_names`). */
  readonly groups: readonly string[];
  /** all < parent groups < child groups (by priority, then alphabetical within a depth) < the files beside < its own < its file. */
  readonly vars: Vars;
};

/** One group. */
export type Group = {
  readonly name: string;
  /** Hosts named in the group itself. */
  readonly hosts: readonly string[];
  readonly children: readonly string[];
  /** Hosts of the group and of all below it, breadth first: the order in which a pattern meets them. */
  readonly members: readonly string[];
  /** Variables of the group itself, those of the files beside included. */
  readonly vars: Vars;
  /** `ansible_group_priority`, where it was said. */
  readonly priority?: number;
};

/** The fleet. Both maps iterate in inventory order; `groups` always holds `all` and `ungrouped`. */
export type Inventory = {
  readonly hosts: ReadonlyMap<string, Host>;
  readonly groups: ReadonlyMap<string, Group>;
  /** The word that names the fleet in headers and confirmations. */
  readonly label?: string;
  readonly labelColour?: string;
  /** Where it was read from, for people. */
  readonly source: string;
};

/** A host as it was written under a group. A port behind its name counts only where the name is met first, as Ansible has it. */
export type HostDeclaration = { readonly kind: 'host'; readonly name: string; readonly vars: Vars; readonly port?: number };

/** A group as it was written; one group may be declared in many places. */
export type GroupDeclaration = {
  readonly kind: 'group';
  readonly name: string;
  readonly vars: Vars;
  /** Hosts and child groups in the order they were written. */
  readonly members: readonly (HostDeclaration | GroupDeclaration)[];
  /** Where it stands, for people: `file:line:column`. */
  readonly at?: string;
};

/** What stood in one folder's `group_vars` and `host_vars`, by group and host. */
export type VarsBeside = { readonly groups: ReadonlyMap<string, Vars>; readonly hosts: ReadonlyMap<string, Vars> };

/** Who is declared, without repetitions: whose variables a folder may hold. */
export const namesIn = (
  declarations: readonly GroupDeclaration[],
): { readonly groups: ReadonlySet<string>; readonly hosts: ReadonlySet<string> } => {
  const groups = new Set(['all', 'ungrouped']);
  const hosts = new Set<string>();
  const walk = (declaration: GroupDeclaration): void => {
    groups.add(declaration.name);
    for (const member of declaration.members) {
      if (member.kind === 'group') walk(member);
      else hosts.add(member.name);
    }
  };
  for (const declaration of declarations) walk(declaration);
  return { groups, hosts };
};

/**
 * Builds the fleet. Fails only when a group is above itself.
 * @param beside the folders' variables, the weakest folder first
 * @see https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_variables.html#understanding-variable-precedence
 */
export const buildInventory = (
  declarations: readonly GroupDeclaration[],
  source: string,
  beside: readonly VarsBeside[] = [],
): Result<{ readonly inventory: Inventory; readonly warnings: readonly string[] }> => {
  const draft = new Draft();
  for (const declaration of declarations) draft.declare(declaration);
  draft.settleTop();
  const loop = draft.findLoop();
  if (loop !== undefined) {
    const [child = '', parent = ''] = loop.toReversed();
    return fail({
      tag: 'bad-input',
      cause: `${draft.placeOf(parent, child) ?? source}: group ${child} is above itself (${loop.join(' > ')}); take ${child} out of the children of ${parent}`,
    });
  }
  const groups = draft.finishGroups(beside);
  const hosts = draft.finishHosts(groups, beside);
  const warnings = [...hosts.keys()].filter(name => groups.has(name)).map(name => `Found both group and host with same name: ${name}`);
  return ok({ inventory: { hosts, groups, source, ...labelOf(draft.varsOfAll(beside)) }, warnings });
};

/** What expressions see of a host: its variables and the magic ones that cost nothing to make. */
export const variablesOf = (host: Host): Vars =>
  layVars(host.vars, {
    inventory_hostname: host.name,
    inventory_hostname_short: host.name.split('.')[0] ?? host.name,
    group_names: host.groups,
  });

/** The number that decides between groups of one depth, as Python's `int` reads it; undefined where it cannot. */
export const readPriority = (value: Value): number | undefined => {
  if (typeof value === 'number' || typeof value === 'boolean') return Math.trunc(Number(value));
  return typeof value === 'string' && /^\s*[-+]?\d+\s*$/.test(value) ? Number(value) : undefined;
};

/** The sentence for what {@link readPriority} does not take, without a place. */
export const badPriority = ({ ansible_group_priority: value }: Vars): string | undefined =>
  value === undefined || readPriority(value) !== undefined
    ? undefined
    : `ansible_group_priority must be a whole number, found ${JSON.stringify(value)}; write for example 10`;

type GroupDraft = {
  readonly hosts: Set<string>;
  readonly children: Set<string>;
  readonly parents: Set<string>;
  vars: Vars;
  priority: number;
};

/** What is known while declarations come in; sets keep the order and forget repetitions. */
class Draft {
  private readonly groups = new Map<string, GroupDraft>();
  /** Own variables and direct groups. */
  private readonly hosts = new Map<string, { vars: Vars; readonly direct: Set<string> }>();

  /** Where each child was written below each parent. */
  private readonly places = new Map<string, string>();

  constructor() {
    this.group('all');
    this.group('ungrouped');
    this.addChild('all', 'ungrouped');
  }

  declare(declaration: GroupDeclaration): void {
    const { name } = declaration;
    const group = this.group(name);
    group.vars = layVars(group.vars, declaration.vars);
    if (lookUp(group.vars, 'ansible_group_priority') !== undefined) {
      const { ansible_group_priority: priority, ...vars } = group.vars;
      group.priority = readPriority(priority ?? null) ?? 1;
      group.vars = vars;
    }
    for (const member of declaration.members) {
      if (member.kind === 'group') {
        this.declare(member);
        this.addChild(name, member.name);
        if (member.at !== undefined) this.places.set(`${name}\n${member.name}`, member.at);
      } else this.addHost(name, member);
    }
  }

  /** Every group ends under `all`, every host without a group in `ungrouped`, and only those. */
  settleTop(): void {
    for (const [name, group] of this.groups) if (name !== 'all' && group.parents.size === 0) this.addChild('all', name);
    const ungrouped = this.group('ungrouped');
    for (const [name, host] of this.hosts) {
      const grouped = [...host.direct].some(group => group !== 'all' && group !== 'ungrouped');
      if (grouped) {
        ungrouped.hosts.delete(name);
        host.direct.delete('ungrouped');
      } else {
        ungrouped.hosts.add(name);
        host.direct.add('ungrouped');
      }
    }
  }

  placeOf(parent: string, child: string): string | undefined {
    return this.places.get(`${parent}\n${child}`);
  }

  /** A way from a group back to itself, or undefined. */
  findLoop(): readonly string[] | undefined {
    const done = new Set<string>();
    const walk = (name: string, path: readonly string[]): readonly string[] | undefined => {
      if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
      if (done.has(name)) return undefined;
      for (const child of this.group(name).children) {
        const loop = walk(child, [...path, name]);
        if (loop !== undefined) return loop;
      }
      done.add(name);
      return undefined;
    };
    for (const name of this.groups.keys()) {
      const loop = walk(name, []);
      if (loop !== undefined) return loop;
    }
    return undefined;
  }

  finishGroups(beside: readonly VarsBeside[]): ReadonlyMap<string, Group> {
    const finished = new Map<string, Group>();
    for (const [name, { hosts, children, vars: own, priority }] of this.groups) {
      const vars = layVars(own, ...beside.map(folder => folder.groups.get(name) ?? {}));
      const group = { name, hosts: [...hosts], children: [...children], members: this.membersOf(name), vars };
      finished.set(name, priority === 1 ? group : { ...group, priority });
    }
    return finished;
  }

  finishHosts(groups: ReadonlyMap<string, Group>, beside: readonly VarsBeside[]): ReadonlyMap<string, Host> {
    const depths = this.depths();
    const shared = new Map<string, { readonly groups: readonly string[]; readonly vars: Vars }>();
    const all = this.varsOfAll(beside, 'apart');
    const inherit = (direct: ReadonlySet<string>) => {
      const key = [...direct].sort().join('\n');
      const known = shared.get(key);
      if (known !== undefined) return known;
      const names = [...this.withAncestors(direct)].filter(name => name !== 'all');
      const ranked = [...names].sort((a, b) => (depths.get(a) ?? 0) - (depths.get(b) ?? 0) || this.byPriority(a, b));
      const inherited = {
        groups: names.sort(),
        vars: layVars(
          this.group('all').vars,
          ...ranked.map(name => this.group(name).vars),
          all,
          ...beside.flatMap(folder => ranked.map(name => folder.groups.get(name) ?? {})),
        ),
      };
      shared.set(key, inherited);
      return inherited;
    };
    const finished = new Map<string, Host>();
    for (const name of groups.get('all')?.members ?? []) {
      const host = this.hosts.get(name);
      if (host === undefined) continue;
      const inherited = inherit(host.direct);
      const files = beside.map(folder => folder.hosts.get(name) ?? {});
      finished.set(name, { name, groups: inherited.groups, vars: layVars(inherited.vars, host.vars, ...files) });
    }
    return finished;
  }

  /** `apart`: only what stood in files beside the inventory. */
  varsOfAll(beside: readonly VarsBeside[], which: 'whole' | 'apart' = 'whole'): Vars {
    const own = which === 'whole' ? this.group('all').vars : {};
    return layVars(own, ...beside.map(folder => folder.groups.get('all') ?? {}));
  }

  private group(name: string): GroupDraft {
    const known = this.groups.get(name);
    if (known !== undefined) return known;
    const fresh: GroupDraft = { hosts: new Set(), children: new Set(), parents: new Set(), vars: {}, priority: 1 };
    this.groups.set(name, fresh);
    return fresh;
  }

  private byPriority(a: string, b: string): number {
    return this.group(a).priority - this.group(b).priority || (a < b ? -1 : 1);
  }

  private addChild(parent: string, child: string): void {
    this.group(parent).children.add(child);
    this.group(child).parents.add(parent);
  }

  private addHost(group: string, { name, vars, port }: HostDeclaration): void {
    this.group(group).hosts.add(name);
    const host = this.hosts.get(name) ?? { vars: port === undefined ? {} : { ansible_port: port }, direct: new Set<string>() };
    host.vars = layVars(host.vars, vars);
    host.direct.add(group);
    this.hosts.set(name, host);
  }

  private membersOf(name: string): readonly string[] {
    const members = new Set<string>();
    const walked = new Set([name]);
    // A set that grows while it is walked is a queue that forgets repetitions.
    for (const group of walked) {
      for (const host of this.group(group).hosts) members.add(host);
      for (const child of this.group(group).children) walked.add(child);
    }
    return [...members];
  }

  private withAncestors(direct: ReadonlySet<string>): ReadonlySet<string> {
    const above = new Set([...direct, 'all']);
    for (const group of above) for (const parent of this.group(group).parents) above.add(parent);
    return above;
  }

  /** Longest way down from `all`. */
  private depths(): ReadonlyMap<string, number> {
    const depths = new Map<string, number>();
    const depthOf = (name: string): number => {
      const known = depths.get(name);
      if (known !== undefined) return known;
      let depth = 0;
      for (const parent of this.group(name).parents) depth = Math.max(depth, depthOf(parent) + 1);
      depths.set(name, depth);
      return depth;
    };
    for (const name of this.groups.keys()) depthOf(name);
    return depths;
  }
}

/** `label: PROD` or `label: { text: PROD, colour: red }` among the variables of `all`. */
const labelOf = (all: Vars): Pick<Inventory, 'label' | 'labelColour'> => {
  const written = lookUp(all, 'label');
  if (typeof written === 'string' && written !== '') return { label: written };
  if (!isMapping(written)) return {};
  const text = lookUp(written, 'text');
  const colour = lookUp(written, 'colour');
  return {
    ...(typeof text === 'string' ? { label: text } : {}),
    ...(typeof colour === 'string' ? { labelColour: colour } : {}),
  };
};
