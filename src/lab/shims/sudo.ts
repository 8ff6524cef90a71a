import { quote } from './crictl.ts'

/**
 * `sudo` for a sandbox node: runs the rest, without any other effect. A file `sudo-refused` beside the script makes it
 * refuse as `sudo -n` does where a password is wanted.
 */
export function sudoShim(bin: string): string {
  return `#!/bin/sh
# sudo of a sandbox node: runs the rest, see src/lab/shims/sudo.ts
if [ -e ${quote(bin)}/sudo-refused ]; then echo 'sudo: a password is required' >&2; exit 1; fi
while [ $# -gt 0 ]; do
  case "$1" in
    --) shift; break ;;
    -p|-u|-g) shift 2 ;;
    -v|-k) exit 0 ;;
    -*) shift ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || exit 0
exec "$@"
`
}
