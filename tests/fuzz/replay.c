/*
 * replay: gives every file of the folders named to a fuzzer's entry point, so that a corpus runs under any compiler.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads one file and hands it over in an allocation of exactly its size, so that ASan sees a read behind it. */
static int replay_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    perror(path);
    return 1;
  }
  static uint8_t buffer[4u << 20];
  const size_t size = fread(buffer, 1, sizeof buffer, file);
  fclose(file);
  uint8_t *exact = malloc(size > 0 ? size : 1);
  if (exact == NULL) {
    return 1;
  }
  memcpy(exact, buffer, size);
  (void)LLVMFuzzerTestOneInput(exact, size);
  free(exact);
  return 0;
}

int main(int argc, char **argv) {
  unsigned n = 0;
  for (int i = 1; i < argc; i++) {
    DIR *dir = opendir(argv[i]);
    if (dir == NULL) {
      perror(argv[i]);
      return 1;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
      char path[4096];
      if (entry->d_name[0] == '.') {
        continue;
      }
      snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
      if (replay_file(path) != 0) {
        closedir(dir);
        return 1;
      }
      n++;
    }
    closedir(dir);
  }
  printf("%u inputs\n", n);
  return n == 0; /* an empty corpus is a mistake */
}
