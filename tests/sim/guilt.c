/*
 * guilt: see guilt.h.
 */
#include "tests/sim/guilt.h"

#include "node/exchange/inside.h"
#include "tests/sim/watch.h"

/* What no honest member can be guilty of, whatever befalls the lines. The others tell of lines: frames that do not verify at
 * their place, silence, stalls. */
static const enum counter GUILT[] = {
    COUNT_FRAME_FORMAT,    COUNT_FRAME_TOO_LARGE,    COUNT_HELLO_VERSION,        COUNT_HELLO_FEDERATION, COUNT_HELLO_PEER,
    COUNT_MESSAGE_FORMAT,  COUNT_MESSAGE_UNKNOWN,    COUNT_MESSAGE_UNASKED,      COUNT_HEADS_MISMATCH,   COUNT_HEADS_UNBACKED,
    COUNT_HEADS_UNKNOWN,   COUNT_CHECKPOINT_FORMAT,  COUNT_CHECKPOINT_SIGNATURE, COUNT_CHECKPOINT_GAP,   COUNT_CHECKPOINT_FORK,
    COUNT_EVIDENCE_FORMAT, COUNT_EVIDENCE_SIGNATURE, COUNT_EVIDENCE_PROOF,       COUNT_DATA_UNASKED,     COUNT_DATA_FORMAT,
    COUNT_DATA_MISMATCH,   COUNT_DATA_LIMIT,         COUNT_PULL_MISMATCH,        COUNT_QUOTA_FRAMES,     COUNT_QUOTA_BYTES,
    COUNT_STRANGER,        COUNT_KEY_MISMATCH,       COUNT_ERR_VERSION,          COUNT_ERR_FEDERATION,   COUNT_ERR_FORMAT,
    COUNT_EPOCH_FORMAT,    COUNT_EPOCH_QUORUM,       COUNT_ERR_SIGNATURE,        COUNT_ERR_UNKNOWN,      COUNT_ERR_TOO_LARGE,
    COUNT_ERR_NOT_MEMBER,  COUNT_ERR_OTHER,
};

/* Whoever lost its disk cannot show what it named before. */
static bool has_forgotten(const struct world *w, uint32_t who, enum counter c) {
  return w->restored.is_back && w->restored.node == who && c == COUNT_HEADS_UNBACKED;
}

void guilt_at_step(struct world *w, uint32_t node) {
  const struct exchange *x = w->sim.nodes[node].exchange;
  for (uint32_t p = 0; p < x->n_peers; p++) {
    uint32_t who = watch_owner(w, &x->peers[p].node);
    if (!world_is_honest(w, who) || x->peers[p].is_former) continue;
    for (size_t i = 0; i < sizeof GUILT / sizeof *GUILT; i++) {
      if (x->peers[p].counters.n[GUILT[i]] == 0 || has_forgotten(w, who, GUILT[i])) continue;
      world_break(w, "blameless", "%s counts %s of %s", world_name(w, node), counter_name(GUILT[i]), world_name(w, who));
    }
  }
  for (uint32_t i = 0; i < x->n_logs; i++) {
    uint32_t who = watch_owner(w, &x->logs[i]->node);
    if (x->logs[i]->is_forked && world_is_honest(w, who)) {
      world_break(w, "blameless", "%s holds that %s forked its log", world_name(w, node), world_name(w, who));
    }
  }
}
