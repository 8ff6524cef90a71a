#!/bin/bash
# runtime.sh [DIR]: a real container runtime for the tests in a directory of its own: containerd, runc and a static busybox out
# of the packages of Debian's own mirror, crictl and kubelet from their Go modules. The machine's packages stay as they are.
# DIR defaults to ${XDG_CACHE_HOME:-~/.cache}/etcd-rescue-test/runtime. What is there is not made again.
# kubelet takes minutes to build: it is built only with RUNTIME_KUBELET=build, and else found by ETCD_RESCUE_TEST_KUBELET or on
# PATH. Can't be done here: one sentence on stderr and exit 3; the tests then skip themselves and say why.
set -euo pipefail
DIR=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/etcd-rescue-test/runtime}
BIN=$DIR/bin LOG=$DIR/install.log
CRICTL=1.34.0 KUBELET=1.36.3
CRICTL_SECONDS=${RUNTIME_BUILD_SECONDS:-180} KUBELET_SECONDS=${RUNTIME_BUILD_SECONDS:-1800}

skip() { echo "no real container runtime: $1" >&2; exit 3; }

mkdir -p "$BIN"
exec 9>"$DIR/lock"
flock 9
: >"$LOG"

unpack() {
  local package
  for package in "$@"; do
    rm -rf "$DIR/deb" && mkdir "$DIR/deb"
    (cd "$DIR/deb" && apt-get -q download "$package" && dpkg -x ./*.deb .) >>"$LOG" 2>&1 || return 1
    find "$DIR/deb" -type f -perm -100 \( -name containerd -o -name 'containerd-shim-runc-v2' -o -name ctr -o -name runc -o -name busybox \) \
      -exec mv -t "$BIN" {} +
  done
  rm -rf "$DIR/deb"
}

# build SECONDS NAME PACKAGE: in $DIR/go, whose go.mod is written
build() {
  printf '//go:build tools\n\npackage tools\n\nimport _ "%s"\n' "$3" >"$DIR/go/tools.go"
  (cd "$DIR/go" && export CGO_ENABLED=0 && timeout "$1" sh -c 'go mod tidy && go build -trimpath -ldflags "-s -w" -o bin/ "$1"' sh "$3") \
    >>"$LOG" 2>&1 || return 1
  mv "$DIR/go/bin/$2" "$BIN/$2"
}

# a go.mod of our own: `go install` refuses modules that replace others
crictl() {
  rm -rf "$DIR/go" && mkdir "$DIR/go"
  printf 'module rescue-test\n\ngo 1.24\n\nrequire sigs.k8s.io/cri-tools v%s\n' "$CRICTL" >"$DIR/go/go.mod"
  build "$CRICTL_SECONDS" crictl sigs.k8s.io/cri-tools/cmd/crictl
}

# Kubernetes' own go.mod replaces its parts by folders beside it, which a module of ours has to say by version
kubelet() {
  rm -rf "$DIR/go" && mkdir "$DIR/go"
  local mod
  mod=$(go mod download -json "k8s.io/kubernetes@v$KUBELET" 2>>"$LOG" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
  [ -n "$mod" ] || return 1
  {
    printf 'module rescue-test\n\n%s\n\nrequire k8s.io/kubernetes v%s\n\nreplace (\n' "$(grep '^go ' "$mod")" "$KUBELET"
    sed -n 's#^\s*\(k8s.io/[a-z-]*\) => ./staging.*#\1#p' "$mod" | sort -u | sed "s#.*#\t& => & v0.${KUBELET#1.}#"
    printf ')\n'
  } >"$DIR/go/go.mod"
  build "$KUBELET_SECONDS" kubelet k8s.io/kubernetes/cmd/kubelet
}

if ! [ -x "$BIN/containerd" -a -x "$BIN/runc" -a -x "$BIN/busybox" ]; then
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || skip 'this machine has no apt-get; Debian 12 or later is needed.'
  unpack containerd runc busybox-static || skip "Debian's packages can't be fetched or unpacked (see $LOG)."
fi
if ! [ -x "$BIN/crictl" ]; then
  command -v go >/dev/null || skip 'this machine has no Go, of whose module crictl is built.'
  crictl || skip "crictl can't be built within $CRICTL_SECONDS s (see $LOG)."
fi
if ! [ -x "$BIN/kubelet" ] && [ "${RUNTIME_KUBELET:-}" = build ] && command -v go >/dev/null; then
  kubelet || echo "kubelet can't be built within $KUBELET_SECONDS s (see $LOG)" >&2
fi
rm -rf "$DIR/go" "$DIR/deb"
