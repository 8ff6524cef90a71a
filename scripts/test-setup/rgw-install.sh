#!/bin/bash
# rgw-install.sh [DIR]: installs Ceph RGW, the S3 server of the tests, into a directory of its own; the machine's packages stay as they are.
# Debian 12 or later, as root. DIR defaults to ${XDG_CACHE_HOME:-~/.cache}/etcd-rescue-test/rgw.
# Done before: does nothing. Can't be done here: one sentence on stderr and exit 3.
set -euo pipefail
HERE=$(dirname "$(readlink -f "$0")")
DIR=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/etcd-rescue-test/rgw}
ROOT=$DIR/root READY=$DIR/ready LOG=$DIR/install.log

skip() { echo "Ceph RGW is not installed: $1" >&2; exit 3; }

[ -e "$READY" ] && exit 0
[ "$(id -u)" = 0 ] || skip 'this needs root (it makes a Debian root directory with chroot).'
command -v apt-get >/dev/null || skip 'this machine has no apt-get; Debian 12 or later is needed.'
unshare --mount true 2>/dev/null || skip 'this machine does not allow mount namespaces (in a container: run it with CAP_SYS_ADMIN).'

mkdir -p "$DIR"
exec 9>"$DIR/lock"
flock 9 # a second installer waits here and then finds the marker
[ -e "$READY" ] && exit 0
[ "$(df --output=avail -m "$DIR" | tail -1)" -gt 3000 ] || skip "there is no room for 3 GB in $DIR."
: >"$LOG"

if ! command -v debootstrap >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  install_debootstrap() { apt-get -q install -y --no-install-recommends debootstrap >>"$LOG" 2>&1; }
  # a broken third-party source fails the update as a whole, so only the second install counts
  install_debootstrap || { apt-get -q update >>"$LOG" 2>&1 || true; install_debootstrap; } ||
    skip "debootstrap can't be installed (see $LOG)."
fi

# The newest Ceph that runs here, then the machine's own; both signed, neither added to the machine's sources.
OWN=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
for suite in forky "$OWN"; do
  echo "installing Ceph RGW from Debian $suite into $ROOT (some minutes, once)" >&2
  rm -rf "$ROOT"
  if unshare --mount --propagation private bash "$HERE/rgw-bootstrap.sh" "$suite" "$ROOT" >>"$LOG" 2>&1; then
    version=$(chroot "$ROOT" dpkg-query -W -f '${Version}' radosgw)
    echo "$suite $version" >"$READY.part" && mv "$READY.part" "$READY"
    echo "installed radosgw $version" >&2
    exit 0
  fi
done
rm -rf "$ROOT"
skip "Debian's packages can't be fetched or unpacked (see $LOG)."
