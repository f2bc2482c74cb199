# shellcheck shell=sh
# The survey: the only place for how jobs are found on a host that this driver has not started there itself.
# Its text comes along with every question and is eval'd whole (then $text holds it); it writes nothing and is never
# installed. What it reads may have been planted: it opens plain files only, in folders of the very account whose home
# they are in, bounded, and with no more rights than that account has. What they mean is judged where the answer goes.
#
#   survey          jobs of the account that logged in        survey-all   of every account (needs root)
#   peek            Ansible's jobs that are named on stdin    through      hands a text over to another account
#
# T NOW BOOTED | H ACCOUNT HOME | F JID, lines of its `about` behind a bar | P ID LIMIT (a live async_wrapper.py)
# N JID SIZE MTIME, its bytes in hexadecimal, a dot | L JID (later) | K SKIPPED | R (root was had)

SH=/bin/sh
PASSWD=/etc/passwd
MOST_FILES=300         # of Ansible's in one folder, the newest first
MOST_LISTED=4096       # bytes of one of them in a survey; whoever wants more peeks
MOST_PEEKED=4194304    # bytes of all of them in a peek
NL='
'
# mksh has no printf of its own.
if [ -n "${KSH_VERSION:-}" ]; then say() { print -r -- "$1"; }; else say() { printf '%s\n' "$1"; }; fi

main() {
  VERB=$1 NONCE=$2 HASH=$3 LENGTH=$4
  LC_ALL=C
  export LC_ALL
  case $VERB in
    through) through "$5" ;;
    within)
      places
      exit 0
      ;;
    accounts)
      say R
      accounts "$5"
      exit 0
      ;;
  esac
  say ''
  say "A $NONCE 1"
  clock
  case $VERB in
    survey) places ;;
    survey-all)
      places
      as_root
      ;;
    peek) peek ;;
  esac
  say "Z $NONCE"
  exit 0
}

# The clock of this host and the moment of its last boot, seconds since 1970; 0 where nobody tells.
clock() {
  now=$(date +%s 2>/dev/null) || now=0
  booted=0
  if [ -r /proc/stat ]; then
    while read -r key value rest; do
      [ "$key" != btime ] || booted=$value
    done </proc/stat
  else
    booted=$(sysctl -n kern.boottime 2>/dev/null) || booted=0
    booted=${booted#*sec = }
    booted=${booted%%,*}
  fi
  say "T $now $booted"
}

# ---- one account ---------------------------------------------------------------------------------------------

places() {
  account=$(id -un)
  say "H $account ${HOME:-}"
  SKIPPED=0
  our_jobs "${HOME:-}/.rollcall"
  ansible_folders
  # Before the files: whoever is no more among the living by then has left its last word in its file.
  [ -z "$FOLDERS" ] || wrappers
  OLDIFS=$IFS
  IFS=$NL
  set -f
  for folder in $FOLDERS; do
    IFS=$OLDIFS
    list_folder "$folder"
  done
  IFS=$OLDIFS
  say "K $SKIPPED"
}

# A folder of this account's own, and no link to one.
# shellcheck disable=SC3067 # every shell that we know has -O
own_folder() { [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ]; }
# shellcheck disable=SC3067
own_file() { [ -f "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && [ -r "$1" ]; }

our_jobs() { # FOLDER
  own_folder "$1" && own_folder "$1/jobs" || return 0
  # An `about` of more than 8 KiB is none of ours.
  small=$NL$(cd "$1/jobs" && find . -type f -name about -size -17 2>/dev/null)$NL
  for folder in "$1"/jobs/*; do
    jid=${folder##*/}
    [ -e "$folder" ] || [ -L "$folder" ] || continue
    [ ! -e "$folder/gone" ] || continue
    case $jid in j*[!0-9.]* | [!j]*) ;; j*)
      case $small in *"$NL./$jid/about$NL"*)
        if own_folder "$folder" && own_file "$folder/about"; then
          say "F $jid"
          tell_about "$folder/about"
          continue
        fi
        ;;
      esac
      ;;
    esac
    SKIPPED=$((SKIPPED + 1))
  done
}

tell_about() { # FILE
  lines=0
  while [ "$lines" -lt 40 ] && IFS= read -r line; do
    say "|$line"
    lines=$((lines + 1))
  done <"$1"
}

# ---- Ansible's jobs ------------------------------------------------------------------------------------------

# FOLDERS: where Ansible keeps its jobs for this account. Its launcher goes by $HOME and its async_status by the
# account's home, and these may differ.
ansible_folders() {
  FOLDERS=
  [ -z "${HOME:-}" ] || ! own_folder "$HOME/.ansible_async" || FOLDERS=$HOME/.ansible_async
  case $account in '' | *[!A-Za-z0-9._-]* | -*) return ;; esac
  eval "home=~$account"
  # shellcheck disable=SC2154 # home: set by the eval
  [ "$home" = "${HOME:-}" ] || ! own_folder "$home/.ansible_async" || FOLDERS=${FOLDERS:+$FOLDERS$NL}$home/.ansible_async
}

list_folder() { # FOLDER
  count=0 names=
  for name in $(cd "$1" && exec ls -t 2>/dev/null); do
    is_theirs "$name" || continue
    count=$((count + 1))
    if [ "$count" -gt "$MOST_FILES" ] || ! own_file "$1/$name"; then
      SKIPPED=$((SKIPPED + 1))
      continue
    fi
    names="$names $name"
  done
  tell_files "$1" "$MOST_LISTED" "$names"
}

is_theirs() { # NAME
  case ${1#j} in "$1" | '' | .* | *. | *.*.* | *[!0-9.]*) return 1 ;; *.*) ;; *) return 1 ;; esac
  # Twelve digits at most: one with more is a job of ours that is told to Ansible as well.
  set -- "${1%.*}"
  [ ${#1} -le 13 ]
}

tell_files() { # FOLDER MOST NAMES
  [ -n "$3" ] || return 0
  # shellcheck disable=SC2046,SC2086 # names without blanks
  set -- "$1" "$2" $(cd "$1" && { stat -c '%n %s %Y' $3 || stat -f '%N %z %m' $3; } 2>/dev/null)
  folder=$1 most=$2
  shift 2
  while [ $# -ge 3 ]; do
    say "N $1 $2 $3"
    head -c "$most" "$folder/$1" 2>/dev/null | od -An -v -tx1
    say .
    shift 3
  done
}

# The living wrappers of this account: the words after the program's name are the jid without its pid, and the limit.
wrappers() {
  set -f
  if [ -r /proc/self/cmdline ]; then
    for found in $(set +f && grep -ls 'async_wrappe[r][.]py' /proc/[0-9]*/cmdline); do
      # shellcheck disable=SC3067
      [ -O "${found%/cmdline}" ] || continue
      # shellcheck disable=SC2046 # words
      tell_wrapper $(tr '\000' ' ' <"$found" 2>/dev/null | head -c 4096)
    done
  else
    ps -U "$(id -u)" -o args= 2>/dev/null | while IFS= read -r line; do
      # shellcheck disable=SC2086 # words
      tell_wrapper $line
    done
  fi
}

tell_wrapper() { # WORD...
  while [ $# -ge 3 ]; do
    case $1 in
      async_wrapper.py | */async_wrapper.py)
        case $2$3 in j*[!0-9]* | [!j]*) ;; *) say "P $2 $3" ;; esac
        return
        ;;
    esac
    shift
  done
}

# Each named job, wherever this account keeps it. What would make the answer too long comes with a later one.
peek() {
  account=$(id -un)
  jid='' jids=''
  while read -r jid && [ "$jid" != . ]; do
    ! is_theirs "$jid" || jids="$jids $jid"
  done
  [ "$jid" = . ] || { say "E request-cut in the list of jobs" && return; }
  ansible_folders
  [ -z "$FOLDERS" ] || wrappers
  left=$MOST_PEEKED
  for jid in $jids; do
    OLDIFS=$IFS
    IFS=$NL
    set -f
    for folder in $FOLDERS; do
      IFS=$OLDIFS
      own_file "$folder/$jid" || continue
      size=$(wc -c <"$folder/$jid") || continue
      if [ "$size" -gt "$left" ] && [ "$left" -lt "$MOST_PEEKED" ]; then
        say "L $jid"
      else
        left=$((left - size))
        tell_files "$folder" "$MOST_PEEKED" "$jid"
      fi
      break
    done
    IFS=$OLDIFS
  done
}

# ---- other accounts ------------------------------------------------------------------------------------------

# Root only finds out who has such folders; into them each account looks itself.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    say R
    accounts "$HOME"
  else
    # shellcheck disable=SC2154 # text: what we are
    say "$text" | sudo -n "$SH" -c "text=\$(cat); set -- accounts $NONCE $HASH $LENGTH \"\$1\"; eval \"\$text\"" rollcall "$HOME"
  fi
}

accounts() { # HOME OF WHO LOGGED IN
  { getent passwd 2>/dev/null || cat "$PASSWD"; } | while IFS=: read -r name rest rest rest rest home rest; do
    case $name in '' | *[!A-Za-z0-9._-]* | -*) continue ;; esac
    case $home in / | [!/]* | '') continue ;; esac
    [ "$home" != "$1" ] || continue
    [ -d "$home/.rollcall/jobs" ] || [ -d "$home/.ansible_async" ] || continue
    { say "$home" && say "$text"; } |
      su -s "$SH" "$name" -c "IFS= read -r HOME; export HOME; text=\$(cat); set -- within $NONCE $HASH $LENGTH; eval \"\$text\"" || say "K 1"
  done
}

# Hands what follows on stdin (a home, a count and words, a text of so many bytes, its request) over to an account.
through() { # ACCOUNT
  take='IFS= read -r HOME && export HOME && read -r count words && text=$(dd bs="$count" count=1 iflag=fullblock 2>/dev/null || dd bs=1 count="$count" 2>/dev/null) && set -- $words && eval "$text"'
  [ "$(id -un)" != "$1" ] || exec "$SH" -c "$take"
  [ "$(id -u)" != 0 ] || exec su -s "$SH" "$1" -c "$take"
  # shellcheck disable=SC2016 # for the other shell
  exec sudo -n "$SH" -c 'exec su -s "$1" "$2" -c "$3"' rollcall "$SH" "$1" "$take"
}

main "$@"
#EOR
