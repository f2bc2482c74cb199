// The only place that recognises an inventory in INI form, to say in one sentence how its first group reads in YAML.
// It does not read the fleet; full support is a later room.

const header = /^\[([^\]:]+)(?::(\w+))?\]\s*(?:[#;].*)?$/;

/** The first hosts shown in the sentence; more would bury it. */
const shown = 4;

/** The sentence for an INI inventory, with its line; undefined when the text does not look like one. */
export const explainIni = (text: string): { readonly line: number; readonly cause: string } | undefined => {
  const lines = text.split(/\r?\n/).map((line, index) => ({ text: line.trim(), number: index + 1 }));
  const written = lines.filter(line => line.text !== '' && !/^[#;]/.test(line.text));
  const first = written[0];
  if (first === undefined || !(header.test(first.text) || isHostLine(first.text))) return undefined;
  const begin = written.findIndex(line => header.exec(line.text)?.[2] === undefined && header.test(line.text));
  const body = begin === -1 ? written : written.slice(begin + 1);
  const end = body.findIndex(line => line.text.startsWith('['));
  const hosts = (end === -1 ? body : body.slice(0, end)).map(line => line.text);
  const group = begin === -1 ? undefined : header.exec(written[begin]?.text ?? '')?.[1];
  return { line: first.number, cause: sentence(group, hosts) };
};

/** A host line has no colon-and-blank and no dash, as YAML would. */
const isHostLine = (line: string): boolean => /^[\w.[\]:-]+(?:\s+\w+=\S.*)?$/.test(line) && !/:$|^-|^---/.test(line);

const sentence = (group: string | undefined, hosts: readonly string[]): string => {
  const inside = `{hosts: {${hosts.slice(0, shown).map(hostAsYaml).join(', ')}}}`;
  const yaml = group === undefined ? `all: ${inside}` : `all: {children: {${group}: ${inside}}}`;
  const more = hosts.length > shown ? ` (and ${hosts.length - shown} more hosts)` : '';
  return `this is an inventory in INI form, which is not supported yet; write it in YAML, where its first group reads  ${yaml}${more}`;
};

const hostAsYaml = (line: string): string => {
  const [name = '', ...pairs] = line.replace(/\s+#.*$/, '').match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  const vars = pairs.map(pair => /^([^=]+)=(.*)$/.exec(pair)).filter(pair => pair !== null);
  const key = /^[\w.-]+$/.test(name) ? name : JSON.stringify(name);
  if (vars.length === 0) return `${key}: `;
  return `${key}: {${vars.map(([, variable = '', value = '']) => `${variable}: ${valueAsYaml(value)}`).join(', ')}}`;
};

const valueAsYaml = (value: string): string => {
  const bare = /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;
  return /^[\w./][\w./@-]*$/.test(bare) ? bare : JSON.stringify(bare);
};
