/*
 * home_schemas: the kinds of object of a home: the embedded ones, and those that stand in its schema/. Declared in home.h.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/home.h"

#define SCHEMA_MAX ((size_t)1024 * 1024) /* octets of one file of schema/ */
#define SCHEMA_FILES_MAX 256             /* files read of one folder of schema/ */
#define SCHEMA_NAME_MAX 64               /* octets of such a file's name, with a NUL; longer ones are none of ours */

static int compare_names(const void *a, const void *b) {
  return strcmp(a, b);
}

/* The names in dir that end in suffix, sorted, into names (*n of them). A folder that is not there has none. */
static enum err_code list_files(const char *dir, const char *suffix, char names[SCHEMA_FILES_MAX][SCHEMA_NAME_MAX], size_t *n,
                                struct err *err) {
  *n = 0;
  DIR *d = opendir(dir);
  if (d == NULL) {
    return errno == ENOENT ? OK : err_errno(err, ERR_IO, errno, dir);
  }
  for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
    size_t len = strlen(e->d_name);
    if (len <= strlen(suffix) || len >= SCHEMA_NAME_MAX || strcmp(e->d_name + len - strlen(suffix), suffix) != 0) {
      continue;
    }
    if (*n == SCHEMA_FILES_MAX) {
      closedir(d);
      return err_set(err, ERR_LIMIT, "%s: more than %d files", dir, SCHEMA_FILES_MAX);
    }
    memcpy(names[(*n)++], e->d_name, len + 1);
  }
  closedir(d);
  qsort(names, *n, SCHEMA_NAME_MAX, compare_names);
  return OK;
}

/* The three sorts of file in schema/, and what is done with each: the name is the file's without its suffix. */
static const struct schema_files {
  const char *folder, *suffix;
  enum err_code (*add)(struct schema_set *set, const char *name, struct view text, struct err *err);
} schema_files[] = {
    {"schema/vocab", ".tsv", schema_set_add_vocabulary},
    {"schema", ".schema", schema_set_add},
    {"schema", ".tsv", schema_set_add_labels},
};

static enum err_code add_schema_file(const char *dir, const char *file, const struct schema_files *sort, struct schema_set *set,
                                     struct err *err) {
  char path[HOME_PATH_MAX + SCHEMA_NAME_MAX + 1], name[SCHEMA_NAME_MAX];
  struct bytes text;
  bytes_init(&text, SCHEMA_MAX);
  snprintf(path, sizeof path, "%s/%s", dir, file);
  /* A schema is named in full in messages about it; labels and vocabularies are known by the bare name. */
  bool whole = sort->add == schema_set_add;
  snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - (whole ? 0 : strlen(sort->suffix))), file);
  enum err_code code = file_read(path, &text, err);
  if (code == OK && (code = sort->add(set, name, bytes_view(&text), err)) != OK) {
    err_context(err, "%s", dir);
  }
  bytes_release(&text);
  return code;
}

static enum err_code add_schema_files(const struct home *h, const struct schema_files *sort, struct schema_set *set,
                                      struct err *err) {
  char dir[HOME_PATH_MAX];
  size_t n = 0;
  enum err_code code = home_path(h, sort->folder, dir, err);
  if (code != OK) {
    return code;
  }
  char(*names)[SCHEMA_NAME_MAX] = calloc(SCHEMA_FILES_MAX, SCHEMA_NAME_MAX);
  if (names == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  code = list_files(dir, sort->suffix, names, &n, err);
  for (size_t i = 0; code == OK && i < n; i++) {
    code = add_schema_file(dir, names[i], sort, set, err);
  }
  free(names);
  return code;
}

enum err_code home_schemas(const struct home *h, struct schema_set **out, struct err *err) {
  struct schema_set *set = NULL;
  enum err_code code = schema_set_new(&set, err);
  for (size_t i = 0; code == OK && i < sizeof schema_files / sizeof schema_files[0]; i++) {
    code = add_schema_files(h, &schema_files[i], set, err);
  }
  if (code == OK) {
    code = schema_set_link(set, err);
  }
  if (code != OK) {
    schema_set_free(set);
    return code;
  }
  *out = set;
  return OK;
}
