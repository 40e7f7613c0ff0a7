/*
 * sim: the deterministic simulator's program. docs/simulator.md says how a seed is replayed and a run made smaller.
 */
#include <inttypes.h>
#include <malloc.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zstd.h>

#include "keys/log.h"
#include "keys/secret.h"
#include "tests/sim/breakage.h"
#include "tests/sim/lies.h"
#include "tests/sim/memo.h"
#include "tests/sim/play.h"
#include "tests/sim/trouble.h"
#include "tests/sim/watch.h"

#define BREAKAGE_SEEDS 500u
#define HEAP_KEPT (1 << 25)

struct command {
  struct world_options options;
  uint64_t n_seeds;
  bool lists, shrinks, tries_breakages, writes_traces;
  const char *traces;
};

static double now_s(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- lists ---- */

static void list(void) {
  (void)printf("invariants\n");
  for (uint32_t i = 0; i < N_INVARIANTS; i++)
    (void)printf("  %-19s %s\n", INVARIANTS[i].name, INVARIANTS[i].rule);
  (void)printf("faults (of 1000 rounds)\n");
  for (uint32_t i = 0; i < N_FAULTS; i++)
    (void)printf("  %-15s %3u %s\n", FAULTS[i].name, FAULTS[i].per_mille, FAULTS[i].what);
  (void)printf("lies\n");
  for (uint32_t i = 1; i < N_LIES; i++)
    (void)printf("  %-19s %s\n", LIES[i].name, LIES[i].what);
  (void)printf("breakages\n");
  for (uint32_t i = 1; i < N_BREAKAGES; i++)
    (void)printf("  %-19s %s (found by%s)\n", BREAKAGES[i].name, BREAKAGES[i].what, BREAKAGES[i].found_by);
}

/* ---- one seed, many seeds ---- */

static void print_result(const struct world_options *o, const struct play_result *r) {
  char hex[HASH_HEX_LEN];
  hash_hex(&r->trace, hex);
  (void)printf("seed %" PRIu64 ": %u machines, %u lie, %" PRIu64 " entries, %" PRIu64 " frames, %" PRIu64 " steps, %" PRIu64
               " ms, converged in %" PRIu64 " ms",
               o->seed, r->machines, r->liars, r->entries, r->frames, r->steps, r->virtual_ms, r->converged_ms);
  if (r->rounds_most > 0) (void)printf(" (%" PRIu64 " rounds, at most %" PRIu64 ")", r->rounds, r->rounds_most);
  if (o->grows) (void)printf(" after %" PRIu64 " ms of voting (%" PRIu64 " lists)", r->settled_ms, r->tales.lists);
  (void)printf(", trace %.16s\n", hex);
  if (r->is_broken) (void)printf("BROKEN %s at %" PRIu64 " ms: %s\n", r->invariant, r->broken_ms, r->why);
}

/* Takes away faults and rounds as long as the same invariant is broken. */
static void shrink(struct world_options o, const struct play_result *found) {
  struct play_result r;
  o.is_talkative = false;
  for (uint32_t i = 0; i < N_FAULTS; i++) {
    o.without |= 1u << i;
    play(&o, &r);
    if (!r.is_broken || strcmp(r.invariant, found->invariant) != 0) o.without &= ~(1u << i);
  }
  uint32_t low = 0, high = o.rounds == 0 ? 28 : o.rounds;
  while (low + 1 < high) { /* broken with high rounds, or with as many as are drawn */
    uint32_t middle = (low + high) / 2;
    o.rounds = middle;
    play(&o, &r);
    if (r.is_broken && strcmp(r.invariant, found->invariant) == 0) {
      high = middle;
    } else {
      low = middle;
    }
  }
  o.rounds = high;
  play(&o, &r);
  print_result(&o, &r);
  (void)printf("smaller: --seed %" PRIu64 " --rounds %u", o.seed, high);
  (void)printf(" --only ");
  for (uint32_t i = 0; i < N_FAULTS; i++)
    if ((o.without & (1u << i)) == 0) (void)printf("%s,", FAULTS[i].name);
  (void)printf("\n");
}

/* What came to pass in runs of a federation that grows. */
static void add_tales(struct growth_tales *sum, const struct growth_tales *t) {
  sum->lists += t->lists;
  sum->second_ballots += t->second_ballots;
  sum->split_votes += t->split_votes;
  sum->late_votes += t->late_votes;
  sum->absences += t->absences;
  sum->alone += t->alone;
  sum->removals += t->removals;
  sum->entries_kept += t->entries_kept;
  sum->cut_entries += t->cut_entries;
  if (t->ballots_most > sum->ballots_most) sum->ballots_most = t->ballots_most;
}

static void print_tales(const struct growth_tales *t) {
  (void)printf("  lists %" PRIu64 ", of them in a second ballot or later %" PRIu64 ", with votes for several %" PRIu64
               ", late votes %" PRIu64 ", presidents away %" PRIu64 ", that had counted alone %" PRIu64 ", removed %" PRIu64
               " (their promises kept %" PRIu64 ", behind the cut %" PRIu64
               "), ballots of a list after the healing at most %" PRIu64 "\n",
               t->lists, t->second_ballots, t->split_votes, t->late_votes, t->absences, t->alone, t->removals, t->entries_kept,
               t->cut_entries, t->ballots_most);
}

struct sums {
  uint64_t steps, frames, entries, n_broken, slowest_ms, slowest_seed, n_faults[32];
  struct growth_tales tales;
};

static int run_seeds(const struct command *c) {
  static struct sums sums;
  struct world_options o = c->options;
  struct play_result r;
  double start = now_s();
  for (uint64_t i = 0; i < c->n_seeds; i++, o.seed++) {
    play(&o, &r);
    sums.steps += r.steps;
    sums.frames += r.frames;
    sums.entries += r.entries;
    for (uint32_t k = 0; k < N_FAULTS; k++)
      sums.n_faults[k] += r.n_faults[k];
    add_tales(&sums.tales, &r.tales);
    if (r.converged_ms >= sums.slowest_ms) {
      sums.slowest_ms = r.converged_ms;
      sums.slowest_seed = o.seed;
    }
    if (r.is_broken || c->n_seeds == 1 || o.is_large) print_result(&o, &r);
    (void)fflush(stdout);
    if (!r.is_broken) continue;
    sums.n_broken++;
    (void)printf("again: sim --seed %" PRIu64 " -v%s%s\n", o.seed,
                 o.is_large ? " --large"
                 : o.grows  ? " --membership"
                            : "",
                 o.signs_truly ? " --signed" : "");
    if (c->shrinks) shrink(o, &r);
  }
  double took = now_s() - start;
  struct memo_figures memo = memo_figures();
  (void)printf("%" PRIu64 " seeds in %.1f s (%.1f ms each): %" PRIu64 " steps, %" PRIu64 " frames, %" PRIu64
               " entries; slowest to converge: %" PRIu64 " ms (seed %" PRIu64 "); %" PRIu64 " signatures verified, %" PRIu64
               " remembered; broken: %" PRIu64 "\n",
               c->n_seeds, took, took * 1000 / (double)c->n_seeds, sums.steps, sums.frames, sums.entries, sums.slowest_ms,
               sums.slowest_seed, memo.made, memo.remembered, sums.n_broken);
  for (uint32_t k = 0; k < N_FAULTS && c->n_seeds > 1 && !o.is_large; k++)
    (void)printf("  %s %" PRIu64 "%s", FAULTS[k].name, sums.n_faults[k], k + 1 == N_FAULTS ? "\n" : ",");
  if (o.grows) print_tales(&sums.tales);
  return sums.n_broken == 0 ? 0 : 1;
}

/* ---- breakages ---- */

/* The first seed that finds it, by an invariant that should; false: none of 500. */
static bool find(uint32_t breakage, const struct command *c) {
  struct world_options o = c->options;
  struct play_result r;
  double start = now_s();
  o.breakage = breakage;
  o.grows = BREAKAGES[breakage].grows;
  if (o.seed == 1 && BREAKAGES[breakage].from > 0) o.seed = BREAKAGES[breakage].from;
  for (uint32_t i = 0; i < BREAKAGE_SEEDS; i++, o.seed++) {
    play(&o, &r);
    if (!r.is_broken) continue;
    char name[32];
    (void)snprintf(name, sizeof name, " %s ", r.invariant);
    bool is_right = strstr(BREAKAGES[breakage].found_by, name) != NULL;
    (void)printf("%-10s %s by %-13s seed %3" PRIu64 " (%.1f s): %s\n", BREAKAGES[breakage].name,
                 is_right ? "found" : "WRONGLY found", r.invariant, o.seed, now_s() - start, r.why);
    (void)fflush(stdout);
    return is_right;
  }
  (void)printf("%-10s NOT found in %u seeds\n", BREAKAGES[breakage].name, BREAKAGE_SEEDS);
  return false;
}

static int try_breakages(const struct command *c) {
  int status = 0;
  for (uint32_t i = 1; i < N_BREAKAGES; i++)
    if ((c->options.breakage == 0 || c->options.breakage == i) && !find(i, c)) status = 1;
  return status;
}

/* ---- traces ---- */

#define SKIPPED 77 /* as CMakeLists.txt tells ctest */

static void name_libraries(char *out, size_t len) {
  (void)snprintf(out, len, "# SQLite %s, zstd %s, libsodium %s\n", sqlite3_libversion(), ZSTD_versionString(),
                 sodium_version_string());
}

/* One pinned line: "SEED HASH …". False: another hash, or a broken run. */
static bool check_trace(const struct command *c, const char *line) {
  struct world_options o = c->options;
  struct play_result r;
  char hex[HASH_HEX_LEN], *rest = NULL;
  o.signs_truly = true;
  o.seed = strtoull(line, &rest, 10);
  play(&o, &r);
  hash_hex(&r.trace, hex);
  bool is_same = *rest == ' ' && strncmp(rest + 1, hex, strlen(hex)) == 0;
  (void)printf("%" PRIu64 " %s%s", o.seed, hex, is_same || c->writes_traces ? "" : " differs from the pinned one");
  (void)printf("%s%s\n", r.is_broken ? " BROKEN " : "", r.invariant);
  (void)fflush(stdout);
  return is_same && !r.is_broken;
}

/* A file of pinned hashes; its first line names the libraries whose octets are in them. With writes_traces the file as it
 * should be is printed instead. */
static int check_traces(const struct command *c) {
  char line[160], libraries[160];
  FILE *f = fopen(c->traces, "r");
  int n_bad = 0;
  name_libraries(libraries, sizeof libraries);
  if (f == NULL || fgets(line, sizeof line, f) == NULL) {
    perror(c->traces);
    if (f != NULL) (void)fclose(f);
    return 1;
  }
  if (c->writes_traces) {
    (void)fputs(libraries, stdout);
  } else if (strcmp(line, libraries) != 0) {
    (void)printf("skipped: pinned with %s         here are  %s", line, libraries);
    (void)fclose(f);
    return SKIPPED;
  }
  while (fgets(line, sizeof line, f) != NULL)
    n_bad += !check_trace(c, line);
  (void)fclose(f);
  if (n_bad > 0 && !c->writes_traces) {
    (void)printf(
        "what nodes say has changed, or this build differs from others. If it is the former: sim --traces FILE --write\n");
  }
  return n_bad > 0 && !c->writes_traces;
}

/* ---- arguments ---- */

/* Bits of the faults that a list names; those that are unknown end the program. */
static uint32_t faults_of(const char *names) {
  uint32_t bits = 0;
  for (const char *p = names; *p != '\0';) {
    size_t len = strcspn(p, ",");
    uint32_t i = 0;
    while (i < N_FAULTS && (strlen(FAULTS[i].name) != len || strncmp(FAULTS[i].name, p, len) != 0))
      i++;
    if (i == N_FAULTS && len > 0) {
      (void)fprintf(stderr, "sim: no such fault: %s\n", p);
      exit(2);
    }
    if (len > 0) bits |= 1u << i;
    p += len + (p[len] == ',');
  }
  return bits;
}

static uint32_t breakage_of(const char *name) {
  for (uint32_t i = 0; i < N_BREAKAGES; i++)
    if (strcmp(BREAKAGES[i].name, name) == 0) return i;
  (void)fprintf(stderr, "sim: no such breakage: %s\n", name);
  exit(2);
}

static struct command command = {.options = {.seed = 1}, .n_seeds = 1};

/* What an argument fills. */
enum kind { NUMBER, WIDE, FLAG, TEXT, WITHOUT, ONLY, BREAKAGE };
static const struct argument {
  const char *name;
  enum kind kind;
  void *to;
} ARGUMENTS[] = {
    {"--seed", WIDE, &command.options.seed},
    {"--seeds", WIDE, &command.n_seeds},
    {"--nodes", NUMBER, &command.options.n},
    {"--rounds", NUMBER, &command.options.rounds},
    {"--without", WITHOUT, &command.options.without},
    {"--only", ONLY, &command.options.without},
    {"--break", BREAKAGE, &command.options.breakage},
    {"--traces", TEXT, &command.traces},
    {"--breakages", FLAG, &command.tries_breakages},
    {"--write", FLAG, &command.writes_traces},
    {"--large", FLAG, &command.options.is_large},
    {"--keep-losing", FLAG, &command.options.keeps_losing},
    {"--signed", FLAG, &command.options.signs_truly},
    {"--restores", FLAG, &command.options.restores},
    {"--membership", FLAG, &command.options.grows},
    {"--shrink", FLAG, &command.shrinks},
    {"--list", FLAG, &command.lists},
    {"-v", FLAG, &command.options.is_talkative},
};

static void take(const struct argument *a, const char *value) {
  switch (a->kind) {
  case NUMBER:
    *(uint32_t *)a->to = (uint32_t)strtoul(value, NULL, 10);
    break;
  case WIDE:
    *(uint64_t *)a->to = strtoull(value, NULL, 10);
    break;
  case FLAG:
    *(bool *)a->to = true;
    break;
  case TEXT:
    *(const char **)a->to = value;
    break;
  case WITHOUT:
    *(uint32_t *)a->to |= faults_of(value);
    break;
  case ONLY:
    *(uint32_t *)a->to |= ~faults_of(value);
    break;
  case BREAKAGE:
    *(uint32_t *)a->to = breakage_of(value);
    break;
  }
}

static void usage(void) {
  (void)fprintf(stderr, "usage: sim [--seed N] [--seeds COUNT] [-v] [--shrink] [--nodes N] [--rounds N] [--only FAULT,…]\n"
                        "           [--without FAULT,…] [--restores] [--membership] [--large [--keep-losing]] [--break NAME]\n"
                        "           [--signed] | --breakages | --traces FILE [--write] | --list\n");
  exit(2);
}

static void take_arguments(int argc, char **argv) {
  const size_t n = sizeof ARGUMENTS / sizeof *ARGUMENTS;
  for (int i = 1; i < argc; i++) {
    size_t k = 0;
    while (k < n && strcmp(ARGUMENTS[k].name, argv[i]) != 0)
      k++;
    bool has_value = k < n && ARGUMENTS[k].kind != FLAG;
    if (k == n || (has_value && i + 1 == argc)) usage();
    take(&ARGUMENTS[k], has_value ? argv[++i] : NULL);
  }
}

int main(int argc, char **argv) {
  take_arguments(argc, argv);
  (void)mallopt(M_TRIM_THRESHOLD, HEAP_KEPT); /* memory goes back and forth all the time: the kernel need not know */
  (void)mallopt(M_MMAP_THRESHOLD, HEAP_KEPT);
  if (secret_start(NULL) != OK) return 1;
  disk_start();
  log_set_level(LOG_ERROR); /* entries that a cut withdraws are news elsewhere */
  if (command.lists) {
    list();
    return 0;
  }
  if (command.traces != NULL) return check_traces(&command);
  return command.tries_breakages ? try_breakages(&command) : run_seeds(&command);
}
