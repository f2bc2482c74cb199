# shellcheck shell=sh
# The ground that all practice hosts stand on: builds a small root folder of its own (programs of this machine
# read-only, everything else empty or made up), moves into it and lets go of the real one. Runs as "root" of a user
# namespace that owns nothing outside. Its text arrives on stdin, followed by the files to install; see ground.ts.
set -e
umask 022

ground=/tmp
mount -t tmpfs -o size=16m,mode=755 practice "$ground"
cd "$ground"
mkdir -p proc sys dev tmp run etc home/ops root srv mnt media var/lib var/cache opt/practice/bin .practice old
ln -s ../tmp var/tmp
ln -s ../run var/run
ln -s ../run/log var/log
ln -s ../run/lock var/lock

# A mount that is locked with more flags than we ask for refuses to be changed: ask again with those flags.
read_only() {
  mount -o remount,bind,ro "$1" 2>/dev/null ||
    mount -o remount,bind,ro,nodev "$1" 2>/dev/null ||
    mount -o remount,bind,ro,nosuid,nodev "$1"
}

for d in usr bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$d" ]; then
    cp -P "/$d" "$d"
  elif [ -d "/$d" ]; then
    mkdir "$d"
    mount --rbind "/$d" "$d"
    read_only "$d"
  fi
done

for device in null zero full random urandom; do
  : >"dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
ln -s /tmp dev/shm

# Of /etc only what programs need to start; names, passwords and keys of this machine stay outside.
for f in ld.so.cache ld.so.conf ld.so.conf.d alternatives localtime; do
  if [ -e "/etc/$f" ]; then cp -RP "/etc/$f" etc/; fi
done
ln -s /run/hostname etc/hostname
ln -s /run/hosts etc/hosts

# The kernel allows a new /proc only to those who can see an old one whole; each host covers it with its own.
mount --rbind /proc proc
# What outlives a reboot of a host lies here, one small file system per host.
mount -t tmpfs -o size=1m,mode=755 homes .practice
