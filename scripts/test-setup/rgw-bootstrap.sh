#!/bin/bash
# rgw-bootstrap.sh SUITE ROOT: a minimal Debian SUITE with radosgw, a monitor and an OSD in ROOT. Called by rgw-install.sh
# inside a mount namespace of its own, so that what is mounted here is gone when this ends, however it ends.
set -euo pipefail
SUITE=${1:?suite} ROOT=${2:?root}
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

# the mirror that this machine already uses
MIRROR=$(awk '/^URIs:/{print $2; exit}' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true)
[ -n "$MIRROR" ] || MIRROR=$(awk '/^deb /{for (i = 2; i <= NF; i++) if ($i ~ /^https?:.*debian\/?$/) {print $i; exit}}' \
  /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true)
[ -n "$MIRROR" ] || { echo "no Debian mirror in /etc/apt" >&2; exit 1; }

# older debootstraps don't know the newer suite by name; the script of sid fits all
SCRIPTS=${DEBOOTSTRAP_DIR:-/usr/share/debootstrap}/scripts
SCRIPT=$SCRIPTS/$SUITE
[ -e "$SCRIPT" ] || SCRIPT=$SCRIPTS/sid
debootstrap --variant=minbase "$SUITE" "$ROOT" "$MIRROR" "$SCRIPT"

echo "deb $MIRROR $SUITE main" >"$ROOT/etc/apt/sources.list"
cp /etc/resolv.conf /etc/hosts "$ROOT/etc/"
for config in /etc/apt/apt.conf.d/*proxy*; do [ -e "$config" ] && cp "$config" "$ROOT/etc/apt/apt.conf.d/"; done
printf '#!/bin/sh\nexit 101\n' >"$ROOT/usr/sbin/policy-rc.d" # no package may start a service
chmod +x "$ROOT/usr/sbin/policy-rc.d"
printf 'path-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\nforce-unsafe-io\n' \
  >"$ROOT/etc/dpkg/dpkg.cfg.d/small"
mountpoint -q "$ROOT/proc" || mount -t proc proc "$ROOT/proc"
# a mirror's Release file of a moving suite can be past its date; its signature is still checked
chroot "$ROOT" apt-get -q -o Acquire::Check-Valid-Until=false update
chroot "$ROOT" apt-get -q install -y --no-install-recommends radosgw ceph-mon ceph-osd
chroot "$ROOT" apt-get clean
rm -rf "$ROOT"/usr/share/{doc,man,locale} "$ROOT"/var/lib/apt/lists/*
