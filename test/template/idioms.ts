// The only place for idioms that are held against Ansible's own evaluation, one a line as they stand in playbooks.

const lines = (text: string): readonly string[] => text.trim().split('\n');

/** Of `when`, `until`, `changed_when` and `failed_when`. */
export const conditionIdioms = lines(String.raw`
result is not changed
result is defined and result is changed
(result.stdout | trim) == ''
result.stdout_lines[0] | trim | lower is search('nginx')
result.stdout | regex_search('version') is not none
result.stdout | int >= 0
result.rc | default(0) | int != 0
not (result.failed | default(false) | bool)
looped.results | map(attribute='rc') | list | unique == [0, 2]
looped.results | selectattr('rc', 'defined') | map(attribute='rc') | sum > 0
(looped.results | map(attribute='rc') | list) is any
ansible_facts is not defined or ansible_facts.x is undefined
ansible_distribution ~ '-' ~ ansible_distribution_major_version == 'Debian-12'
ansible_distribution | lower in ['debian', 'ubuntu']
ansible_mounts | map(attribute='mount') | list is contains '/var'
'/var' in (ansible_mounts | map(attribute='mount') | list)
(ansible_mounts | selectattr('mount', 'equalto', '/') | first).size_available > 5 * 1024 ** 3
users | selectattr('name', 'equalto', 'ada') | map(attribute='uid') | first == 1001
users | selectattr('groups', 'contains', 'wheel') | list | length == 1
users | selectattr('uid', '>=', 1001) | list | length == 2
users | selectattr('name', 'in', ['ada', 'cleo']) | map(attribute='name') | join('+') == 'ada+cleo'
users | map(attribute='groups') | map('length') | list == [2, 1, 0]
users | rejectattr('groups', 'equalto', []) | list | count == 2
users | json_query('[].name') == []
ansible_uptime_seconds | int > 60 and ansible_uptime_seconds | int < 864000
stat.stat.mtime | int < 1700000001
(stat.stat.mtime | int) + 3600 > ansible_date_time.epoch | int
ansible_date_time.epoch | int - stat.stat.mtime | int < 5
inventory_hostname.split('.') | first | regex_replace('[0-9]', '') == 'web'
inventory_hostname | regex_replace('^([a-z]+).*', '\\1') == 'web'
inventory_hostname is regex('^web\d+')
groups['web'].index(ansible_hostname) == 1
groups['nosuch'] | default([]) | length == 0
groups.nosuch is defined
'nosuch' in groups
ansible_hostname in (groups['web'] | default([]))
ansible_default_ipv4.address is match('10\.')
ansible_default_ipv4.address | default('') != ''
ansible_default_ipv4 is defined and ansible_default_ipv4.gateway is not defined
n is defined and n is not none and n | string | length > 0
n in range(1, 10)
n == 5 and (f > 2 or off) and not (flag is false)
flag is boolean
flag == 'true'
yes_text == 'yes' or yes_text is true
empty is none or empty == ''
empty | default('x', true) == 'x'
nothing | default('x') is none
settings.alpha.port | int == 8080
settings.alpha is mapping and 'tls' in settings.alpha
settings['list'] | sort == [1, 2, 3]
settings.list | max - settings.list | min == 2
settings.none is none
settings.items() | list | length == 4
settings | length == 4
words | map('lower') | unique | list | length == 3
words | select('search', '(?i)^apple$') | list | length == 2
words | reject('in', ['fig', 'pear']) | list | length == 2
words[0] == 'pear' and words[-1] == 'apple'
words[1:3] == ['Apple', 'fig']
csv.split(',') | map('trim') | select | list == ['a', 'b', 'c', 'd']
version.split('.')[1] | int == 10
version.split('.')[:2] | join('.') is version('1.10', '==')
(version | regex_replace('^v', '')) is version('1.10.3', '>=')
'1.2.3' is version('1.2.3-rc1', '>')
'1.10' is version('1.9', '>', strict=true)
'2.0.0' is version('2.0.0+build', '==', version_type='semver')
text.lower().startswith('the')
text is not match('quick')
text is search('quick') and text is not search('slow')
text | length > 5 and text.split(' ') | length == 4
broken.msg is defined and 'non-zero' in broken.msg
broken is failed and 'lock' not in broken.stderr
broken.stderr is search('held by (\d+)')
broken.stderr | regex_search('held by (\d+)', '\\1') | first | int == 1234
broken.stderr | regex_findall('\d+') | map('int') | max > 1000
job.started == 1 and job.finished == 0
job.finished | bool
ended.finished and ended.rc == 0
(ended.rc | default(-1)) == 0
away is unreachable or away is failed
passed is skipped or passed.stdout is search('x')
passed.stdout is defined
passed.skipped | default(false)
json_text | from_json is mapping
(json_text | from_json).b == 'x'
yaml_text | from_yaml is mapping and (yaml_text | from_yaml).c
"}}" in hostile
n | type_debug == 'int'
[1, 2, 3] | sum == 6 and [1, 2, 3] | length == 3
[] | length == 0 and not []
{} == empty_dict
none is none and true is true
'abc' is in 'xabcx'
n is not in numbers
n is lt 6
n is ge(5)
5 is eq n
'b' > 'a'
[1, 2] < [1, 3]
'10' | int > 9
'10' > '9'
True and not False
not not flag
n > 1 > 0
-1 * -1 == 1
n - 1 - 1 == 3
2 + 3 * 4 == 14
(2 + 3) * 4 == 20
10 % 3 == 1 and 10 // 3 == 3
7 / 2 == 3.5
1.0 == 1
0.1 + 0.2 == 0.3
n | abs == 5
1_000 == 1000
`);

/** Of arguments and variables. */
export const templateIdioms = lines(String.raw`
{{ ansible_default_ipv4.address.split('.')[:3] | join('.') }}.0/24
{{ groups['web'] | map('regex_replace', '^(.*)$', '\\1:8080') | join(',') }}
{{ groups['web'] | zip(groups['db']) | list }}
{{ groups.web | difference([ansible_hostname]) | first }}
{{ users | map(attribute='name') | zip(users | map(attribute='uid')) | map('join', ':') | list }}
{{ dict(users | map(attribute='name') | zip(users | map(attribute='uid'))) }}
{{ users | sort(attribute='name', reverse=true) | map(attribute='name') | first }}
{{ users | map('combine', {'x': 1}) | map(attribute='x') | sum }}
{{ users | selectattr('active') | map(attribute='name') | map('upper') | join(' ') }}
{{ (users | selectattr('name', 'eq', 'Bob') | first).shell | basename }}
{{ users | groupby('active') | map('last') | map('length') | list }}
{{ users | items2dict(key_name='name', value_name='shell') | dict2items | length }}
{{ ansible_mounts | sum(attribute='size_total') | human_readable }}
{{ (ansible_mounts[0].size_available / ansible_mounts[0].size_total * 100) | round(1) }}
{{ (ansible_mounts[0].size_available / ansible_mounts[0].size_total * 100) | int }}%
{{ ansible_memtotal_mb // 4 }}M
{{ [ansible_processor_vcpus * 2, 16] | min }}
{{ ansible_memtotal_mb | human_readable(unit='K') }}
{{ (n * 1024 * 1024) | filesizeformat(true) }}
{{ 90061 // 3600 }}h {{ 90061 % 3600 // 60 }}m
{{ '%02d:%02d' | format(n, 7) }}
{{ "%s/%s" | format(path | dirname, path | basename) }}
{{ '%-10s|' % text[:3] }}
{{ 'Hello {name}'.format(name=users[0].name) }}
{{ result.stdout_lines | map('regex_search', 'nginx/\S+') | select('string') | list }}
{{ result.stdout | regex_findall('(\w+)/([\d.]+)') }}
{{ result.stdout | regex_replace('(?s).*nginx/([\d.]+).*', '\\1') }}
{{ result.stdout.split(':')[1].strip().split()[0] }}
{{ result.stdout_lines | join(' | ') | truncate(20) }}
{{ result.stdout_lines | length }} lines
{{ broken.stderr | default('none', true) | trim }}
{{ broken.nosuch | default(broken.msg) }}
{{ lookup_missing | default(omit_me | default('')) }}
{{ settings.alpha | combine({'port': 9090}) }}
{{ settings | combine({'alpha': {'x': [1]}}, recursive=True) | to_json }}
{{ settings.alpha | dict2items | selectattr('key', 'eq', 'port') | map(attribute='value') | first }}
{{ settings.alpha.keys() | sort | join(',') }}
{{ settings | dict2items | rejectattr('value', 'none') | map(attribute='key') | sort | list }}
{{ words | map('regex_replace', '^', '- ') | join('\n') }}
{{ words | select('match', '[a-z]') | list | sort | to_json }}
{{ words | batch(2) | map('join', '/') | list }}
{{ numbers | map('string') | join('') | int + 1 }}
{{ numbers | map('pow', 2) | map('int') | list }}
{{ range(1, 4) | map('regex_replace', '^', 'node') | list }}
{{ ['a', 'b'] | product(['1', '2']) | map('join', '-') | list }}
{{ [[1, 2], [3]] | sum(start=[]) }}
{{ [1, 2, 3] | map('multiply', 2) | list }}
{{ 'a,b;c' | regex_replace('[,;]', ' ') | split }}
{{ 'key=value' | split('=') | last }}
{{ 'UPPER lower' | lower | title }}
{{ 'a-b_c.d' | regex_replace('[^a-zA-Z0-9]', '_') }}
{{ 'snake_case_name' | regex_replace('_(.)', '-\\1') }}
{{ 'x' * n }}
{{ 'abc' | list }}
{{ 'abc' | first }}{{ 'abc' | last }}
{{ 'abc' | reverse }}
{{ [3, 1] | sort | first }}
{{ 'password' | hash('sha512') | length }}
{{ 'user:pass' | b64encode }}
{{ {'a': [1, {'b': none}]} | to_nice_json }}
{{ {'name': 'x', 'list': ['a', {'k': 'v', 'l': []}], 'empty': {}, 'n': 1, 'f': false} | to_nice_yaml }}
{{ [1, 'two', [3, 4], {'five': 5}] | to_nice_yaml }}
{{ [1, 'two', [3, 4], {'five': 5}] | to_yaml }}
{{ 'plain' | to_yaml }}
{{ 'a: b' | to_yaml }}
{{ n | to_yaml }}
{{ ['- x', '# c', 'on', '0123', '1e3', '~', 'null', 'a#b', 'a #b', 'x:', ':x', '@x', '%x', '2023-01-02', '12:30', '0x1f', '.5', '1.', '-', '?', '!x', '&x', '*x', "it's", '"q"', ' lead', 'trail ', 'ünï', 'tab	x'] | to_nice_yaml }}
{{ multi | to_nice_yaml }}
{{ [multi] | to_nice_yaml }}
{{ 'one: 1\ntwo: [a, b]' | from_yaml }}
{{ multi | from_yaml }}
{{ '2023-01-02' | from_yaml }}
{{ '%H:%M' | strftime(86399, utc=true) }}
{{ ansible_date_time.iso8601[:10] | regex_replace('-', '') }}
{{ (flag and 'on') or 'off' }}
{{ off | ternary('a', 'b') ~ '!' }}
{{ 'yes' if n in numbers else 'no' }}
{{ n if n > 3 else 3 }}
{{ [n, 3] | max }}
{{ n == 5 | string }}
{{ (n == 5) | string | lower }}
{{ flag | lower }}
{{ flag | int }}
{{ flag | string }}
{{ [flag, nothing, 1.5, 'x'] | string }}
{{ [flag, nothing] | join(',') }}
{{ {'k': flag} }}
x{{ {'k': flag, 'l': nothing} }}
{{ ['a', "it's", 'q"q', 'b\c'] }}
x{{ ['a', "it's", 'q"q', 'tab	x', 'ü'] }}
{{ f | int }} {{ f | round | int }} {{ 3.5 | round | int }}
{{ 1e20 }} {{ 1e16 }} {{ 123456789012.5 }} {{ 1e-5 }} {{ 0.0001 }}
{{ 5 / 1 }} {{ 6 / 4 }} {{ 2 * 3.0 }} {{ 3.0 }} {{ f + f }} {{ 4 ** 0.5 }}
{{ (4 / 2) | int ~ 'x' }} {{ (4 / 2) ~ 'x' }}
{{ 4 / 2 == 2 }}
{% for m in ansible_mounts | sort(attribute='mount') %}{{ m.mount }} {{ (m.size_available / m.size_total * 100) | round | int }}% {% endfor %}
{% for g, hosts in groups.items() if g != 'all' %}[{{ g }}]{{ hosts | join(' ') }}{% endfor %}
{% for u in users if u.active %}{{ loop.index0 }}/{{ loop.length }}:{{ u.name }}{{ '' if loop.last else ',' }}{% endfor %}
{% for x in [1, 2, 3] %}{{ loop.previtem | default('-') }}{{ loop.nextitem | default('-') }} {% endfor %}
{% for u in users %}{% for g in u.groups %}{{ u.name }}-{{ g }} {% else %}({{ u.name }}) {% endfor %}{% endfor %}
{% set total = numbers | sum %}{% if total > 5 %}big {{ total }}{% endif %}
{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{% endfor %}{{ x }}
{% if result is changed and n is defined %}{{ result.rc }}{% endif %}
{%- if flag %} a {%- endif %} b
{{- n -}} x
{% set items = [] %}{{ items | length }}
{% for k, v in settings | dictsort %}{{ k }} {% endfor %}
{% for k in settings.alpha %}{{ k }}={{ settings.alpha[k] }} {% endfor %}
{% set name = users[0].name %}{{ name | upper }}-{{ inventory_hostname }}
{{ users | map(attribute='uid') | list | to_json }}
{{ ansible_interfaces | map('extract', {'lo': 1, 'eth0': 2, 'eth1': 3}) | list }}
{{ ['x', 'y'] | map('extract', {'x': {'k': 1}, 'y': {'k': 2}}, 'k') | list }}
{{ settings | to_nice_json(indent=2) }}
{{ [1, 2] | zip(*[[3, 4], [5, 6]]) | list }}
{{ ['a'] | product(*[['b'], ['c', 'd']], repeat=1) | list }}
{{ [[1, 2], [3, 4]] | map('zip', *[[5, 6]]) | map('list') | list }}
{{ 'http://h/p' | urlsplit('scheme') }} {{ 'h:80' | urlsplit('port') }}
{{ 'a b&c' | urlencode }} {{ {'a': 'b c', 'd': 1} | urlencode }}
{{ "x" | indent(4, true) }}
{{ text | replace(' ', '_') | lower }}
{{ text | regex_replace('o', '0', 'x') }}
{{ text.replace('o', '0', 1) }}
{{ text.find('z') }} {{ text.title() }} {{ 'a.b'.split('.', 1)[0] }}
{{ ' a '.strip() }}|{{ ' a'.lstrip() }}|{{ 'a '.rstrip() }}|{{ 'x.'.rstrip('.') }}
{{ 'a' in text }} {{ 'q' in text }}
{{ none | default('x', true) }} {{ none | string }} x{{ none }}
{{ nosuch.attr | default(nosuch2 | default('z')) }}
{{ users[9].name | default('nobody') }}
{{ users[9].name }}
{{ users.0.name }} {{ users.0['name'] }}
{{ settings['al' ~ 'pha'].port }}
{{ settings[words[0]] | default('unset') }}
{{ {'a': 1}.a }} {{ {'a': {'b': 2}}['a'].b }}
{{ [1, [2, 3]][1][0] }}
{{ 'abc'[1] }} {{ 'abc'[-1] }} {{ 'abc'[5] | default('none') }}
{{ numbers[1:] | sum }} {{ numbers[:-1] | length }} {{ numbers[::2] }}
`);
