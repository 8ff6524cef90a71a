#!/bin/sh
# sshd.sh: makes sure that a real sshd and a real sudo are on this machine for the tests. Starts nothing.
# Done before: does nothing. Can't be done here: one sentence on stderr and exit 3.
set -eu

have() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1; }

missing=''
have sshd || missing="$missing openssh-server"
have ssh || missing="$missing openssh-client"
have sudo || missing="$missing sudo"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! have apt-get; then
  echo "The SSH tests need a real sshd: install it with: sudo apt-get install$missing" >&2
  exit 3
fi

export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of package names
install() { apt-get -q install -y --no-install-recommends $missing >/dev/null 2>&1; }
# a broken third-party source fails the update as a whole, so only the second install counts
install || { apt-get -q update >/dev/null 2>&1 || true; install; } || {
  echo "The SSH tests need a real sshd, and apt-get could not install$missing." >&2
  exit 3
}
