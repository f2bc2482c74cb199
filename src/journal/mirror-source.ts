// The only place that reads from a living journal what a mirror of it needs: rows in order, each with the bytes that it counts.
// A read-only connection of its own: in WAL mode it never makes the writer wait.
import { DatabaseSync } from 'node:sqlite';
import { gapsIn } from './chain.ts';
import { type MirrorHead, type MirrorRow, mirrorFormat, pieceIn } from './mirror-format.ts';
import { outputPath, readOutputFile } from './output-files.ts';
import { journalFile } from './state-folder.ts';

/** A journal being read. Everything throws what SQLite or the file system throw. */
export type MirrorSource = {
  head(): MirrorHead;
  /** Whether this very row stands in the journal; row 0 stands in each. */
  has(seq: number, hash: string | null): boolean;
  /** Rows behind `seq`, until they come to `most` bytes; the last call of all brings none. */
  rows(seq: number, most: number): { readonly rows: readonly MirrorRow[]; readonly isLast: boolean };
  /** About how many bytes a mirror of it would have that is begun now. */
  size(): number;
  close(): void;
};

/** Bytes of a line besides its event's body. */
const aroundBody = 400;

/** What a new driver writes anew, or what concerns this folder alone. */
const notMirrored: ReadonlySet<string> = new Set(['schema', 'line', 'epoch', 'alive', 'mirror']);

/** @param epoch of the driver that writes the mirror */
export const openMirrorSource = (stateDir: string, epoch: number): MirrorSource => {
  const db = new DatabaseSync(journalFile(stateDir), { readOnly: true, timeout: 5000 });
  const hashOf = db.prepare('select hash from events where seq = ?');
  const after = db.prepare('select seq, at, run, jid, type, actor, body, hash from events where seq > ? order by seq');

  const withBytes = (row: MirrorRow): MirrorRow => {
    const piece = pieceIn(row);
    if (piece === undefined || piece.length === 0 || row.jid === null) return row;
    const { from, bytes } = readOutputFile(outputPath(stateDir, row.jid, piece.stream), piece.from, piece.length);
    return from === piece.from && bytes.length > 0 ? { ...row, bytes: Buffer.from(bytes).toString('base64') } : row;
  };

  const withGap = (last: number, row: MirrorRow): MirrorRow =>
    row.seq === last + 1 ? row : { ...row, gap: gapsIn(db).find(([, to]) => to === row.seq - 1)?.[2] ?? null };

  return {
    head() {
      const meta = new Map(
        db
          .prepare('select key, value from meta')
          .all()
          .map(row => [String(row['key']), String(row['value'])]),
      );
      const told = [...meta].filter(([key]) => !notMirrored.has(key));
      return {
        mirror: mirrorFormat,
        schema: Number(meta.get('schema')),
        line: meta.get('line') ?? '',
        epoch,
        meta: Object.fromEntries(told),
      };
    },
    has(seq, hash) {
      if (seq === 0) return true;
      const row = hashOf.get(seq);
      return row !== undefined && row['hash'] === hash;
    },
    rows(seq, most) {
      const rows: MirrorRow[] = [];
      let size = 0;
      let last = seq;
      for (const found of after.iterate(seq)) {
        const row = withGap(last, withBytes({ ...(found as unknown as Omit<MirrorRow, 'epoch'>), epoch }));
        last = row.seq;
        rows.push(row);
        size += row.body.length + (row.bytes?.length ?? 0);
        if (size >= most) return { rows, isLast: false };
      }
      return { rows, isLast: true };
    },
    size() {
      const events = db.prepare('select count(*) as n, sum(length(body)) as bytes from events').get();
      const output = db.prepare('select sum(bytes) as bytes from kept').get();
      return Number(events?.['n']) * aroundBody + Number(events?.['bytes']) + (Number(output?.['bytes']) * 4) / 3;
    },
    close: () => db.close(),
  };
};
