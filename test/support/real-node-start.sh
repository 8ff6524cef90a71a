#!/bin/bash
# real-node-start.sh DIR BIN NODE [KUBELET]: a node with a real containerd, and with a real kubelet where one is named. Run in a
# mount and pid namespace of its own (real-node.ts): its folders hide the machine's, so all paths are those of a node, and the
# kernel ends every process of it when this one ends. Ends when its standard input does.
set -euo pipefail
DIR=$1 BIN=$2 NODE=$3 KUBELET=${4:-}
mount -t proc proc /proc
mkdir -p "$DIR/etc"
cp -a /etc/. "$DIR/etc/"
rm -rf "$DIR/etc/crictl.yaml" "$DIR/etc/kubernetes" "$DIR/etc/cni"
for of in etc var/lib var/log run mnt opt; do
  mkdir -p "$DIR/$of"
  [ "$of" = run ] && mount -t tmpfs tmpfs /run || mount --bind "$DIR/$of" "/$of"
done
mkdir -p /run/sshd /etc/kubernetes/manifests /etc/containerd /var/lib/kubelet
# loops of a shared machine: no AppArmor, no OOM scores, and a snapshotter that needs nothing of the kernel
cat >/etc/containerd/config.toml <<T
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  disable_apparmor = true
  sandbox_image = "example.test/pause:1"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
T
cat >/etc/kubernetes/kubelet.yaml <<K
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
staticPodPath: /etc/kubernetes/manifests
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
authentication: { anonymous: { enabled: false }, webhook: { enabled: false } }
authorization: { mode: AlwaysAllow }
enableServer: false
cgroupDriver: cgroupfs
cgroupsPerQOS: false
enforceNodeAllocatable: []
failCgroupV1: false
failSwapOn: false
volumePluginDir: /var/lib/kubelet/plugins
podLogsDir: /var/log/pods
K
export PATH=$BIN:$PATH
containerd >/var/log/containerd.log 2>&1 &
for _ in $(seq 600); do ctr version >/dev/null 2>&1 && break; sleep 0.1; done
for image in "$DIR"/images/*.tar; do ctr -n k8s.io images import "$image" >>/var/log/containerd.log 2>&1; done
if [ -n "$KUBELET" ]; then
  "$KUBELET" --config=/etc/kubernetes/kubelet.yaml --hostname-override="$NODE" >/var/log/kubelet.log 2>&1 &
fi
echo up
cat >/dev/null
