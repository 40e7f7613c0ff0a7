/*
 * begin: makes a replica, for stories that need one and no invitation: begin DIR URL FED_ID [NODE]. Exit status as the
 * program's.
 */
#include <stdio.h>

#include "node/replica.h"

int main(int argc, char **argv) {
  struct err err = ERR_INIT;
  struct hash fed_id, node;
  struct home home;
  if (argc < 4 || argc > 5) return 2;
  enum err_code code = hash_from_hex(view_of_text(argv[3]), &fed_id, &err);
  if (code == OK && argc == 5) code = hash_from_hex(view_of_text(argv[4]), &node, &err);
  if (code == OK) code = replica_begin(argv[1], argv[2], &fed_id, NULL, argc == 5 ? &node : NULL, 10000, &home, &err);
  if (code != OK) fprintf(stderr, "%s: %s\nhint: %s\n", err_name(code), err.message, err.hint);
  return err_exit_status(code);
}
