/**
 * Shell functions for scripts on nodes. `mid PATH` prints the id of the mount that a path is in, links followed: what
 * rename(2) itself compares, which also tells bind mounts of one disk apart, where the device's number does not. It prints
 * nothing where it cannot be told. `same A B` is true only where both are known and equal.
 */
export const MOUNT_OF =
  'mid() { { while read -r k v; do [ "$k" = mnt_id: ] && echo "$v"; done </proc/self/fdinfo/9; } 9<"$1" 2>/dev/null; :; }; ' +
  'same() { m_=$(mid "$1"); [ -n "$m_" ] && [ "$m_" = "$(mid "$2")" ] && ' +
  '[ "$(stat -L -c %d -- "$1")" = "$(stat -L -c %d -- "$2")" ]; }; '

/**
 * `ren A B` is rename(2), or it fails and both are as they were. mv copies and deletes where a rename is refused (overlays
 * and quotas do so within one mount), and older ones have no flag against it: not allowed to write one byte into a file, it
 * is killed at the first (153, SIGXFSZ), before it deletes anything, and leaves a tree without content. It ends with 47 then.
 */
export const RENAME =
  'ren() { ( ulimit -f 0 && exec mv -T -n -- "$1" "$2" ); c_=$?; [ $c_ = 153 ] || return $c_; ' +
  '[ -n "$(find "$2" -type f -size +0c 2>&1)" ] || rm -rf -- "$2"; return 47; }; '
