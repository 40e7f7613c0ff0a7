/*
 * flip: gives the bundle reader every damaged form of a bundle, in one process: octet i XOR 1 << (i mod 8), and every cut that
 * is a multiple of 7. usage: flip FILE.bundle       exit 0: each was refused (octet 7, the version, as a newer version)
 */
#include <stdio.h>
#include <stdlib.h>

#include "protocol/bundle.h"

static enum err_code scan(struct view v, struct err *err) {
  err_clear(err);
  return bundle_scan(bundle_source_view, &v, err);
}

static int refused(struct view v, size_t i, const char *what) {
  struct err err = ERR_INIT;
  const enum err_code code = scan(v, &err);
  const int status = err_exit_status(code);
  if (status == (i == 7 ? 12 : 8)) {
    return 1;
  }
  fprintf(stderr, "flip: %s at octet %zu: exit status %d (%s)\n", what, i, status, err.message);
  return 0;
}

int main(int argc, char **argv) {
  static uint8_t data[8u << 20];
  struct err err = ERR_INIT;
  FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  if (file == NULL) {
    fprintf(stderr, "usage: flip FILE.bundle\n");
    return 2;
  }
  const size_t len = fread(data, 1, sizeof data, file);
  fclose(file);
  if (scan(view_of(data, len), &err) != OK) {
    fprintf(stderr, "flip: the bundle itself is refused: %s\n", err.message);
    return 1;
  }
  for (size_t i = 0; i < len; i++) {
    data[i] ^= (uint8_t)(1u << (i % 8));
    const int good = refused(view_of(data, len), i, "flipped");
    data[i] ^= (uint8_t)(1u << (i % 8));
    if (!good) {
      return 1;
    }
  }
  for (size_t cut = 0; cut < len; cut += 7) {
    if (!refused(view_of(data, cut), cut == 7 ? 8 : cut, "cut")) {
      return 1;
    }
  }
  printf("%zu octets: each flip and %zu cuts refused\n", len, len / 7 + 1);
  return 0;
}
