/*
 * similarity: sets of words and of three words in a row (see similarity.h). Of a long text the smallest hashes stand for all:
 * two texts keep the same ones where they share them.
 */
#include "node/store/similarity.h"

#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "protocol/canon.h"
#include "protocol/limits.h"

#define SHINGLE 3u
#define SHINGLES_MAX 2048u  /* of an object */
#define SHINGLES_ENOUGH 40u /* fewer in common prove less */
#define TITLE_ENOUGH 3u     /* words of a title that says something by itself */
#define PHRASE_LETTERS 14u  /* octets of a phrase that is worth a search: "of the one" is not */
#define NAME_CHARS 200u     /* a text with a higher limit is no name */
#define TITLE_PHRASES 4u
#define FEW 32u /* hashes that are sorted by comparing them */

/* Weights, in percent. */
#define WEIGHT_TEXT 65u
#define WEIGHT_TITLE 35u
#define BONUS_TITLE 15u /* the same title */
#define BONUS_NAME 10u
#define BONUS_CODE 5u

/* One object in the making. */
struct sketch {
  const struct schema *schema;
  struct similarity *out;
  struct bytes folded, title;
  struct candidate {
    uint64_t hash;
    char *phrase;
  } found[SIMILARITY_PHRASES]; /* phrases of texts with the smallest hashes, sorted */
  size_t n_found;
  bool no_memory;
};

/* FNV-1a, and a finish that spreads it over all bits (the smallest ones are a fair sample only then). */
static uint64_t hash_octets(uint64_t seed, const uint8_t *p, size_t len) {
  uint64_t h = 14695981039346656037u ^ seed;
  for (size_t i = 0; i < len; i++) {
    h = (h ^ p[i]) * 1099511628211u;
  }
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdu;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53u;
  return h ^ (h >> 33);
}

static void set_add(struct sketch *k, struct similarity_set *set, uint64_t hash) {
  if (set->n == set->room) {
    const size_t room = set->room == 0 ? 64 : 2 * set->room;
    uint64_t *hashes = reallocarray(set->hashes, room, sizeof *hashes);
    if (hashes == NULL) {
      k->no_memory = true;
      return;
    }
    set->hashes = hashes;
    set->room = room;
  }
  set->hashes[set->n++] = hash;
}

static int compare_hashes(const void *a, const void *b) {
  uint64_t x = 0, y = 0;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return (x > y) - (x < y);
}

/* Few, or nobody's well spread ones: by comparing. */
static void sort_few(uint64_t *hashes, size_t n) {
  if (n > FEW) {
    qsort(hashes, n, sizeof *hashes, compare_hashes);
    return;
  }
  for (size_t i = 1; i < n; i++) {
    const uint64_t hash = hashes[i];
    size_t at = i;
    for (; at > 0 && hashes[at - 1] > hash; at--) {
      hashes[at] = hashes[at - 1];
    }
    hashes[at] = hash;
  }
}

/* Hashes are spread evenly: their first octet alone leaves few to compare. */
static void sort_hashes(uint64_t *hashes, size_t n) {
  size_t ends[257] = {0};
  uint64_t *spread = n > FEW ? malloc(n * sizeof *spread) : NULL;
  if (spread == NULL) {
    sort_few(hashes, n);
    return;
  }
  for (size_t i = 0; i < n; i++) {
    ends[(hashes[i] >> 56) + 1]++;
  }
  for (size_t octet = 0; octet < 256; octet++) {
    ends[octet + 1] += ends[octet];
  }
  for (size_t i = 0; i < n; i++) {
    spread[ends[hashes[i] >> 56]++] = hashes[i]; /* what began as the beginning ends as the end */
  }
  for (size_t octet = 0, from = 0; octet < 256; from = ends[octet++]) {
    sort_few(spread + from, ends[octet] - from);
  }
  memcpy(hashes, spread, n * sizeof *hashes);
  free(spread);
}

/* Sorted, none twice, at most max. */
static void set_close(struct similarity_set *set, size_t max) {
  size_t n = 0;
  sort_hashes(set->hashes, set->n);
  for (size_t i = 0; i < set->n && n < max; i++) {
    if (n == 0 || set->hashes[i] != set->hashes[n - 1]) {
      set->hashes[n++] = set->hashes[i];
    }
  }
  set->n = n;
}

/* ---- words ---- */

static bool is_letter(uint8_t c) {
  return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Cuts the next word off folded text. Empty at the end. */
static struct view next_word(struct view *rest) {
  size_t from = 0;
  while (from < rest->len && !is_letter(rest->p[from])) {
    from++;
  }
  size_t to = from;
  while (to < rest->len && is_letter(rest->p[to])) {
    to++;
  }
  const struct view word = view_of(rest->p + from, to - from);
  *rest = view_of(rest->p + to, rest->len - to);
  return word;
}

/* From the first word to the last, with what is between them. */
static struct view span_of(const struct view *words, size_t n) {
  const uint8_t *end = words[n - 1].p + words[n - 1].len;
  return view_of(words[0].p, (size_t)(end - words[0].p));
}

/* A phrase for a search: its words with blanks between them. */
static char *phrase_of(const struct view *words, size_t n) {
  struct bytes text;
  bytes_init(&text, LIMIT_BODY);
  enum err_code code = OK;
  for (size_t i = 0; i < n && code == OK; i++) {
    code = i > 0 ? bytes_append_u8(&text, ' ', NULL) : OK;
    code = code == OK ? bytes_append(&text, words[i], NULL) : code;
  }
  const char *whole = code == OK ? bytes_text(&text) : NULL;
  char *out = whole == NULL ? NULL : strdup(whole);
  bytes_release(&text);
  return out;
}

/* Keeps a phrase if its hash is among the smallest. */
static void offer_phrase(struct sketch *k, uint64_t hash, const struct view *words, size_t n) {
  const size_t room = SIMILARITY_PHRASES - TITLE_PHRASES;
  size_t at = k->n_found;
  if (span_of(words, n).len < PHRASE_LETTERS || (at == room && hash >= k->found[at - 1].hash)) {
    return;
  }
  for (size_t i = 0; i < k->n_found; i++) {
    if (k->found[i].hash == hash) {
      return;
    }
  }
  if (at == room) {
    free(k->found[--at].phrase);
  }
  for (; at > 0 && k->found[at - 1].hash > hash; at--) {
    k->found[at] = k->found[at - 1];
  }
  k->found[at] = (struct candidate){hash, phrase_of(words, n)};
  k->no_memory = k->no_memory || k->found[at].phrase == NULL;
  k->n_found += k->n_found < room;
}

static void take_text(struct sketch *k) {
  struct view rest = bytes_view(&k->folded), words[SHINGLE];
  uint64_t hashes[SHINGLE] = {0};
  size_t n = 0;
  for (struct view word = next_word(&rest); word.len > 0; word = next_word(&rest)) {
    if (n == SHINGLE) {
      memmove(words, words + 1, (SHINGLE - 1) * sizeof words[0]);
      memmove(hashes, hashes + 1, (SHINGLE - 1) * sizeof hashes[0]);
      n--;
    }
    words[n] = word;
    hashes[n++] = hash_octets(0, word.p, word.len);
    if (n == SHINGLE) {
      const uint64_t hash = hash_octets(1, (const uint8_t *)hashes, sizeof hashes);
      set_add(k, &k->out->shingles, hash);
      offer_phrase(k, hash, words, SHINGLE);
    }
  }
}

/* The whole title and its first pairs of words are phrases. */
static void take_title(struct sketch *k) {
  struct view rest = bytes_view(&k->folded), words[2] = {{NULL, 0}, {NULL, 0}};
  for (struct view word = next_word(&rest); word.len > 0; word = next_word(&rest)) {
    set_add(k, &k->out->words, hash_octets(0, word.p, word.len));
    words[0] = words[1];
    words[1] = word;
    if (words[0].len > 0 && k->out->n_phrases < TITLE_PHRASES && words[0].len + words[1].len + 1 >= PHRASE_LETTERS) {
      char *phrase = phrase_of(words, 2);
      k->no_memory = k->no_memory || phrase == NULL;
      k->out->phrases[k->out->n_phrases] = phrase;
      k->out->n_phrases += phrase != NULL;
    }
    if (bytes_append(&k->title, word, NULL) != OK || bytes_append_u8(&k->title, ' ', NULL) != OK) {
      k->no_memory = true;
    }
  }
}

/* ---- fields ---- */

static bool take_value(void *context, const struct body_value *value) {
  struct sketch *k = context;
  const struct field *f = value->field;
  if (f == NULL || value->type != CANON_STR) {
    return true;
  }
  if (f->type == FIELD_CODE) {
    if (f->need == NEED_PUBLISH && !f->many && f->parent == NULL) {
      set_add(k, &k->out->codes, hash_octets((uint64_t)(f - k->schema->fields) + 2, value->value.p, value->value.len));
    }
    return true;
  }
  bytes_clear(&k->folded);
  if (f->type != FIELD_TEXT || text_fold(value->value, &k->folded, NULL) != OK) {
    return true;
  }
  if (f == k->schema->title) {
    take_title(k);
  } else if (f->max_chars > 0 && f->max_chars <= NAME_CHARS) {
    if (f->need != NEED_OPTIONAL && !f->many && f->parent == NULL) {
      set_add(k, &k->out->names, hash_octets((uint64_t)(f - k->schema->fields) + 2, k->folded.p, k->folded.len));
    }
  } else {
    take_text(k);
  }
  return !k->no_memory;
}

void similarity_release(struct similarity *s) {
  struct similarity_set *sets[] = {&s->words, &s->shingles, &s->names, &s->codes};
  for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
    free(sets[i]->hashes);
  }
  for (size_t i = 0; i < s->n_phrases; i++) {
    free(s->phrases[i]);
  }
  memset(s, 0, sizeof *s);
}

enum err_code similarity_of(const struct schema *schema, struct view body, struct similarity *out, struct err *err) {
  struct sketch k = {.schema = schema, .out = out};
  memset(out, 0, sizeof *out);
  bytes_init(&k.folded, (size_t)16 * LIMIT_BODY);
  bytes_init(&k.title, (size_t)16 * LIMIT_BODY);
  (void)!body_walk(schema, body, take_value, &k, NULL);
  out->title = hash_octets(0, k.title.p, k.title.len);
  for (size_t i = 0; i < k.n_found; i++) {
    out->phrases[out->n_phrases++] = k.found[i].phrase;
  }
  set_close(&out->words, SIZE_MAX);
  set_close(&out->shingles, SHINGLES_MAX);
  set_close(&out->names, SIZE_MAX);
  set_close(&out->codes, SIZE_MAX);
  bytes_release(&k.folded);
  bytes_release(&k.title);
  if (k.no_memory) {
    similarity_release(out);
    return err_set(err, ERR_MEMORY, NULL);
  }
  return OK;
}

/* ---- comparing ---- */

/* How many of a and b are up to last, and how many of them both have. */
struct overlap {
  size_t a, b, both;
};

static struct overlap compare_sets(const struct similarity_set *a, const struct similarity_set *b, uint64_t last) {
  struct overlap o = {0, 0, 0};
  while (o.a < a->n && o.b < b->n && a->hashes[o.a] <= last && b->hashes[o.b] <= last) {
    const uint64_t x = a->hashes[o.a], y = b->hashes[o.b];
    o.both += x == y;
    o.a += x <= y;
    o.b += y <= x;
  }
  while (o.a < a->n && a->hashes[o.a] <= last) {
    o.a++;
  }
  while (o.b < b->n && b->hashes[o.b] <= last) {
    o.b++;
  }
  return o;
}

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

/* The hash up to which a set that was cut is whole. */
static uint64_t whole_to(const struct similarity_set *set) {
  return set->n == SHINGLES_MAX ? set->hashes[set->n - 1] : UINT64_MAX;
}

/* The share of the shorter text that the longer one has, of 100; less where there is little text. */
static unsigned text_percent(const struct similarity *a, const struct similarity *b) {
  const uint64_t x = whole_to(&a->shingles), y = whole_to(&b->shingles);
  const struct overlap o = compare_sets(&a->shingles, &b->shingles, x < y ? x : y);
  const size_t n = smaller(o.a, o.b);
  return n == 0 ? 0 : (unsigned)(100 * o.both / (n > SHINGLES_ENOUGH ? n : SHINGLES_ENOUGH));
}

/* Halfway between the words that both have of all, and of the shorter title. */
static unsigned title_percent(const struct similarity *a, const struct similarity *b) {
  const struct overlap o = compare_sets(&a->words, &b->words, UINT64_MAX);
  const size_t all = o.a + o.b - o.both, less = smaller(o.a, o.b);
  return less == 0 ? 0 : (unsigned)((100 * o.both / all + 100 * o.both / less) / 2);
}

unsigned similarity_percent(const struct similarity *a, const struct similarity *b) {
  const unsigned text = text_percent(a, b), title = title_percent(a, b);
  unsigned percent = (WEIGHT_TEXT * text + WEIGHT_TITLE * title) / 100;
  if (a->title == b->title && a->words.n >= TITLE_ENOUGH) {
    percent += BONUS_TITLE;
  }
  if (text + title > 0 && compare_sets(&a->names, &b->names, UINT64_MAX).both > 0) {
    percent += BONUS_NAME;
  }
  if (text + title > 0 && compare_sets(&a->codes, &b->codes, UINT64_MAX).both > 1) {
    percent += BONUS_CODE;
  }
  return percent > 100 ? 100 : percent;
}
