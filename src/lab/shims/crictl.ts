/**
 * `crictl` for a sandbox node: a plain shell script over the records that the sandbox's kubelet keeps, one JSON file and
 * one pid file for each container. `stop` acts on the real process: SIGTERM, after the timeout SIGKILL to its group, and
 * it returns when the process is gone. What it does not know ends with exit code 1, as an unknown flag does in crictl. Held to
 * what a real one does by test/contracts/container-runtime.ts.
 */
export function crictlShim(containers: string): string {
  return `#!/bin/sh
# crictl of a sandbox node: acts on real processes, see ${'src/lab/shims/crictl.ts'}
dir=${quote(containers)}
# as where nobody wrote /etc/crictl.yaml
echo 'level=warning msg="runtime connect using default endpoints, which are deprecated"' >&2
die() { echo "crictl: $*" >&2; exit 1; }

list() {
  all=no; only=; quiet=no; sep=
  while [ $# -gt 0 ]; do
    case "$1" in
      -a|--all) all=yes; shift ;;
      -q|--quiet) quiet=yes; shift ;;
      -o|--output) [ "$2" = json ] || die "only -o json"; shift 2 ;;
      -ojson|--output=json|--no-trunc) shift ;;
      --name) only="\\"name\\":\\"$2\\""; shift 2 ;;
      --name=*) only="\\"name\\":\\"\${1#--name=}\\""; shift ;;
      --label) only="\\"\${2%%=*}\\":\\"\${2#*=}\\""; shift 2 ;;
      --label=*) v=\${1#--label=}; only="\\"\${v%%=*}\\":\\"\${v#*=}\\""; shift ;;
      --state) [ "$2" = Running ] || [ "$2" = running ] || all=yes; shift 2 ;;
      *) die "ps: unknown argument $1" ;;
    esac
  done
  [ $quiet = yes ] || printf '{"containers":['
  for file in "$dir"/*.json; do
    [ -f "$file" ] || continue
    # one line each; no other program is started for it, as three nodes share this machine
    IFS= read -r record <"$file" || [ -n "$record" ] || continue
    if [ $all = no ]; then case "$record" in *CONTAINER_RUNNING*) ;; *) continue ;; esac; fi
    case "$record" in *"$only"*) ;; *) continue ;; esac
    if [ $quiet = yes ]; then name=\${file##*/}; echo "\${name%.json}"; else printf '%s%s' "$sep" "$record"; sep=,; fi
  done
  [ $quiet = yes ] || printf ']}\\n'
}

stop_one() {
  id=$1; limit=$2
  [ -f "$dir/$id.json" ] || die "no such container: $id"
  [ -f "$dir/$id.pid" ] || { echo "$id"; return; }
  pid=$(cat "$dir/$id.pid")
  kill -TERM "$pid" 2>/dev/null
  tries=0
  while kill -0 "$pid" 2>/dev/null; do
    [ $tries -ge $((limit * 20)) ] && kill -s KILL -- "-$pid" 2>/dev/null
    [ $tries -gt 1200 ] && die "container $id does not stop"
    tries=$((tries + 1)); sleep 0.05
  done
  while [ -f "$dir/$id.pid" ] && [ $tries -le 1200 ]; do tries=$((tries + 1)); sleep 0.05; done
  echo "$id"
}

stop() {
  limit=0
  while [ $# -gt 0 ]; do
    case "$1" in
      -t|--timeout) limit=$2; shift 2 ;;
      --timeout=*) limit=\${1#--timeout=}; shift ;;
      -*) die "stop: unknown flag $1" ;;
      *) break ;;
    esac
  done
  [ $# -gt 0 ] || die "stop: no container"
  for id in "$@"; do stop_one "$id" "$limit"; done
}

case "$1" in -t|--timeout) shift 2 ;; esac
verb=$1; shift
case "$verb" in
  ps) list "$@" ;;
  stop) stop "$@" ;;
  inspect)
    for id in "$@"; do :; done
    [ -f "$dir/$id.json" ] || die "no such container: $id"
    printf '{"status":'; tr -d '\\n' <"$dir/$id.json"; printf ',"info":{"pid":%s}}\\n' "$(cat "$dir/$id.pid" 2>/dev/null || echo 0)" ;;
  exec)
    while [ "\${1#-}" != "$1" ]; do shift; done
    [ -f "$dir/$1.pid" ] || die "no such running container: $1"
    # the images of a node have no shell
    shift; [ "$1" = ls ] || die "executing command in container: exec: "$1": executable file not found in $PATH"
    "$@" || die "command terminated with exit code $?" ;;
  rm)
    for id in "$@"; do
      [ -f "$dir/$id.json" ] || die "no such container: $id"
      [ ! -f "$dir/$id.pid" ] || die "container $id is running, please stop it first"
      rm -f "$dir/$id.json"; echo "$id"
    done ;;
  info) echo '{"status":{"conditions":[{"type":"RuntimeReady","status":true}]}}' ;;
  version|--version) echo 'crictl version v1.28.0 (sandbox)' ;;
  *) die "unknown command $verb" ;;
esac
`
}

/** Paths are the sandbox's own; quoted all the same. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
