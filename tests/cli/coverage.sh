#!/usr/bin/env bash
# Every command of the table has a story that tells what it does, what it tells and what it refuses, served and not.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
specola --json help
exits 0
picked '.commands[].name' | sort >"$T/table"
[ -s "$T/table" ] || fail "there are no commands"
# story_both BODY COMMAND "TWO WORDS" …: the lines are simple enough for xargs, which knows quotes.
sed -n 's/^story_both [a-z]* //p' "$SOURCE"/tests/cli/*.sh | xargs -n 1 | sort >"$T/stories"
same "$(comm -23 "$T/table" "$T/stories" | paste -sd,)" "" # commands without a story
same "$(comm -13 "$T/table" "$T/stories" | paste -sd,)" "" # stories of what is no command
same "$(uniq -d "$T/stories" | paste -sd,)" ""             # told twice
# A story that ctest does not run tells nothing.
for file in "$SOURCE"/tests/cli/*.sh; do
  name=$(basename "$file" .sh)
  grep -qE "[( ]$name[ )]" "$SOURCE/tests/cli/CMakeLists.txt" || fail "tests/cli/CMakeLists.txt does not name $name"
done
