#!/bin/sh
# apt-get as played on a practice host: takes its time, keeps a lock, installs nothing.
# shellcheck source=src/practice/programs/shared.sh
. /opt/practice/shared.sh

mirror=http://deb.practice.example/debian
pending=$practice_kept/apt-pending
packages='openssl:3.0.15-1:3.0.17-1 libssl3:3.0.15-1:3.0.17-1 tzdata:2025a-0:2025b-0 ca-certificates:20230311:20250419
  curl:7.88.1-10:7.88.1-12 libcurl4:7.88.1-10:7.88.1-12 systemd:252.33-1:252.38-1 sudo:1.9.13p3-1:1.9.13p3-2'
kernel='linux-image-amd64:6.1.129-1:6.1.140-1'

operation=
names=
for word in "$@"; do
  case $word in
    -*) ;;
    *) if [ -z "$operation" ]; then operation=$word; else names="$names $word"; fi ;;
  esac
done

lock() {
  waited=0
  until take apt.lock; do
    owner=$(holder apt.lock)
    if [ -n "$owner" ]; then
      echo "Waiting for cache lock: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process $owner (apt-get)... ${waited}s"
      waits_for "package lock held by process $owner"
      sleep 1
      waited=$((waited + 1))
    fi
  done
  waits_for ''
  trap 'give_back apt.lock' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

reading() {
  say 'Reading package lists... Done'
  say 'Building dependency tree... Done'
  say 'Reading state information... Done'
}

update() {
  say "Hit:1 $mirror stable InRelease"
  say "Get:2 $mirror-security stable-security InRelease [48.0 kB]"
  say "Get:3 $mirror stable-updates InRelease [55.4 kB]"
  say "Get:4 $mirror-security stable-security/main amd64 Packages [269 kB]"
  pause 3 8
  echo 'Fetched 372 kB in 1s (311 kB/s)'
  say 'Reading package lists... Done'
  echo news >"$pending"
}

# work LIST: fetches, unpacks and sets up name:old:new triples.
work() {
  count=0
  for triple in $1; do
    count=$((count + 1))
    name=${triple%%:*}
    say "Get:$count $mirror stable/main amd64 $name amd64 ${triple##*:} [$((count * 137 % 900 + 40)) kB]"
  done
  echo "Fetched $((count * 412)) kB in 2s ($((count * 206)) kB/s)"
  say '(Reading database ... 28412 files and directories currently installed.)'
  for triple in $1; do
    name=${triple%%:*} versions=${triple#*:}
    say "Preparing to unpack .../${name}_${versions##*:}_amd64.deb ..."
    say "Unpacking $name (${versions##*:}) over (${versions%%:*}) ..."
  done
  for triple in $1; do
    say "Setting up ${triple%%:*} (${triple##*:}) ..."
  done
  say 'Processing triggers for libc-bin (2.36-9) ...'
}

upgrade() {
  reading
  say 'Calculating upgrade... Done'
  if [ ! -e "$pending" ]; then
    echo '0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.'
    return 0
  fi
  list=$packages
  [ "$1" = upgrade ] || list="$packages $kernel"
  echo 'The following packages will be upgraded:'
  listed=$(for triple in $list; do printf ' %s' "${triple%%:*}"; done)
  echo " $listed"
  echo "$(echo "$listed" | wc -w) upgraded, 0 newly installed, 0 to remove and 0 not upgraded."
  work "$list"
  rm -f "$pending"
  if [ "$1" != upgrade ]; then
    echo '*** System restart required ***' >/run/reboot-required
  fi
}

install() {
  reading
  new=
  for name in $names; do
    if [ -e "$practice_kept/apt-$name" ]; then
      echo "$name is already the newest version (1.0-1)."
    else
      new="$new $name"
    fi
  done
  echo "0 upgraded, $(echo "$new" | wc -w) newly installed, 0 to remove and 0 not upgraded."
  count=0
  for name in $new; do
    count=$((count + 1))
    say "Get:$count $mirror stable/main amd64 $name amd64 1.0-1 [$((count * 211 % 900 + 90)) kB]"
    say "Selecting previously unselected package $name."
    say "Unpacking $name (1.0-1) ..."
    pause 5 12
    say "Setting up $name (1.0-1) ..."
    : >"$practice_kept/apt-$name"
  done
}

remove() {
  reading
  for name in $names; do
    if [ ! -e "$practice_kept/apt-$name" ]; then
      echo "Package '$name' is not installed, so not removed"
      continue
    fi
    say "Removing $name (1.0-1) ..."
    rm -f "$practice_kept/apt-$name"
  done
}

case $operation in
  update) lock; update ;;
  upgrade | dist-upgrade | full-upgrade) lock; upgrade "$operation" ;;
  install | reinstall) lock; install ;;
  remove | purge) lock; remove ;;
  autoremove | autoclean | clean | check) lock; reading ;;
  '')
    echo 'apt-get (played on a practice host): update, upgrade, dist-upgrade, install, remove, autoremove'
    ;;
  *)
    echo "E: Invalid operation $operation" >&2
    exit 100
    ;;
esac
