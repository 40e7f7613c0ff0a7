/*
 * kills: a process is killed at any moment, also while it starts, and starts again, SPECOLA_CRASH_KILLS times (20). What it
 * promised is lives.h's.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/crash/lives.h"
#include "tests/node/fixture.h"

static bool kill_one(unsigned round, uint64_t chance) {
  int told = -1;
  int status = 0;
  const pid_t child = life_begin(round, &told);
  life_wait(told, chance);
  assert_int_equal(kill(child, SIGKILL), 0);
  assert_int_equal(waitpid(child, &status, 0), child);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) fail_msg("it ended by itself, in round %u", round);
  const bool started = life_hear(told, true);
  (void)close(told);
  return started;
}

static void nothing_that_was_told_is_lost_or_contradicted(void **state) {
  const uint64_t seed = fixture_seed();
  const char *text = getenv("SPECOLA_CRASH_KILLS");
  const unsigned kills = text == NULL ? 20 : (unsigned)strtoul(text, NULL, 10);
  uint64_t logged = 0;
  uint64_t told = 0;
  uint64_t started = 0;
  uint64_t x = seed;
  (void)state;
  if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0) {
    (void)setenv("TMPDIR", "/dev/shm", 1); /* nothing here asks what a disk keeps */
  }
  for (unsigned done = 0; done < kills;) {
    lives_found(seed + done);
    for (unsigned i = 0; i < LIVES_OF_A_FEDERATION && done < kills; i++, done++) {
      x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
      started += kill_one(i + 1, x >> 20);
    }
    lives_end(&logged, &told);
  }
  print_message("%u kills, %ju of them behind a start; %ju receipts and logs of %ju entries kept\n", kills, (uintmax_t)started,
                (uintmax_t)logged, (uintmax_t)told);
  assert_true(kills < 100 || (started > kills / 4 && logged > kills / 4));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_that_was_told_is_lost_or_contradicted)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
