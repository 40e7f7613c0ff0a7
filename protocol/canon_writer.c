/*
 * canon_writer: the writer of canonical msgpack (docs/protocol.md section 1; declared in canon.h). msgpack-c packs each value
 * in its shortest form through a callback into a capped buffer. What went wrong first is kept and told by canon_written().
 */
#include <msgpack.h>

#include "protocol/canon.h"

/* msgpack-c's callback: appends to the writer's buffer. */
static int write_octets(void *context, const char *p, size_t len) {
  struct canon_writer *w = context;
  if (w->code == OK) w->code = bytes_append(w->out, view_of(p, len), NULL);
  return w->code == OK ? 0 : -1;
}

static msgpack_packer packer_of(struct canon_writer *w) {
  msgpack_packer packer;
  msgpack_packer_init(&packer, w, write_octets);
  return packer;
}

struct canon_writer canon_writer(struct bytes *out) {
  return (struct canon_writer){.out = out, .code = OK};
}

void canon_put_nil(struct canon_writer *w) {
  msgpack_packer packer = packer_of(w);
  (void)msgpack_pack_nil(&packer);
}

void canon_put_bool(struct canon_writer *w, bool value) {
  msgpack_packer packer = packer_of(w);
  (void)(value ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer));
}

void canon_put_uint(struct canon_writer *w, uint64_t value) {
  msgpack_packer packer = packer_of(w);
  (void)msgpack_pack_uint64(&packer, value);
}

/* A str or bin longer than msgpack can say is over every ceiling. */
static bool length_fits(struct canon_writer *w, size_t len) {
  if (len > UINT32_MAX && w->code == OK) w->code = ERR_LIMIT;
  return w->code == OK;
}

void canon_put_str(struct canon_writer *w, struct view text) {
  if (!length_fits(w, text.len)) return;
  msgpack_packer packer = packer_of(w);
  (void)msgpack_pack_str(&packer, text.len);
  (void)msgpack_pack_str_body(&packer, text.p, text.len);
}

void canon_put_text(struct canon_writer *w, const char *text) {
  canon_put_str(w, view_of_text(text));
}

void canon_put_bin(struct canon_writer *w, struct view v) {
  if (!length_fits(w, v.len)) return;
  msgpack_packer packer = packer_of(w);
  (void)msgpack_pack_bin(&packer, v.len);
  (void)msgpack_pack_bin_body(&packer, v.p, v.len);
}

void canon_put_array(struct canon_writer *w, uint32_t n) {
  msgpack_packer packer = packer_of(w);
  (void)msgpack_pack_array(&packer, n);
}

void canon_put_map(struct canon_writer *w, uint32_t n) {
  msgpack_packer packer = packer_of(w);
  (void)msgpack_pack_map(&packer, n);
}

void canon_put_hash(struct canon_writer *w, const struct hash *h) {
  canon_put_bin(w, hash_view(h));
}

void canon_put_opt_hash(struct canon_writer *w, const struct hash *h) {
  if (h == NULL) {
    canon_put_nil(w);
  } else {
    canon_put_hash(w, h);
  }
}

void canon_put_pubkey(struct canon_writer *w, const struct pubkey *k) {
  canon_put_bin(w, pubkey_view(k));
}

void canon_put_signature(struct canon_writer *w, const struct signature *s) {
  canon_put_bin(w, view_of(s->b, sizeof s->b));
}

void canon_put_raw(struct canon_writer *w, struct view encoded) {
  if (w->code == OK) w->code = bytes_append(w->out, encoded, NULL);
}

enum err_code canon_written(const struct canon_writer *w, const char *what, struct err *err) {
  if (w->code == OK) return OK;
  if (w->code == ERR_MEMORY) return err_set(err, ERR_MEMORY, NULL);
  return err_set(err, w->code, "%s: over %zu octets", what, w->out->ceiling);
}
