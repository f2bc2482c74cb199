// The only place for filters of paths and addresses. They see text alone: nothing here looks at a disk.
import type { Value } from '../domain/value.ts';
import type { Filters } from './filter.ts';
import { listOf, wrong } from './filter.ts';
import { pythonText } from './python-text.ts';

/** By the names that expressions use. */
export const pathFilters: Filters = {
  basename: value => pythonText(value).split('/').at(-1) ?? '',
  dirname: value => dirname(pythonText(value)),
  splitext: value => splitExtension(pythonText(value)),
  path_join: value =>
    (typeof value === 'string' ? [value] : listOf(value, 'path_join'))
      .map(part => pythonText(part))
      .reduce((path, part) => {
        if (part.startsWith('/')) return part;
        return path === '' || path.endsWith('/') ? path + part : `${path}/${part}`;
      }),
  relpath: (value, given) => relative(pythonText(value), given.has(0, 'start') ? given.text(0, 'start') : undefined),
  win_basename: value => pythonText(value).split(/[\\/]/).at(-1) ?? '',
  win_dirname: value => {
    const [drive = '', path = ''] = splitDrive(pythonText(value));
    const head = path.replace(/[^\\/]*$/, '');
    return drive + (/^[\\/]*$/.test(head) ? head : head.replace(/[\\/]+$/, ''));
  },
  win_splitdrive: value => splitDrive(pythonText(value)),
  urlsplit: (value, given) => {
    const parts = splitUrl(pythonText(value));
    if (!given.has(0, 'query')) return parts;
    const name = given.text(0, 'query');
    return Object.hasOwn(parts, name) ? (parts[name] ?? null) : wrong(`urlsplit: unknown URL component: ${name}`);
  },
};

const dirname = (path: string): string => {
  const head = path.slice(0, path.lastIndexOf('/') + 1);
  return /^\/*$/.test(head) ? head : head.replace(/\/+$/, '');
};

const splitExtension = (path: string): readonly string[] => {
  const dot = path.lastIndexOf('.');
  const name = path.slice(path.lastIndexOf('/') + 1);
  // A name of dots alone, or one that begins with its only dot, has no extension.
  if (dot <= path.lastIndexOf('/') || /^\.+[^.]*$/.test(name)) return [path, ''];
  return [path.slice(0, dot), path.slice(dot)];
};

/** Without a start it would depend on where we stand. */
const relative = (path: string, start: string | undefined): string => {
  if (start === undefined || path.startsWith('/') !== start.startsWith('/'))
    return wrong("'relpath' needs a start of the same kind as the path; here it never asks where it stands");
  const [to, from] = [path, start].map(words);
  if (to === undefined || from === undefined) return '.';
  let same = 0;
  while (same < Math.min(to.length, from.length) && to[same] === from[same]) same++;
  return [...from.slice(same).map(() => '..'), ...to.slice(same)].join('/') || '.';
};

const words = (path: string): readonly string[] => {
  const kept: string[] = [];
  for (const word of path.split('/')) {
    if (word === '..' && kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (word !== '' && word !== '.' && !(word === '..' && path.startsWith('/'))) kept.push(word);
  }
  return kept;
};

const splitDrive = (path: string): readonly string[] => {
  const drive = /^(?:[A-Za-z]:|[\\/]{2}[^\\/]+[\\/][^\\/]+)/.exec(path)?.[0] ?? '';
  return [drive, path.slice(drive.length)];
};

const splitUrl = (url: string): Readonly<Record<string, Value>> => {
  const [, scheme = '', rest = ''] = /^(?:([A-Za-z][\w+.-]*):)?(.*)$/s.exec(url) ?? [];
  const [, netloc = '', path = '', query = '', fragment = ''] = /^(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(rest) ?? [];
  const [, login, host = ''] = /^(?:(.*)@)?(.*)$/s.exec(netloc) ?? [];
  const [, name = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(host) ?? [];
  const [username, ...password] = login === undefined ? [] : login.split(':');
  return {
    fragment,
    hostname: name === '' ? null : name.replace(/^\[|\]$/g, '').toLowerCase(),
    netloc,
    password: password.length === 0 ? null : password.join(':'),
    path,
    port: port === undefined || port === '' ? null : Number(port),
    query,
    scheme: scheme.toLowerCase(),
    username: username ?? null,
  };
};
