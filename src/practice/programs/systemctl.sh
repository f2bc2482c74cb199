#!/bin/sh
# systemctl as played on a practice host: a handful of services that start, stop and have a state until the reboot.
# shellcheck disable=SC2317 # functions are called by each()
# shellcheck source=src/practice/programs/shared.sh
. /opt/practice/shared.sh

units=$practice_run/units
mkdir -p "$units"
operation=
names=
for word in "$@"; do
  case $word in
    -*) ;;
    *) if [ -z "$operation" ]; then operation=$word; else names="$names ${word%.service}"; fi ;;
  esac
done

describe() {
  case $1 in
    ssh | sshd) echo 'OpenBSD Secure Shell server' ;;
    cron) echo 'Regular background program processing daemon' ;;
    nginx) echo 'A high performance web server and a reverse proxy server' ;;
    postgresql) echo 'PostgreSQL RDBMS' ;;
    app) echo 'The practice application' ;;
    *) return 1 ;;
  esac
}

state() { if [ -e "$units/$1.stopped" ]; then echo inactive; else echo active; fi; }

since() {
  if [ -e "$units/$1.since" ]; then cat "$units/$1.since"; else date '+%a %Y-%m-%d %H:%M:%S %Z'; fi
}

# change VERB NAME: the part that takes time.
change() {
  if ! describe "$2" >/dev/null; then
    echo "Failed to $1 $2.service: Unit $2.service not found." >&2
    return 5
  fi
  case $1 in
    stop)
      pause 5 15
      : >"$units/$2.stopped"
      ;;
    reload) pause 2 6 ;;
    start)
      [ "$(state "$2")" = active ] && return 0
      pause 8 20
      rm -f "$units/$2.stopped"
      ;;
    restart)
      pause 10 30
      rm -f "$units/$2.stopped"
      ;;
  esac
  date '+%a %Y-%m-%d %H:%M:%S %Z' >"$units/$2.since"
}

status() {
  if ! text=$(describe "$1"); then
    echo "Unit $1.service could not be found." >&2
    return 4
  fi
  if [ "$(state "$1")" = active ]; then
    echo "● $1.service - $text"
    echo "     Loaded: loaded (/lib/systemd/system/$1.service; enabled; preset: enabled)"
    echo "     Active: active (running) since $(since "$1")"
    echo "   Main PID: $((${#1} * 97 + 311)) ($1)"
  else
    echo "○ $1.service - $text"
    echo "     Loaded: loaded (/lib/systemd/system/$1.service; enabled; preset: enabled)"
    echo "     Active: inactive (dead) since $(since "$1")"
    return 3
  fi
}

worst=0
each() {
  for name in $names; do
    "$@" "$name" || worst=$?
  done
}
is_active() {
  describe "$1" >/dev/null || { echo inactive; return 4; }
  state "$1"
  [ "$(state "$1")" = active ] || return 3
}
is_enabled() { if describe "$1" >/dev/null; then echo enabled; else echo not-found; return 4; fi; }

case $operation in
  start | stop | restart | reload) each change "$operation" ;;
  try-restart | reload-or-restart) each change restart ;;
  status) each status ;;
  is-active) each is_active ;;
  is-enabled) each is_enabled ;;
  enable | disable | daemon-reload | reset-failed) pause 2 5 ;;
  reboot) exec /opt/practice/bin/reboot ;;
  poweroff | halt) exec /opt/practice/bin/poweroff ;;
  is-system-running) echo running ;;
  list-units | '')
    echo '  UNIT                LOAD   ACTIVE   SUB     DESCRIPTION'
    for name in app cron nginx postgresql ssh; do
      sub=running
      [ "$(state $name)" = active ] || sub=dead
      printf '  %-19s loaded %-8s %-7s %s\n' "$name.service" "$(state $name)" "$sub" "$(describe $name)"
    done
    ;;
  *)
    echo "Unknown command verb '$operation' (a practice host knows start, stop, restart, reload, status, is-active, list-units)." >&2
    exit 1
    ;;
esac
exit $worst
