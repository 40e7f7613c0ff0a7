/*
 * cuts: the power fails while a process writes, SPECOLA_CRASH_CUTS times (6): an ext4 in a file, mounted over a loop device, is
 * shut down without writing its journal back (EXT4_IOC_SHUTDOWN), unmounted and mounted again, which loses all that was not
 * synced. What was promised is lives.h's. "skipped: why" (77) without root, loop devices or ext4.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/crash/lives.h"
#include "tests/node/fixture.h"

/* linux/ext4.h (Linux 6.9; the call is as old as Linux 4.11) */
#define SHUTDOWN _IOR('X', 125, uint32_t)
#define SHUTDOWN_NOLOGFLUSH 2u
#define SKIPPED 77

static char base[64], image[96], place[96], device[32];
static int loop = -1;

/* Runs a program without a word; its exit status. */
static int run(char *const *words) {
  int status = 0;
  const pid_t child = fork();
  if (child == 0) {
    const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd < 3; fd++)
      (void)dup2(nowhere, fd);
    (void)execvp(words[0], words);
    _exit(127);
  }
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

/* The image as a loop device, which goes with its last user. */
static bool attach(void) {
  const int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  const int number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
  const int file = open(image, O_RDWR | O_CLOEXEC);
  (void)snprintf(device, sizeof device, "/dev/loop%d", number);
  loop = number < 0 ? -1 : open(device, O_RDWR | O_CLOEXEC);
  const bool done = loop >= 0 && file >= 0 && ioctl(loop, LOOP_SET_FD, file) == 0;
  if (control >= 0) (void)close(control);
  if (file >= 0) (void)close(file);
  return done;
}

static bool mount_image(void) {
  return mount(device, place, "ext4", 0, NULL) == 0;
}

/* A file system of 64 MiB in a file. Returns why it cannot be had, or NULL. */
static const char *make_disk(void) {
  char *const words[] = {"mkfs.ext4", "-q", "-F", image, "64M", NULL};
  if (geteuid() != 0) return "power cuts need root";
  /* Mounts of our own: nobody else keeps a file system that is shut down alive, and they go with this process. */
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return "no mounts of its own";
  (void)snprintf(base, sizeof base, "/tmp/specola-cuts-XXXXXX");
  if (mkdtemp(base) == NULL) return "no folder in /tmp";
  (void)snprintf(image, sizeof image, "%s/disk", base);
  (void)snprintf(place, sizeof place, "%s/mounted", base);
  if (mkdir(place, 0700) != 0 || run(words) != 0) return "no mkfs.ext4 (Debian package e2fsprogs)";
  if (!attach()) return "no loop device";
  return mount_image() ? NULL : "no ext4 in this kernel";
}

static void remove_disk(void) {
  (void)umount2(place, MNT_DETACH);
  if (loop >= 0) (void)ioctl(loop, LOOP_CLR_FD);
  if (loop >= 0) (void)close(loop);
  (void)unlink(image);
  (void)rmdir(place);
  (void)rmdir(base);
}

static void cut_power(void) {
  const uint32_t how = SHUTDOWN_NOLOGFLUSH;
  const int fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(ioctl(fd, SHUTDOWN, &how), 0);
  (void)close(fd);
}

static bool cut_one(unsigned round, uint64_t chance) {
  int told = -1;
  int status = 0;
  const pid_t child = life_begin(round, &told);
  life_wait(told, chance);
  /* While the power is on it works; but a kernel that has just lost a file system may refuse a write of the next one (EIO). */
  const pid_t ended = waitpid(child, &status, WNOHANG);
  if (ended != 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != LIFE_WITHOUT_DISK)) fail_msg("it ended, in round %u", round);
  const bool started = life_hear(told, false); /* this much was told; what it says from now on nobody hears */
  cut_power();
  if (ended == 0) (void)kill(child, SIGKILL); /* it may have ended over its disk's errors */
  if (ended == 0) assert_int_equal(waitpid(child, NULL, 0), child);
  (void)close(told);
  assert_int_equal(umount(place), 0);
  assert_true(mount_image());
  return started;
}

static void what_was_told_survives_power_cuts(void **state) {
  const uint64_t seed = fixture_seed();
  const char *text = getenv("SPECOLA_CRASH_CUTS");
  const unsigned cuts = text == NULL ? 6 : (unsigned)strtoul(text, NULL, 10);
  uint64_t logged = 0;
  uint64_t told = 0;
  uint64_t started = 0;
  uint64_t x = seed;
  (void)state;
  (void)setenv("TMPDIR", place, 1);
  for (unsigned done = 0; done < cuts;) {
    lives_found(seed + done);
    sync();
    for (unsigned i = 0; i < LIVES_OF_A_FEDERATION && done < cuts; i++, done++) {
      x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
      started += cut_one(i + 1, x >> 20);
    }
    lives_end(&logged, &told);
  }
  print_message("%u power cuts, %ju of them behind a start; %ju receipts and logs of %ju entries kept\n", cuts,
                (uintmax_t)started, (uintmax_t)logged, (uintmax_t)told);
  assert_true(cuts < 20 || (started > cuts / 4 && logged > cuts / 4));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_told_survives_power_cuts)};
  const char *why = make_disk();
  if (why != NULL) {
    printf("skipped: %s\n", why);
    remove_disk();
    return SKIPPED;
  }
  const pid_t self = getpid();
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  if (getpid() != self) _exit(failed); /* a life that met its disk's errors */
  remove_disk();
  return failed;
}
