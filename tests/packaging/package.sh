#!/usr/bin/env bash
# The package in a fresh Debian of this release: built, installed, a node made and served as its account, upgraded, removed, purged.
# Only with SPECOLA_TEST_PACKAGING=1, as root, with debootstrap: it takes minutes and fetches a Debian from where this machine gets its
# own. Everything happens in a temporary folder (SPECOLA_TEST_PACKAGING_TREE keeps it between runs); this machine's accounts and
# folders are not touched.
set -euo pipefail
skip() {
  echo "skipped: $*"
  exit 77
}
[ "${SPECOLA_TEST_PACKAGING:-}" = 1 ] || skip "SPECOLA_TEST_PACKAGING is not 1"
[ "$(id -u)" -eq 0 ] || skip "not root"
command -v debootstrap >/dev/null || skip "no debootstrap"
. /etc/os-release
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
kept=${SPECOLA_TEST_PACKAGING_TREE:-}
tree=${kept:-$(mktemp -d)}
mounted=0
clean() {
  [ "$mounted" = 0 ] || umount "$tree/proc"
  [ -n "$kept" ] || rm -rf --one-file-system "$tree"
}
trap clean EXIT
fail() {
  echo "failed: $*" >&2
  exit 1
}
say() { printf '== %s\n' "$*"; }
inside() { chroot "$tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
as_node() { # as_node COMMAND: typed as people do, by a shell of the account
  chroot "$tree" su -s /bin/bash - specola -c "SPECOLA_TEST_FAST_KEYS=1 $1"
}

say "a fresh $VERSION_CODENAME"
if [ ! -e "$tree/etc/debian_version" ]; then
  mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' | awk -v c="$VERSION_CODENAME" '$1 == c { print $2; exit }')
  [ -n "$mirror" ] || skip "apt does not say where $VERSION_CODENAME is"
  debootstrap --variant=minbase "$VERSION_CODENAME" "$tree" "$mirror" >"$tree.log" 2>&1 || { tail -5 "$tree.log"; skip "debootstrap: no Debian from there"; }
  rm -f "$tree.log" "$tree/etc/apt/sources.list"
  cp -rL /etc/apt/sources.list* /etc/apt/apt.conf.d "$tree/etc/apt/" 2>/dev/null || true
  cp -L /etc/resolv.conf "$tree/etc/" || true
fi
chmod 755 "$tree" # mktemp's 0700 would shut the account out of its own /
mount -t proc -o ro,nosuid,nodev,noexec proc "$tree/proc"
mounted=1
inside apt-get update -qq >/dev/null

say "the package"
package=$("$root/node/packaging/install" --build | tail -1)
dpkg-deb --field "$package"
dpkg-deb --contents "$package" | awk '{ print $1, $2, $6 }'
cp "$package" "$tree/tmp/specola.deb"

say "installed"
inside apt-get purge -y -qq specola >/dev/null 2>&1 || true
rm -rf "$tree/var/lib/specola" "$tree/etc/specola"
inside apt-get install -y -qq --no-install-recommends /tmp/specola.deb >"$tree/tmp/install.log" 2>&1 || { tail "$tree/tmp/install.log"; fail "it does not install"; }
inside specola --version
inside getent passwd specola
[ "$(inside stat -c '%U:%G %a' /var/lib/specola)" = "specola:specola 700" ] || fail "/var/lib/specola"
[ "$(inside stat -c '%U:%G %a' /etc/specola)" = "root:specola 1770" ] || fail "/etc/specola"
for file in share/man/man1/specola.1 share/bash-completion/completions/specola share/zsh/vendor-completions/_specola \
  share/fish/vendor_completions.d/specola.fish lib/systemd/system/specola.service lib/sysusers.d/specola.conf lib/tmpfiles.d/specola.conf; do
  [ -s "$tree/usr/$file" ] || [ -s "$tree/usr/$file.gz" ] || fail "no /usr/$file"
done

say "a node"
as_node 'umask 077; echo "a passphrase of tests" >passphrase; specola --no-input --passphrase-file passphrase init --country IT --name Packaged \
  --found Trial --listen tcp://127.0.0.1:0' | sed -n 1,3p
[ -f "$tree/etc/specola/node.ini" ] || fail "node.ini is not in /etc/specola"
[ ! -e "$tree/var/lib/specola/node.ini" ] || fail "node.ini is in the home, too"
as_node 'specola -v serve >serve.log 2>&1 & p=$!
  for i in $(seq 100); do [ -S run/ctl ] && grep -q http: run/ports 2>/dev/null && break; sleep 0.1; done
  specola status | sed -n 1,2p; specola doctor | tail -3
  kill $p; wait $p' || fail "it does not serve: $(cat "$tree/var/lib/specola/serve.log")"
grep 'confine:' "$tree/var/lib/specola/serve.log" || fail "no word of confinement: $(cat "$tree/var/lib/specola/serve.log")"

say "installed again, as an upgrade"
inside apt-get install -y -qq --reinstall --no-install-recommends /tmp/specola.deb >/dev/null 2>&1
as_node 'specola status' | sed -n 1p

say "removed and purged: what nobody could make again stays"
inside apt-get remove -y -qq specola >/dev/null 2>&1
[ ! -e "$tree/usr/bin/specola" ] || fail "the program is still there"
inside apt-get purge -y -qq specola 2>&1 | grep 'are kept' || fail "purge says nothing"
[ -s "$tree/var/lib/specola/node.key" ] && [ -s "$tree/etc/specola/node.ini" ] || fail "keys are gone"
inside apt-get install -y -qq --no-install-recommends /tmp/specola.deb >/dev/null 2>&1
as_node 'specola status' | sed -n 1p
touch "$tree/etc/specola/purge-data"
inside apt-get purge -y -qq specola >/dev/null 2>&1
[ ! -e "$tree/var/lib/specola" ] && [ ! -e "$tree/etc/specola" ] || fail "asked for, and not purged"
say "done"
