#!/bin/sh
# sudo as played on a practice host: never asks for a password, since the account may do everything there anyway.
user=root
login_shell=
while [ $# -gt 0 ]; do
  case $1 in
    --) shift; break ;;
    -u | --user) user=${2:-root}; shift ;;
    -u?*) user=${1#-u} ;;
    --user=*) user=${1#*=} ;;
    -p | -g | -C | -h | -r | -t | -U | -D | -R | -T) shift ;;
    -i | -s) login_shell=yes ;;
    -l) echo "User ops may run the following commands on $(uname -n): (ALL) NOPASSWD: ALL"; exit 0 ;;
    -v | -K | -V) exit 0 ;;
    -k) if [ $# -eq 1 ]; then exit 0; fi ;;
    -*) ;;
    [A-Za-z_]*=*) export "${1?}" ;;
    *) break ;;
  esac
  shift
done
while :; do
  case ${1:-} in
    [A-Za-z_]*=*) export "${1?}"; shift ;;
    *) break ;;
  esac
done

case $user in
  root | '#0') USER=root HOME=/root ;;
  ops) USER=ops HOME=/home/ops ;;
  *) echo "sudo: unknown user $user" >&2; exit 1 ;;
esac
LOGNAME=$USER SUDO_USER=ops SUDO_UID=0 SUDO_GID=0
export USER HOME LOGNAME SUDO_USER SUDO_UID SUDO_GID
if [ -n "$login_shell" ]; then
  [ $# -eq 0 ] && exec /bin/sh
  exec /bin/sh -c "$*"
fi
if [ $# -eq 0 ]; then
  echo 'usage: sudo [-nSHk] [-u user] [-p prompt] command' >&2
  exit 1
fi
command -v "$1" >/dev/null || { echo "sudo: $1: command not found" >&2; exit 1; }
exec "$@"
