/*
 * site: what the handlers of web share: the site (data that they read), the request in hand, and the answer in the making. A
 * handler fills an answer and touches no socket.
 *
 *   guard -> route -> handler (model -> JSON, or model -> HTML) -> answer -> server
 *
 * Each thread that answers has a site of its own, with a store of its own; what else it points to is shared, and not changed.
 */
#ifndef SPECOLA_NODE_WEB_SITE_H
#define SPECOLA_NODE_WEB_SITE_H

#include <jansson.h>

#include "node/home.h"
#include "node/store/query.h"
#include "node/web/guard.h"
#include "node/web/html.h"
#include "node/web/params.h"
#include "node/web/phrase.h"
#include "node/web/snapshot.h"

#define SITE_PAGE_MAX ((size_t)4 * 1024 * 1024) /* octets of a page or a JSON document */
#define SITE_CAPTURES 4
#define SITE_CAPTURE_MAX 80
#define SITE_ROUTES_MAX 32
#define SITE_BUCKETS 6
#define ANSWER_TAG_LEN 32

/* What is counted of each route, for /metrics. */
struct site_count {
  uint64_t by_class[6];           /* [2]: 2xx … [5]: 5xx; [0]: HEAD of any */
  uint64_t buckets[SITE_BUCKETS]; /* by time: <= 1, 5, 10, 50, 250 ms, more */
  uint64_t micros;                /* the sum */
};
struct site_counts {
  struct site_count routes[SITE_ROUTES_MAX + 1];
  uint64_t refused[600]; /* by the guard, by status */
  uint64_t connections, connections_now, started_ms;
};
struct site_more;
struct site {
  const struct home *home;
  struct store *store; /* read-only; NULL in the loop's thread, which asks nothing */
  const struct schema_set *schemas;
  struct snapshot *now;         /* NULL: not made yet */
  json_t *told;                 /* of the other members, by core (node/network.h); NULL: it has not said */
  struct site_counts *counts;   /* NULL but in the loop's thread */
  const struct site_more *more; /* NULL: the public pages alone */
};

/* Where a request is answered: at once, or by a thread, which may take long. */
enum route_way { ROUTE_NOW, ROUTE_SHORT, ROUTE_LONG };
enum media { MEDIA_HTML, MEDIA_JSON, MEDIA_TEXT, MEDIA_CSS, MEDIA_SVG, MEDIA_MSGPACK, MEDIA_ATOM };

struct answer {
  unsigned status;
  const char *type;            /* content type, static text */
  const char *cache;           /* Cache-Control, static text */
  const char *language;        /* Content-Language, or NULL */
  const char *allow;           /* Allow, or NULL */
  const char *referrer;        /* Referrer-Policy, static text */
  bool vary_language, forward; /* forward: the body goes to core, and the answer comes from there */
  char link[384];              /* Link, or empty */
  char location[256];          /* Location, or empty */
  char cookie[160];            /* Set-Cookie, or empty */
  struct bytes body;
  char tag[ANSWER_TAG_LEN + 1]; /* of the content, whether it travels packed or not; empty: none */
  bool packed;
};
void answer_init(struct answer *a);
void answer_release(struct answer *a);
/* What is left to do when a handler is done: the tag, and packing where the client (NULL: nothing is known of it) takes that.
 */
void answer_finish(struct answer *a, const struct guard_request *http);
/* Whether the client has this content already: 304 instead of it. */
bool answer_is_known(const struct answer *a, const struct guard_request *http);

struct request {
  struct site *site;
  const struct guard_request *http;
  struct view body;
  bool local;                    /* from the loopback, and not through a proxy */
  const char *lang;              /* "en", "it": of the page */
  const char *title;             /* of the page; NULL before layout_begin */
  bool prefixed;                 /* lang stands in the path */
  enum media media;              /* that the path asks for */
  char path[GUARD_PATH_MAX + 1]; /* without prefix and without ".json" */
  char captures[SITE_CAPTURES][SITE_CAPTURE_MAX];
  const struct params *params;
  struct answer *out;
};

/* A page is a model (what its JSON twin says) and a way to show it. */
typedef enum err_code page_model(struct request *r, json_t **out, struct err *err);
typedef void page_show(struct request *r, struct html *h, const json_t *model);
/* Anything else fills r->out by itself. */
typedef enum err_code raw_handler(struct request *r, struct err *err);

/* A row of the table of routes. A page has model and show; anything else has raw, and one media type. */
struct route {
  const char *pattern;
  const char *type; /* content type that a body must have; NULL: there is none */
  page_model *model;
  page_show *show;
  raw_handler *raw;
  bool (*fits)(const struct request *r); /* whether a captured segment belongs to this row; NULL: any */
  unsigned methods;                      /* 1 << GUARD_GET | … */
  enum media media;
  enum route_way way; /* ROUTE_NOW reads no store */
  bool early;         /* answered before there is a snapshot, too */
  bool kept;          /* follows from the snapshot */
};
/* What a site of one person shows beside the public pages. Borrowed; none is NULL. */
struct site_more {
  const struct route *routes; /* looked at before those of everybody */
  size_t n;
  void *context;
  /* Judges every request before it is answered. False: r->out is the answer. */
  bool (*admit)(struct request *r);
  /* Entries of the navigation, as <li>, before the others. */
  void (*navigation)(struct request *r, struct html *h, const char *active);
  /* Behind the content of an object's page. */
  void (*object)(struct request *r, struct html *h, const json_t *model);
};

page_model model_home, model_list, model_object, model_version, model_nodes, model_node, model_network, model_holders,
    model_matrix;
page_show show_home, show_list, show_object, show_nodes, show_node, show_network, show_holders, show_matrix;
raw_handler raw_health, raw_metrics, raw_style, raw_icon, raw_robots, raw_feed;
raw_handler raw_sync, raw_sync_charter, raw_sync_epochs, raw_sync_identities, raw_sync_checkpoints, raw_sync_log,
    raw_sync_headers, raw_sync_bodies, raw_sync_holds, raw_sync_select, raw_sync_submit, raw_sync_ask;

/* Matches the request with the table of routes: its number there, or one past the last. */
size_t route_find(struct request *r);
enum route_way route_way(const struct request *r, size_t route);
/* Whether the answer follows from the snapshot alone, and is good for as long as that is. */
bool route_is_kept(size_t route);
/* Answers; never fails (a failure is an answer, too). */
void route_answer(struct request *r, size_t route);
const char *route_pattern(size_t route); /* NULL past the last */
/* Answers with an error, as a page or as a problem document (RFC 9457). */
void answer_error(struct request *r, unsigned status, const struct err *err);
void answer_problem(struct answer *a, unsigned status, const char *code, const char *detail);
/* The same of an error as core tells commands of it: of its own faults the status alone, but that it is busy, and with what. */
void answer_core_error(struct answer *a, unsigned status, struct view body);
/* Appends a document and a line end; characters that act on a terminal stand escaped. */
MUST_CHECK enum err_code answer_put_json(struct answer *a, const json_t *document, struct err *err);
const char *answer_status_text(unsigned status) __attribute__((const));
unsigned answer_status(enum err_code code) __attribute__((const));

/* ---- pieces of pages: layout.c, piece.c, map.c ---- */

/* Opens html, head, body and main; layout_end closes them. active: the link of the navigation that is this page. title is
 * borrowed until layout_end. */
void layout_begin(struct request *r, struct html *h, const char *title, const char *active);
void layout_end(struct request *r, struct html *h);
/* "https://node.example.org": where this request reached us, as others do. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err_code put_base(const struct request *r, struct bytes *out);
/* "/it/cases" into an attribute: the page's prefix, then path. */
void put_href(struct request *r, struct html *h, const char *path);
/* <a href=…>text</a> */
void put_link(struct request *r, struct html *h, const char *path, const char *text);
/* A link to an address that somebody wrote; url: value_is_url. */
void put_url(struct html *h, struct view url, struct view text);
/* The path of the list of those that have a code, into an attribute. list: a slug. */
void put_code_href(struct request *r, struct html *h, const char *list, const char *dim, const char *code);
/* The same as a link; code: a row of a model, {"code", "label", "count"}. */
void show_code_link(struct request *r, struct html *h, const char *list, const char *dim, const json_t *code);
/* The attribute lang, where the text that follows is in another language than the page. */
void put_lang(const struct request *r, struct html *h, const char *tag);
/* A time of the wall clock as a day people read, in <time>. */
void put_day(struct request *r, struct html *h, json_int_t seconds);
/* A date as objects have it ("2019", "2019-03", "2019-03-29"), in words; what is none, as it stands. */
void put_date(struct request *r, struct html *h, const char *date);
/* <div><dt>label</dt><dd>…</dd></div>, of a <dl> */
void open_pair(struct html *h, const char *label);
void close_pair(struct html *h);
/* Such a pair: a number under what it counts. */
void show_figure(struct html *h, json_int_t value, const char *label);
void put_pair(struct html *h, const char *label, const char *text);
/* A part of a whole as a bar, for the eye: the number has to stand beside it. */
void put_bar(struct html *h, uint64_t part, uint64_t whole);
/* How much of what is asked for an object tells: bar, number, words. */
void put_completeness(struct request *r, struct html *h, json_int_t percent);
void put_button(struct html *h, const char *text);
/* An entry of the navigation, as <li>. active: the path of this page there. */
void put_nav_link(struct request *r, struct html *h, const char *path, const char *text, const char *active);
/* The box for words and its button, within a form. words NULL: empty. */
void put_search(struct request *r, struct html *h, const char *words);
/* A whole form that searches a kind. */
void show_search(struct request *r, struct html *h, const struct schema *schema);
/* A table up to its body: rows of <tr> follow, then close_table. One of many columns stands as blocks on narrow pages: there
 * its cells are of open_cell, and say which column they belong to. */
struct column {
  enum phrase head;
  bool number;
};
void open_table(struct request *r, struct html *h, enum phrase label, const struct column *columns, size_t n);
/* The same of more than a narrow page has room for, where each row stands as a block: its cells are of open_cell, which say the
 * column that they belong to. */
void open_blocks(struct request *r, struct html *h, enum phrase label, const struct column *columns, size_t n);
void open_cell(struct request *r, struct html *h, const struct column *column);
void close_table(struct html *h);
void put_number(struct html *h, json_int_t n); /* a cell */
/* That a log was forked by its owner, where model has a "forked" (node/store/query_fork.h); whose, if it has a "handle". */
void show_fork(struct request *r, struct html *h, const json_t *model);
/* The section about who vouches for an object, as its model (query_show) tells; nothing where that is not told. */
void show_endorsements(struct request *r, struct html *h, const json_t *model);
/* {"current", "earlier", "none"} of all objects. */
json_t *endorsed_counts(const struct catalogue *c);
/* How a signature stands, in words; standing: as endorsement_name has it. */
const char *standing_word(const struct request *r, const char *standing);
/* How an object stands, in words; state: as endorsed_name has it. */
const char *endorsed_word(const struct request *r, const char *state);
/* The same in a list, where what is not endorsed is called published. */
const char *endorsed_badge(const struct request *r, const char *state);
/* What this node does not show: hidden.c. hidden_instead: in the place of a model of query_show, if its object is such a one,
 * what may be told of it, with the status of the answer; ERR_MEMORY. put_hidden: all of them into a model; store errors. */
MUST_CHECK enum err_code hidden_instead(const struct request *r, json_t **model, struct err *err);
void show_hidden(struct request *r, struct html *h, const json_t *model);
MUST_CHECK enum err_code put_hidden(const struct request *r, json_t *model, struct err *err);
void show_all_hidden(struct request *r, struct html *h, const json_t *all);
/* Where objects are: a dimension of countries ({"dim", "codes"}) as a tile map, and as a table. */
void show_map(struct request *r, struct html *h, const json_t *dim, const char *list);
/* A member of a JSON object as text, "" if there is none. */
const char *text_at(const json_t *object, const char *key);
json_int_t int_at(const json_t *object, const char *key);
/* "cases": the plural that stands in paths, of its English label. */
#define SLUG_MAX 64
void schema_slug(const struct schema *schema, char out[SLUG_MAX]);
const struct schema *schema_by_slug(const struct schema_set *set, const char *slug);
/* Names of codes; the code itself where none is known. */
const char *country_name(const struct site *s, const char *country, const char *lang);
const char *region_name(const struct site *s, const char *region, const char *lang);
const char *licence_name(const struct site *s, const char *licence, const char *lang);
const char *language_name(const struct site *s, const char *tag, const char *lang);
/* "coordinator, editor", each by its name. */
void put_roles(struct request *r, struct html *h, const char *roles);
/* The observatory's name in a language, as a JSON string. */
json_t *observatory_name(const struct request *r);
/* Appends the rows of what is newest, at most so many (and NEWEST_MAX). */
#define NEWEST_MAX 30
MUST_CHECK enum err_code newest_rows(struct request *r, size_t most, json_t *rows, struct err *err);
/* The object that a path names: a reference or a full id, nothing that has to be guessed. ERR_NOT_FOUND; store errors. */
MUST_CHECK enum err_code object_of_path(const struct request *r, int64_t *rowid, struct err *err);
/* What a list shows of an object: reference, title, lead, codes, home, created. */
json_t *row_json(const struct request *r, const struct query_row *row);
void show_rows(struct request *r, struct html *h, const json_t *rows);
/* An object's content on its page. */
struct content {
  const struct schema *schema; /* NULL: not known here; the body is shown as it stands */
  json_t *body;
  const json_t *takedown; /* why there is no body; NULL: it was not taken down */
  const json_t *sums;     /* totals by field key */
  const json_t *links;    /* to other objects: [{"field", "id", "reference", "title"}] */
  const char *tag;        /* the language of texts that is wanted */
};
/* The first multilingual text behind the title, if it is short, as the page's introduction. */
void show_lead(struct request *r, struct html *h, const struct content *content);
/* Whether a field says something of the record (language, licence, source) that stands beside the content. */
bool field_is_aside(const struct schema *schema, const struct field *field);
void show_body(struct request *r, struct html *h, const struct content *content);
/* Its chapters as <li> with links to them. */
void show_chapters(struct request *r, struct html *h, const struct content *content);

#endif
