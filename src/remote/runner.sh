# shellcheck shell=sh
# The runner: the only place for how a job lives on a host that has nothing but /bin/sh.
# One request comes on stdin, one reply goes to stdout; it knows nothing of connections, drivers or screens.
#
# It arrives in one of two ways: as the file ~/.rollcall/bin/runner-HASH.sh, run by a small request, or as text in
# front of a request, eval'd whole (then $text holds it) by a host that has no such file yet; it installs itself then.
#
# ~/.rollcall (0700)
#   bin/runner-HASH.sh   this text; appears complete or not at all
#   bin/blank-HASH/      an empty job folder with its pipes laid: copying it is one process, making one is three
#   jobs/JID/            about plan script limit as | claim super child | control | out err | why.* end.RC.ELAPSED.AT | gone collected | ansible
#   stage/               what is not complete yet
#   epoch/LINE.N.DRIVER  the newest driver of each line
#   once/NAME            the jid that holds a --once name
#   tidied.DAY           this day's first job has removed what is old
#
# A job is one supervisor (waits for the job, gives the verdict), one timekeeper (limit and cancel), two captures
# (pipe to file, up to the cap) and the job itself in a session of its own. Forks cost more than anything else here,
# so facts are read by the shell itself: /proc by `read`, presence by `test`, claims by noclobber.
# A job of another user (sudo, su, doas) has one process more, in that user's name: see "as another user".

SH=/bin/sh
BOOT_FILE=/proc/sys/kernel/random/boot_id
OTHER_PATIENCE=25 # seconds that sudo may take until the other user's half is there
FINISH_PATIENCE=20 # tenths of a second that a verdict waits for the last bytes of output
NL='
'
CONTROL='' # where the other user's half listens
# mksh has no printf of its own.
if [ -n "${KSH_VERSION:-}" ]; then say() { print -r -- "$1"; }; else say() { printf '%s\n' "$1"; }; fi

main() {
  VERB=$1 NONCE=$2 HASH=$3
  [ "$VERB" = supervise ] && supervise "$2" "$3" "${4:-}" "${5:-}"
  [ "$VERB" = inner ] && inner "$2" "$3" "$4" "$6" "${7:-}"
  [ "$VERB" = stop ] && stop_orphan "$2" "$3" "$4"
  say ''
  say "A $NONCE 1"
  [ -d "${HOME:-}" ] || refuse home-missing "HOME is '${HOME:-}'"
  BASE=$HOME/.rollcall RUNNER=$HOME/.rollcall/bin/runner-$HASH.sh BLANK=$HOME/.rollcall/bin/blank-$HASH
  check_folders
  case $VERB in start) need cp mv dd head ls ;; esac
  [ $# -lt 4 ] || install_runner "$4" || case $VERB in start | become) refuse_trouble ;; esac
  read_boot
  clock
  case $VERB in
    start) start ;;
    become) become ;;
    look) look ;;
    list) list ;;
    cancel) cancel ;;
    extend) extend ;;
    clean) clean ;;
    *) refuse host-refused "no such request: $VERB" ;;
  esac
  finish
}

# ---- replies -------------------------------------------------------------------------------------------------

finish() {
  say "Z $NONCE"
  exit 0
}

refuse() { # TAG TEXT
  set -f
  # shellcheck disable=SC2086 # squeezes the text into one line
  set -- "$1" $2
  set +f
  say "E $*"
  finish
}

# Turns what mkdir, cp, dd or mv said first (in $TROUBLE) into one of our failures.
refuse_trouble() {
  TROUBLE=${TROUBLE%%"$NL"*}
  case $TROUBLE in
    # dash says "I/O error" when its own printf finds the disk full.
    *'No space left'* | *'uota exceeded'* | *'rite error'* | *'I/O error'*) refuse disk-full "$TROUBLE" ;;
    *'Read-only'* | *'ermission denied'*) refuse home-read-only "$TROUBLE" ;;
    *) refuse state-unreadable "$TROUBLE" ;;
  esac
}

# ---- what may be believed ------------------------------------------------------------------------------------

# A host may be shared, and a job may do in its own account what it likes. So nothing is opened before it is known to be
# ours and a plain file: a link would lead outside, and a pipe would hold up whoever opens it.

check_folders() {
  for folder in "$BASE" "$BASE/bin" "$BASE/jobs" "$BASE/stage" "$BASE/epoch" "$BASE/once"; do
    [ ! -L "$folder" ] || refuse folder-unsafe "$folder is a symbolic link"
    [ ! -e "$folder" ] || [ -d "$folder" ] || refuse folder-unsafe "$folder is no folder"
    [ ! -e "$folder" ] || [ -O "$folder" ] || refuse folder-unsafe "$folder belongs to somebody else"
  done
}

# The job's folder, and in it all that we read or write. Its `waiting` is the job's own business.
sound() {
  [ -d "$JOB" ] && [ ! -L "$JOB" ] && [ -O "$JOB" ] || return 1
  for file in about plan umask limit as claim super child out err out.dropped err.dropped cancel gone collected ansible ansible.new; do
    [ ! -L "$JOB/$file" ] && { [ ! -e "$JOB/$file" ] || [ -f "$JOB/$file" ]; } || return 1
  done
}

is_there() { [ -e "$JOB" ] || [ -L "$JOB" ]; }

# WORD: the first word of a file.
read_word() {
  WORD=
  [ -f "$1" ] && [ ! -L "$1" ] && { read -r WORD rest <"$1"; } 2>/dev/null
}

# Goes into arithmetic, where other text would be a program.
is_number() { case $1 in 0) ;; '' | 0* | *[!0-9]* | ????????????????*) return 1 ;; esac }

is_jid() {
  case $1 in j?????????????????????????.[1-9]*) ;; *) return 1 ;; esac
  case ${1#j} in *[!0-9.]* | *.*.*) return 1 ;; esac
}

valid() { is_jid "$1" || refuse host-refused "no jid: $1"; }

# SAID: what the job's `about` says.
read_about() { # KEY
  SAID=
  [ -f "$JOB/about" ] || return 0
  while IFS='=' read -r key value; do [ "$key" != "$1" ] || SAID=$value; done <"$JOB/about"
}

# ---- what the kernel knows -----------------------------------------------------------------------------------

# NOW: tenths of a second on a clock that nobody sets, where there is one.
clock() {
  if [ -r /proc/uptime ]; then
    read -r up rest </proc/uptime
    up=${up%?}
    case $up in 0*) up=1.0 ;; esac
    NOW=${up%.*}${up#*.}
  else NOW=$(date +%s)0; fi
}

read_boot() {
  if [ -r "$BOOT_FILE" ]; then read -r BOOT <"$BOOT_FILE"; else
    BOOT=$(sysctl -n kern.bootsessionuuid 2>/dev/null || sysctl -n kern.boottime 2>/dev/null) || BOOT=unknown
    BOOT=${BOOT%%,*}
    BOOT=${BOOT##* }
  fi
}

# NODE: which machine this is. A home may be shared, or one name may lead to several machines.
read_node() {
  host='' id=''
  { read -r host </proc/sys/kernel/hostname || host=$(uname -n); } 2>/dev/null
  { read -r id </etc/machine-id; } 2>/dev/null
  NODE=$host/$id
}

# BIRTH: when process $1 began; with the pid and the boot it names a process for ever. Fails for the dead and zombies.
born() {
  BIRTH=
  case ${1:-0} in 0 | *[!0-9]*) return 1 ;; esac
  if [ -r /proc/self/stat ]; then
    { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    stat=${stat##*) } # the name before it may hold anything
    # shellcheck disable=SC2086 # fields
    set -- $stat
    case $1 in Z | X) return 1 ;; esac
    BIRTH=${20}
  else
    BIRTH=$(ps -o lstart= -p "$1" 2>/dev/null) || return 1
    # shellcheck disable=SC2086 # the date becomes one word
    set -- $BIRTH
    BIRTH=$1_$2_$3_$4_${5:-}
  fi
  [ -n "$BIRTH" ]
}

lives() { born "$1" && [ "$BIRTH" = "$2" ]; } # PID BIRTH

seconds_since_1970() {
  # shellcheck disable=SC3028 # where the shell has a clock of its own, it saves a process
  case ${EPOCHSECONDS:-} in '' | *[!0-9]*) EPOCH=$(date +%s 2>/dev/null) || EPOCH=0 ;; *) EPOCH=$EPOCHSECONDS ;; esac
}

# ---- installing ----------------------------------------------------------------------------------------------

# Puts this text under its hash. Fails with $TROUBLE; looking still works then, from the text in memory.
install_runner() { # BYTES
  [ -O "$RUNNER" ] && [ ! -L "$RUNNER" ] && return 0
  umask_there=$(umask)
  umask 077
  new=$BASE/stage/install.$NONCE.$$
  TROUBLE=$(LC_ALL=C exec mkdir -p "$BASE/bin" "$BASE/jobs" "$BASE/stage" "$BASE/epoch" "$BASE/once" "$new" 2>&1) || return 1
  write_runner "$1" && make_blank "$new/blank" && publish_blank "$new/blank" &&
    TROUBLE=$(LC_ALL=C exec mv -f "$new/runner" "$RUNNER" 2>&1)
  set -- $?
  rm -rf "$new"
  umask "$umask_there"
  return "$1"
}

write_runner() { # BYTES
  # shellcheck disable=SC2154 # text: set by the request that sent us along
  TROUBLE=$( (say "$text" >"$new/runner") 2>&1) || return 1
  TROUBLE="No space left: the runner was cut"
  [ "$(wc -c <"$new/runner")" -eq "$1" ]
}

make_blank() { # FOLDER
  TROUBLE=$( (
    mkdir "$1" && mkfifo "$1/out.pipe" "$1/err.pipe" "$1/hello.pipe" && cd "$1" || exit 1
    # Their blocks and names exist before the job does, so that a full disk cannot take its verdict away.
    filler=--------------------------------------------------------------------------------
    say "$filler$filler" >super && say "$filler" >child && say - >end && say - >reason && : >out && : >err
  ) 2>&1)
}

# `mv` onto a folder that exists moves into it: somebody was faster, and theirs is as good.
publish_blank() {
  [ -d "$BLANK" ] || TROUBLE=$(LC_ALL=C exec mv "$1" "$BLANK" 2>&1) || [ -d "$BLANK" ] || return 1
  # Two may remove the same.
  [ ! -d "$BLANK/blank" ] || rm -rf "$BLANK/blank" || :
}

# ---- starting ------------------------------------------------------------------------------------------------

start() {
  read -r JID LINE EPOCH_OF_DRIVER DRIVER LIMIT GRACE CAP LINGER MOST ONCE ANSIBLE AS ABOUT_LINES BYTES || refuse request-cut "in the first line"
  valid "$JID"
  JOB=$BASE/jobs/$JID WON=exists
  choose_session
  respect_fence
  if ! is_there; then
    stage
    enter_jobs && WON=started
  fi
  if sound; then
    [ "$WON" = started ] || await_claim
    [ -e "$JOB/claim" ] || [ -e "$JOB/gone" ] || case $AS in
      -) take_name && launch ;;
      now) take_name && launch_as_other ;;
      *) refuse become-password "its password is waited for" ;;
    esac
    linger
  fi
  say "S $WON"
  report_one "$JID" 0 0 "$MOST"
}

need() { # PROGRAM...
  for program in "$@"; do command -v "$program" >/dev/null 2>&1 || refuse host-refused "there is no $program on this host"; done
}

# A new session outlives the connection. Without setsid, perl or python3 a process group of its own will do.
choose_session() {
  if command -v setsid >/dev/null 2>&1; then SESSION=setsid
  elif command -v perl >/dev/null 2>&1; then SESSION=perl
  elif command -v python3 >/dev/null 2>&1; then SESSION=python3
  elif [ -n "${BASH_VERSION:-}${KSH_VERSION:-}" ]; then SESSION=monitor
  else refuse no-session "no setsid, perl or python3, and this sh cannot do without"; fi
}

in_new_session() { # COMMAND...
  case $SESSION in
    setsid) exec setsid "$@" ;;
    perl) exec perl -e 'use POSIX; POSIX::setsid(); exec @ARGV; exit 127' "$@" ;;
    python3) exec python3 -c 'import os, sys; os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])' "$@" ;;
    *) exec "$@" ;;
  esac
}

# Of one line only the newest driver may start anything; the names sort by epoch, which has a fixed width. We write our
# own name before we look for a later one, so of two who come at once the older always sees the newer.
respect_fence() {
  mine=$BASE/epoch/$LINE.$EPOCH_OF_DRIVER.$DRIVER new=
  if [ ! -e "$mine" ]; then
    for other in "$BASE/epoch/$LINE.$EPOCH_OF_DRIVER".*; do
      # A start beside this one may have written our own name meanwhile.
      [ "$other" = "$mine" ] || [ ! -e "$other" ] || refuse fenced "another driver has this epoch"
    done
    lay_folders
    { true >"$mine"; } 2>/dev/null || TROUBLE=$(LC_ALL=C exec touch "$mine" 2>&1) || refuse_trouble
    new=yes
  fi
  older=
  for name in "$BASE/epoch/$LINE".*; do
    [ "$name" = "$mine" ] || older="$older ${name##*/}"
  done
  if [ "$name" != "$mine" ]; then
    [ -z "$new" ] || rm -f "$mine"
    refuse fenced "a newer driver was here"
  fi
  # shellcheck disable=SC2086 # names without blanks
  [ -z "$new" ] || [ -z "$older" ] || (cd "$BASE/epoch" && exec rm -f $older)
}

lay_folders() {
  [ -d "$BASE/jobs" ] && [ -d "$BASE/stage" ] && [ -d "$BASE/epoch" ] && [ -d "$BASE/once" ] && return
  TROUBLE=$(umask 077 && LC_ALL=C mkdir -p "$BASE/bin" "$BASE/jobs" "$BASE/stage" "$BASE/epoch" "$BASE/once" 2>&1) || refuse_trouble
}

# Everything that a job needs, complete and counted, where nobody looks.
stage() {
  STAGE=$BASE/stage/$JID.$NONCE.$$ # the same request may come twice at once
  if [ -d "$BLANK" ]; then
    TROUBLE=$(LC_ALL=C exec cp -R "$BLANK" "$STAGE" 2>&1) || case $TROUBLE in
      # What a second installer moved into the blank folder was taken out of it while it was copied.
      *'No such file'*) rm -rf "$STAGE" && make_blank "$STAGE" || give_up ;;
      *) give_up ;;
    esac
  else make_blank "$STAGE" || give_up; fi
  umask >"$STAGE/umask"
  umask 077
  [ "$AS" = - ] || { IFS= read -r line && say "$line" >"$STAGE/as"; } || give_up request-cut "before its user"
  lines=0
  {
    while [ "$lines" -lt "$ABOUT_LINES" ] && IFS= read -r line; do
      say "$line"
      lines=$((lines + 1))
    done
    say "protocol=1${NL}owner=${USER:-${LOGNAME:-}}${NL}jid=$JID${NL}limit=$LIMIT${NL}boot=$BOOT"
    say "$LIMIT" >"$STAGE/limit" && say "$GRACE $CAP $SESSION ." >"$STAGE/plan"
  } >"$STAGE/about" 2>/dev/null || { TROUBLE="No space left in $BASE" && give_up; }
  [ "$lines" -eq "$ABOUT_LINES" ] || give_up request-cut "after $lines lines"
  [ "$ANSIBLE" = 0 ] || : >"$STAGE/ansible"
  # dd copies and counts in one process: the last line it says begins with the number of bytes.
  TROUBLE=$(LC_ALL=C exec dd of="$STAGE/script" bs=65536 2>&1) || give_up
  count=${TROUBLE##*"$NL"}
  case ${count%% *} in '' | *[!0-9]*) count=$(wc -c <"$STAGE/script") ;; esac
  [ "${count%% *}" -eq "$BYTES" ] || give_up request-cut "${count%% *} of $BYTES bytes"
}

give_up() { # [TAG TEXT]
  rm -rf "$STAGE"
  [ $# -eq 0 ] || refuse "$@"
  refuse_trouble
}

# The first gate: the folder appears under its jid, whole, once. A rename never replaces a folder that holds
# something; `mv` onto an existing one moves into it, and then we lost.
enter_jobs() {
  TROUBLE=$(LC_ALL=C exec mv "$STAGE" "$JOB" 2>&1)
  [ -d "$STAGE" ] || [ -d "$JOB/${STAGE##*/}" ] || return 0
  rm -rf "$STAGE" "${JOB:?}/${STAGE##*/}"
  [ -d "$JOB" ] || refuse_trouble
  return 1
}

# The second gate, and the one that counts: whoever makes this file may run the job, or say that it never will.
claim() {
  set -C
  { true >"$JOB/claim"; } 2>/dev/null
  set -- $?
  set +C
  return "$1"
}

# Somebody else entered the folder; most likely their supervisor is about to claim it.
await_claim() {
  for nap in 10 20 40 80; do
    [ ! -e "$JOB/claim" ] && [ ! -e "$JOB/gone" ] || return 0
    pause "$nap" || sleep 1
  done
}

# Starts the supervisor, which does not need us any more, and waits for its word that it has begun: a line in a pipe.
# The pipe is opened both ways first, so that nobody ever blocks on a partner who was killed.
launch() {
  [ "$SESSION" != monitor ] || set -m
  hello=/dev/null
  [ "$WON" != started ] || hello=$JOB/hello.pipe
  exec 3<>"$hello"
  # The inner exec lets go of the connection: yash would keep copies of what a redirection replaces.
  (
    exec </dev/null >&3 2>/dev/null 3>&-
    in_new_session "$SH" "$RUNNER" supervise "$JOB" "$SESSION"
  ) &
  exec 4<"$hello" 3>&-
  read -r hello <&4 || :
  exec 4<&-
}

# A quick command is answered by its start.
linger() {
  spent=0
  for nap in 10 20 40 80 160 320 640; do
    [ "$spent" -lt "$LINGER" ] || break
    if verdict && closed; then break; fi
    pause "$nap" || break
    spent=$((spent + nap))
  done
  clock
}

pause() { # MILLISECONDS; fails where sleep knows only seconds
  case ${#1} in 1) set -- "0.00$1" ;; 2) set -- "0.0$1" ;; *) set -- "0.$1" ;; esac
  sleep "$1" 2>/dev/null
}

# ---- one at a time: --once NAME ------------------------------------------------------------------------------

# The mark once/NAME holds the jid of the holder; once/NAME.JID holds who came after JID. Marks are made by `ln`,
# which is atomic and brings the content along. A holder that has ended is followed, never replaced: so of all who
# find it ended exactly one becomes its successor. The successor then moves up to once/NAME.
take_name() {
  [ "$ONCE" != - ] || return 0
  name=$BASE/once/$ONCE ticket=$BASE/stage/once.$JID.$NONCE.$$
  say "$JID" >"$ticket" || { TROUBLE="No space left in $BASE" && refuse_trouble; }
  for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 none; do
    [ "$try" != none ] || refuse state-unreadable "$name cannot be taken"
    if ! read_word "$name"; then
      ln "$ticket" "$name" 2>/dev/null && break
      continue
    fi
    first=$WORD
    holder=$WORD
    while read_word "$name.$holder" && [ "$WORD" != "$first" ]; do holder=$WORD; done
    is_jid "$holder" || refuse state-unreadable "$name makes no sense"
    [ "$holder" != "$JID" ] || break
    mine=$JOB
    examine "$holder"
    JOB=$mine
    case $STATE in
      unclaimed) abandoned "$holder" || { yield_name && return 1; } ;;
      starting | running | stopping | orphan | elsewhere) yield_name && return 1 ;;
    esac
    ln "$ticket" "$name.$holder" 2>/dev/null || continue
    if read_word "$name" && [ "$WORD" = "$first" ]; then
      mv -f "$ticket" "$name"
      rm -f "$name.$first" "$name.$holder"
      break
    fi
    rm -f "$name.$holder"
  done
  rm -f "$ticket"
}

# Staged over a minute ago and claimed by nobody: whoever began it died there. Its name must not die with it.
abandoned() { # JID
  [ -n "$(find "$BASE/jobs/$1" -prune -mmin +1 2>/dev/null)" ] || return 1
  mine=$JOB JOB=$BASE/jobs/$1
  claim && plant_never
  JOB=$mine
}

# The job that was staged goes away again; only whoever holds its claim may do that.
yield_name() {
  rm -f "$ticket"
  claim || return 0 # it runs: somebody had the name for it before
  rm -rf "$JOB"
  say "T $holder"
  finish
}

# ---- the life of one job -------------------------------------------------------------------------------------

supervise() { # JOB SESSION [FOLDER OF ITS PIPES] [password]
  JOB=$1 SESSION=$2 TRY=$3
  trap '' HUP INT QUIT TERM PIPE USR1
  read -r GRACE CAP rest <"$JOB/plan"
  read -r MASK <"$JOB/umask"
  # What is another user's is never run as ours.
  if [ -n "$TRY" ]; then become_other "$4"; elif [ -e "$JOB/as" ]; then exit 0; fi
  claim || { [ -z "$TRY" ] || turn_away late; exit 0; }
  read_boot
  clock
  seconds_since_1970
  BEGAN=$NOW
  born $$
  # `<>` writes over the filler without giving its block back first.
  say "$BOOT $$ $BIRTH $EPOCH $BEGAN ." 1<>"$JOB/super"
  read_node
  say "started=$EPOCH${NL}node=$NODE" >>"$JOB/about"
  [ ! -e "$JOB/ansible" ] || begin_for_ansible
  [ "$SESSION" != monitor ] || set -m
  if [ -n "$TRY" ]; then begin_as_other; else
    capture out &
    capture err &
    run_script &
    CHILD=$!
  fi
  born "$CHILD"
  CHILD_BIRTH=${BIRTH:--}
  keep_time &
  TIMER=$!
  born $TIMER
  say "$CHILD $CHILD_BIRTH $TIMER ${BIRTH:--} ." 1<>"$JOB/child"
  say started
  exec >/dev/null
  tell_syslog start
  tidy_daily
  wait "${OTHER:-$CHILD}"
  set -- $?
  # Whoever ran it for us was killed, and it lives: nobody will tell how it ends.
  [ -z "$TRY" ] || ! lives "$CHILD" "$CHILD_BIRTH" || exit 0
  give_verdict "$1"
}

tidy_daily() {
  BASE=${JOB%/jobs/*} RUNNER=$0
  BLANK=$BASE/bin/blank-${RUNNER##*/runner-}
  BLANK=${BLANK%.sh} today=$BASE/tidied.$((EPOCH / 86400))
  [ ! -e "$today" ] || return 0
  for before in "$BASE"/tidied.*; do before=${before##*.}; done
  rm -f "$BASE"/tidied.*
  true >"$today"
  # To a clock that has just been set everything may be old: what nobody has had is not thrown away on its word.
  if is_number "$before" && [ $((EPOCH / 86400 - before)) -le 30 ]; then (forget_uncollected; forget) & else (forget) & fi
}

run_script() {
  trap - HUP INT QUIT TERM PIPE USR1
  exec </dev/null >"$JOB/out.pipe" 2>"$JOB/err.pipe"
  umask "$MASK"
  cd "$HOME" || cd /
  ROLLCALL_JID=${JOB##*/} ROLLCALL_WAITING=$JOB/waiting
  export ROLLCALL_JID ROLLCALL_WAITING
  in_new_session "$SH" "$JOB/script"
}

# Keeps the head of a stream and, when it was too long, its tail; counts what fell out between. A pipe and not the
# file itself, because a script that opens /dev/stdout would empty the file.
capture() { # out|err
  if [ -n "$TRY" ]; then exec >/dev/null 2>&1 8>&-; else exec <"$JOB/$1.pipe" >/dev/null 2>&1; fi
  trap '' XFSZ
  tail=65536
  [ "$CAP" -ge 262144 ] || tail=$((CAP / 4))
  # dd passes on at once what it reads; in blocks of 512 little is lost when the limit refuses one.
  (ulimit -f $(((CAP - tail) / 512)) && exec dd bs=512 >>"$JOB/$1") || keep_tail "$1"
  true >"$JOB/$1.closed"
}

keep_tail() { # out|err
  mkfifo "$JOB/$1.more" || exec tail -c "$tail" >>"$JOB/$1"
  wc -c <"$JOB/$1.more" >"$JOB/$1.count" &
  tee "$JOB/$1.more" | tail -c "$tail" >>"$JOB/$1"
  wait
  read -r count rest <"$JOB/$1.count" && [ "$count" -gt "$tail" ] && say $((count - tail)) >"$JOB/$1.dropped"
  rm -f "$JOB/$1.more" "$JOB/$1.count"
}

# Ends the job when its limit is reached or a cancel is asked for; looks when it is woken, and every few seconds.
keep_time() {
  exec >/dev/null
  nap='' SHIFT=0
  trap 'kill $nap; exit 0' TERM
  trap : USR1
  while lives "$CHILD" "$CHILD_BIRTH" || order LOOK; do
    if read_word "$JOB/cancel"; then
      is_number "$WORD" || WORD=$GRACE
      end_session cancel "$WORD"
      return
    fi
    step=5
    read_word "$JOB/limit"
    if is_number "$WORD" && [ "$WORD" -gt 0 ]; then
      left=$((WORD * 10 - NOW + BEGAN))
      if [ "$left" -le 0 ]; then
        end_session timeout "$GRACE"
        return
      fi
      [ "$left" -ge 50 ] || step=$(((left + 9) / 10))
    fi
    sleep "$step" &
    nap=$!
    wait "$nap"
    kill "$nap"
    clock_after_nap $((step * 10))
  done
}

# NOW after a nap. A clock that somebody sets is believed only as far as we have slept, and is read nowhere else while
# a limit or a grace runs: a jump between two readings that nobody compares would be believed.
clock_after_nap() { # TENTHS
  before=$NOW
  clock
  [ ! -r /proc/uptime ] || return 0
  NOW=$((NOW + SHIFT))
  [ "$NOW" -ge "$before" ] && [ $((NOW - before)) -le $(($1 + 20)) ] && return
  SHIFT=$((SHIFT + before + $1 - NOW))
  NOW=$((before + $1))
}

# TERM, grace, KILL, for all that belongs to the job; returns when nobody is left. The first reason wins: there is one
# token to rename. A group that was seen empty is not signalled again: its number may be somebody else's by then.
end_session() { # cancel|timeout GRACE
  trap '' TERM USR1
  mv "$JOB/reason" "$JOB/why.$1" || :
  tell_syslog "$1"
  grace=$2
  asked=$NOW
  strike TERM
  while lives "$CHILD" "$CHILD_BIRTH" || left_behind || find_members || order LOOK; do
    # Whoever cancels again may want it to go faster.
    read_word "$JOB/cancel" && is_number "$WORD" && grace=$WORD
    [ $((NOW - asked)) -lt $((grace * 10)) ] || strike KILL
    if [ $((NOW - asked)) -lt 20 ] && pause 100; then clock_after_nap 1; else
      sleep 1
      clock_after_nap 10
    fi
  done
}

strike() { # TERM|KILL
  [ -z "$CONTROL" ] || { order "$1"; return; }
  # The job has no group of its own in its very first moment.
  kill "-$1" "-$CHILD" || { lives "$CHILD" "$CHILD_BIRTH" && kill "-$1" "$CHILD"; }
  # shellcheck disable=SC2086 # pids
  find_members && kill "-$1" $MEMBERS
  [ "$1" = KILL ] || kill -CONT "-$CHILD"
}

# Of the job's group. The dead stay in it until their parent has looked at them, and `kill -0` counts them in.
# Where another process leads a group of that number, ours has ended long ago.
left_behind() {
  [ "$CHILD" != 0 ] || return 1
  # Nobody may signal another user's; whether they are there can be read all the same.
  kill -0 "-$CHILD" 2>/dev/null || { [ -f "$JOB/as" ] && [ -r /proc/self/stat ]; } || return 1
  if born "$CHILD" && [ "$BIRTH" != "$CHILD_BIRTH" ]; then return 1; fi
  [ -r /proc/self/stat ] || return 0
  LC_ALL=C grep -qs ") [^ZX] [0-9]* $CHILD " /proc/[0-9]*/stat
}

# MEMBERS: processes of the job's session, and those that left it but carry the job's mark in their environment.
find_members() {
  MEMBERS=
  [ -r /proc/self/environ ] || return 1
  for found in $(
    grep -ls ") [A-Z] [0-9]* [0-9]* $CHILD " /proc/[0-9]*/stat
    grep -lsF "ROLLCALL_WAITING=$JOB/waiting" /proc/[0-9]*/environ
  ); do
    found=${found#/proc/}
    born "${found%%/*}" && MEMBERS="$MEMBERS ${found%%/*}"
  done
  [ -n "$MEMBERS" ]
}

# The verdict is a rename, which needs no space. Where the job is being ended it waits until nobody is left.
give_verdict() { # EXIT STATUS
  [ -e "$JOB/reason" ] && kill -TERM "$TIMER"
  wait "$TIMER"
  clock
  own_status "$1"
  since_began
  # The timekeeper may have been killed; what ran too long is not told as if it had not.
  [ -r /proc/uptime ] && read_word "$JOB/limit" && is_number "$WORD" && [ "$WORD" -gt 0 ] &&
    [ "$ELAPSED" -gt $((WORD * 10 + 50)) ] && { mv "$JOB/reason" "$JOB/why.timeout" || :; }
  mv "$JOB/end" "$JOB/end.$STATUS.$ELAPSED.$NOW"
  # The script goes too: it may hold what nobody should find here, and `about` tells the command where it may be told.
  rm -f "$JOB/out.pipe" "$JOB/err.pipe" "$JOB/hello.pipe" "$JOB/control" "$JOB/script"
  tell_syslog "end rc=$STATUS"
  [ ! -e "$JOB/ansible" ] || {
    RC=$STATUS
    outcome
    await_last_bytes
    end_for_ansible
  }
  exit 0
}

# STATUS: as other shells say it.
own_status() { # EXIT STATUS
  STATUS=$1
  [ "$STATUS" -lt 384 ] || STATUS=$((STATUS - 256)) # yash
  [ "$STATUS" -lt 256 ] || STATUS=$((STATUS - 128)) # ksh
}

since_began() {
  ELAPSED=$((NOW - BEGAN))
  [ "$ELAPSED" -ge 0 ] || ELAPSED=0 # only a clock that was set
}

# The supervisor died and the job did not: nobody will tell its exit status, but it can still be ended.
stop_orphan() { # JOB GRACE SESSION
  JOB=$1 SESSION=$3
  read -r CHILD CHILD_BIRTH rest <"$JOB/child"
  [ ! -e "$JOB/as" ] || take_control
  SHIFT=0
  clock
  end_session cancel "$2"
  exit 0
}

tell_syslog() { # WHAT
  [ -S /dev/log ] || [ -S /var/run/syslog ] || return 0
  command -v logger >/dev/null && [ -f "$JOB/about" ] || return 0
  told=
  while IFS='=' read -r key value; do
    case $key in run | operator | command) [ -z "$value" ] || told="$told $key=$value" ;; esac
  done <"$JOB/about"
  logger -t rollcall "$1 ${JOB##*/}$told" &
}

# ---- as another user -----------------------------------------------------------------------------------------

# The job's folder, its supervisor, timekeeper and captures stay ours, so whoever logs in may look, cancel and extend
# without the other user's rights. What is the other user's is the inner half: it runs the script in a session of its
# own and ends it when it is told to, in a line on its stdin, since sudo leaves only stdin, stdout and stderr open.
# Nothing is claimed before the inner half has said that it is there: whatever sudo refuses has never begun. All that
# is said there carries a mark that nobody can know before. See docs/decisions/0004-become.md.

# A password is on its way: it goes through two pipes and the memory of one shell.
become() {
  seal=
  read -r JID LINE EPOCH_OF_DRIVER DRIVER LINGER MOST ONCE seal || :
  [ "$seal" = . ] || refuse request-cut "in the become"
  valid "$JID"
  JOB=$BASE/jobs/$JID WON=exists
  choose_session
  respect_fence
  if sound; then
    [ -e "$JOB/claim" ] || [ -e "$JOB/gone" ] || { take_name && launch_as_other password; }
    linger
  fi
  say "S $WON"
  report_one "$JID" 0 0 "$MOST"
}

# As `launch`; the pipes are this launch's own, since two may try at once and only one of them wins the claim.
launch_as_other() { # [password]
  umask 077
  WON=exists TRY=$JOB/try.$NONCE.$$
  read -r word rest <"$JOB/as"
  [ "$word${1:-}" != su ] || [ -O / ] || refuse become-password "su asks everybody but root"
  TROUBLE=$( (LC_ALL=C mkdir "$TRY" && LC_ALL=C mkfifo "$TRY/in" "$TRY/out" "$TRY/err" "$TRY/hello") 2>&1) || refuse_trouble
  [ "$SESSION" != monitor ] || set -m
  exec 3<>"$TRY/hello"
  (
    exec </dev/null >&3 2>/dev/null 3>&-
    in_new_session "$SH" "$RUNNER" supervise "$JOB" "$SESSION" "$TRY" "${1:-}"
  ) &
  exec 4<"$TRY/hello" 3>&-
  word=
  while read -r word words <&4; do
    [ "$word" = asks ] || break
    pass_password
  done
  exec 4<&-
  case $word in
    started) WON=started ;;
    late) ;;
    cut) refuse request-cut "before its password" ;;
    asked) refuse become-password "$words" ;;
    wrong) refuse become-wrong "$words" ;;
    silent) refuse become-silent "$words" ;;
    # What never begins leaves nothing; only whoever holds its claim may say so.
    refused) claim && rm -rf "$JOB" && refuse become-refused "$words" ;;
    *) refuse become-silent "whoever should have told is gone" ;;
  esac
}

# A builtin writes it, so it stands in no command line. Of a password that was cut nothing is passed on.
pass_password() {
  say "P $NONCE"
  secret=
  # yash names the program, and runs its own.
  case ${KSH_VERSION:+printf}${YASH_VERSION:+printf}$(command -v printf) in printf*) ;; *) refuse host-refused "this sh would show a password" ;; esac
  if IFS= read -r secret; then say "$secret" >"$TRY/in"; else say "${TRY##*/} cut" >"$TRY/err"; fi
  secret=
}

# Our half: gets the inner half going, and returns when that has all it needs. On its stderr comes what is asked for,
# what sudo says when it refuses, and the inner half's own words; what the script says comes behind them.
become_other() { # [password]
  RUNNER=$0 PASSWORD=$1 MARK=${TRY##*/} asked='' last=''
  read -r METHOD WHO EXE FLAGS <"$JOB/as"
  runner_length=$(wc -c <"$RUNNER") script_length=$(wc -c <"$JOB/script")
  # Both ends of each are opened here, each for one way: so the end of either side is noticed by the other.
  # shellcheck disable=SC2094 # pipes
  {
    exec 9<>"$TRY/in" 3<"$TRY/in" 8>"$TRY/in" 9<&-
    exec 9<>"$TRY/out" 6<"$TRY/out" 4>"$TRY/out" 9<&-
    exec 9<>"$TRY/err" 7<"$TRY/err" 5>"$TRY/err" 9<&-
  }
  (
    exec <&3 >&4 2>&5 3<&- 4>&- 5>&- 6<&- 7<&- 8>&-
    trap - HUP INT QUIT TERM PIPE USR1
    umask "$MASK"
    cd "$HOME" || cd /
    call_other
  ) &
  OTHER=$!
  exec 3<&- 4>&- 5>&-
  # Whoever asks for something that we don't know, in half a line, would be waited for for ever.
  (
    exec >/dev/null 6<&- 7<&- 8>&-
    nap=
    trap 'kill $nap; exit' TERM
    sleep "$OTHER_PATIENCE" &
    nap=$!
    wait "$nap"
    say "$NL$MARK silent" >"$TRY/err"
  ) &
  DOG=$!
  [ "$METHOD" != su ] || hear_su
  line=
  while IFS= read -r line <&7 || [ -n "$line" ]; do
    case $line in
      *"$MARK asks")
        [ -n "$PASSWORD" ] || turn_away asked "it asks for a password"
        [ -z "$asked" ] || turn_away wrong "$last"
        asked=yes last=''
        say asks
        ;;
      *"$MARK ready") send_inner ;;
      *"$MARK set")
        kill "$DOG"
        return
        ;;
      *"$MARK cut") turn_away cut ;;
      *"$MARK silent") turn_away silent "$last" ;;
      ?*) if [ "${#last}" -lt 200 ]; then last="${last:+$last; }$line"; else last=$line; fi ;;
    esac
    line=
  done
  case $asked$last in
    *'not in the sudoers'* | *'not allowed'* | *'may not run'* | *'must have a tty'* | *'a tty is required'* | *'xpired'* | *'not available'*) ;;
    yes*) turn_away wrong "$last" ;;
    *'password is required'* | *'uthentication is required'* | *'uthentication required'* | *'uthorization required'*) turn_away asked "$last" ;;
  esac
  turn_away refused "${last:-it ended and said nothing}"
}

# Where another launch was faster its script may be gone already.
send_inner() {
  if [ -e "$JOB/claim" ] || ! cat "$RUNNER" "$JOB/script" >&8; then
    [ ! -e "$JOB/claim" ] || turn_away late
  fi
}

# The end of its stdin ends whoever still asks there.
turn_away() { # WHY [WORDS]
  exec 6<&- 7<&- 8>&-
  say "$*"
  kill "$DOG"
  rm -rf "$TRY"
  exit 0
}

# The prompt of su has no end of line, and it knows no other.
hear_su() {
  line=$(dd bs=1 count=9 <&7 2>/dev/null)
  case $line in
    Password:)
      [ -n "$PASSWORD" ] || turn_away asked "it asks for a password"
      asked=yes
      say asks
      return
      ;;
  esac
  IFS= read -r last <&7 || :
  last=$line$last
  case $last in *"$MARK ready") last='' && send_inner ;; esac
}

# Becomes the program that becomes the other user. What it logs is this short text; the runner itself comes behind it.
# It speaks English meanwhile, since its words are read; the inner half puts that right.
call_other() {
  there=${LC_ALL:-}
  case $there in *[!A-Za-z0-9_.@-]*) there= ;; esac
  export LC_ALL=C
  # shellcheck disable=SC2086 # numbers with blanks around them
  set -- inner "$MARK" "$JOB" "$SESSION" $runner_length $script_length "$there"
  # shellcheck disable=SC2086 # flags
  case $METHOD-$PASSWORD in
    su-*)
      # shellcheck disable=SC2089 # its quotes are for the shell that it is given to
      ROLLCALL_FOLDER=$JOB ROLLCALL_INNER="set -- $1 $2 \"\$ROLLCALL_FOLDER\" $4 $5 $6 '$7'; unset ROLLCALL_FOLDER ROLLCALL_INNER; $INNER"
      # shellcheck disable=SC2090
      export ROLLCALL_FOLDER ROLLCALL_INNER
      # Any login shell understands this.
      exec "$EXE" $FLAGS "$WHO" -c "exec $SH -c 'eval \"\$ROLLCALL_INNER\"'"
      ;;
    doas-*) exec "$EXE" $FLAGS -n -u "$WHO" -- "$SH" -c "$INNER" rollcall "$@" ;;
    sudo-) exec "$EXE" $FLAGS -n -u "$WHO" -- "$SH" -c "$INNER" rollcall "$@" ;;
    *) exec "$EXE" $FLAGS -k -S -p "$MARK asks$NL" -u "$WHO" -- "$SH" -c "$INNER" rollcall "$@" ;;
  esac
}

# shellcheck disable=SC2016 # a program for sh
INNER='echo "$2 ready" >&2; text=$(dd bs=$5 count=1 iflag=fullblock 2>/dev/null || dd bs=1 count=$5 2>/dev/null); case $text in *"#EOR") eval "$text" ;; esac'

# The job is ours. What stood on the pipes before the script began is not its output.
begin_as_other() {
  CHILD=0 CONTROL=$JOB/control
  mv -f "$TRY/in" "$CONTROL"
  say go >&8
  while IFS= read -r line <&7; do
    case $line in *"$MARK child "*) CHILD=${line##* } && break ;; esac
  done
  while IFS= read -r line <&6; do
    case $line in *"$MARK out") break ;; esac
  done
  capture out <&6 &
  capture err <&7 &
  exec 6<&- 7<&-
  rm -rf "$TRY"
}

# Fails when nobody listens any more.
order() { # TERM|KILL|LOOK
  [ -n "$CONTROL" ] && { say "$1" >&8; } 2>/dev/null
}

take_control() {
  trap '' PIPE
  CONTROL=$JOB/control
  # shellcheck disable=SC2094 # a pipe
  [ -p "$CONTROL" ] && [ ! -L "$CONTROL" ] && exec 9<>"$CONTROL" 8>"$CONTROL" 9<&-
}

# The other user's half.
inner() { # MARK JOB SESSION BYTES LOCALE
  MARK=$1 JOB=$2 SESSION=$3
  trap '' HUP INT QUIT TERM PIPE USR1
  [ -z "${LC_ALL:-}" ] || if [ -n "$5" ]; then LC_ALL=$5; else unset LC_ALL; fi
  script=
  [ "$4" -eq 0 ] || script=$(dd bs="$4" count=1 iflag=fullblock 2>/dev/null || dd bs=1 count="$4" 2>/dev/null)
  say "$MARK set" >&2
  word=
  read -r word
  [ "$word" = go ] || exit 0
  [ "$SESSION" != monitor ] || set -m
  exec 3<&0 # whatever goes into the background has no stdin of its own
  run_for_other 3<&- <<EOF &
$script
EOF
  CHILD=$!
  exec >/dev/null 2>&1
  born "$CHILD"
  CHILD_BIRTH=${BIRTH:--}
  trap - TERM # it must be able to end from its first moment on
  obey <&3 3<&- &
  watch=$!
  trap '' TERM
  wait "$CHILD"
  own_status $?
  kill -TERM "$watch"
  wait "$watch"
  exit "$STATUS"
}

run_for_other() {
  trap - HUP INT QUIT TERM PIPE USR1
  cd "$HOME" || cd /
  ROLLCALL_JID=${JOB##*/} ROLLCALL_WAITING=$JOB/waiting
  export ROLLCALL_JID ROLLCALL_WAITING
  in_new_session "$SH" -c "$SCRIPT" "$JOB/script" "$MARK"
}

# The script comes on stdin: the folder where it lies is closed to the other user.
# shellcheck disable=SC2016 # a program for sh
SCRIPT='text=$(cat); exec </dev/null; echo "$1 out"; echo "$1 child $$" >&2; eval "shift; unset text
$text"'

# Once something was ordered it goes on until nobody of the job is left. Where nobody holds the other end any more,
# whoever wants to cancel opens it anew.
obey() {
  exec >/dev/null
  ordered=
  while :; do
    if read -r word; then
      case $word in TERM | KILL) trap '' TERM && ordered=yes && strike "$word" ;; esac
    else sleep 1; fi
    [ -z "$ordered" ] || lives "$CHILD" "$CHILD_BIRTH" || left_behind || find_members || exit 0
  done
}

# ---- Ansible's view of it: ~/.ansible_async/JID, for jobs that were started with --ansible-async ------------------
# Ansible takes a file that it cannot read as JSON for a job that runs, so what is written is ASCII and appears whole.
# It is made in the job's folder, where nobody else writes, and moved. While jobs/JID/ansible exists, the end is untold.

PADDING='                                                                                '

begin_for_ansible() {
  umask 077
  stamp >"$JOB/ansible"
  [ -d "$HOME/.ansible_async" ] || mkdir "$HOME/.ansible_async"
  # Padded: where the disk is full by then, a short end fits over it.
  say "{\"started\": 1, \"finished\": 0, \"ansible_job_id\": \"${JOB##*/}\"}$PADDING$PADDING$PADDING" >"$JOB/ansible.new" &&
    mv -f "$JOB/ansible.new" "$HOME/.ansible_async/${JOB##*/}"
}

stamp() { date '+%Y-%m-%d %H:%M:%S.000000'; }

await_last_bytes() {
  for nap in 10 20 40 80 160 320 640 640; do
    ! closed || return 0
    pause "$nap" || sleep 1
  done
}

# STATE, RC, ELAPSED and CHILD are known. A job whose end came without a supervisor is told by whoever looks next.
end_for_ansible() {
  umask 077
  { read -r began <"$JOB/ansible"; } 2>/dev/null || began=
  facts="\"changed\": true, \"started\": 1, \"finished\": 1, \"ansible_job_id\": \"${JOB##*/}\", $(ending)"
  [ -z "$began" ] || facts="$facts, \"start\": \"$began\""
  case $STATE in lost-*) ;; *) facts="$facts, \"end\": \"$(stamp)\", \"delta\": \"$(delta)\"" ;; esac
  if {
    say "{$facts, \"rollcall_folder\": \"~/.rollcall/jobs/${JOB##*/}\", \"cmd\": \"$(command_in_json)\", \"stdout\":" &&
      in_json out && say ', "stderr":' && in_json err && say '}'
  } >"$JOB/ansible.new" 2>/dev/null; then mv -f "$JOB/ansible.new" "$HOME/.ansible_async/${JOB##*/}"
  elif [ -f "$HOME/.ansible_async/${JOB##*/}" ]; then
    say "{$(ending), \"changed\": true}$PADDING" 1<>"$HOME/.ansible_async/${JOB##*/}"
  fi
  rm -f "$JOB/ansible" "$JOB/ansible.new"
}

ending() {
  case $STATE$RC in
    done0) say '"rc": 0, "msg": ""' ;;
    done*) say "\"rc\": $RC, \"failed\": true, \"msg\": \"non-zero return code\"" ;;
    timed-out*) say "\"failed\": true, \"msg\": \"Timeout exceeded\", \"child_pid\": $CHILD" ;;
    cancelled*) say '"failed": true, "msg": "cancelled", "rollcall_verdict": "cancelled"' ;;
    *) say "\"failed\": true, \"msg\": \"lost: no exit status will come\", \"rollcall_verdict\": \"$STATE\"" ;;
  esac
}

# As Python prints a timedelta.
delta() {
  set -- $((ELAPSED / 10)) $((ELAPSED % 10))
  days=$(($1 / 86400)) minutes=0$(($1 / 60 % 60)) seconds=0$(($1 % 60))
  case $days in 0) days= ;; 1) days='1 day, ' ;; *) days="$days days, " ;; esac
  [ "$2" = 0 ] && set -- "$1" '' || set -- "$1" ".${2}00000"
  say "$days$(($1 / 3600 % 24)):${minutes#"${minutes%??}"}:${seconds#"${seconds%??}"}$2"
}

# In `about` it is ASCII already: a backslash before a `u` is the only one that means something.
command_in_json() {
  read_about command
  rest=$SAID json=
  while :; do
    plain=${rest%%[\\\"]*}
    json=$json$plain
    [ "$plain" != "$rest" ] || break
    rest=${rest#"$plain"}
    case $rest in
      '\u'*) json="$json\\u" rest=${rest#??} ;;
      '"'*) json="$json\\\"" rest=${rest#?} ;;
      *) json="$json\\\\" rest=${rest#?} ;;
    esac
  done
  say "$json"
}

# The stream as a JSON string, without the line ends at its end; of a long one 512 kB at each end.
in_json() { # out|err
  command -v od >/dev/null && command -v awk >/dev/null || { say '""' && return; }
  { head -c 524288 "$JOB/$1" && tail -c +524289 "$JOB/$1" | tail -c 524288; } | od -An -v -tx1 | LC_ALL=C awk "$IN_JSON"
}

# Bytes in hexadecimal become ASCII; what is no UTF-8 becomes U+FFFD, as decoders do it.
# shellcheck disable=SC2016 # a program for awk
IN_JSON='
BEGIN {
  for (at = 0; at < 256; at++) {
    two = sprintf("%02x", at)
    number[two] = at
    said[two] = at < 32 || at == 127 ? "\\u00" two : sprintf("%c", at)
  }
  said["22"] = "\\\""
  said["5c"] = "\\\\"
  printf "\""
}
# Line ends are held back until something follows (not too many, or it would take for ever).
function put(text) {
  if (text == said["0a"] || text == said["0d"]) ends = ends text
  if (length(ends) < 6000 && (text == said["0a"] || text == said["0d"])) return
  line = line ends (text == said["0a"] || text == said["0d"] ? "" : text)
  ends = ""
}
function put_code(code) {
  if (code < 65536) put(sprintf("\\u%04x", code))
  else put(sprintf("\\u%04x\\u%04x", 55296 + int((code - 65536) / 1024), 56320 + code % 1024))
}
function more(bytes, first, least, most) { wanted = bytes; code = first; low = least; high = most }
{
  for (at = 1; at <= NF; at++) {
    byte = number[$at]
    if (wanted > 0 && byte >= low && byte <= high) {
      more(wanted - 1, code * 64 + byte - 128, 128, 191)
      if (wanted == 0) put_code(code)
      continue
    }
    if (wanted > 0) put("\\ufffd")
    wanted = 0
    if (byte < 128) put(said[$at])
    else if (byte >= 194 && byte < 224) more(1, byte - 192, 128, 191)
    else if (byte >= 224 && byte < 240) more(2, byte - 224, byte == 224 ? 160 : 128, byte == 237 ? 159 : 191)
    else if (byte >= 240 && byte < 245) more(3, byte - 240, byte == 240 ? 144 : 128, byte == 244 ? 143 : 191)
    else put("\\ufffd")
  }
  printf "%s", line
  line = ""
}
END { if (wanted > 0) put("\\ufffd"); printf "%s\"", line }
'

# ---- looking -------------------------------------------------------------------------------------------------

# One answer for many jobs. States first, sizes after: so a job seen as ended has all its output counted.
look() {
  ROWS='' FILES=''
  jid=
  while read -r jid from_out from_err most && [ "$jid" != . ]; do
    valid "$jid"
    examine "$jid"
    note "$jid" "$from_out" "$from_err" "$most"
  done
  [ "$jid" = . ] || refuse request-cut "in the list of jobs"
  tell
}

report_one() { # JID FROM_OUT FROM_ERR MOST
  ROWS='' FILES=''
  examine "$1"
  note "$@"
  tell
}

list() {
  ROWS='' FILES=''
  for folder in "$BASE/jobs"/*; do
    is_jid "${folder##*/}" || continue
    examine "${folder##*/}"
    note "${folder##*/}" 0 0 0
  done
  tell
}

# Sets STATE and what is known with it.
examine() { # JID
  JOB=$BASE/jobs/$1 STATE=unknown RC=0 STARTED=0 ELAPSED=0 LIMIT_NOW=0 CHILD=0 THEN=- LEFT=0 DROPPED=0 WAITING=0
  is_there || return 0
  sound || { STATE=lost-broken && return 0; }
  [ ! -e "$JOB/gone" ] || { STATE=cleaned && return 0; }
  [ -e "$JOB/claim" ] || { STATE=unclaimed && return 0; }
  SUPER=0 SUPER_BIRTH=- CHILD_BIRTH=- TIMER=0 TIMER_BIRTH=- BEGAN=$NOW
  read_word "$JOB/limit"
  ! is_number "$WORD" || LIMIT_NOW=$WORD
  seal=
  { read -r THEN SUPER SUPER_BIRTH STARTED BEGAN seal <"$JOB/super"; } 2>/dev/null
  # Whoever reads while it is written sees the filler, or a word that begins with it.
  case $seal$THEN in .[!-]*) ;; *) unborn && return 0 ;; esac
  case $THEN$SUPER_BIRTH in *[!A-Za-z0-9_:-]*) STATE=lost-broken THEN=- && return 0 ;; esac
  is_number "$STARTED" && is_number "$BEGAN" || { STATE=lost-broken STARTED=0 && return 0; }
  { read -r CHILD CHILD_BIRTH TIMER TIMER_BIRTH seal <"$JOB/child"; } 2>/dev/null
  [ "$seal" = . ] && is_number "$CHILD" || CHILD=0 TIMER=0
  verdict && { conclude && return 0; }
  if [ "$THEN" != "$BOOT" ]; then
    STATE=lost-reboot
    began_elsewhere || :
    return 0
  fi
  since_began
  STATE=running
  [ -e "$JOB/reason" ] && [ ! -e "$JOB/cancel" ] || STATE=stopping
  [ ! -s "$JOB/waiting" ] || [ ! -f "$JOB/waiting" ] || [ -L "$JOB/waiting" ] || WAITING=1
  lives "$SUPER" "$SUPER_BIRTH" && return 0
  # It may have given its verdict while we looked.
  verdict && { conclude && return 0; }
  lives "$CHILD" "$CHILD_BIRTH" && { STATE=orphan && return 0; }
  began_elsewhere && return 0
  STATE=lost-killed RC=137
  ! left_behind || LEFT=1
  [ ! -e "$JOB/why.timeout" ] || STATE=timed-out
  [ ! -e "$JOB/why.cancel" ] || STATE=cancelled
}

# Before a job is told as lost: on another machine it may well run. What its folder says about its end is true anywhere.
began_elsewhere() {
  read_node
  read_about node
  case $SAID in '' | "$NODE" | *[!A-Za-z0-9._/-]*) return 1 ;; esac
  STATE=elsewhere WAITING=$SAID
}

# Claimed, and no supervisor has written its name yet: that takes a moment, or it died in that moment.
unborn() {
  THEN=- STARTED=0 BEGAN=0 STATE=starting
  if verdict; then conclude; fi
  case $STATE$(find "$JOB/claim" -prune -mmin +1 2>/dev/null) in starting?*) STATE=lost-broken ;; esac
}

# The verdict stands in the name of a file: end.RC.ELAPSED.AT
verdict() {
  for end in "$JOB"/end.*; do
    end=${end##*/end.}
    RC=${end%%.*} AT=${end##*.} ELAPSED=${end#*.}
    ELAPSED=${ELAPSED%.*}
    case $end in *.*.*) is_number "$RC" && is_number "$AT" && is_number "$ELAPSED" && return ;; esac
  done
  RC=0 ELAPSED=0
  return 1
}

closed() { [ -e "$JOB/out.closed" ] && [ -e "$JOB/err.closed" ]; }

# Ended, and how. A job whose last bytes are still on their way through the pipes is given a moment.
conclude() {
  LEFT=0
  if [ "$THEN" = "$BOOT" ]; then
    STATE=running
    closed || [ $((NOW - AT)) -ge "$FINISH_PATIENCE" ] || return 0
    ! left_behind || LEFT=1
  elif ! closed && [ -z "$(find "$JOB"/end.* -prune -mmin +1 2>/dev/null)" ] && began_elsewhere; then return 0; fi
  outcome
  for stream in out err; do
    read_word "$JOB/$stream.dropped" && is_number "$WORD" && DROPPED=$((DROPPED + WORD))
  done
  return 0
}

outcome() {
  STATE='done'
  [ ! -e "$JOB/why.timeout" ] || STATE=timed-out
  [ ! -e "$JOB/why.cancel" ] || STATE=cancelled
}

# Remembers what was found, and which files must be measured.
note() { # JID FROM_OUT FROM_ERR MOST
  case $STATE in
    done | timed-out | cancelled | lost-*)
      [ ! -f "$JOB/ansible" ] || ! sound || lives "$SUPER" "$SUPER_BIRTH" || end_for_ansible
      ;;
  esac
  ROWS="$ROWS $* $STATE $RC $STARTED $ELAPSED $LIMIT_NOW $CHILD $THEN $DROPPED $LEFT $WAITING"
  [ "$STATE" != lost-broken ] || return 0
  [ ! -s "$JOB/out" ] || FILES="$FILES $1/out"
  [ ! -s "$JOB/err" ] || FILES="$FILES $1/err"
}

tell() {
  [ -z "$FILES" ] || measure
  # shellcheck disable=SC2086 # fields, none of them empty
  set -- $ROWS
  while [ $# -ge 14 ]; do
    jid=$1 from_out=$2 from_err=$3 most=$4
    about="$5 $6 $7 $8 $9"
    shift 9
    about="$about $1 $2" dropped=$3 left=$4 waiting=$5
    shift 5
    size_of "$jid" out
    clip "$from_out" "$most"
    size_out=$SIZE length_out=$LENGTH
    size_of "$jid" err
    clip "$from_err" "$most"
    case $waiting in
      0) ;;
      1) waiting="W $(head -n 1 "$BASE/jobs/$jid/waiting" 2>/dev/null | LC_ALL=C head -c 400)" ;;
      *) waiting="W $waiting" ;;
    esac
    say "J $jid $about $size_out $from_out $length_out $SIZE $from_err $LENGTH $dropped $left ${waiting%% *}"
    [ "${waiting%% *}" = 0 ] || say "$waiting"
    bytes "$BASE/jobs/$jid/out" "$from_out" "$length_out"
    bytes "$BASE/jobs/$jid/err" "$from_err" "$LENGTH"
    say ''
    [ "$most" -eq 0 ] || [ $((from_out + length_out)) -lt "$size_out" ] || [ $((from_err + LENGTH)) -lt "$SIZE" ] ||
      case $about in done\ * | timed-out\ * | cancelled\ * | lost-reboot\ * | lost-killed\ *) mark_collected ;; esac
  done
}

# Somebody was given all of it, its end included.
mark_collected() { [ -e "$BASE/jobs/$jid/collected" ] || { true >"$BASE/jobs/$jid/collected"; } 2>/dev/null; }

# One `ls` for all files: it knows sizes without reading, and its first lines have had five fields before the date
# and nine in all since there was a Unix. (`wc -c` of busybox reads what it counts.)
measure() {
  # shellcheck disable=SC2046,SC2086 # fields and names, none of them with blanks
  set -- $(cd "$BASE/jobs" && LC_ALL=C exec ls -ln $FILES 2>/dev/null)
  while [ $# -ge 9 ]; do
    name_of_size "${9%/*}" "${9##*/}"
    eval "$NAME=\$5"
    shift 9
  done
}

name_of_size() { NAME=${1#j} && NAME=SIZE_${NAME%.*}_${NAME#*.}_$2; } # JID STREAM

size_of() { # JID STREAM
  name_of_size "$1" "$2"
  eval "SIZE=\${$NAME:-0}"
}

clip() { # FROM MOST
  LENGTH=$((SIZE - $1))
  [ "$LENGTH" -ge 0 ] || LENGTH=0
  [ "$LENGTH" -le "$2" ] || LENGTH=$2
}

bytes() { # FILE FROM LENGTH
  [ "$3" -gt 0 ] || return 0
  if [ "$2" -eq 0 ]; then head -c "$3" "$1"
  elif [ "$2" -lt 65536 ]; then tail -c "+$(($2 + 1))" "$1" | head -c "$3"
  else
    dd if="$1" bs=65536 skip=$(($2 / 65536)) count=$((($2 % 65536 + $3 + 65535) / 65536)) 2>/dev/null |
      tail -c "+$(($2 % 65536 + 1))" | head -c "$3"
  fi
}

# ---- steering ------------------------------------------------------------------------------------------------

cancel() {
  seal=
  read -r JID GRACE seal
  [ "$seal" = . ] || refuse request-cut "in the cancel"
  valid "$JID"
  JOB=$BASE/jobs/$JID
  if { ! is_there || sound; } && [ ! -e "$JOB/claim" ] && [ ! -e "$JOB/gone" ]; then
    lay_folders
    umask 077
    [ -d "$JOB" ] || mkdir "$JOB" 2>/dev/null
    # Whoever holds the claim decides: it never begins, also when its start is still on its way.
    claim && plant_never
  fi
  examine "$JID"
  case $STATE in
    starting | running | stopping)
      say "$GRACE" >"$JOB/cancel"
      wake_timekeeper || stop_it_ourselves
      ;;
    orphan) stop_it_ourselves ;;
    # Its timekeeper sees the wish through the shared home.
    elsewhere) say "$GRACE" >"$JOB/cancel" ;;
  esac
  report_one "$JID" 0 0 0
}

plant_never() {
  { true >"$JOB/end.143.0.$NOW" && true >"$JOB/why.cancel" && true >"$JOB/out.closed" && true >"$JOB/err.closed"; } 2>/dev/null
  [ -e "$JOB/super" ] || say - >"$JOB/super"
}

wake_timekeeper() { [ "$STATE" = starting ] || [ "$STATE" = elsewhere ] || { lives "$TIMER" "$TIMER_BIRTH" && kill -USR1 "$TIMER" 2>/dev/null; }; }

stop_it_ourselves() {
  choose_session
  [ "$SESSION" != monitor ] || set -m
  (
    exec </dev/null >/dev/null 2>&1
    in_new_session "$SH" "$RUNNER" stop "$JOB" "$GRACE" "$SESSION"
  ) &
}

extend() {
  seal=
  read -r JID LIMIT seal
  [ "$seal" = . ] || refuse request-cut "in the extend"
  valid "$JID"
  examine "$JID"
  case $STATE in unclaimed | starting | running | elsewhere) ;; *) refuse host-refused "the job is $STATE" ;; esac
  umask 077
  TROUBLE=$( (say "$LIMIT" >"$JOB/limit.$NONCE" && mv -f "$JOB/limit.$NONCE" "$JOB/limit") 2>&1) || refuse_trouble
  [ "$STATE" = unclaimed ] || wake_timekeeper || :
  say "X $LIMIT"
}

# Removes what ended and keeps the mark `gone`, so that a start that was long on its way still finds its jid taken.
clean() {
  jid='' JIDS=''
  while read -r jid && [ "$jid" != . ]; do
    valid "$jid"
    JIDS="$JIDS $jid"
  done
  [ "$jid" = . ] || refuse request-cut "in the list of jobs"
  for jid in $JIDS; do
    examine "$jid"
    case $STATE in done | timed-out | cancelled | lost-*) [ ! -e "$JOB/ansible" ] && sound && retire || continue ;; cleaned) ;; *) continue ;; esac
    say "C $jid"
  done
  forget
}

retire() {
  true >"$JOB/gone" || return 0
  set --
  for file in "$JOB"/*; do
    [ "$file" = "$JOB/gone" ] || set -- "$@" "$file"
  done
  [ $# -eq 0 ] || rm -rf "$@"
}

# Marks of cleaned jobs are kept 24 hours. Ended jobs are kept 14 days when somebody has had all of them, else 90 days;
# what was never completed a day; what earlier versions left 30 days, what earlier drivers left a year. The marks of
# --once names stay: no tool of a plain host removes a file only if nobody has just replaced it.
forget() {
  for jid in $(old_jobs gone 0); do rm -rf "$BASE/jobs/$jid"; done
  for jid in $(old_jobs 'end.*' 13); do [ -z "$(find "$BASE/jobs/$jid/collected" -mtime +0 2>/dev/null)" ] || forget_job "$jid"; done
  find "$BASE/stage" -mtime +0 -path "$BASE/stage/*" -prune -exec rm -rf {} + 2>/dev/null
  # Whoever runs an old runner has it open, and a driver that needs it sends it again.
  find "$BASE/bin" -mtime +29 -path "$BASE/bin/*-*" ! -name "${RUNNER##*/}" ! -name "${BLANK##*/}" -prune -exec rm -rf {} + 2>/dev/null
  find "$BASE/epoch" -type f -mtime +365 -exec rm -f {} + 2>/dev/null
  find "$HOME/.ansible_async" -type f -mtime +13 2>/dev/null | while IFS= read -r file; do
    jid=${file##*/}
    is_jid "$jid" && { [ ! -e "$BASE/jobs/$jid" ] || [ -e "$BASE/jobs/$jid/gone" ]; } && rm -f "$HOME/.ansible_async/$jid"
  done
}

forget_uncollected() {
  for jid in $(old_jobs 'end.*' 89); do forget_job "$jid"; done
  for jid in $(old_jobs claim 89); do forget_job "$jid" lost; done
}

# What is found must be a file right in a job's folder, whatever line ends somebody hid in names.
old_jobs() { # FILE DAYS
  find "$BASE/jobs" -name "$1" -mtime "+$2" 2>/dev/null | while IFS= read -r file; do
    jid=${file%/*}
    jid=${jid##*/}
    # shellcheck disable=SC2254 # a pattern
    case $file in "$BASE/jobs/$jid"/$1) is_jid "$jid" && [ -f "$file" ] && say "$jid" ;; esac
  done
}

forget_job() { # JID [lost]
  examine "$1"
  case ${2:-}$STATE in done | timed-out | cancelled | lost-* | lostlost-*) ! sound || retire ;; esac
}

main "$@"
#EOR
