#!/bin/sh
# Reboots this practice host, and nothing else: a moment later its first process gets what the kernel sends it for
# ctrl-alt-del, and with the first process everything on the host ends. Also called shutdown, poweroff and halt.
seconds=1
case ${0##*/} in
  shutdown)
    for word in "$@"; do
      case $word in
        -c) echo 'A practice host cannot take a shutdown back.' >&2; exit 1 ;;
        +[0-9] | +[0-9][0-9]) seconds=$((${word#+} * 60 + 1)) ;;
      esac
    done
    ;;
esac
case "${0##*/} $*" in
  poweroff* | halt* | *-[hHP]*) echo 'A practice host that is switched off switches itself on again.' ;;
esac
if [ "$seconds" -gt 1 ]; then echo "Shutdown scheduled in $((seconds / 60)) min."; fi
# shellcheck disable=SC2016 # expands in the inner shell
setsid sh -c 'sleep "$1"; kill -INT 1' reboot "$seconds" </dev/null >/dev/null 2>&1 &
