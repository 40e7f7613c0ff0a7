#!/usr/bin/env bash
# What docs/operate.md and docs/schema.md have people type works as it stands, in its order; all documents name commands, options and paths that exist.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
page=$SOURCE/docs/operate.md
mkdir "$T/desk" "$T/bin"
# A person is asked for the passphrase; here a file answers.
cat >"$T/bin/specola" <<WRAPPER
#!/bin/sh
exec "$SPECOLA" --passphrase-file "$T/passphrase" "\$@"
WRAPPER
chmod +x "$T/bin/specola"
export PATH="$T/bin:$PATH" SPECOLA_HOME="$T/node"
run_blocks() { # run_blocks PAGE: its shell blocks, in one folder, in their order; counts them in $n
  n=0
  while IFS= read -r -d '' commands; do
    (cd "$T/desk" && bash -euo pipefail -c "$commands") >"$T/out" 2>"$T/err" </dev/null
    status=$?
    [ "$status" -eq 0 ] || fail "exit status $status of: $commands"
    case $commands in
    *"list case"*) says "Orti di quartiere" ;;
    *"list tree"*) says "The lime at the gate" ;;
    esac
    n=$((n + 1))
  done < <(awk '$0 == "```sh" { inside = 1; next } inside && /^```/ { inside = 0; printf "%c", 0; next } inside' "$1")
}
run_blocks "$page"
[ "$n" -ge 5 ] || fail "only $n blocks"
"$SPECOLA" verify "$T/desk/all.bundle" >"$T/out" 2>"$T/err" || fail "all.bundle does not verify"
[ -s "$T/desk/usb/node.key" ] || fail "no copy of the keys"

# The lines for node.ini are taken.
sed -i '/^web/d' "$T/node/node.ini"
grep -E '^web(_name)? = ' "$page" >>"$T/node/node.ini"
same "$(grep -c '^web' "$T/node/node.ini")" 2
specola status
exits 0

run_blocks "$SOURCE/docs/schema.md"
[ "$n" -eq 2 ] || fail "$n blocks"

python3 "$SOURCE/tests/cli/docs.py" "$SPECOLA" "$SOURCE" >"$T/out" 2>"$T/err" || fail "the documents tell of what is not there"
