// The only place that tells a local file system from one of another machine: SQLite's write-ahead log needs all its
// readers and writers on one machine, and locks that hold. @see https://sqlite.org/wal.html
import { readFileSync, statfsSync } from 'node:fs';

/** `f_type` of statfs on Linux. @see linux/magic.h and each file system's own header */
const networkTypes: ReadonlyMap<number, string> = new Map([
  [0x6969, 'nfs'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb'],
  [0x517b, 'smb'],
  [0x01021997, '9p'],
  [0x00c36400, 'ceph'],
  [0x5346414f, 'afs'],
  [0x6b414653, 'afs'],
  [0x73757245, 'coda'],
  [0x0bd00bd0, 'lustre'],
  [0x01161970, 'gfs2'],
  [0x7461636f, 'ocfs2'],
  [0x19830326, 'beegfs'],
  [0x47504653, 'gpfs'],
  [0xaad7aaea, 'panfs'],
]);

/** Programs of their own serve these; some of them reach over a network. */
const fuse = 0x65735546;
const overNetwork =
  /^fuse(?:blk)?\.(sshfs|rclone|s3fs|s3ql|gcsfuse|goofys|glusterfs|ceph|davfs2?|curlftpfs|smbnetfs|juicefs|moosefs|mfs|nfs)$/;

/** What statfs and the kernel's list of mounts say. */
export type Mounts = { readonly typeOf: (path: string) => number; readonly list: () => string };

const ours: Mounts = {
  typeOf: path => (process.platform === 'linux' ? statfsSync(path).type : 0),
  list: () => readFileSync('/proc/self/mountinfo', 'utf8'),
};

/** The name of the network file system that a folder lies on; undefined for a local one, and where nobody tells. @param dev `st_dev` */
export const networkKind = (path: string, dev: number, { typeOf, list }: Mounts = ours): string | undefined => {
  try {
    const type = typeOf(path) >>> 0;
    return type === fuse ? fuseKind(list(), dev) : networkTypes.get(type);
  } catch {
    return undefined;
  }
};

/** Lines of mountinfo: `36 35 98:0 /mnt1 /mnt2 rw master:1 - ext3 /dev/root rw`. @see proc_pid_mountinfo(5) */
const fuseKind = (mounts: string, dev: number): string | undefined => {
  // As glibc's major() and minor() take it apart.
  const major = Math.floor(dev / 256) % 4096;
  const minor = (dev % 256) + Math.floor(dev / 2 ** 20) * 256;
  const line = mounts.split('\n').find(text => text.split(' ')[2] === `${major}:${minor}`);
  const kind = line?.split(' - ')[1]?.split(' ')[0];
  return kind === undefined ? undefined : overNetwork.exec(kind)?.[1];
};
