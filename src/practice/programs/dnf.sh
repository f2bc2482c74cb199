#!/bin/sh
# dnf as played on a practice host: takes its time, keeps a lock, installs nothing.
# shellcheck source=src/practice/programs/shared.sh
. /opt/practice/shared.sh

upgraded=$practice_kept/dnf-upgraded
operation=
names=
for word in "$@"; do
  case $word in
    -*) ;;
    *) if [ -z "$operation" ]; then operation=$word; else names="$names $word"; fi ;;
  esac
done

lock() {
  until take dnf.lock; do
    owner=$(holder dnf.lock)
    if [ -n "$owner" ]; then
      echo "Waiting for process with pid $owner to finish."
      waits_for "package lock held by process $owner"
      sleep 2
    fi
  done
  waits_for ''
  trap 'give_back dnf.lock' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

checked() { say "Last metadata expiration check: 0:42:$(date +%S) ago on $(date '+%a %d %b %Y')."; }

row() { printf ' %-24s %-10s %-20s %-12s %8s\n' "$@"; }

# transaction VERB PARTICIPLE NAME...
transaction() {
  verb=$1 done_word=$2
  shift 2
  echo 'Dependencies resolved.'
  row Package Arch Version Repository Size
  for name in "$@"; do row "$name" x86_64 2.4.1-7.el9 practice "$((${#name} * 37 + 12)) k"; done
  say 'Downloading Packages:'
  i=0
  for name in "$@"; do
    i=$((i + 1))
    say "($i/$#): $name-2.4.1-7.el9.x86_64.rpm        1.$i MB/s | $((${#name} * 37 + 12)) kB     00:00"
  done
  say 'Running transaction check'
  say 'Transaction check succeeded.'
  say 'Running transaction test'
  pause 4 9
  echo 'Transaction test succeeded.'
  echo 'Running transaction'
  i=0
  for name in "$@"; do
    i=$((i + 1))
    pause 4 9
    printf '  %-12s : %-44s %d/%d\n' "$verb" "$name-2.4.1-7.el9.x86_64" "$i" "$#"
  done
  echo
  echo "$done_word:"
  for name in "$@"; do echo "  $name-2.4.1-7.el9.x86_64"; done
  echo
  echo 'Complete!'
}

nothing() {
  echo 'Dependencies resolved.'
  echo 'Nothing to do.'
  echo 'Complete!'
}

case $operation in
  upgrade | update)
    lock
    checked
    if [ -e "$upgraded" ]; then
      nothing
    else
      transaction Upgrading Upgraded openssl openssl-libs tzdata curl libcurl systemd
      : >"$upgraded"
    fi
    ;;
  check-update)
    checked
    [ -e "$upgraded" ] && exit 0
    row openssl.x86_64 '' 2.4.1-7.el9 practice ''
    exit 100
    ;;
  makecache)
    lock
    rm -f "$upgraded"
    say 'practice                                        3.1 MB/s | 1.9 MB     00:00'
    say 'Metadata cache created.'
    ;;
  install)
    lock
    checked
    new=
    for name in $names; do
      if [ -e "$practice_kept/dnf-$name" ]; then echo "Package $name-2.4.1-7.el9.x86_64 is already installed."; else new="$new $name"; fi
    done
    if [ -z "$new" ]; then
      nothing
    else
      # shellcheck disable=SC2086 # one word each
      transaction Installing Installed $new
      for name in $new; do : >"$practice_kept/dnf-$name"; done
    fi
    ;;
  *)
    echo "No such command: ${operation:-(none)}. On a practice host: upgrade, install, check-update, makecache" >&2
    exit 1
    ;;
esac
