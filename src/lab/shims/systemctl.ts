import { quote } from './crictl.ts'

/**
 * `systemctl` for a sandbox node. A unit is a real process that the sandbox keeps running: `<units>/<name>.pid`, and
 * `<name>.stopped` while it is to stay down. A restart kills it and returns when another process is there.
 */
export function systemctlShim(units: string, logs: string): string {
  return `#!/bin/sh
# systemctl of a sandbox node: acts on real processes, see src/lab/shims/systemctl.ts
dir=${quote(units)}
log=${quote(logs)}/systemctl.log
verb=; unit=; props=; value=no; quiet=no
while [ $# -gt 0 ]; do
  case "$1" in
    -p|--property) props="$props,$2"; shift ;;
    -p*) props="$props,\${1#-p}" ;;
    --property=*) props="$props,\${1#--property=}" ;;
    --value) value=yes ;;
    -q|--quiet) quiet=yes ;;
    -*) ;;
    *) if [ -z "$verb" ]; then verb=$1; else unit=\${1%.service}; fi ;;
  esac
  shift
done
known() { [ -f "$dir/$unit.unit" ]; }
pid() { cat "$dir/$unit.pid" 2>/dev/null || echo 0; }
missing() { echo "Unit $unit.service could not be found." >&2; exit "$1"; }
wait_for() { tries=0; until "$@"; do tries=$((tries + 1)); [ $tries -gt 600 ] && { echo "Job for $unit.service timed out." >&2; exit 1; }; sleep 0.05; done; }
gone() { ! kill -0 "$old" 2>/dev/null && [ "$(pid)" != "$old" ]; }
up() { [ "$(pid)" != 0 ] && [ "$(pid)" != "$old" ]; }
down() { old=$(pid); [ "$old" = 0 ] && return; kill -TERM "$old" 2>/dev/null; wait_for gone; }
note() { echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $verb $unit" >>"$log"; }
shown() { [ -z "$props" ] || case "$props," in *",$1,"*) true ;; *) false ;; esac; }
print() { shown "$1" || return 0; if [ $value = yes ]; then echo "$2"; else echo "$1=$2"; fi; }

case "$verb" in
  restart) known || missing 5; note; rm -f "$dir/$unit.stopped"; down; wait_for up ;;
  start) known || missing 5; note; rm -f "$dir/$unit.stopped"; [ "$(pid)" != 0 ] || { old=0; wait_for up; } ;;
  stop) known || missing 5; note; : >"$dir/$unit.stopped"; down ;;
  is-active)
    if known && [ "$(pid)" != 0 ]; then [ $quiet = yes ] || echo active; else [ $quiet = yes ] || echo inactive; exit 3; fi ;;
  show)
    if ! known; then print LoadState not-found; print ActiveState inactive; print SubState dead; print MainPID 0; exit 0; fi
    print LoadState loaded
    if [ "$(pid)" != 0 ]; then print ActiveState active; print SubState running; else print ActiveState inactive; print SubState dead; fi
    print MainPID "$(pid)"
    print ExecMainStartTimestamp "$(stat -c %y "$dir/$unit.pid" 2>/dev/null)" ;;
  daemon-reload) ;;
  *) echo "Unknown command verb $verb." >&2; exit 1 ;;
esac
`
}
