#!/usr/bin/env bash
# New keys of a node: asked for, signed with the root sheet, taken; and what stops it.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
draft "$T/a.draft" "Prima della rotazione"
as it publish "$T/a.draft" "${P[@]}"
exits 0
as it key rotate
exits 2
as it key rotate --node --out "$T/IT.rotation"
exits 0
says "Generation   2; 1 is cut at 3 entries"
says "0 of 1 so far"
[ -e "$T/it/home/node.next.key" ] || fail "there is no new node key"
as it key rotate "$T/IT.rotation"
exits 9
complains "specola root sign"
as roots root sign "$T/IT.rotation" --key "$T/it/home/node.key" "${P[@]}"
exits 8
complains "not a root sheet"
as roots root new --name other --out "$T/roots" "${P[@]}"
as roots root sign "$T/IT.rotation" --key "$T/it/home/IT-1.key" "${P[@]}"
exits 0
says "Complete"
cp "$T/IT.rotation" "$T/signed"
as roots root sign "$T/IT.rotation" --key "$T/it/home/IT-1.key" "${P[@]}"
says "signed it already"

# What was published since would be withdrawn: nobody does that by accident.
draft "$T/b.draft" "Dopo la richiesta"
as it publish "$T/b.draft" "${P[@]}"
exits 0
as it key rotate "$T/IT.rotation"
exits 9
complains "--withdraw"
as it --json key rotate "$T/IT.rotation" --withdraw
exits 0
json .reference IT.2-0
json .generation 2
[ ! -e "$T/it/home/node.next.key" ] || fail "the new node key did not take its place"
as it key rotate "$T/signed" # once more: it is taken already
exits 0
as it show IT-2
exits 0
says "Prima della rotazione"
as it show IT-3
exits 3
complains "withdrawn"
as it explain IT-3
exits 0
says "IT-3 was withdrawn when its log was repaired or closed: that generation ends with 3 entries"
as it --json explain IT-3
json '"\(.state) \(.cut)"' "cut 3"
as it explain IT-99
says "IT-99 is not here, and will not come: that generation of the log was closed with 3 entries"
as it --json publish "$T/b.draft" "${P[@]}"
exits 0
says "IT.2-1"
as it show IT.2-1
exits 0
says "Dopo la richiesta"
as it verify
exits 0
as it export --to bundle -o "$T/all.bundle"
exits 0
as it verify "$T/all.bundle"
exits 0
/usr/bin/python3 "$SOURCE/tests/second/verify.py" "$T/all.bundle" >"$T/out" 2>"$T/err" || fail "the second verifier refuses the bundle"
as it rebuild
exits 0
as it show IT.2-1
exits 0

# A new CURVE key is one more identity of the same generation.
as it key rotate --curve --out "$T/curve.rotation"
exits 0
as roots root sign "$T/curve.rotation" --key "$T/it/home/IT-2.key" "${P[@]}"
exits 0
as it --json key rotate "$T/curve.rotation"
exits 0
json .reference IT.2-2
json .version 3
as it key rotate --node --cut 99
exits 3
complains "no checkpoint of that size"
as it key rotate --curve --cut 2
exits 2
# SIZE:ROOT names a branch, which this node need not hold: nothing is looked up.
as it key rotate --node --cut 2:abc
exits 2
complains "64 hexadecimal digits"
as it key rotate --node --cut 0:"$(head -c 64 /dev/zero | tr '\0' a)"
exits 2
as it --json key rotate --node --cut 99:"$(head -c 64 /dev/zero | tr '\0' a)" --out "$T/branch.rotation"
exits 0
json .generation 3
json '"\(.cut) \(.cut_root)"' "99 $(head -c 64 /dev/zero | tr '\0' a)"
as it root sign "$T/a.draft" --key "$T/it/home/IT-1.key" "${P[@]}"
exits 8

body() {
  does key rotate --node --out "$T/$who.rotation"
  says "To be signed $T/$who.rotation"
  tells key rotate --node --out "$T/$who.rotation"
  json .generation 2
  refuses 2 "specola key rotate --node" key rotate
  as roots root sign "$T/$who.rotation" --key "$T/$who/home/IT-1.key" "${P[@]}"
  exits 0
  if [ $who = serving ]; then
    refuses 6 "stop it" key rotate "$T/$who.rotation"
  else
    does key rotate "$T/$who.rotation"
    says "IT.2-0"
  fi
}
story_both body "key rotate"
