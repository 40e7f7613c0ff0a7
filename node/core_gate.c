/*
 * core_gate: between the gate's pipe and the exchange: which links there are, the exchange's actions out, frames and news of
 * links in. See core.h.
 */
#include <string.h>

#include "node/core_inside.h"
#include "protocol/canon.h"

#define ACTIONS 256 /* carried out in a turn */

/* ---- links that the gate has ---- */

static size_t link_at(const struct core *c, const struct linkend *end) {
  for (size_t i = 0; i < c->n_links; i++) {
    if (linkend_equal(&c->links[i].id, &end->id) && memcmp(c->links[i].curve, end->curve, CURVE_LEN) == 0) return i;
  }
  return c->n_links;
}

static void link_note(struct core *c, const struct linkend *end) {
  if (link_at(c, end) == c->n_links && c->n_links < CORE_LINKS) c->links[c->n_links++] = *end;
}

static void link_drop(struct core *c, const struct linkend *end) {
  const size_t i = link_at(c, end);
  if (i < c->n_links) c->links[i] = c->links[--c->n_links];
}

void core_gate_drop(struct core *c) {
  pipe_free(c->gate);
  c->gate = NULL;
  c->endpoint[0] = '\0';
  while (c->n_links > 0) {
    const struct linkend end = c->links[--c->n_links];
    exchange_link_down(c->exchange, &end.id, end.curve);
  }
}

/* ---- out: the exchange's actions ---- */

enum err_code core_gate_allow(struct core *c, struct err *err) {
  const struct federation *f = &c->federation;
  uint32_t n = 0;
  for (uint32_t i = 0; i < f->n_members; i++) {
    const uint8_t *keys[FEDERATION_CURVES];
    n += hash_equal(&f->members[i].member->node, &f->own) ? 0 : federation_curves(&f->members[i], keys);
  }
  bytes_clear(&c->scratch);
  struct canon_writer w = canon_writer(&c->scratch);
  canon_put_array(&w, 1);
  canon_put_array(&w, n);
  for (uint32_t i = 0; i < f->n_members; i++) {
    const uint8_t *keys[FEDERATION_CURVES];
    const uint32_t n_keys = hash_equal(&f->members[i].member->node, &f->own) ? 0 : federation_curves(&f->members[i], keys);
    for (uint32_t k = 0; k < n_keys; k++)
      canon_put_bin(&w, view_of(keys[k], CURVE_LEN));
  }
  enum err_code code = canon_written(&w, "allowed keys", err);
  return code == OK ? pipe_send(c->gate, PIPE_ALLOW, bytes_view(&c->scratch), err) : code;
}

static enum pipe_channel action_write(struct canon_writer *w, const struct exchange_action *action, const struct linkend *end) {
  canon_put_array(w, action->type == ACTION_CLOSE ? 2 : 3);
  linkend_put(w, end);
  switch (action->type) {
  case ACTION_SEND:
    canon_put_bin(w, action->frame);
    return PIPE_FRAME_OUT;
  case ACTION_DIAL:
    canon_put_text(w, action->endpoint);
    return PIPE_DIAL;
  case ACTION_CLOSE:
    break;
  }
  return PIPE_CLOSE;
}

static void action_do(struct core *c, const struct exchange_action *action) {
  struct err err = ERR_INIT;
  struct linkend end = {.id = action->link};
  memcpy(end.curve, action->curve, CURVE_LEN);
  bytes_clear(&c->scratch);
  struct canon_writer w = canon_writer(&c->scratch);
  const enum pipe_channel channel = action_write(&w, action, &end);
  enum err_code code = canon_written(&w, "action", &err);
  if (code == OK) code = c->gate == NULL ? ERR_UNREACHABLE : pipe_send(c->gate, channel, bytes_view(&c->scratch), &err);
  if (action->type == ACTION_DIAL && code == OK) link_note(c, &end);
  if (action->type == ACTION_CLOSE) link_drop(c, &end);
  if (code == OK) return;
  if (action->type == ACTION_SEND) exchange_send_failed(c->exchange, &end.id, end.curve, c->gate == NULL);
  if (action->type == ACTION_DIAL) exchange_link_down(c->exchange, &end.id, end.curve);
}

bool core_gate_actions(struct core *c) {
  struct exchange_action action;
  for (int i = 0; i < ACTIONS; i++) {
    if (c->gate != NULL && !pipe_has_room(c->gate, LIMIT_PIPE)) return false;
    if (!exchange_next(c->exchange, &action)) return false;
    action_do(c, &action);
  }
  return true;
}

/* ---- in: frames, links that end, strangers ---- */

static void gate_frame(struct core *c, struct canon_reader *r) {
  struct linkend end;
  canon_array_exact(r, 3);
  linkend_get(r, &end);
  const struct view frame = canon_bin(r, LIMIT_FRAME);
  if (r->fault != NULL) return;
  link_note(c, &end);
  exchange_receive(c->exchange, &end.id, end.curve, frame);
  c->dirty = true;
}

static void gate_lost(struct core *c, struct canon_reader *r, bool failed) {
  struct linkend end;
  canon_array_exact(r, failed ? 3 : 2);
  linkend_get(r, &end);
  const bool gone = failed && canon_bool(r);
  if (r->fault != NULL) return;
  if (failed) {
    exchange_send_failed(c->exchange, &end.id, end.curve, gone);
    return;
  }
  link_drop(c, &end);
  exchange_link_down(c->exchange, &end.id, end.curve);
}

static void gate_key(struct core *c, struct canon_reader *r, bool mismatch) {
  uint8_t curve[CURVE_LEN];
  canon_array_exact(r, 1);
  canon_fixed(r, curve, CURVE_LEN);
  if (r->fault != NULL) return;
  if (mismatch) {
    exchange_key_mismatch(c->exchange, curve);
  } else {
    exchange_stranger(c->exchange, curve);
  }
}

enum err_code core_gate_message(struct core *c, enum pipe_channel channel, struct view payload, struct err *err) {
  struct canon_reader r = canon_reader(payload);
  if (channel == PIPE_FRAME_IN) {
    gate_frame(c, &r);
  } else if (channel == PIPE_LINK_DOWN || channel == PIPE_SEND_FAILED) {
    gate_lost(c, &r, channel == PIPE_SEND_FAILED);
  } else if (channel == PIPE_STRANGER || channel == PIPE_MISMATCH) {
    gate_key(c, &r, channel == PIPE_MISMATCH);
  } else if (channel == PIPE_FAILED) {
    canon_array_exact(&r, 1);
    const uint64_t n = canon_uint(&r);
    if (r.fault == NULL) exchange_handshakes_failed(c->exchange, n);
  } else if (channel == PIPE_BOUND) {
    canon_array_exact(&r, 1);
    const struct view endpoint = canon_str(&r, LIMIT_ENDPOINT);
    memcpy(c->endpoint, endpoint.p == NULL ? (const uint8_t *)"" : endpoint.p, endpoint.len);
    c->endpoint[endpoint.len] = '\0';
  } else {
    canon_fail(&r, "a channel that the gate does not use");
  }
  return canon_finish(&r, "the gate's pipe", err);
}
