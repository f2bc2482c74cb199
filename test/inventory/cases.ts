// The only place for the inventories that are held against Ansible's own reading: each covers a rule, all are ours.

/** Files by path, and what `-i` names; without `sources` it is the first file. */
export type InventoryCase = {
  readonly what: string;
  readonly files: Readonly<Record<string, string>>;
  readonly sources?: readonly string[];
  /** It holds Python's tuples or whole floats, which are lists and whole numbers here: `--graph --vars` shows it. */
  readonly tuples?: true;
};

export const inventoryCases: readonly InventoryCase[] = [
  { what: 'hosts without a group', files: { hosts: 'alpha\nbeta\n\n# remark\n; another\ngamma\n' } },
  { what: 'groups and ranges', files: { hosts: '[web]\nweb[01:12:4].example.com\n[db]\ndb-[a:c]\nx[1:2]y[a:b]\n' } },
  {
    what: 'ports, addresses and aliases',
    files: { hosts: 'one:2222\n[::1]:22\nfe80::2\n10.0.0.7\njump ansible_host=192.0.2.50 ansible_port=5555\n' },
  },
  { what: 'a port behind the name and one in the variables', files: { hosts: 'one:22 ansible_port=23\n' } },
  {
    what: 'variables of hosts are typed as Python literals',
    tuples: true,
    files: {
      hosts:
        "a n=5 m=-7 f=1.25 t=True u=true o=None l=\"[1, 'two', 3.5]\" d=\"{'k': {'x': (1, 2)}}\" z=007 h=0x1f e=1e3 under=1_000\n" +
        'b s=plain q="two words" r=\'single quoted\' v="it\'s" w=a=b empty= word=yes dash=a-b path=/srv/x:y url=http://h/p?q=1\n',
    },
  },
  {
    what: 'variables of groups keep blanks, quotes and remarks as Ansible does',
    tuples: true,
    files: {
      hosts:
        '[g]\nh\n[g:vars]\na = 1\nb=  spaced out  \nc="quoted"\nd=\'single\'\ne=x # no remark\nf=5 # a remark\ng=[1, 2] # list\nh="a" "b"\ni=\nj=True\nk="x" # y\nl=a=b\nm={{ other }}\nn=\'\\n\'\no="\\u00e9\\x41"\np=r"\\d+"\nq=1+2\nr=(1,)\ns=1, 2\n',
    },
  },
  {
    what: 'children before and after their group',
    files: { hosts: '[all_web:children]\nweb\nedge\n[web]\nw1\n[edge]\ne1\n[late:children]\nweb\n' },
  },
  {
    what: 'children of children',
    files: { hosts: '[a:children]\nb\n[b:children]\nc\n[c]\nh1\n[a:vars]\nx=a\ny=a\n[b:vars]\ny=b\n[c:vars]\nz=c\ny=c\n' },
  },
  { what: 'variables before their group', files: { hosts: '[g:vars]\nx=1\n[g]\nh\n' } },
  { what: 'a host in two groups', files: { hosts: '[b]\nh x=1\n[a]\nh y=2\nh x=3\n[a:vars]\nwho=a\n[b:vars]\nwho=b\n' } },
  {
    what: 'priority decides between groups of one depth',
    files: { hosts: '[a]\nh\n[b]\nh\n[a:vars]\nwho=a\nansible_group_priority=10\n[b:vars]\nwho=b\n' },
  },
  { what: 'variables of all and ungrouped', files: { hosts: 'lonely\n[g]\nh\n[all:vars]\nx=1\ny=all\n[ungrouped:vars]\ny=un\n' } },
  {
    what: 'a header with a remark, blanks around',
    files: { hosts: '  [g]   # the group\n  h1   x=1   # remark\n\th2\n[g:vars] # more\n y = 2 \n' },
  },
  { what: 'quotes and a hash in a host line', files: { hosts: 'h a="x # y" b=x#y c=\'#\' d="\\"q\\"" e=a\\ b\n' } },
  { what: 'a group and a host of one name', files: { hosts: '[web]\nweb\n' } },
  { what: 'names with dots, dashes and underscores', files: { hosts: '[a-b]\nh-1.x_y\n[a.b]\nh2\n[c:children]\na-b\na.b\n' } },
  { what: 'an .ini file', files: { 'hosts.ini': '[web]\nw1\n' } },
  { what: 'INI that YAML could be taken for', files: { hosts: 'single\n' } },
  { what: 'INI in a .yml file', files: { 'hosts.yml': '[web]\nw1 a=1\n' } },
  { what: 'YAML without an ending', files: { hosts: 'web:\n  hosts:\n    w1:\n      x: 0644\n    w2: {y: yes}\n' } },
  {
    what: 'YAML in full',
    files: {
      'h.yaml':
        'all:\n  vars: {a: 1}\n  hosts: {solo: }\n  children:\n    g:\n      vars: {b: [1, {c: null}]}\n      hosts: {"w[1:3]": {p: 1.5}}\n      children: {k: {hosts: {w9: }}}\n',
    },
  },
  {
    what: 'values of all kinds, as a graph shows them',
    files: {
      'h.yml': `all: {vars: {s: text, t: yes, z: null, q: "it's", d: {a: [1, two, "th'ree", 'f"o''ur', null], e: {}}, l: [], u: "é", n: "a\\nb"}}\nweb: {vars: {ansible_group_priority: 5, x: y}, hosts: {w1: {own: 1.5}}}\n`,
      'group_vars/web.yml': 'beside: 1\n',
      'group_vars/all.yml': 'far: 1\n',
    },
  },
  {
    what: 'a block of text at an end without a line end',
    files: { 'h.yml': 'all: {hosts: {h: }}\n', 'group_vars/all.yml': 'a: |\n  x\nb: |\n  y', 'host_vars/h.yml': 'c: >+\n  z\n  z' },
  },
  { what: 'JSON', files: { 'h.json': '{"all": {"hosts": {"a": {"x": [1, 2, {"y": null}]}, "b": null}}}' } },
  {
    what: 'priority in YAML',
    files: { 'h.yml': 'a: {hosts: {h: }, vars: {who: a, ansible_group_priority: 7}}\nb: {hosts: {h: }, vars: {who: b}}\n' },
  },
  { what: 'a list behind -i', files: {}, sources: ['h1,h2:2222'] },
  { what: 'two files, the later wins', files: { a: '[g]\nh x=1 y=1\n', b: '[g]\nh x=2\ni\n[k:children]\ng\n' }, sources: ['a', 'b'] },
  {
    what: 'group_vars and host_vars beside the inventory',
    files: {
      hosts: '[web]\nw1 own=line who=line\nw2\n[web:vars]\nx=inventory\nz=inventory\n[site:children]\nweb\n[site:vars]\nx=site\n',
      'group_vars/all.yml': 'everywhere: 1\nwho: all\n',
      'group_vars/site.yml': 'x: site-file\ny: site-file\n',
      'group_vars/web': 'y: web-file\n',
      'group_vars/nobody.yml': 'never: 1\n',
      'host_vars/w1.yaml': 'who: file\n',
      'host_vars/w2.json': '{"j": [1]}',
    },
  },
  {
    what: 'folders of variables',
    files: {
      hosts: '[web]\nw1\n',
      'group_vars/web/b.yml': 'x: b\n',
      'group_vars/web/a.yml': 'x: a\ny: a\n',
      'group_vars/web/deep/more': 'z: deep\n',
      'group_vars/web/.hidden.yml': 'h: 1\n',
      'group_vars/web/old.yml~': 'o: 1\n',
      'group_vars/web/notes.txt': 'not yaml: [',
      'host_vars/w1/main.yml': '---\n',
      'host_vars/w1/more.yml': 'm: 1\n',
    },
  },
  {
    what: 'a bare name before one with an ending',
    files: { hosts: 'h\n', 'host_vars/h': 'x: bare\n', 'host_vars/h.yml': 'x: yml\ny: 1\n' },
  },
  {
    what: 'priority and files',
    files: {
      hosts: '[a]\nh\n[b]\nh\n[a:vars]\nansible_group_priority=5\n',
      'group_vars/a.yml': 'who: a\n',
      'group_vars/b.yml': 'who: b\n',
    },
  },
  {
    what: 'a folder of inventories',
    files: {
      'inv/10-web': '[web]\nw1\n',
      'inv/20-db.yml': 'db: {hosts: {d1: }}\n',
      'inv/30-all': '[all:vars]\nx=1\n[site:children]\nweb\ndb\n',
      'inv/readme.md': '# words',
      'inv/.swap': 'nonsense: [',
      'inv/old.bak': 'w9\n',
      'inv/conf.cfg': '[x\n',
      'inv/empty.yml': '# nothing yet\n',
      'inv/group_vars/web.yml': 'from: folder\n',
      'inv/more/deep': 'deep1\n',
    },
    sources: ['inv'],
  },
  {
    what: 'two folders with variables of their own',
    files: {
      'one/hosts': '[g]\nh\n[p:children]\ng\n',
      'one/group_vars/g.yml': 'x: one-g\n',
      'one/group_vars/all.yml': 'a: one\n',
      'two/hosts': '[g]\nh2\n',
      'two/group_vars/p.yml': 'x: two-p\n',
      'two/group_vars/all.yml': 'a: two\n',
    },
    sources: ['one/hosts', 'two/hosts'],
  },
  {
    what: 'a script with _meta',
    files: {
      dynamic: `#!/bin/sh\ncat <<'END'\n{"web": {"hosts": ["w1", "w2"], "vars": {"x": 1}, "children": ["edge"]}, "edge": ["e1"], "solo": {"y": 2},\n"_meta": {"hostvars": {"w1": {"z": [1, null]}, "nobody": {"n": 1}}}}\nEND\n`,
      'group_vars/web.yml': 'f: file\n',
    },
  },
  {
    what: 'a script that is asked about each host',
    files: {
      'dynamic.sh': `#!/bin/sh\ncase $1 in --list) echo '{"g": {"hosts": ["a", "b"]}, "all": {"vars": {"v": true}}}' ;; *) echo "{\\"name\\": \\"$2\\"}" ;; esac\n`,
    },
  },
  { what: 'a script that fails', files: { dynamic: '#!/bin/sh\necho no cloud today >&2\nexit 3\n' } },
  { what: 'a script that prints something else', files: { dynamic: '#!/bin/sh\necho hello\n' } },
  { what: 'a script whose hosts are no list', files: { dynamic: `#!/bin/sh\necho '{"g": {"hosts": "a"}}'\n` } },
  { what: 'a file of remarks alone', files: { 'hosts.yml': '# all:\n#   hosts:\n' } },
  { what: 'a file without a byte', files: { hosts: '' } },
  { what: 'groups that are only named', files: { 'h.yml': 'a:\n  children:\n    b:\n    c:\nd:\n  children:\n    # nobody yet\n' } },
  { what: 'names that look like numbers, in quotes', files: { 'h.yml': '"12": {hosts: {"7": , 10.0.0.1: }}\n' } },
  { what: 'all with children of its own', files: { hosts: '[web]\nw1\n[all:children]\nweb\ndb\n[db]\nd1\n[ALL:vars]\nx=1\n[ALL]\nq\n' } },
  { what: 'one line that YAML takes for text', files: { hosts: '"quoted"\n' } },
  { what: 'two hosts in one line', files: { hosts: 'web1 web2\n' } },
  { what: 'a range with a dash', files: { hosts: '[g]\nw[1-3]\n' } },
  { what: 'a group above itself in YAML', files: { 'h.yml': 'a: {children: {b: }}\nb: {children: {a: }}\n' } },
  {
    what: 'a port behind a name that is known',
    files: { hosts: '[a]\nh1\nh2:22\n[b]\nh1:2222\nh2:2222 x=1\n[c]\nh2:23 ansible_port=24\nh2:25\n' },
  },
  { what: 'a priority of nought', files: { hosts: '[a]\nh\n[b]\nh\n[b:vars]\nwho=b\nansible_group_priority=0\n[a:vars]\nwho=a\n' } },
  { what: 'a priority that is no number', files: { hosts: '[a]\nh\n[a:vars]\nansible_group_priority=high\n' } },
  { what: 'a priority that is no number in YAML', files: { 'h.yml': 'a: {hosts: {h: }, vars: {ansible_group_priority: [1]}}\n' } },
  {
    what: 'a priority that is no number from a script',
    files: { dynamic: `#!/bin/sh\necho '{"g": {"hosts": ["a"], "vars": {"ansible_group_priority": "1.5"}}}'\n` },
  },
  { what: 'sections after a host that YAML has other words for', files: { hosts: '"s1" a=1\n[web]\nw1\n' } },
  { what: 'a number for a host', files: { 'h.yml': 'all: {hosts: {12: }}\n' } },
  { what: 'a number for a group', files: { 'h.yml': 'all: {children: {1.5: {hosts: {a: }}}}\n' } },
  { what: 'a truth for a group', files: { 'h.yml': 'yes: {hosts: {a: }}\n' } },
  { what: 'the configuration of an inventory plugin', files: { 'h.yml': 'plugin: cloud.hosts\nregion: north\n' } },
  { what: 'an unknown kind of section', files: { hosts: '[g:hosts2]\nh\n' } },
  { what: 'a child that is nowhere', files: { hosts: '[g:children]\nnobody\n' } },
  { what: 'variables of a group that is nowhere', files: { hosts: '[g:vars]\nx=1\n' } },
  { what: 'a section that is not closed', files: { hosts: '[web\nh\n' } },
  { what: 'a host with one bracket', files: { hosts: '[web]\nh]\n' } },
  { what: 'a section with a blank', files: { hosts: '[my group]\nh\n' } },
  { what: 'a word that is no variable', files: { hosts: '[g]\nh x\n' } },
  { what: 'a group variable without a value', files: { hosts: '[g]\nh\n[g:vars]\nx\n' } },
  { what: 'an open quote', files: { hosts: '[g]\nh x="a\n' } },
  { what: 'a name that ends in a colon', files: { 'hosts.ini': '[g]\nh:\n' } },
  { what: 'a group above itself', files: { hosts: '[a:children]\nb\n[b:children]\na\n' } },
  { what: 'the start of a YAML file in INI', files: { 'hosts.ini': '---\nh\n' } },
  { what: 'variables that are a list', files: { hosts: 'h\n', 'host_vars/h.yml': '- 1\n' } },
];
