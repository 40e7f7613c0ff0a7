/*
 * draft_template: an empty draft with the help, limits and examples of its fields as comments (draft.h).
 */
#include <stdio.h>
#include <string.h>

#include "protocol/limits.h"
#include "protocol/schema/draft.h"
#include "protocol/schema/value.h"

#define LINE_COLUMNS 120u /* octets of a comment line */
#define BLOCK_CHARS 200u  /* texts with a higher limit, or none, get a block */
#define CODES_SHOWN 40u   /* longer vocabularies are only named */

/* What the template itself says, by language. */
static const struct phrases {
  const char *lang;
  const char *intro, *at_most, *characters, *from, *to, *values, *needed, *or_field, *counts, *example, *codes, *vocabulary;
} PHRASES[] = {
    {"en",
     "Lines 'field: value'; several values one a line behind '- '. '?' means not yet known, '-' not applicable. "
     "Long texts stand at the end, each behind its '## field'.",
     "At most ", " characters.", "", " to ", " values.", "Needed to publish.",
     "Needed to publish, or one of: ", "Counts for completeness.", "Example: ", "Codes: ", "Codes of the vocabulary "},
    {"it",
     "Righe 'campo: valore'; più valori, uno per riga dopo '- '. '?' vuol dire non ancora noto, '-' non applicabile. "
     "I testi lunghi stanno in fondo, ciascuno dopo il suo '## campo'.",
     "Al massimo ", " caratteri.", "Da ", " a ", " valori.", "Necessario per pubblicare.",
     "Necessario per pubblicare, oppure uno tra: ", "Conta per la completezza.",
     "Esempio: ", "Codici: ", "Codici del vocabolario "},
};

struct template {
  const struct schema *schema;
  const char *lang;
  const struct phrases *say;
  struct bytes *out;
  struct bytes comment; /* one paragraph, before it is broken into lines */
  enum err_code code;
  struct err *err;
};

static void add(struct template *t, const char *text) {
  if (t->code == OK) t->code = bytes_append_text(t->out, text, t->err);
}

/* Adds a sentence to the paragraph. */
static void say(struct template *t, const char *sentence, const char *rest) {
  if (sentence[0] == '\0' && rest[0] == '\0') return;
  if (t->code == OK && t->comment.len > 0) t->code = bytes_append_u8(&t->comment, ' ', t->err);
  if (t->code == OK) t->code = bytes_append_text(&t->comment, sentence, t->err);
  if (t->code == OK) t->code = bytes_append_text(&t->comment, rest, t->err);
}

/* Prints the paragraph as lines that begin with "# ", broken at blanks. */
static void flush(struct template *t) {
  const struct view all = bytes_view(&t->comment);
  size_t at = 0;
  while (at < all.len && t->code == OK) {
    size_t end = all.len;
    if (end - at > LINE_COLUMNS) {
      end = at + LINE_COLUMNS;
      while (end > at && all.p[end] != ' ')
        end--;
      if (end == at) {
        const uint8_t *blank = memchr(all.p + at, ' ', all.len - at);
        end = blank != NULL ? (size_t)(blank - all.p) : all.len;
      }
    }
    add(t, "# ");
    if (t->code == OK) t->code = bytes_append(t->out, view_of(all.p + at, end - at), t->err);
    add(t, "\n");
    at = end + 1;
  }
  bytes_clear(&t->comment);
}

static void say_codes(struct template *t, const struct field *f) {
  if (f->vocabulary_name[0] == '\0') return;
  const size_t n = f->vocabulary != NULL ? vocabulary_count(f->vocabulary) : 0;
  if (n == 0 || n > CODES_SHOWN) {
    say(t, t->say->vocabulary, f->vocabulary_name);
    if (t->code == OK) t->code = bytes_append_u8(&t->comment, '.', t->err);
    return;
  }
  for (size_t i = 0; i < n; i++) {
    char entry[256];
    const char *code = vocabulary_code(f->vocabulary, i);
    const char *label = vocabulary_label(f->vocabulary, view_of_text(code), t->lang);
    (void)snprintf(entry, sizeof entry, "%s%s%s%s%s", code, label != NULL ? " (" : "", label != NULL ? label : "",
                   label != NULL ? ")" : "", i + 1 < n ? ";" : ".");
    say(t, i == 0 ? t->say->codes : "", entry);
  }
}

static void say_need(struct template *t, const struct field *f) {
  if (f->need == NEED_OPTIONAL) return;
  if (f->need == NEED_COMPLETE || f->n_alternatives == 0) {
    say(t, f->need == NEED_COMPLETE ? t->say->counts : t->say->needed, "");
    return;
  }
  char others[FIELD_ALTERNATIVES * (FIELD_KEY_MAX + 2) + 2];
  size_t used = 0;
  for (size_t i = 0; i < f->n_alternatives && used < sizeof others; i++) {
    used += (size_t)snprintf(others + used, sizeof others - used, "%s%s", i > 0 ? ", " : "", f->alternatives[i]);
  }
  say(t, t->say->or_field, others);
  if (t->code == OK) t->code = bytes_append_u8(&t->comment, '.', t->err);
}

static const char *sentence_end(const char *text) {
  const size_t n = strlen(text);
  return n > 0 && strchr(".!?:", text[n - 1]) == NULL ? "." : "";
}

/* "# Title. Help. At most 200 characters. Needed to publish. Example: …" */
static void explain(struct template *t, const struct field *f) {
  char text[96];
  const char *label = schema_label(t->schema, f->key, t->lang);
  say(t, label, sentence_end(label));
  say(t, schema_help(t->schema, f->key, t->lang), "");
  if (f->min > 0 || (f->many && f->max_items < LIMIT_LIST)) {
    (void)snprintf(text, sizeof text, "%s%u%s%u%s", t->say->from, f->min, t->say->to, f->max_items, t->say->values);
    say(t, text, "");
  }
  if (f->max_chars > 0) {
    (void)snprintf(text, sizeof text, "%s%u%s", t->say->at_most, f->max_chars, t->say->characters);
    say(t, text, "");
  }
  say_need(t, f);
  say_codes(t, f);
  const char *example = schema_example(t->schema, f->key, t->lang);
  if (example[0] != '\0') say(t, t->say->example, example);
  flush(t);
}

static bool is_block(const struct field *f) {
  return f->type == FIELD_TEXT && f->parent == NULL && !f->many && (f->max_chars == 0 || f->max_chars > BLOCK_CHARS);
}

/* An empty field: "title.it:", "funding.1.amount:". */
static void offer(struct template *t, const struct field *f) {
  char line[3 * FIELD_KEY_MAX];
  const char *tag = f->ml ? t->lang : "";
  const char *dot = f->ml ? "." : "";
  if (f->parent != NULL) {
    const char *row = f->parent->many ? ".1" : "";
    (void)snprintf(line, sizeof line, "%s%s.%s%s%s:\n", f->parent->key, row, f->name, dot, tag);
  } else if (f == t->schema->language) {
    (void)snprintf(line, sizeof line, "%s: %s\n", f->key, t->lang);
  } else {
    (void)snprintf(line, sizeof line, "%s%s%s%s:\n", is_block(f) ? "\n## " : "", f->key, dot, tag);
    if (is_block(f)) line[strlen(line) - 2] = '\0';
  }
  add(t, line);
  if (is_block(f)) add(t, "\n");
}

static void offer_field(struct template *t, const struct field *f) {
  char heading[FIELD_KEY_MAX + 16];
  if (f->heading) {
    (void)snprintf(heading, sizeof heading, "@heading.%s", f->key);
    const char *text = schema_label(t->schema, heading, t->lang);
    if (strcmp(text, heading) != 0) {
      add(t, "\n# === ");
      add(t, text);
      add(t, " ===\n");
    }
  }
  add(t, "\n");
  explain(t, f);
  if (f->n_children == 0) offer(t, f);
  for (size_t i = 0; i < f->n_children; i++) {
    if (f->children[i].type == FIELD_BLOB) continue;
    explain(t, &f->children[i]);
    offer(t, &f->children[i]);
  }
}

static const struct phrases *phrases_in(const char *lang) {
  for (size_t i = 0; i < sizeof PHRASES / sizeof PHRASES[0]; i++) {
    if (strncmp(lang, PHRASES[i].lang, 2) == 0) return &PHRASES[i];
  }
  return &PHRASES[0];
}

enum err_code draft_template(const struct schema *schema, const char *lang, bool express, struct bytes *out, struct err *err) {
  char tag[VALUE_TAG_MAX];
  if (!value_tag(view_of_text(lang), tag)) return err_set(err, ERR_FORMAT, "'%.40s' is no language tag", lang);
  struct template t = {.schema = schema, .lang = tag, .say = phrases_in(tag), .out = out, .code = OK, .err = err};
  bytes_init(&t.comment, LIMIT_DRAFT);
  add(&t, "specola-draft 1 ");
  add(&t, schema->kind);
  add(&t, "\n");
  say(&t, t.say->intro, "");
  flush(&t);
  for (int pass = 0; pass < 2; pass++) {
    for (size_t i = 0; i < schema->n_fields; i++) {
      const struct field *f = &schema->fields[i];
      if (is_block(f) != (pass == 1) || (express && f->need != NEED_PUBLISH)) continue;
      offer_field(&t, f);
    }
  }
  bytes_release(&t.comment);
  return t.code;
}
