#!/usr/bin/env bash
# The demo ends by itself with a verdict, leaves nothing behind, and its output is the play that it promises.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
mkdir "$T/tmp"
start=$(date +%s)
TMPDIR="$T/tmp" specola --json demo --check
took=$(($(date +%s) - start))
exits 0
json .converged true
json .forged signature
json '"\(.endorsed) \(.counted)"' "current 2"
json '.published >= 21' true
json '[.after[].frontier] | unique | length' 1
json '.before[1].IT <= 2' true
[ "$took" -le 60 ] || fail "it took $took s"
[ -z "$(ls -A "$T/tmp")" ] || fail "something was left in the temporary folder"
TMPDIR="$T/tmp" specola demo --check
exits 0
says "One record's way"
says "EE pulled it"
says "every node finds: 1 of 2; missing: 1 endorsement, 1 node, 1 country"
says "every node finds: 2 of 2: endorsed"
says "REFUSED(signature)"
[ -z "$(ls -A "$T/tmp")" ] || fail "something was left in the temporary folder"
body() {
  does demo --check
  says "REFUSED(signature)"
  tells demo --check
  json .converged true
  refuses 2 "--check" demo --chek
}
story_both body demo
