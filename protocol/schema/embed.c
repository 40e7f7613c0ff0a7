/*
 * embed: a program of the build (never installed) that writes the C definitions of embedded.h.
 *
 *   embed files OUT.c DIRECTORY NAME…          the files of this folder, as octets
 *   embed tables OUT.c JSON-DIRECTORY LOCALES  vocabularies out of Debian's iso-codes: JSON for the codes and English names,
 *                                              the message catalogues (.mo) for the names in the EU's other languages
 */
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_OCTETS 4096
#define FILE_OCTETS ((size_t)4 * 1024 * 1024)
#define MO_MAGIC 0x950412deu
#define TABLE_ROWS 10000u

/* English first; then the other official languages of the EU by tag. */
static const char *const LANGUAGES[] = {"en", "bg", "cs", "da", "de", "el", "es", "et", "fi", "fr", "ga", "hr",
                                        "hu", "it", "lt", "lv", "mt", "nl", "pl", "pt", "ro", "sk", "sl", "sv"};
#define N_LANGUAGES (sizeof LANGUAGES / sizeof LANGUAGES[0])

/* What ISO 3166-1 lacks and the observatory needs: its user-assigned and exceptionally reserved codes. In the order of
 * LANGUAGES. */
static const struct {
  const char *code;
  const char *names[N_LANGUAGES];
} EXTRA_COUNTRIES[] = {
    {"EU", {"European Union",     "Европейски съюз", "Evropská unie",  "Den Europæiske Union", "Europäische Union",
            "Ευρωπαϊκή Ένωση",    "Unión Europea",   "Euroopa Liit",   "Euroopan unioni",      "Union européenne",
            "An tAontas Eorpach", "Europska unija",  "Európai Unió",   "Unione europea",       "Europos Sąjunga",
            "Eiropas Savienība",  "Unjoni Ewropea",  "Europese Unie",  "Unia Europejska",      "União Europeia",
            "Uniunea Europeană",  "Európska únia",   "Evropska unija", "Europeiska unionen"}},
    {"XK", {"Kosovo",  "Косово", NULL,      NULL,     NULL, "Κοσσυφοπέδιο", NULL,     NULL, NULL, NULL, "an Chosaiv", NULL,
            "Koszovó", NULL,     "Kosovas", "Kosova", NULL, NULL,           "Kosowo", NULL, NULL, NULL, NULL,         NULL}},
};

/* How a list of iso-codes becomes a vocabulary. Of several names the first that is there counts; so of codes. catalogues: the
 * message catalogues, asked in turn. */
static const struct source {
  const char *vocabulary, *file, *list;
  const char *codes[2], *names[2], *catalogues[2];
} SOURCES[] = {
    {"country", "iso_3166-1.json", "3166-1", {"alpha_2"}, {"common_name", "name"}, {"iso_3166-1"}},
    {"region", "iso_3166-2.json", "3166-2", {"code"}, {"name"}, {"iso_3166-2"}},
    {"language", "iso_639-3.json", "639-3", {"alpha_2", "alpha_3"}, {"name"}, {"iso_639-3", "iso_639-2"}},
    {"currency", "iso_4217.json", "4217", {"alpha_3"}, {"name"}, {"iso_4217"}},
};
#define N_SOURCES (sizeof SOURCES / sizeof SOURCES[0])

struct octets {
  uint8_t *p;
  size_t len;
};

/* One vocabulary while it is made. */
struct table {
  size_t n;
  const char *codes[TABLE_ROWS];
  const char *names[TABLE_ROWS][N_LANGUAGES];
};

static void stop(const char *what, const char *name) {
  (void)fprintf(stderr, "embed: %s: %s\n", name, what);
  exit(1);
}

static void *need(void *p) {
  if (p == NULL) stop("out of memory", "embed");
  return p;
}

/* The whole file, a NUL behind it. Missing: p NULL. */
static struct octets slurp(const char *path) {
  struct octets o = {NULL, 0};
  FILE *f = fopen(path, "rb");
  if (f == NULL) return o;
  o.p = need(calloc(1, FILE_OCTETS + 1));
  o.len = fread(o.p, 1, FILE_OCTETS, f);
  if (ferror(f) || !feof(f)) stop("cannot be read, or is too long", path);
  (void)fclose(f);
  return o;
}

static uint32_t word_at(const struct octets *mo, size_t at) {
  if (at + 4 > mo->len) return 0;
  return (uint32_t)mo->p[at] | (uint32_t)mo->p[at + 1] << 8 | (uint32_t)mo->p[at + 2] << 16 | (uint32_t)mo->p[at + 3] << 24;
}

/* The string of a table's entry; NULL if the file is not what it says. */
static const char *string_at(const struct octets *mo, uint32_t table, uint32_t i) {
  const size_t entry = (size_t)table + (size_t)i * 8;
  const size_t len = word_at(mo, entry), at = word_at(mo, entry + 4);
  return at < mo->len && len < mo->len - at && mo->p[at + len] == '\0' ? (const char *)mo->p + at : NULL;
}

/* The translation of msgid, NULL when there is none. The originals of a catalogue are sorted. */
static const char *translate(const struct octets *mo, const char *msgid) {
  if (mo->p == NULL || word_at(mo, 0) != MO_MAGIC) return NULL;
  const uint32_t originals = word_at(mo, 12), translations = word_at(mo, 16);
  uint32_t low = 0, high = word_at(mo, 8);
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    const char *original = string_at(mo, originals, middle);
    if (original == NULL) return NULL;
    const int order = strcmp(original, msgid);
    if (order == 0) return string_at(mo, translations, middle);
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return NULL;
}

/* Octets as a static array of numbers: string literals of that length are outside of ISO C. */
static void write_octets(FILE *out, const char *name, const uint8_t *p, size_t len) {
  (void)fprintf(out, "static const %s[%zu] = {", name, len + 1);
  for (size_t i = 0; i < len; i++)
    (void)fprintf(out, "%s%u,", i % 40 == 0 ? "\n" : "", p[i]);
  (void)fprintf(out, "0};\n");
}

static FILE *open_output(const char *path) {
  FILE *out = fopen(path, "wb");
  if (out == NULL) stop(strerror(errno), path);
  (void)fprintf(out, "/* Written by embed at build. */\n#include \"protocol/schema/embedded.h\"\n\n");
  return out;
}

static void close_output(FILE *out, const char *path) {
  if (fflush(out) != 0 || ferror(out) || fclose(out) != 0) stop("cannot be written", path);
}

static int embed_files(const char *output, const char *directory, char **names, int n) {
  char path[PATH_OCTETS], array[64];
  FILE *out = open_output(output);
  size_t *lengths = need(calloc((size_t)n + 1, sizeof *lengths));
  for (int i = 0; i < n; i++) {
    (void)snprintf(path, sizeof path, "%s/%s", directory, names[i]);
    struct octets o = slurp(path);
    if (o.p == NULL) stop("cannot be read", path);
    (void)snprintf(array, sizeof array, "uint8_t file_%d", i);
    write_octets(out, array, o.p, o.len);
    lengths[i] = o.len;
    free(o.p);
  }
  (void)fprintf(out, "const struct embedded_file embedded_files[] = {\n");
  for (int i = 0; i < n; i++)
    (void)fprintf(out, "    {\"%s\", file_%d, %zu},\n", names[i], i, lengths[i]);
  (void)fprintf(out, "    {0}};\n");
  close_output(out, output);
  free(lengths);
  return 0;
}

static const char *first_string(const json_t *item, const char *const keys[2]) {
  for (size_t i = 0; i < 2 && keys[i] != NULL; i++) {
    const char *text = json_string_value(json_object_get(item, keys[i]));
    if (text != NULL) return text;
  }
  return NULL;
}

static void add_row(struct table *t, const char *code, const char *const names[N_LANGUAGES]) {
  if (t->n == TABLE_ROWS) stop("too many rows", code);
  t->codes[t->n] = code;
  memcpy(t->names[t->n], names, sizeof t->names[0]);
  t->n++;
}

/* A name in every language that has it and says something else than English. */
static void add_item(struct table *t, const struct source *s, const json_t *item, struct octets catalogues[N_LANGUAGES][2]) {
  const char *names[N_LANGUAGES] = {first_string(item, s->names)};
  const char *code = first_string(item, s->codes);
  if (code == NULL || names[0] == NULL) stop("an entry without code or name", s->file);
  for (size_t language = 1; language < N_LANGUAGES; language++) {
    for (size_t c = 0; c < 2 && names[language] == NULL; c++) {
      for (size_t k = 0; k < 2 && s->names[k] != NULL && names[language] == NULL; k++) {
        const char *original = json_string_value(json_object_get(item, s->names[k]));
        if (original != NULL) names[language] = translate(&catalogues[language][c], original);
      }
    }
    if (names[language] != NULL && strcmp(names[language], names[0]) == 0) names[language] = NULL;
  }
  add_row(t, code, names);
}

struct sorted_row {
  const char *code;
  size_t row;
};

static int compare_codes(const void *a, const void *b) {
  return strcmp(((const struct sorted_row *)a)->code, ((const struct sorted_row *)b)->code);
}

/* The string's offset in the pool that is being written; 0 for none. */
static size_t pool_add(FILE *pool, size_t *used, const char *text) {
  if (text == NULL || text[0] == '\0') return 0;
  const size_t at = *used, len = strlen(text) + 1;
  if (fwrite(text, 1, len, pool) != len) stop("cannot be written", "pool");
  *used += len;
  return at;
}

static void write_table(FILE *out, const char *name, const struct table *t) {
  struct sorted_row *order = need(calloc(t->n + 1, sizeof *order));
  for (size_t i = 0; i < t->n; i++)
    order[i] = (struct sorted_row){t->codes[i], i};
  qsort(order, t->n, sizeof *order, compare_codes);
  char *pool_text = NULL;
  size_t pool_len = 0, used = 1;
  FILE *pool = need(open_memstream(&pool_text, &pool_len));
  (void)fputc('\0', pool);
  (void)fprintf(out, "static const uint32_t %s_cells[] = {\n%zu,", name, pool_add(pool, &used, "code"));
  for (size_t i = 0; i < N_LANGUAGES; i++)
    (void)fprintf(out, "%zu,", pool_add(pool, &used, LANGUAGES[i]));
  for (size_t i = 0; i < t->n; i++) {
    if (i > 0 && strcmp(order[i].code, order[i - 1].code) == 0) stop("a code stands there twice", order[i].code);
    (void)fprintf(out, "\n%zu,", pool_add(pool, &used, order[i].code));
    for (size_t k = 0; k < N_LANGUAGES; k++)
      (void)fprintf(out, "%zu,", pool_add(pool, &used, t->names[order[i].row][k]));
  }
  (void)fprintf(out, "};\n");
  if (fclose(pool) != 0) stop("cannot be written", "pool");
  char array[64];
  (void)snprintf(array, sizeof array, "char %s_pool", name);
  /* The pool is plain char: octets above 127 are written as the negative numbers that they are there. */
  (void)fprintf(out, "static const %s[%zu] = {", array, pool_len + 1);
  for (size_t i = 0; i < pool_len; i++) {
    (void)fprintf(out, "%s%s%u,", i % 40 == 0 ? "\n" : "", (uint8_t)pool_text[i] > 127 ? "(char)" : "", (uint8_t)pool_text[i]);
  }
  (void)fprintf(out, "0};\n");
  free(pool_text);
  free(order);
}

static size_t make_table(FILE *out, const struct source *s, const char *json_directory, const char *locales) {
  char path[PATH_OCTETS];
  struct octets catalogues[N_LANGUAGES][2];
  memset(catalogues, 0, sizeof catalogues);
  struct table *t = need(calloc(1, sizeof *t));
  (void)snprintf(path, sizeof path, "%s/%s", json_directory, s->file);
  json_error_t error;
  json_t *root = json_load_file(path, 0, &error);
  if (root == NULL) stop(error.text, path);
  for (size_t i = 0; i < N_LANGUAGES; i++) {
    for (size_t c = 0; c < 2 && s->catalogues[c] != NULL; c++) {
      (void)snprintf(path, sizeof path, "%s/%s/LC_MESSAGES/%s.mo", locales, LANGUAGES[i], s->catalogues[c]);
      catalogues[i][c] = slurp(path);
    }
  }
  const json_t *list = json_object_get(root, s->list);
  for (size_t i = 0; i < json_array_size(list); i++)
    add_item(t, s, json_array_get(list, i), catalogues);
  for (size_t i = 0; s == &SOURCES[0] && i < sizeof EXTRA_COUNTRIES / sizeof EXTRA_COUNTRIES[0]; i++) {
    add_row(t, EXTRA_COUNTRIES[i].code, EXTRA_COUNTRIES[i].names);
  }
  if (t->n == 0) stop("holds no entries", s->file);
  write_table(out, s->vocabulary, t);
  const size_t n = t->n;
  for (size_t i = 0; i < N_LANGUAGES; i++) {
    for (size_t c = 0; c < 2; c++)
      free(catalogues[i][c].p);
  }
  json_decref(root);
  free(t);
  return n;
}

static int embed_tables(const char *output, const char *json_directory, const char *locales) {
  size_t rows[N_SOURCES];
  FILE *out = open_output(output);
  for (size_t i = 0; i < N_SOURCES; i++)
    rows[i] = make_table(out, &SOURCES[i], json_directory, locales);
  (void)fprintf(out, "const struct embedded_table embedded_tables[] = {\n");
  for (size_t i = 0; i < N_SOURCES; i++) {
    const char *name = SOURCES[i].vocabulary;
    (void)fprintf(out, "    {\"%s\", {.pool = %s_pool, .cells = %s_cells, .n_rows = %zu, .n_columns = %zu}},\n", name, name,
                  name, rows[i], N_LANGUAGES + 1);
  }
  (void)fprintf(out, "    {0}};\n");
  close_output(out, output);
  return 0;
}

int main(int argc, char **argv) {
  if (argc >= 4 && strcmp(argv[1], "files") == 0) return embed_files(argv[2], argv[3], argv + 4, argc - 4);
  if (argc == 5 && strcmp(argv[1], "tables") == 0) return embed_tables(argv[2], argv[3], argv[4]);
  (void)fprintf(stderr, "usage: embed files OUT.c DIRECTORY NAME... | embed tables OUT.c JSON-DIRECTORY LOCALES\n");
  return 2;
}
