#!/bin/sh
# service NAME VERB, as played on a practice host.
if [ $# -lt 2 ]; then
  echo 'Usage: service NAME start|stop|restart|reload|status' >&2
  exit 2
fi
exec /opt/practice/bin/systemctl "$2" "$1"
