/*
 * notices: see notices.h. Events:
 *   published       "ref" "version" "id" "kind" "title" "what": new or changed; of this node
 *   review.wanted   the same, of another "home", not endorsed yet
 *   endorsement     "ref" "version" "home" "by" "taken_back" "counts" "standing" "counted" "needed" "endorsed"
 *   peer.silent     "handle" "seconds"
 *   backup.old      "days", null: never
 *   more            "of": the event, "count": so many more than were told
 */
#include "node/notices.h"

#include <string.h>

#include "node/store/query_news.h"

#define BACKUP_FILE "backup.time"
#define FACT "notified"
#define DAY_S 86400u

void notices_init(struct notices *n) {
  *n = (struct notices){.mark = -1, .silent = json_object()};
}

void notices_release(struct notices *n) {
  json_decref(n->silent);
  n->silent = NULL;
}

/* ---- the mark ---- */

static enum err_code read_mark(struct notices *n, const struct notices_view *v, int64_t point, struct err *err) {
  struct bytes value;
  bytes_init(&value, 64);
  enum err_code code = store_get_fact(v->store, FACT, &value, err);
  if (code == OK && value.len == sizeof(uint64_t)) {
    n->mark = (int64_t)get_u64be(value.p);
  } else if (code == OK || code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
    n->mark = point;
  }
  n->mark = n->mark > point ? 0 : n->mark; /* an older copy of the store */
  bytes_release(&value);
  return code;
}

static enum err_code write_mark(const struct notices *n, const struct notices_view *v, struct err *err) {
  uint8_t octets[sizeof(uint64_t)];
  put_u64be(octets, (uint64_t)n->mark);
  return store_put_fact(v->store, FACT, view_of(octets, sizeof octets), err);
}

/* ---- telling ---- */

struct telling {
  const struct notices_view *v;
  notices_tell *tell;
  void *context;
  bool full;
  bool own;         /* the object visited last is of this node */
  uint32_t n[3];    /* told, of each of below */
  uint64_t more[3]; /* and not told */
};
enum { PUBLISHED, WANTED, SIGNED };
static const char *const NAMES[] = {[PUBLISHED] = "published", [WANTED] = "review.wanted", [SIGNED] = "endorsement"};

/* Takes event over. */
static bool say(struct telling *t, json_t *event) {
  if (event != NULL && !t->full) {
    (void)json_object_set_new(event, "at", json_integer((json_int_t)t->v->now_s));
    t->full = !t->tell(t->context, event);
  }
  json_decref(event);
  return !t->full;
}

static bool is_beyond(struct telling *t, int which) {
  const bool beyond = t->n[which] >= NOTICES_ROWS;
  t->n[which] += !beyond;
  t->more[which] += beyond;
  return beyond;
}

static bool take_object(void *context, enum news what, int64_t arrival, const struct query_row *row) {
  struct telling *t = context;
  char id[HASH_HEX_LEN];
  (void)arrival;
  if (row == NULL) { /* one more of that home, of which no more is known */
    t->more[PUBLISHED] += t->own && what != NEWS_WITHDRAWN;
    return true;
  }
  const bool own = t->own = strcmp(row->handle, federation_handle(t->v->federation, &t->v->federation->own)) == 0;
  const int which = own ? PUBLISHED : WANTED;
  if (what == NEWS_WITHDRAWN || (!own && (!row->review_wanted || row->endorsed == ENDORSED_CURRENTLY)) || is_beyond(t, which))
    return true;
  hash_hex(&row->object_id, id);
  return say(t, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "event", NAMES[which], "what",
                          what == NEWS_NEW ? "new" : "changed", "ref", row->reference, "version", row->version_reference, "id",
                          id, "kind", row->schema == NULL ? "" : row->schema->kind, "home", row->handle, "title", row->title));
}

static bool take_signature(void *context, const struct news_signature *s) {
  struct telling *t = context;
  if (strcmp(s->home, federation_handle(t->v->federation, &t->v->federation->own)) != 0 || is_beyond(t, SIGNED)) return true;
  return say(t, json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:s, s:I, s:I, s:s}", "event", NAMES[SIGNED], "ref",
                          s->reference, "version", s->version, "home", s->home, "by", s->by, "taken_back", s->taken_back,
                          "counts", !s->taken_back && s->standing == ENDORSEMENT_COUNTS, "standing",
                          endorsement_name(s->standing), "counted", (json_int_t)s->counted, "needed", (json_int_t)s->needed,
                          "endorsed", endorsed_name(s->state)));
}

static void say_more(struct telling *t) {
  for (int i = 0; i < 3; i++) {
    if (t->more[i] == 0) continue;
    (void)say(t, json_pack("{s:s, s:s, s:I}", "event", "more", "of", NAMES[i], "count", (json_int_t)t->more[i]));
  }
}

/* ---- what came ---- */

static enum err_code look_arrivals(struct notices *n, struct telling *t, struct err *err) {
  const struct notices_view *v = t->v;
  int64_t point = 0;
  enum err_code code = query_news_point(v->store, &point, err);
  const bool first = n->mark < 0;
  if (code == OK && first) {
    code = read_mark(n, v, point, err);
  }
  if (code == OK && point > n->mark) {
    code = query_news(v->store, v->federation, v->schemas, n->mark, NOTICES_LOOKED, "en", take_object, t, err);
    if (code == OK) {
      code = query_news_signatures(v->store, v->federation, n->mark, take_signature, t, err);
    }
    if (code == OK) {
      say_more(t);
    }
  }
  if (code != OK || (n->mark == point && !first)) return code;
  n->mark = point;
  return write_mark(n, v, err);
}

/* ---- what does not come ---- */

static void look_peers(struct notices *n, struct telling *t) {
  const struct notices_view *v = t->v;
  const json_t *peer = NULL;
  size_t i = 0;
  json_array_foreach(v->peers, i, peer) {
    const char *handle = json_string_value(json_object_get(peer, "handle"));
    const json_t *heard = json_object_get(peer, "last_heard_s");
    const uint64_t seconds = json_is_integer(heard) ? (uint64_t)json_integer_value(heard) : v->uptime_s;
    if (handle == NULL) continue;
    if (seconds < NOTICES_SILENT_S) {
      (void)json_object_del(n->silent, handle);
    } else if (json_object_get(n->silent, handle) == NULL &&
               say(t, json_pack("{s:s, s:s, s:I}", "event", "peer.silent", "handle", handle, "seconds", (json_int_t)seconds))) {
      (void)json_object_set_new(n->silent, handle, json_true());
    }
  }
}

enum err_code notices_backup_days(const struct home *home, uint64_t now_s, uint64_t *out, struct err *err) {
  char path[HOME_PATH_MAX];
  struct bytes text;
  uint64_t then = 0;
  bytes_init(&text, 32);
  enum err_code code = home_path(home, BACKUP_FILE, path, err);
  if (code == OK && (code = file_read(path, &text, err)) == OK) {
    const size_t len = text.len > 0 && text.p[text.len - 1] == '\n' ? text.len - 1 : text.len;
    if (decimal_decode(view_of(text.p, len), &then, NULL) != OK) {
      err_set(err, ERR_FORMAT, "%s: no time", path);
      code = err_hint(err, "remove it, and copy the keys again: specola key backup DIR");
    }
  }
  if (code == OK) {
    *out = then < now_s ? (now_s - then) / DAY_S : 0;
  }
  bytes_release(&text);
  return code;
}

static void look_backup(struct notices *n, struct telling *t) {
  const struct notices_view *v = t->v;
  uint64_t days = 0;
  struct err why = ERR_INIT;
  if (n->backup_s != 0 && v->now_s - n->backup_s < NOTICES_BACKUP_AGAIN_S) return;
  const enum err_code code = notices_backup_days(v->home, v->now_s, &days, &why);
  if (code == OK && days <= NOTICES_BACKUP_DAYS) return;
  json_t *told = code == OK ? json_integer((json_int_t)days) : json_null();
  if (say(t, json_pack("{s:s, s:o}", "event", "backup.old", "days", told))) n->backup_s = v->now_s;
}

enum err_code notices_look(struct notices *n, const struct notices_view *v, notices_tell *tell, void *context,
                           struct err *err) {
  struct telling t = {.v = v, .tell = tell, .context = context};
  const enum err_code code = look_arrivals(n, &t, err);
  if (code == OK) {
    look_peers(n, &t);
    look_backup(n, &t);
  }
  return code;
}
