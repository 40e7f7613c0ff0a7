#!/usr/bin/env bash
# outbox: a node has none, and says what it has instead. What a replica's does is told by tests/net/story_reviewers.py.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"

body() {
  refuses 9 "specola status" outbox
  refuses 9 "specola status" outbox --retry
  refuses 2 "specola sync" sync --only kind=case
  cannot outbox
}
story_both body outbox
