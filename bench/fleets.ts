// The only place that writes the large inventories of the benchmark: 10,000 hosts in 200 groups, each group with variables of its own.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const groups = 200;
const hostsEach = 50;

/** How many hosts each of the inventories has. */
export const hostsInAll = groups * hostsEach;

/** What an inventory is written in, and whether one host in ten has a file of its own. */
export type Written = { readonly form: 'ini' | 'yaml'; readonly hostVars: 'some' | 'none' };

/** Writes an inventory into a new folder. Returns the path for `-i`. */
export const writeFleet = (folder: string, { form, hostVars }: Written): string => {
  const write = (path: string, text: string): void => writeFileSync(join(folder, path), text);
  mkdirSync(join(folder, 'group_vars'), { recursive: true });
  mkdirSync(join(folder, 'host_vars'));
  const lines: string[] = form === 'ini' ? [] : ['all:', '  children:'];
  for (let g = 0; g < groups; g += 1) {
    const group = `group${three(g)}`;
    lines.push(...(form === 'ini' ? [`[${group}]`] : [`    ${group}:`, '      hosts:']));
    for (let h = 0; h < hostsEach; h += 1) {
      const host = `web${three(g)}-${three(h)}.example.net`;
      const own: readonly (readonly [string, string | number])[] = [
        ['ansible_host', `10.${g}.0.${h}`],
        ['ansible_port', 2222],
        ['rack', `r${h % 10}`],
      ];
      if (form === 'ini') lines.push([host, ...own.map(([name, value]) => `${name}=${value}`)].join(' '));
      else lines.push(`        ${host}:`, ...own.map(([name, value]) => `          ${name}: ${value}`));
      if (hostVars === 'some' && h % 10 === 0) write(`host_vars/${host}.yml`, `serial: ${g * hostsEach + h}\nowner: team${g % 7}\n`);
    }
    write(`group_vars/${group}.yml`, groupVars(group, g));
  }
  write('group_vars/all.yml', '---\nntp_server: ntp.example.net\nansible_user: deploy\n');
  write(`hosts.${form}`, `${lines.join('\n')}\n`);
  return join(folder, `hosts.${form}`);
};

const groupVars = (group: string, g: number): string => `---
# What ${group} serves
app_port: ${8000 + g}
app_name: "service ${g}"
data_dir: /srv/data/${group}
features:
  - one
  - two
limits:
  open_files: 65536
  memory: 4G
`;

const three = (number: number): string => String(number).padStart(3, '0');
