#!/bin/sh
# logger as played on a practice host: /var/log/messages holds the last lines, until the reboot.
tag=ops
while [ $# -gt 0 ]; do
  case $1 in
    --) shift; break ;;
    -t | --tag) tag=${2:-}; shift ;;
    -p | --priority | -f | --file | -n | -P | -u | --id) shift ;;
    -*) ;;
    *) break ;;
  esac
  shift
done
text="$*"
[ $# -gt 0 ] || text=$(cat)
log=/var/log/messages
mkdir -p /run/log
if [ -e $log ] && [ "$(wc -c <$log)" -gt 262144 ]; then mv $log $log.1; fi
printf '%s\n' "$text" | while IFS= read -r line; do
  echo "$(date '+%b %e %H:%M:%S') $(uname -n) $tag: $line" >>$log
done
