#!/usr/bin/env bash
# People who were invited, each on a machine of their own without any node: a line, a certificate, a new key for the same person,
# keys that go out of office; and what a line says that is cut, used, too old, taken back, or of another observatory.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"

AT=https://node.example.org

# join WHO LINE ARGS…: on a laptop, as somebody who has compared the words.
join() {
  local laptop=$1 line=$2
  shift 2
  as "$laptop" join "$line" --yes "${P[@]}" "$@"
}
# invited ARGS…: the line goes to $line, its number to $number.
invited() {
  as "$who" --json invite --at "$AT" "$@"
  exits 0
  line=$(picked .line)
  number=$(picked .number)
}

lines() {
  refuses 2 "--for reviewer" invite
  refuses 2 "--for reviewer" invite --for king
  refuses 2 "--for reviewer" invite --for node --for editor
  refuses 2 "--for node" invite --for node --name Ana
  refuses 9 "--at https" invite --for reviewer
  refuses 2 "https://node.example.org" invite --for reviewer --at ftp://node.example.org
  refuses 2 "--territory IT-34" invite --for editor --territory Nowhere --at "$AT"
  refuses 2 "" invite --for editor --days 0 --at "$AT"
  refuses 3 "person list" invite --for reviewer --person 9 --at "$AT"
  does invite --for reviewer --at "$AT/"
  says "specola:join?o="
  says "&at=https%3A%2F%2Fnode.example.org"
  complains "Invitation 1: reviewer, good until"
  same "$(wc -l <"$T/out")" 1
  tells invite --for editor --territory IT-34 --name "Redazione Veneto" --days 2 --confirm --at "$AT"
  json '"\(.number) \(.roles) \(.territory) \(.confirm)"' "2 editor IT-34 true"
  token=$(picked .line | sed 's/.*&t=\([a-z2-7]*\).*/\1/')
  same "${#token}" 26
  as "$who" --lang it invite --for node --at "$AT"
  complains "Invito 3: un nodo proprio"
  as "$who" --json invite --for reader --at "$AT"
  json '.line | contains("&t=")' false
  does invite list
  says "Redazione Veneto"
  tells invite list
  json '[.invitations[] | "\(.number) \(.roles) \(.state)"] | join(", ")' "1 reviewer open, 2 editor open, 3 node open"
  refuses 2 "specola invite list" invite list all
  # the token is nowhere again: neither told nor kept
  silent "$token"
  ! grep -rqa "$token" "$T/$who/home" || fail "the token is kept"
  refuses 2 "invite list" invite cancel first
  refuses 3 "invite list" invite cancel 99
  does invite cancel 1
  tells invite cancel 3
  refuses 3 "invite list" invite confirm 99
  refuses 9 "join LINE" invite confirm 2 --yes
  as "$who" --json invite list
  json '[.invitations[].state] | join(" ")' "cancelled open cancelled"
}

# A line that was cut, and one that nobody stands behind.
cut_lines() {
  join lost "${line%%&t=*}"
  exits 2
  complains "the address (at=) is missing"
  complains "between quotes"
  join lost "${line:0:60}"
  exits 2
  complains "(o=)"
  join lost "${line%&at=*}&at=http%3A%2F%2F127.0.0.1%3A1"
  exits 7
  complains "nobody answers"
  join lost "$(sed "s/o=[0-9a-f]*/o=$(printf '%064d' 7)/" <<<"$line")"
  exits 8
  complains "another observatory"
  [ ! -e "$T/lost/home/node.ini" ] || fail "something was made for a line that is none"
}

# It is loaded when somebody is asked: who asks nobody does without.
no_libcurl() {
  mkdir -p "$T/broken"
  : >"$T/broken/libcurl.so.4"
  LD_LIBRARY_PATH=$T/broken join lost "$line"
  exits 1
  complains "libcurl cannot be loaded"
  complains "install libcurl"
  LD_LIBRARY_PATH=$T/broken as "$who" list case
  exits 0
}

certified() {
  invited --for reviewer
  cut_lines
  no_libcurl
  as ana join "$line" --no-input --name Ana "${P[@]}"
  exits 4
  complains "--yes"
  join ana "$line"
  exits 4
  complains "--name"
  join ana "$line" --name "Ana Silva"
  exits 0
  says "Observatory   Prova"
  says "Certified by IT as reviewer (IT-2)."
  mode "$T/ana/config/specola/person.key" >"$T/mode"
  same "$(cat "$T/mode")" 600
  # once more, as whoever lost the answer: the same certificate
  join ana "$line" --json
  exits 0
  json '"\(.ref) \(.roles) \(.person)"' "IT-2 reviewer 2"
  # in somebody else's hands it is of no use
  join thief "$line" --name "Somebody Else"
  exits 9
  complains "another key has used this invitation"
  [ ! -e "$T/thief/home/node.ini" ] || fail "whoever was refused has a replica"
  # the line from standard input, broken by a mail program; a wrong passphrase is told before anything is asked
  invited --for contributor
  printf 'another passphrase\n' >"$T/wrong"
  as ana join "$line" --yes --passphrase-file "$T/wrong"
  exits 5
  XDG_CONFIG_HOME="$T/rui/config" SPECOLA_HOME="$T/rui/home" "$SPECOLA" join - --yes --name Rui "${P[@]}" \
    <<<"${line:0:70}  ${line:70}" >"$T/out" 2>"$T/err"
  status=$?
  exits 0
  says "Certified by IT as contributor (IT-3)."
  # taken back, and a reader, who needs no leave and gets no key
  invited --for reviewer
  as "$who" invite cancel "$number"
  join late "$line" --name Late
  exits 9
  complains "taken back"
  as "$who" --json invite --for reader --at "$AT"
  line=$(picked .line)
  join reader "$line"
  exits 0
  [ ! -e "$T/reader/config/specola/person.key" ] || fail "a reader got a key"
}

confirmed() {
  invited --for editor --territory IT-34 --name "Redazione Veneto" --confirm
  join eva "$line" --name Eva
  exits 7
  complains "read them your fingerprint"
  words=$(sed -n 's/.*by telephone: //p' "$T/err")
  as "$who" --json invite list
  json ".invitations[$((number - 1))] | \"\\(.state) \\(.fingerprint)\"" "waits $words"
  refuses 4 "--yes" invite confirm "$number"
  does invite confirm "$number" --yes
  says "is certified as editor"
  join eva "$line"
  exits 0
  says "Certified by IT as editor (IT-4)."
  invited --for reviewer --confirm
  join zoe "$line" --name Zoe
  exits 7
  tells invite confirm "$number" --yes
  json .roles reviewer
  refuses 9 "person revoke" invite cancel "$number"
  as "$who" --json person list
  json '[.people[] | "\(.person) \(.name) \(.territory)"] | join(", ")' \
    "1 Dipartimento della Funzione Pubblica , 2 Ana Silva , 3 Rui , 4 Redazione Veneto IT-34, 5 Zoe "
}

# On a laptop: its own key goes, by way of its home; a node's affairs are no business of it; to read it may invite.
by_laptop() {
  as zoe sync
  exits 0
  as zoe invite --for editor --at "$AT"
  exits 9
  complains "replica"
  as zoe person revoke 2 --yes
  exits 9
  as zoe --json invite --for reader
  json ".line | endswith(\"&at=$(jq -rn --arg at "$AT" '$at | @uri')\")" true
  as zoe key revoke --yes "${P[@]}"
  exits 0
  says "is revoked"
  as "$who" --json person list
  json '.people[] | select(.name == "Zoe") | .revoked' true
}

# A node asks for its place; the coordinator gets the file that is proposed to the members.
node() {
  as roots root new --name PT --out "$T" "${P[@]}"
  as pt init --country PT --name "Agência de prova" --root "$T/PT.root" --listen tcp://127.0.0.1:0 --out "$T/PT.identity" "${P[@]}"
  exits 0
  as roots root sign "$T/PT.identity" --for "$(find "$T/$who/home" -name '*.charter')" --key "$T/PT-1.key" "${P[@]}"
  exits 0
  invited --for node
  join lost "$line" --name Nobody
  exits 9
  complains "--identity FILE"
  as other init --country FR --name Altra --root "$T/PT.root" --listen tcp://127.0.0.1:0 --out "$T/FR.identity" "${P[@]}"
  as other join "$line" --yes --identity "$T/PT.identity"
  exits 8
  for _ in once again; do
    as pt join "$line" --yes --identity "$T/PT.identity"
    exits 0
    says "IT has the request"
    says "no member has proposed this node yet"
  done
  as pt status
  says "Node PT, no member yet of"
  says "asked; no member has proposed this node yet"
  says "Key backup   never"
  as pt join
  exits 0
  says "nothing new"
  as pt doctor
  says "node.key"
  for command in serve "publish $T/a.draft" "person revoke 1" outbox; do
    # shellcheck disable=SC2086
    as pt $command
    exits 9
    complains "no member yet"
  done
  as pt backup "$T/pt.backup"
  exits 9
  complains "all but its keys"
  as pt person list
  exits 9
  as pt key rotate --node
  exits 9
  complains "no member yet"
  as "$who" --json status
  node=$(picked .node)
  as pt --json invite --for reader
  json ".line | contains(\"n=$node&\")" true
  node=$number
  invited --for reviewer
  join pt "$line" --name Rui
  exits 9
  complains "there is a node in"
  as "$who" invite cancel "$number"
  number=$node
  as "$who" join
  exits 2
  complains "the line of an invitation"
  as "$who" status
  says "! 1 who was invited waits for your word"
  refuses 4 "--yes" invite confirm "$number"
  mkdir "$T/proposed"
  (cd "$T/proposed" && as "$who" --json invite confirm "$number" --yes)
  cmp -s "$T/proposed/PT.identity" "$T/PT.identity" || fail "the request is not what was sent"
  refuses 4 "--yes" member propose "$number"
  as "$who" invite cancel "$number"
  refuses 9 "help invite" member propose "$number" --yes
  refuses 3 "invite list" member propose 99 --yes
}

# It is proposed by the number of its ask, which waits no more.
proposed() {
  as "$who" news --limit 0
  exits 0
  invited --for node
  as pt join "$line" --yes --identity "$T/PT.identity"
  exits 0
  as "$who" member propose "$number" --yes
  exits 0
  says "list of members no. 2"
  as "$who" news --keep
  says "PT  is a member by list no. 2"
  as "$who" --json news --limit 0
  json '[.members[] | "\(.handle) \(.what) \(.list)"] | join(", ")' "PT joined 2"
  as "$who" --json news
  json '.members | length' 0
  as "$who" --json invite list
  json "[.invitations[] | select(.number == $number) | .state] | join(\",\")" used
  as "$who" status
  silent "waits for your word"
  for _ in $(seq 50); do # the pages have the new list a moment later
    as pt sync
    exits 0
    as pt status
    grep -q "since list no. 2" "$T/out" && break
    sleep 0.2
  done
  says "a member since list no. 2: specola join"
  as pt join "${P[@]}"
  exits 0
  says "Node PT has joined"
  as pt --json status
  json '"\(.handle) \(.epoch) \(.replica)"' "PT 2 null"
  as pt join
  exits 2
  as "$who" status
  silent "waits for your word"
  invited --for node
  as pt join "$line" --yes --identity "$T/PT.identity" "${P[@]}"
  exits 9
  complains "a member already"
  as "$who" invite cancel "$number"
  rm -r "$T/pt/home/store.db"*
  as pt status
  exits 11
  complains "the store is gone"
  as pt join "$line" --yes --identity "$T/PT.identity" "${P[@]}"
  exits 11
  complains "the store is gone"
}

# Ana's laptop is stolen: her key goes, she stays.
stolen() {
  as "$who" publish "$T/a.draft" "${P[@]}"
  exits 0
  refuses 3 "person list" person revoke 99
  refuses 3 "person list" person revoke lusab-babad-gutih
  refuses 4 "--yes" person revoke 2
  refuses 2 "" person revoke 2 --from IT-99 --yes
  does person revoke 2 --from IT-2 --yes
  says "Records that lose their effect: 0"
  says "is revoked"
  refuses 9 "further back" person revoke 2 --yes
  tells person revoke 3 --yes
  json '.refs | length' 1
  invited --for reviewer --person 2
  join ana "$line"
  exits 9
  complains "the author's key was revoked"
  complains "key new --replace"
  as ana key new --replace "${P[@]}" # the name stays
  exits 0
  join ana "$line"
  exits 0
  as "$who" --json person list
  json '[.people[] | select(.name == "Ana Silva") | "\(.person) \(.revoked)"] | join(", ")' "2 true, 2 false"
}

# The same by a file, where nobody is invited; and one's own key, by oneself.
by_file() {
  as "filo-$who" key new --name Filo -o "$T/filo-$who.pub" "${P[@]}"
  as "$who" person certify "$T/filo-$who.pub" --role editor --person 99
  exits 3
  as "$who" --json person certify "$T/filo-$who.pub" --role editor
  exits 0
  as "filo-$who" key new --replace --name Filo -o "$T/filo-$who-2.pub" "${P[@]}"
  as "$who" --json person certify "$T/filo-$who-2.pub" --role editor --person 1
  exits 0
  as "$who" --json person list
  json '[.people[] | select(.name == "Filo") | .person] | .[1]' 1
  as "$who" person certify "$T/filo-$who.pub" --role editor --person 1
  exits 9
  complains "is the key of person"
  as "$who" person revoke "$T/filo-$who.pub" --yes
  exits 0
  refuses 4 "--yes" key revoke
  does key revoke --yes "${P[@]}"
  says "is revoked"
  as "$who" key revoke --yes "${P[@]}"
  exits 9
  as "$who" key new --replace --name "Coordinator" -o "$T/again-$who.pub" "${P[@]}"
  as "$who" person certify "$T/again-$who.pub" --role editor --person 1
  tells key revoke --yes "${P[@]}"
}

body() {
  AT=https://node.example.org
  lines
  if [ $who = serving ]; then
    AT=$(tr ' ' '\n' <"$T/serving/home/run/ports" | grep ^http)
    certified
    confirmed
    by_laptop
    node
    stolen
  else
    cannot invite confirm
    for person in 2 3; do
      as "guest$person" key new --name Guest -o "$T/guest$person.pub" "${P[@]}"
      as "$who" person certify "$T/guest$person.pub" --role reviewer
    done
    refuses 3 "person list" person revoke 99
    refuses 4 "--yes" person revoke 2
    does person revoke 2 --yes
    tells person revoke "$T/guest3.pub" --from IT-1 --yes
    json '"\(.voids) \(.refs | length)"' "0 1"
  fi
  by_file
  [ $who != serving ] || proposed
}
draft "$T/a.draft" "Una prova"
story_both body invite "invite list" "invite confirm" "invite cancel" "person revoke" "key revoke"
