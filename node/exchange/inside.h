/*
 * inside: what the files of this room know of a struct exchange. Nobody outside node/exchange includes this.
 *
 *   exchange.c  the public calls: events in, actions out          receive.c frames to whoever deals with what they say
 *   dial.c      whom to dial, when again                          link.c    links: sessions, queues, frames
 *   request.c   what was asked and has not been answered          heads.c   HEADS, both ways
 *   plan.c      which log from which peer: WANT and GET           answer.c  what a peer asks of us
 *   fetch.c     DATA into the hall, milestone by milestone        fill.c    bodies that were absent, asked of others
 *   holds.c     who says to hold what                             status.c   JSON
 *   forks.c     logs that their owners forked: found, told        counters.c names of what is counted
 *   identity.c  whose keys are whose                              epochs.c  who is a member
 *   heal.c      entries that are damaged here, asked of others    times.h   how long, and how many
 *
 * Peers and logs are named by their index in x->peers and x->logs; neither ever leaves its place.
 */
#ifndef SPECOLA_NODE_EXCHANGE_INSIDE_H
#define SPECOLA_NODE_EXCHANGE_INSIDE_H

#include "node/exchange/counters.h"
#include "node/exchange/exchange.h"
#include "node/exchange/times.h"

#define NONE UINT32_MAX /* no peer, no log */

/* ---- links ---- */

/* A question of a peer. */
struct ask {
  uint64_t type, what; /* MSG_GET, or MSG_WANT and what */
  bool has_req;
  uint64_t req;
  struct hash node;
  uint64_t gen, from, to, mode, max_bytes, epoch;
  uint64_t size, other, kind; /* PROOF */
};
struct payload {
  struct payload *next;
  struct bytes bytes;
};
struct exchange_link {
  bool dialled;
  bool hello_due, no_session_due;
  bool ident_said;  /* our identity went out ahead of the HELLO that is due */
  bool heads_whole; /* HEADS with everything is due */
  bool heads_heard; /* one came in this session: the first is whole */
  bool parked;      /* the transport refused `last`: it goes out again at retry_ms */
  uint32_t peer;
  uint32_t n_out, first_ask, n_asks;
  uint64_t since_ms, heard_ms;
  uint64_t no_session_ms;        /* of the last one */
  uint64_t told;                 /* x->changes when HEADS was sent last; 0: not yet */
  uint64_t told_epoch;           /* the epoch in it */
  uint64_t heads_ms, regular_ms; /* of the last HEADS; of the next empty one */
  uint64_t parked_ms, retry_ms, retry_wait_ms;
  uint64_t burst_ms;                         /* when its last burst began, */
  uint32_t n_burst;                          /* and how many frames it has */
  struct payload *out, **out_end;            /* n_out of them wait to be said */
  uint64_t holds[(LIMIT_MEMBERS + 63) / 64]; /* a bit for each member whose HOLDS waits here */
  uint64_t alerts[LIMIT_HEADS / 64];         /* a bit for each log whose evidence waits here */
  uint64_t alert_ms;                         /* of the last ALERT */
  uint64_t holds_ms;                         /* of the last HOLDS */
  struct bytes last;                         /* the last frame */
  /* what is large stands last: the rest is looked at in every turn */
  struct link_id id;
  uint8_t curve[32];
  struct session session;
  struct ask asks[ASKS_MAX]; /* a ring */
};

/* ---- peers ---- */

enum request_state {
  REQUEST_FREE,
  REQUEST_PENDING,   /* its answer is wanted */
  REQUEST_LEFT,      /* another was asked instead; a timeout is still counted */
  REQUEST_CANCELLED, /* not wanted, not counted; remembered so that a late answer is none unasked */
};
struct request {
  enum request_state state;
  uint64_t type, what; /* MSG_GET and mode, or MSG_WANT and what */
  uint64_t req;
  uint32_t log;
  uint64_t from, to; /* GET: positions; WANT(CKPT): from, and the size that the peer had claimed; WANT(PROOF): index, size */
  bool is_doubt;     /* WANT(CKPT): HEADS named another root than ours for `to`: */
  uint8_t root8[8];  /* this one */
  uint64_t sent_ms;
  struct exchange_link *link;
};
struct peer {
  struct hash node;
  char handle[HANDLE_MAX];
  bool is_former; /* no member any more, or we are none: nothing is said to it, nothing heard from it */
  bool heard;
  uint64_t heard_ms, answered_ms;
  uint64_t opened_ms;            /* when its last session opened; 0: never */
  uint64_t slow_ms;              /* how long its silence is borne: SLOW_MS..TIMEOUT_MS */
  struct exchange_link *link;    /* the OPEN one that is used, or NULL */
  struct exchange_link *dialled; /* the one that we dialled, open or not, or NULL */
  /* dialling */
  uint32_t endpoint_turn;  /* dials that failed: each takes the next key, and behind the last one the next endpoint */
  uint32_t n_ckpts_follow; /* checkpoints that its last HEADS brings with it, outside the quota */
  uint64_t rank;           /* among those that are dialled in a large federation: dial_rank */
  uint64_t dial_ms, dial_wait_ms, reopened_ms;
  bool has_reopened, tried;
  bool key_mismatch; /* who answered last was another, by its key */
  /* what it told */
  bool ident_asked, has_heads;
  bool ident_waits;                      /* it named a generation that we do not know while it owed us other identities */
  uint64_t holds_ms;                     /* until then its HOLDS that were taken last up its share */
  uint64_t holds_version, holds_counter; /* of the last one that was taken */
  struct hash digest;
  uint64_t epoch;
  uint64_t epoch_before_ms, epoch_wait_ms; /* after an epoch that is not to be believed: when it is asked again */
  bool has_ping;
  uint64_t ping_ms, ping_req, ping_sent_ms;
  bool ping_pending;
  /* unasked traffic in this second */
  uint64_t quota_ms, quota_frames, quota_bytes, quota_texts;
  uint32_t owed; /* a bit for each of requests: what is not set is not owed */
  /* what is large stands last */
  struct counters counters;
  char override[LIMIT_ENDPOINT + 1];
  char note[NOTE_MAX];
  struct request requests[REQUESTS_MAX];
};

/* ---- logs ---- */

/* What one peer says of one log. */
struct claim {
  uint64_t size;
  uint64_t not_before_ms;                      /* after a lie: when it is asked again */
  uint64_t silent_before_ms;                   /* the same after a silence: a new session is a new chance */
  uint64_t wait_ms;                            /* how long the last wait was, for either */
  uint64_t no_ckpt_before_ms, no_ckpt_wait_ms; /* after an unbacked head: the same for checkpoints alone */
  uint64_t doubt_before_ms;                    /* until then no other root that it names is looked into */
  uint64_t absent_next;                        /* it was asked for the bodies below that we lack */
  uint64_t heal_before_ms;                     /* not asked for damaged entries before */
  uint64_t absent_before_ms, absent_wait_ms;   /* it lacks them too: when it is asked for them again */
};
/* A verified checkpoint above what is held. */
struct milestone {
  uint64_t size;
  struct hash root;
  uint32_t peer;     /* who gave it, */
  uint64_t given_ms; /* and when last */
  bool is_asked;     /* came in answer to WANT: none of those is skipped */
  uint32_t len;
  uint8_t *text; /* owned */
};
struct window {
  uint64_t from, count;
  struct bytes raw;
};
struct range {
  uint64_t from, to;
};
struct slot {
  struct pull *pull;
  uint64_t next;   /* first position not fed; milestone.size is the end */
  uint64_t fed_ms; /* when the last ones came */
  struct milestone milestone;
};
/* A checkpoint of the owner's that contradicts what is held, and where its branch may part from ours: the peers are asked for
 * proofs, one after the other. */
struct doubt {
  struct checkpoint checkpoint;
  uint8_t text[LIMIT_CHECKPOINT];
  size_t text_len;
  uint64_t at;             /* the branches agree below */
  uint32_t first, n_asked; /* the peer whose turn it is: first + n_asked */
  bool is_asked;           /* there is a question to `asked`, or was */
  uint32_t asked;
  uint64_t asked_ms;
  uint32_t suspect; /* it served entries that do not fold, NONE */
  bool named;       /* it had named the checkpoint itself, */
  bool is_unproven; /* and did not prove it */
  bool has_proven;  /* it proved an entry under that checkpoint */
};
/* Bodies that are absent. */
struct fill {
  uint32_t filler;  /* the peer that is asked for them, NONE */
  bool any;         /* some were absent, when last looked, */
  uint64_t first;   /* from here on */
  uint64_t gave_ms; /* when the filler was chosen, or gave one last */
  uint64_t due_ms;  /* not before */
};
struct exchange_log {
  struct hash node;
  uint64_t roll, gen;
  uint64_t size, changed; /* as held; x->changes at the last growth */
  uint64_t grown_ms;      /* when it was last seen to grow: after the commit */
  struct hash root;
  struct claim *claims; /* owned; one a peer */
  uint64_t claimed;     /* no claim is above it */
  uint32_t n_milestones;
  bool needs_plan; /* a checkpoint that came unasked was too far away */
  bool is_closed;  /* by a cut, at this size and root: followed to there, and no further */
  uint64_t cut_size;
  struct hash cut_root;
  uint32_t n_back;       /* how often it went back on its way to the cut */
  bool is_paused;        /* its member's hold as much as hall_config.log_bodies allows, and there is more */
  bool is_forked;        /* evidence is held: followed to where the branches part, and no further */
  bool is_exact;         /* and it is known where they part */
  struct doubt *doubt;   /* owned; NULL: none */
  uint64_t search_ms;    /* not before: where they part is looked for again */
  uint64_t fork_from;    /* as it was told last */
  struct bytes untaken;  /* evidence that our store did not keep; it is tried again: */
  uint64_t untaken_ms;   /* not before */
  uint64_t record_ms;    /* then the evidence is written into our own log, unless somebody has; 0: not at all */
  uint64_t ckpt_wait_ms; /* not before: one may come unasked */
  uint64_t ckpt_asked_ms;
  /* the pull */
  uint32_t source; /* the peer that serves it, NONE */
  uint32_t n_slots;
  uint64_t next; /* first position never asked for */
  uint32_t n_holes;
  uint32_t n_stash;
  uint64_t per_window, data_ms;
  uint64_t retry_ms, retry_wait_ms; /* after an error of our own */
  struct fill fill;
  /* what is large stands last: the rest is looked at in every turn */
  struct milestone milestones[MILESTONES_MAX];
  struct slot slots[PULLS_MAX];
  struct range holes[HOLES_MAX];
  struct window stash[STASH_MAX];
  char note[NOTE_MAX];
};

struct stranger {
  uint8_t curve[32];
  uint64_t n, last_ms;
};
struct order {
  struct order *next;
  struct exchange_action action;
};

struct exchange {
  struct exchange_config config;
  const struct federation *federation;
  struct session_self self;
  uint64_t own_identity_version;
  uint64_t identities; /* sum of the members' identity versions, when it was last looked */
  struct peer *peers;  /* owned; everybody who is or was a member but ourselves: by rising node id, later ones behind */
  uint32_t n_peers;
  uint32_t linked[LIMIT_MEMBERS], n_linked; /* the peers that have a link, rising */
  struct exchange_log **logs;               /* owned */
  uint32_t n_logs;
  uint64_t changes; /* counts growths of logs */
  struct exchange_link *links[LINKS_MAX];
  uint32_t n_links, turn;
  struct order *orders, **orders_end; /* DIAL and CLOSE */
  struct order *given;                /* borrowed by the caller until the next exchange_next */
  uint64_t next_req, next_dial;
  uint64_t ratio16;          /* raw / encoded octets of recent windows, times 16 */
  bool plan_due, asks_first; /* asks_first: this turn only asks */
  uint64_t plan_due_ms;      /* when there may be something to plan although nothing happened */
  uint64_t activity_ms;
  uint64_t holds_ms, holds_told; /* our last HOLDS: when, and x->changes then */
  uint64_t holds_due_ms;         /* our next one, news or not */
  uint64_t guard_due_ms;         /* not before, after an error of the fork guard */
  uint64_t tick_due_ms;          /* when the last tick wanted to be called again */
  struct counters counters;
  struct stranger strangers[LIMIT_STRANGERS];
  uint32_t n_strangers;
  struct message in, out; /* too large for a stack */
  struct bytes scratch, window, encoded;
};

static inline uint64_t now_ms(const struct exchange *x) {
  return clock_ms(x->config.clock);
}

/* exchange.c */
void tally(struct exchange *x, uint32_t peer, enum counter c, uint64_t n); /* peer NONE: the node's own */
uint32_t peer_by_node(const struct exchange *x, const struct hash *node);  /* NONE */
uint32_t peer_by_curve(const struct exchange *x, const uint8_t curve[32]); /* NONE */
uint64_t random_below(struct exchange *x, uint64_t n);
void note_set(char note[NOTE_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));

/* link.c */
struct exchange_link *xlink_find(struct exchange *x, const struct link_id *id, const uint8_t curve[32]);
/* NULL without memory or room. */
struct exchange_link *xlink_add(struct exchange *x, const struct link_id *id, const uint8_t curve[32], uint32_t peer,
                                bool dialled);
/* Forgets a link: its requests are asked elsewhere. */
void xlink_drop(struct exchange *x, struct exchange_link *l);
/* What ends with a session: questions both ways, queues. */
void xlink_reset(struct exchange *x, struct exchange_link *l);
/* The session has opened. If we dialled, l may be gone afterwards: another link of that peer stays instead. */
void xlink_opened(struct exchange *x, struct exchange_link *l);
/* Queues x->out, or drops it when the queue is full (false). */
bool xlink_say(struct exchange *x, struct exchange_link *l);
bool xlink_say_error(struct exchange *x, struct exchange_link *l, bool has_req, uint64_t req, enum message_error code,
                     uint64_t retry_after_s);
/* The next frame of a link, if it has one to send now. */
bool xlink_emit(struct exchange *x, struct exchange_link *l, struct exchange_action *out);
/* When a link wants to be looked at again. */
uint64_t xlink_due(const struct exchange *x, const struct exchange_link *l);
bool xlink_is_open(const struct exchange_link *l);
/* The link of a peer that is used from now on; NULL: none. Keeps x->linked. */
void xlink_use(struct exchange *x, uint32_t peer, struct exchange_link *l);
/* The place in x->linked where those begin who go round by the number of a log. */
uint32_t xlink_turn_of(const struct exchange *x, uint32_t index);
/* Frees all; for exchange_free. */
void xlink_free(struct exchange_link *l);

/* dial.c */
/* Orders dials and closes, gives up those without an answer; returns when it wants to be called again (ms, absolute). */
uint64_t dial_tick(struct exchange *x);
/* Where peer is dialled now; NULL: not at all. */
const char *dial_endpoint(const struct exchange *x, const struct peer *p);
/* The rank of a peer for this node: of a hash of both ids. */
uint64_t dial_rank(const struct exchange *x, const struct peer *p);
/* Whether a peer is among those that this node dials. */
bool dial_is_chosen(const struct exchange *x, uint32_t peer);
bool dial_is_pending(const struct exchange *x, uint32_t peer);
/* A dialled link ends: closes it, plans the next dial. is_reopen: after a broken session. */
void dial_again(struct exchange *x, struct exchange_link *l, bool is_reopen);
void dial_close(struct exchange *x, const struct exchange_link *l);
/* Of two open links with a peer one stays. */
void dial_settle(struct exchange *x, uint32_t peer);

/* heads.c */
void heads_refresh(struct exchange *x); /* what the hall holds, into x->logs */
bool heads_are_due(const struct exchange *x, const struct exchange_link *l);
uint64_t heads_due_ms(const struct exchange *x, const struct exchange_link *l);
/* Writes HEADS to payload and queues the CKPTs that follow it. asked: the question that it answers, or NULL. */
MUST_CHECK enum err_code heads_write(struct exchange *x, struct exchange_link *l, const struct ask *asked,
                                     struct bytes *payload, struct err *err);
void heads_receive(struct exchange *x, struct exchange_link *l, bool is_answer); /* x->in */
void heads_ask(struct exchange *x, struct exchange_link *l);                     /* for the whole, unless that is owed */

/* holds.c */
uint64_t holds_tick(struct exchange *x);                         /* makes our own when it is time; when to call again */
void holds_ask(struct exchange *x, struct exchange_link *l);     /* after opening */
void holds_receive(struct exchange *x, struct exchange_link *l); /* x->in */
uint64_t holds_due_ms(const struct exchange *x, const struct exchange_link *l); /* UINT64_MAX: none waits */
bool holds_are_due(const struct exchange *x, const struct exchange_link *l);
MUST_CHECK enum err_code holds_write(struct exchange *x, struct exchange_link *l, struct bytes *payload, struct err *err);
MUST_CHECK enum err_code holds_answer(struct exchange *x, struct bytes *payload, struct err *err); /* to WANT(HOLDS) */

/* forks.c */
void forks_load(struct exchange *x); /* what the hall holds, into x->logs: once, at the start */
uint64_t forks_tick(struct exchange *x);
void forks_end_doubt(struct exchange_log *log);
/* A checkpoint that has verified, whatever its size: does it contradict what is held or waits? */
void forks_checkpoint(struct exchange *x, uint32_t index, uint32_t peer, struct view text, const struct checkpoint *c);
/* Entries from source do not fold to a checkpoint: its fault, or another branch? */
void forks_other_root(struct exchange *x, uint32_t index, uint32_t source, const struct milestone *milestone);
/* Whether the one checkpoint of a CKPT is of a size and root that is held of that log: its signature would tell nothing. The
 * own log is no such one: what others hold of it is news. */
bool forks_is_as_held(struct exchange *x, const struct message *m);
/* A row of HEADS (is_head) or HOLDS: if it contradicts what is held, peer is asked for the checkpoint. */
void forks_row(struct exchange *x, uint32_t index, uint32_t peer, uint64_t size, const uint8_t root8[8], bool is_head);
void forks_holds(struct exchange *x, const struct exchange_link *l, struct view item);
void forks_proof(struct exchange *x, struct exchange_link *l, struct request *request); /* x->in */
void forks_no_proof(struct exchange *x, uint32_t index, uint32_t peer, uint64_t code);  /* it answered with that error */
void forks_alert(struct exchange *x, struct exchange_link *l);                          /* x->in */
void forks_greet(struct exchange *x, struct exchange_link *l);                          /* after opening: all of it is told */
bool forks_are_due(const struct exchange *x, const struct exchange_link *l);
uint64_t forks_due_ms(const struct exchange *x, const struct exchange_link *l);
MUST_CHECK enum err_code forks_write(struct exchange *x, struct exchange_link *l, struct bytes *payload, struct err *err);
/* identity.c */
MUST_CHECK enum err_code identity_answer(struct exchange *x, const struct hash *node, struct bytes *payload, struct err *err);
/* Whether our identity goes ahead of each HELLO: others may know an earlier one. */
bool identity_is_ahead(const struct exchange *x);
/* The unsigned frame with our newest identities. */
MUST_CHECK enum err_code identity_ahead(struct exchange *x, struct bytes *frame, struct err *err);
/* Asks a peer for a member's identities; if it owes such an answer, its HEADS are asked for behind that. */
void identity_ask(struct exchange *x, struct exchange_link *l, const struct hash *node);
void identity_receive(struct exchange *x, struct exchange_link *l); /* x->in */
void identity_unsigned(struct exchange *x, struct exchange_link *l, struct view payload);
/* If any member has another identity than when it was last looked: sessions and closed generations follow. Links may be gone.
 */
void identities_refresh(struct exchange *x);

/* epochs.c */
/* EPOCH with those from that number on. ERR_NOT_FOUND. */
MUST_CHECK enum err_code epochs_answer(struct exchange *x, uint64_t from, struct bytes *payload, struct err *err);
void epochs_ask(struct exchange *x, struct exchange_link *l);     /* for the next ones, if the peer's is higher than ours */
void epochs_receive(struct exchange *x, struct exchange_link *l); /* x->in */
/* Another identity is known than when an epoch of that peer was not believed: it may be asked again at once. */
void epochs_hope(struct exchange *x, struct exchange_link *l);
/* If the federation has another epoch than when it was last looked: peers come and go. Links may be gone, peers and claims may
 * have moved. False: no memory. */
bool epochs_refresh(struct exchange *x);

/* request.c */
/* Asks on a link: fields of x->out.u are those of the question. NULL: it cannot be asked now; else the caller says in log, from
 * and to what it was about. */
struct request *request_say(struct exchange *x, struct exchange_link *l, uint64_t type, uint64_t what);
/* GET of a range of a log, of a peer that has a link. False: it cannot be asked now. */
bool request_get(struct exchange *x, uint32_t peer, uint32_t index, struct range range, uint64_t mode);
struct request *request_find(struct exchange *x, uint32_t peer, uint64_t req);
uint32_t request_count(const struct exchange *x, uint32_t peer, uint64_t type); /* that the peer still owes */
bool request_is_pending(const struct exchange *x, uint32_t peer, uint32_t log, uint64_t type, uint64_t what);
/* Of one log, of a peer or of all (NONE): PENDING becomes `state`. */
void request_leave(struct exchange *x, uint32_t peer, uint32_t log, uint64_t type, enum request_state state);
void request_drop_link(struct exchange *x, const struct exchange_link *l);
uint64_t request_tick(struct exchange *x); /* timeouts */
/* We slept by_ms longer than we said: what others owed in that time may lie unread. Nobody is late by it. */
void request_put_off(struct exchange *x, uint64_t by_ms);

/* answer.c */
void answer_take(struct exchange *x, struct exchange_link *l); /* x->in is a question: into the ring */
/* Writes the answer to the first question of the ring and takes it off. */
MUST_CHECK enum err_code answer_write(struct exchange *x, struct exchange_link *l, struct bytes *payload, struct err *err);
/* Reads milestones of a log: CKPT with those above from, into x->out; storage owns the texts. newest: only that. */
MUST_CHECK enum err_code answer_checkpoints(struct exchange *x, const struct hash *node, uint64_t gen, uint64_t from,
                                            bool newest, struct bytes *storage, struct err *err);

/* plan.c */
struct exchange_log *log_of(struct exchange *x, const struct hash *node, uint64_t gen, uint32_t *index); /* NULL */
void plan_claim(struct exchange *x, uint32_t log, uint32_t peer, uint64_t size);
void plan_checkpoints(struct exchange *x, struct exchange_link *l, struct request *request); /* x->in; request may be NULL */
void plan_fault(struct exchange *x, uint32_t index, uint32_t peer);                          /* it lied: others are tried */
void plan_silent(struct exchange *x, uint32_t index, uint32_t peer); /* it did not answer: the same, until its next session */
void plan_new_session(struct exchange *x, uint32_t peer);
/* Its generation may have been closed by a cut: it is followed to there. */
void plan_close(struct exchange *x, uint32_t index);
/* Entries of a closed generation, served by a peer up to that milestone, do not go on from what is held here: the peer lies, or
 * this is another branch than the one that the cut names. Goes back and tries again, until nothing is left to go back from:
 * false. */
bool plan_back(struct exchange *x, uint32_t index, uint32_t giver);
/* Takes over milestone->text. False when it was not kept (held already, known, no room); the text is freed then. */
bool plan_keep(struct exchange_log *log, struct milestone *milestone);
void plan_run(struct exchange *x); /* asks what can be asked, and says in x->plan_due_ms when to call again */
bool plan_is_done(const struct exchange *x);
/* Whether a peer may be asked about a log now: it has a link, and is not being left alone after a lie or a silence. */
bool plan_is_eligible(const struct exchange *x, const struct exchange_log *log, uint32_t peer);
uint64_t plan_longer(uint64_t wait_ms); /* the wait after that one */
/* A peer that can serve log now, other than `not`. */
bool plan_has_other(const struct exchange *x, const struct exchange_log *log, uint32_t not_peer);

/* fetch.c */
/* Begins pulls for the next milestones, PULLS_MAX at a time, from log->source. */
void fetch_begin(struct exchange *x, uint32_t index);
/* Next range to ask for; false when everything up to the last begun milestone was asked for. */
bool fetch_range(struct exchange_log *log, struct range *out);
/* Entries are missing, and no position is left to ask for: true while they are on their way, else nothing will come. */
bool fetch_lacks_range(struct exchange_log *log);
void fetch_ask_again(struct exchange_log *log, struct range range);
void fetch_data(struct exchange *x, struct exchange_link *l, struct request *request); /* x->in */
uint64_t fetch_tick(struct exchange *x, uint32_t index); /* finishes what is complete; when to call again */
void fetch_abort(struct exchange *x, uint32_t index);
/* Whether the DATA in m is of the positions that r asked for. */
bool fetch_is_answer(const struct exchange_log *log, const struct request *r, const struct message *m);

/* fill.c */
/* Entries that are damaged here (heal.c). */
void heal_run(struct exchange *x, uint32_t index);
void heal_data(struct exchange *x, struct exchange_link *l, struct request *request);
void fill_data(struct exchange *x, struct exchange_link *l, struct request *request); /* x->in: bodies of entries held */
uint64_t fill_run(struct exchange *x, uint32_t index);       /* asks for bodies that are absent; when to call again */
bool fill_is_done(const struct exchange *x, uint32_t index); /* nobody can be asked for any now */

#endif
