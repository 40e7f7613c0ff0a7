/*
 * cuts: the power fails while a process writes, SPECOLA_CRASH_CUTS times (6): an ext4 in a file, mounted over a loop device, is
 * shut down without writing its journal back (EXT4_IOC_SHUTDOWN). What the file holds at that moment is what the disk kept: the
 * next life begins on a copy of it, over a fresh loop device, so that nothing that the kernel remembers or writes behind the
 * cut gets there (a device that stays open keeps its cache over the mounts, bitmaps that were never written included). No fsck,
 * no repair. What was given to the device counts as kept: a disk that lies about a flush is not tried. What was promised is
 * lives.h's. "skipped: why" (77) without root, loop devices or ext4.
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

static char base[64], image[96], copy[96], place[96];

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

/* The image becomes a loop device and is mounted; the device goes with the mount. */
static bool power_on(void) {
  char device[32];
  struct loop_config config;
  const int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  const int file = open(image, O_RDWR | O_CLOEXEC);
  bool done = false;
  memset(&config, 0, sizeof config);
  config.fd = (uint32_t)file;
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
  for (int tries = 0; control >= 0 && file >= 0 && !done && tries < 20; tries++) { /* somebody else may take the free one */
    const int number = ioctl(control, LOOP_CTL_GET_FREE);
    (void)snprintf(device, sizeof device, "/dev/loop%d", number);
    const int loop = number < 0 ? -1 : open(device, O_RDWR | O_CLOEXEC);
    const bool mine = loop >= 0 && ioctl(loop, LOOP_CONFIGURE, &config) == 0;
    done = mine && mount(device, place, "ext4", 0, NULL) == 0;
    if (loop >= 0) (void)close(loop);
    if (mine) break;
  }
  if (control >= 0) (void)close(control);
  if (file >= 0) (void)close(file);
  return done;
}

/* A file system in a file, with room for two stores that have 32 MiB of WAL each before it is checkpointed. Returns why it
 * cannot be had, or NULL. */
static const char *make_disk(void) {
  char *const words[] = {"mkfs.ext4", "-q", "-F", image, "256M", NULL};
  if (geteuid() != 0) return "power cuts need root";
  /* Mounts of our own: nobody else keeps a file system that is shut down alive, and they go with this process. */
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return "no mounts of its own";
  (void)snprintf(base, sizeof base, "%s/specola-cuts-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  if (mkdtemp(base) == NULL) return "no folder in /tmp";
  (void)snprintf(image, sizeof image, "%s/disk", base);
  (void)snprintf(copy, sizeof copy, "%s/kept", base);
  (void)snprintf(place, sizeof place, "%s/mounted", base);
  if (mkdir(place, 0700) != 0 || run(words) != 0) return "no mkfs.ext4 (Debian package e2fsprogs)";
  return power_on() ? NULL : "no loop device, or no ext4 in this kernel";
}

static void remove_disk(void) {
  (void)umount2(place, MNT_DETACH);
  (void)unlink(copy);
  (void)unlink(image);
  (void)rmdir(place);
  (void)rmdir(base);
}

/* What the image holds now, its holes left out. */
static void keep_image(void) {
  const int from = open(image, O_RDONLY | O_CLOEXEC);
  const int to = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const off_t size = lseek(from, 0, SEEK_END);
  static uint8_t octets[1 << 16];
  assert_true(from >= 0 && to >= 0 && size > 0);
  assert_int_equal(ftruncate(to, size), 0);
  for (off_t at = lseek(from, 0, SEEK_DATA); at >= 0 && at < size; at = lseek(from, at, SEEK_DATA)) {
    for (const off_t end = lseek(from, at, SEEK_HOLE); at < end;) {
      const size_t n = end - at < (off_t)sizeof octets ? (size_t)(end - at) : sizeof octets;
      assert_int_equal(pread(from, octets, n, at), n);
      assert_int_equal(pwrite(to, octets, n, at), n);
      at += (off_t)n;
    }
  }
  (void)close(from);
  assert_int_equal(close(to), 0);
}

/* The process stands still in whatever system call it is, and then its disk is no more. */
static void cut_power(pid_t child, unsigned round) {
  const uint32_t how = SHUTDOWN_NOLOGFLUSH;
  int status = 0;
  const int fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(kill(child, SIGSTOP), 0);
  assert_int_equal(ioctl(fd, SHUTDOWN, &how), 0);
  assert_int_equal(kill(child, SIGKILL), 0); /* at once: whoever lets it go on would let it meet the lost disk */
  assert_int_equal(waitpid(child, &status, 0), child);
  keep_image();
  (void)close(fd);
  if (!WIFSIGNALED(status)) fail_msg("it ended with the power on, in round %u", round);
}

static bool cut_one(unsigned round, uint64_t chance) {
  int told = -1;
  const pid_t child = life_begin(round, &told);
  life_wait(told, chance);
  cut_power(child, round);
  const bool started = life_hear(told, true); /* whatever it said is so: behind the cut it says nothing */
  (void)close(told);
  assert_int_equal(umount(place), 0);
  assert_int_equal(rename(copy, image), 0);
  assert_true(power_on());
  return started;
}

static void flush(void) {
  const int fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(syncfs(fd), 0);
  (void)close(fd);
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
    flush();
    for (unsigned i = 0; i < LIVES_OF_A_FEDERATION && done < cuts; i++, done++) {
      x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
      started += cut_one(i + 1, x >> 20);
    }
    lives_end(&logged, &told);
  }
  print_message("%u power cuts, %ju of them behind a start; %ju receipts and logs of %ju entries kept\n", cuts,
                (uintmax_t)started, (uintmax_t)logged, (uintmax_t)told);
  assert_true(cuts < 100 || (started > cuts / 4 && logged > cuts / 4));
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
  if (getpid() != self) _exit(failed); /* a life that found a promise broken */
  remove_disk();
  return failed;
}
