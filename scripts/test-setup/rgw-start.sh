#!/bin/bash
# rgw-start.sh PORT [DIR]: Ceph RGW (one monitor, one OSD in memory, one radosgw) on 127.0.0.1:PORT, in the foreground, as root.
# DIR is what rgw-install.sh filled. The S3 key is taken from RGW_ACCESS_KEY_ID and RGW_SECRET_ACCESS_KEY.
# RGW_LC_DAY_SECONDS makes a lifecycle day last that many seconds. The monitor listens on 127.0.0.1:PORT+1.
#
# All of it lives in a pid and mount namespace whose files are in memory: when this process ends, by whatever signal,
# the kernel ends the daemons and nothing is left on disk. Several can run at once from one installation.
set -euo pipefail
PORT=${1:?port}
DIR=${2:-${XDG_CACHE_HOME:-$HOME/.cache}/etcd-rescue-test/rgw}
[ -e "$DIR/ready" ] || { echo "rgw-start: nothing installed in $DIR: run rgw-install.sh first" >&2; exit 3; }
: "${RGW_ACCESS_KEY_ID:?}" "${RGW_SECRET_ACCESS_KEY:?}"

if [ "${RGW_INSIDE:-}" != yes ]; then
  export RGW_INSIDE=yes
  exec unshare --mount --propagation private --pid --fork --kill-child=KILL bash "$0" "$PORT" "$DIR"
fi

R=$DIR/root
MON_PORT=$((PORT + 1))
FSID=6f0f3c52-0000-4000-8000-000000000001
OSD=6f0f3c52-0000-4000-8000-0000000000aa
c() { chroot "$R" "$@"; }

mount -t proc proc "$R/proc"
for dir in etc/ceph var/log/ceph run var/lib/ceph tmp; do
  mkdir -p "$R/$dir"
  mount -t tmpfs -o mode=0755 tmpfs "$R/$dir"
done
mkdir -p "$R"/var/lib/ceph/{mon/ceph-a,osd/ceph-0} "$R/run/ceph"
cat >"$R/etc/ceph/ceph.conf" <<X
[global]
fsid = $FSID
mon host = v1:127.0.0.1:$MON_PORT
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr2 = false
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
mon data avail warn = 2
paxos propose interval = 0.05
paxos min wait = 0.01
log file = /var/log/ceph/\$name.log
run dir = /run/ceph
[osd]
osd objectstore = memstore
memstore device bytes = 6442450944
osd class update on start = false
osd crush update on start = false
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$PORT
rgw thread pool size = 64
rgw lc debug interval = ${RGW_LC_DAY_SECONDS:--1}
rgw crypt require ssl = false
rgw crypt s3 kms backend = testing
rgw crypt s3 kms encryption keys = alias/etcd=YmluCmJvb3N0CmJvb3N0LWJ1aWxkCmNlcGguY29uZgo=
X

# As pid 1 of the namespace: whatever ends this shell ends them all.
trap 'exit 0' TERM INT
trap 'echo "rgw-start: line $LINENO failed: $BASH_COMMAND" >&2' ERR
c monmaptool --create --clobber --fsid "$FSID" --addv a "[v1:127.0.0.1:$MON_PORT]" /tmp/monmap >/dev/null
c ceph-mon --mkfs -i a --monmap /tmp/monmap
c ceph-mon -f -i a &
c timeout 30 ceph osd new "$OSD" >/dev/null
c ceph-osd -i 0 --mkfs --osd-uuid "$OSD" 2>/dev/null
printf '%s\n' 'osd crush add-bucket h1 host' 'osd crush move h1 root=default' 'osd crush add osd.0 1.0 host=h1' |
  c timeout 30 ceph >/dev/null 2>&1
c ceph-osd -f -i 0 &
for _ in $(seq 300); do
  c timeout 5 ceph osd stat 2>/dev/null | grep -q '1 up' && break
  sleep 0.1
done
for pool in .rgw.root default.rgw.{log,control,meta,otp,buckets.index,buckets.data,buckets.non-ec}; do
  printf 'osd pool create %s 1\nosd pool application enable %s rgw\n' "$pool" "$pool"
done | c timeout 60 ceph >/dev/null 2>&1
c timeout 60 radosgw-admin user create --uid test --display-name test \
  --access-key "$RGW_ACCESS_KEY_ID" --secret-key "$RGW_SECRET_ACCESS_KEY" >/dev/null
c radosgw -f -n client.rgw &
wait -n # the first that ends, ends all
exit 1
