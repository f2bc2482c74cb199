# shellcheck shell=sh
# Boots one practice host: first process of fresh namespaces, standing on the ground that ground.sh laid. $1 is its name.
# Prints "up PID" (as seen from outside) when all is in place, then only sleeps and reaps; when it ends, the host is down.
set -e
umask 022
read -r outside_pid rest </proc/self/stat
read -r boot_id </proc/sys/kernel/random/uuid
home=/.practice/$1

hostname "$1" 2>/dev/null || true
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t tmpfs -o size=64m,mode=1777,nosuid,nodev tmp /tmp
mount -t tmpfs -o size=4m,mode=755,nosuid,nodev run /run
mkdir /run/lock /run/log /run/practice
echo "$1" >/run/hostname
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$1" >/run/hosts

# An id that changes with each boot, over the one of the kernel; then nobody can reach the file any more.
echo "$boot_id" >/run/boot_id
mount --bind /run/boot_id /proc/sys/kernel/random/boot_id
rm /run/boot_id

mount --bind "$home/ops" /home/ops
mount --bind "$home/root" /root
# Last: the homes of the other hosts disappear.
mount -t tmpfs -o ro,size=4k,mode=000 none /.practice

cd /
# INT is what the kernel sends to the first process for ctrl-alt-del; the acting reboot uses it too.
# shellcheck disable=SC2016 # expands in the inner shell
exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs /bin/sh -c '
  trap "exit 0" INT
  echo "up $1"
  exec </dev/null >/dev/null 2>&1
  while :; do
    sleep 2147483 &
    wait
  done' init "$outside_pid"
