# What the acting programs share: small pauses, and one lock that is waited for aloud. Sourced, never run.
# shellcheck shell=sh

practice_run=/run/practice
practice_kept=/root/.practice # survives a reboot, as the disk of a real host would
mkdir -p "$practice_run" "$practice_kept" 2>/dev/null # somebody may have deleted them

# pause FROM TO: sleeps between so many tenths of a second. The kernel's random words save a process for each.
pause() {
  read -r random </proc/sys/kernel/random/uuid
  tenths=$(($1 + 0x${random%%-*} % ($2 - $1 + 1)))
  sleep "$((tenths / 10)).$((tenths % 10))"
}

# say LINE...: one line after a short pause, as a program prints that is busy.
say() {
  pause 1 4
  printf '%s\n' "$*"
}

# holder LOCK: the number of the living process that holds the lock, or nothing.
holder() {
  owner=$(readlink "$practice_run/$1") || return 0
  if [ -d "/proc/$owner" ]; then echo "$owner"; fi
}

# take LOCK: tries to take it for this process. A symbolic link is made by one only, and names its owner.
take() {
  ln -s $$ "$practice_run/$1" 2>/dev/null && return 0
  if [ -z "$(holder "$1")" ]; then rm -f "$practice_run/$1"; fi
  return 1
}

# give_back LOCK
give_back() {
  if [ "$(readlink "$practice_run/$1")" = $$ ]; then rm -f "$practice_run/$1"; fi
}

# waits_for TEXT: tells a job of Rollcall what it waits for, as any program may; without a text it waits no more.
waits_for() {
  if [ -n "${ROLLCALL_WAITING:-}" ]; then printf '%s' "${1:+$1
}" >"$ROLLCALL_WAITING"; fi
}
