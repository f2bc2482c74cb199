#!/bin/sh
# uptime of the practice host: since its first process started, not since the machine around it did.
read -r stat </proc/1/stat
read -r machine_up _ </proc/uptime
read -r one five fifteen _ </proc/loadavg
# shellcheck disable=SC2086 # split on purpose; the name of the process, which may hold blanks, is cut off first
set -- ${stat##*) }
seconds=$((${machine_up%.*} - ${20} / 100))
days=$((seconds / 86400)) hours=$((seconds / 3600 % 24)) minutes=$((seconds / 60 % 60))
if [ $days -gt 0 ]; then up="$days days, $(printf '%2d:%02d' $hours $minutes)"
elif [ $hours -gt 0 ]; then up=$(printf '%2d:%02d' $hours $minutes)
else up="$minutes min"; fi
echo " $(date +%H:%M:%S) up $up,  0 users,  load average: $one, $five, $fifteen"
