#!/usr/bin/env bash
# The examples of help, run as they stand: in a folder where their files are, at a node that has what they name.
# With sanitizers it is every third line.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir "$T/folder" "$T/folder/usb" "$T/roots" "$T/bin"
folder=$T/folder
as roots root new --name IT --out "$folder" "${P[@]}"
as roots root new --name FR --out "$T/roots" "${P[@]}"
as roots root new --name PT --out "$T/roots" "${P[@]}"
as PT init --country PT --name PT --root "$T/roots/PT.root" --listen tcp://127.0.0.1:0 --out "$folder/PT.identity" "${P[@]}"
as IT init --country IT --name IT --root "$folder/IT.root" --listen tcp://127.0.0.1:0 --out "$folder/IT.identity" "${P[@]}"
as FR init --country FR --name FR --root "$T/roots/FR.root" --listen "tcp://127.0.0.1:$port" --out "$folder/FR.identity" "${P[@]}"
as roots found Prova "$folder"/{IT,FR}.identity --out "$folder/observatory.charter"
as roots root sign "$folder/observatory.charter" --key "$T/roots/FR-1.key" "${P[@]}"
exits 0
cp "$folder/observatory.charter" "$T/signed.charter"
as roots root sign "$T/signed.charter" --key "$folder/IT-1.key" "${P[@]}"
cp -a "$T/IT" "$T/waiting" # it has not joined yet
as roots root sign "$folder/PT.identity" --for "$T/signed.charter" --key "$T/roots/PT-1.key" "${P[@]}"
exits 0
for handle in IT FR; do
  as $handle join "$T/signed.charter"
  exits 0
done
echo "peer.FR = tcp://127.0.0.1:$port" >>"$T/IT/home/node.ini"
# IT-2 stands for IT-312, with three versions; IT-5 and IT-6 for FR-40 and EE-7.
draft "$T/1.draft" "Prima"
draft "$T/2.draft" "Seconda"
draft "$T/3.draft" "Terza"
as IT publish "$T/1.draft" "${P[@]}"
as IT publish "$T/2.draft" --replaces IT-2 "${P[@]}"
as IT publish "$T/3.draft" --replaces IT-2 "${P[@]}"
as IT publish "$SOURCE"/cli/demo_cases/it/{spid,pagopa}.draft "${P[@]}"
exits 0
as IT key show -o "$T/IT.pub"
as IT person certify "$T/IT.pub" --role editor --role reviewer "${P[@]}"
exits 0
# FR-2 stands for IT-312 where it is endorsed: an object of another home, of which IT endorsed the first of two versions.
draft "$T/4.draft" "Quarta"
as FR publish "$T/4.draft" "${P[@]}"
as FR export --to bundle -o "$T/FR.bundle"
as IT import "$T/FR.bundle"
as IT endorse FR-2 --yes "${P[@]}"
exits 0
sed -i s/Quarta/Quinta/ "$T/4.draft"
as FR publish "$T/4.draft" --replaces FR-2 "${P[@]}"
as FR export --to bundle -o "$T/FR.bundle" --force
as IT import "$T/FR.bundle"
exits 0
as editor key new -o "$folder/editor.pub" --name Redazione "${P[@]}"
as IT person certify "$folder/editor.pub" --role contributor
exits 0
for role in reviewer editor; do
  as IT invite --for $role --at https://node.example.org
  exits 0
done
as IT export --to bundle -o "$folder/all.bundle"
as IT backup "$folder/IT.backup"
as IT key rotate --node --out "$folder/IT.rotation"
as roots root sign "$folder/IT.rotation" --key "$folder/IT-1.key" "${P[@]}"
exits 0
as IT member propose --remove FR -o "$folder/FR.change"
as roots root sign "$folder/FR.change" --key "$folder/IT-1.key" "${P[@]}"
exits 0
printf '{"nr":1,"nome":"Riga","testo":"Una riga.","paese":"IT","livello":"local"}\n' >"$folder/cases.ndjson"
printf '[fields]\nsource = "prova"\nsource_id = nr\ntitle = nome\nsummary = testo\ncountry = paese\nlevel = livello\n' >"$folder/cases.ini"
printf '[import]\nlanguage = "it"\nkind = case\n' >>"$folder/cases.ini"
# The program by its name, with the passphrase that a person would type.
cat >"$T/bin/specola" <<BIN
#!/usr/bin/env bash
exec '$SPECOLA' --passphrase-file '$T/passphrase' "\$@"
BIN
chmod 700 "$T/bin/specola"
printf '#!/bin/sh\nsed -i s/Terza/Quarta/ "$1"\n' >"$T/bin/editor"
chmod 700 "$T/bin/editor"
serve FR

# try COMMAND LINE: a copy of the node and of the folder for each, so that one line does not hang on another.
try() {
  local command=$1 line=$2 home=$T/try/home wait=30 wanted=0
  rm -rf "$T/try"
  cp -a "$T/IT" "$T/try"
  cp -a "$folder" "$T/try/folder"
  draft "$T/try/folder/lab.draft" "Una prova"
  [[ $command != endorse && $command != statement && $command != sign ]] || line=${line//IT-312/FR-2}
  line=${line//IT-312/IT-2} line=${line//FR-40/IT-5} line=${line//EE-7/IT-6} line=${line//tcp:\/\/node.example.org:7411/tcp:\/\/127.0.0.1:$port}
  line=${line//\/media\/usb/usb} line=${line//\/etc\/bash_completion.d\//} line=${line//\/usr\/local\/share\/zsh\/site-functions\//}
  line=${line//\~\/.config\/fish\/completions\//}
  case $line in
  "specola init"*) home=$T/try/fresh ;;
  "specola join"*) cp -a "$T/waiting" "$T/try/waiting" && cp "$T/signed.charter" "$T/try/folder/observatory.charter" && home=$T/try/waiting/home ;;
  "specola found"*) rm "$T/try/folder/observatory.charter" ;;
  "specola invite confirm"*) wanted=9 ;; # nobody has asked: tests/cli/invite.sh does
  "specola outbox"*) wanted=9 ;; # a node has none: the stories of laptops do
  "specola member vote FR.change") wanted=4 ;;
  "specola member vote"*) wanted=3 ;; # nobody is proposed: tests/cli/members.sh does
  "specola member propose --remove"*) rm "$T/try/folder/FR.change" ;;
  "specola member propose"*) wanted=4 ;;
  "specola person revoke 2" | "specola key revoke") wanted=4 ;;
  "specola key new --replace"*) ;;
  "specola key new"* | "specola root new --name IT") rm -r "$T/try/config" "$T/try/folder"/{IT.root,IT-?.key,editor.pub} ;;
  "specola publish lab.draft --replaces"*) ;;
  "specola new case -o"*) rm "$T/try/folder/lab.draft" ;;
  "specola edit IT-2 lab.draft") as try edit IT-2 -o "$T/try/folder/e" && mv "$T/try/folder/e" "$T/try/folder/lab.draft" ;;
  "specola edit IT-2 -o lab.draft") rm "$T/try/folder/lab.draft" ;;
  "specola edit IT-2" | "specola withdraw IT-2 --reason"* | "specola endorse FR-2" | "specola endorse FR-2 --carry" | "specola endorse FR-2 --withdraw")
    wanted=4 ;; # nobody can be asked without a terminal: tests/cli/edit.sh does
  "specola serve"* | "specola demo" | "specola ui"*) # they go on until they are stopped
    wait=1 wanted=124 ;;
  "specola export"*) rm "$T/try/folder/all.bundle" ;;
  "specola sign"*) as try statement FR-2 -o "$T/try/folder/FR-2.statement" ;;
  "specola backup IT.backup"*) rm "$T/try/folder/IT.backup" ;;
  "specola peer ping"*) serve try ;;
  esac
  (cd "$T/try/folder" && PATH=$T/bin:$PATH XDG_CONFIG_HOME=$T/try/config SPECOLA_HOME=$home \
    timeout -s INT "$wait" bash -o pipefail -c "$line" >"$T/out" 2>"$T/err" </dev/null)
  status=$?
  [ "$status" = $wanted ] || fail "$line: exit status $status, not $wanted"
  [ "$command" != "peer ping" ] || unserve try
}
specola --json help
mapfile -t commands < <(picked '.commands[].name')
tried=0
for command in "${commands[@]}"; do
  # shellcheck disable=SC2086
  specola --json help $command
  mapfile -t lines < <(picked '.examples[]')
  [ "${#lines[@]}" -gt 0 ] || fail "$command has no example"
  for line in "${lines[@]}"; do
    [[ $line =~ ^specola\ (--json\ )?$command ]] || fail "$line is no example of $command"
    tried=$((tried + 1))
    skips 3 && continue
    try "$command" "$line"
  done
done
[ "$tried" -ge 60 ] || fail "only $tried examples"
unserve FR
