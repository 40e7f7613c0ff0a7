/*
 * machine: see machine.h.
 */
#include "tests/bench/machine.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void die(const char *what) {
  fprintf(stderr, "pipeline: %s\n", what);
  exit(1);
}

static int compare_doubles(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double machine_v(void) {
  uint8_t pk[32], sk[64], message[2048] = {0}, signature[64];
  double rounds[5];
  crypto_sign_keypair(pk, sk);
  crypto_sign_detached(signature, NULL, message, sizeof message, sk);
  for (int round = 0; round < 5; round++) {
    const double start = now_s();
    for (int i = 0; i < 4000; i++) {
      if (crypto_sign_verify_detached(signature, message, sizeof message, pk) != 0) {
        die("verify");
      }
    }
    rounds[round] = 4000 / (now_s() - start);
  }
  qsort(rounds, 5, sizeof rounds[0], compare_doubles);
  return rounds[2];
}

double machine_fdatasync(const char *folder) {
  char path[4096], block[4096] = {1};
  double times[31];
  snprintf(path, sizeof path, "%s/fdatasync", folder);
  const int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  for (int i = 0; i < 31; i++) {
    const double start = now_s();
    if (fd < 0 || write(fd, block, sizeof block) < 0 || fdatasync(fd) != 0) {
      die("fdatasync");
    }
    times[i] = now_s() - start;
  }
  close(fd);
  qsort(times, 31, sizeof times[0], compare_doubles);
  return times[15] * 1e3;
}
