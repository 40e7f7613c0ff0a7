/*
 * counters: everything that is counted of a peer, by name and with a sentence for people. A misbehaviour moves exactly one of
 * them; those of ordinary traffic (frames. octets. pull.done entries. link.) say that a peer is alive.
 */
#ifndef SPECOLA_NODE_EXCHANGE_COUNTERS_H
#define SPECOLA_NODE_EXCHANGE_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

/* X(symbol, name, sentence). The last eleven are ERR messages received, in the order of their codes (docs/protocol.md 8.5). */
#define COUNTERS(X)                                                                                                            \
  X(COUNT_FRAMES_SENT, "frames.sent", "frames handed to the transport")                                                        \
  X(COUNT_FRAMES_RECEIVED, "frames.received", "frames that came in, whatever they were")                                       \
  X(COUNT_OCTETS_SENT, "octets.sent", "octets of the frames sent")                                                             \
  X(COUNT_OCTETS_RECEIVED, "octets.received", "octets of the frames received")                                                 \
  X(COUNT_LINK_OPENED, "link.opened", "sessions that opened")                                                                  \
  X(COUNT_LINK_LOST, "link.lost", "open sessions that ended")                                                                  \
  X(COUNT_LINK_FAILED, "link.failed", "dials that nobody answered in time")                                                    \
  X(COUNT_LINK_STALLED, "link.stalled", "frames that waited because the peer does not read")                                   \
  X(COUNT_PULL_DONE, "pull.done", "milestones that were pulled from it")                                                       \
  X(COUNT_ENTRIES_PULLED, "entries.pulled", "entries that were pulled from it")                                                \
  X(COUNT_ENTRIES_FILLED, "entries.filled", "entries whose missing body came from it")                                         \
  X(COUNT_ENTRIES_SERVED, "entries.served", "entries that were served to it")                                                  \
  X(COUNT_FRAME_FORMAT, "frame.format", "a frame that is not a payload and a signature")                                       \
  X(COUNT_FRAME_SIGNATURE, "frame.signature", "a frame that does not verify on this link, at this place")                      \
  X(COUNT_FRAME_NO_SESSION, "frame.no-session", "a frame outside any session, or word that ours is unknown")                   \
  X(COUNT_FRAME_TOO_LARGE, "frame.too-large", "a frame over its limit")                                                        \
  X(COUNT_HELLO_VERSION, "hello.version", "a HELLO with no protocol version that we speak")                                    \
  X(COUNT_HELLO_FEDERATION, "hello.federation", "a HELLO of another federation")                                               \
  X(COUNT_HELLO_PEER, "hello.peer", "a HELLO with another node's id than its CURVE key's")                                     \
  X(COUNT_MESSAGE_FORMAT, "message.format", "a message that is not canonical or not of its form")                              \
  X(COUNT_MESSAGE_UNKNOWN, "message.unknown", "a message or request that is reserved or unknown")                              \
  X(COUNT_MESSAGE_UNASKED, "message.unasked", "an answer that nobody asked for")                                               \
  X(COUNT_HEADS_MISMATCH, "heads.mismatch", "a HEADS row with another root than ours, and no checkpoint behind it")            \
  X(COUNT_HEADS_UNBACKED, "heads.unbacked", "a HEADS row that no checkpoint covers")                                           \
  X(COUNT_HEADS_UNKNOWN, "heads.unknown", "a HEADS row of a log that the epoch does not know")                                 \
  X(COUNT_EPOCH_FORMAT, "epoch.format", "an epoch item that is none")                                                          \
  X(COUNT_EPOCH_QUORUM, "epoch.quorum", "an epoch that does not follow on ours, or that too few voted for")                    \
  X(COUNT_HOLDS_FORMAT, "holds.format", "a HOLDS item that is none")                                                           \
  X(COUNT_HOLDS_SIGNATURE, "holds.signature", "a HOLDS item that its holder did not sign")                                     \
  X(COUNT_CHECKPOINT_FORMAT, "checkpoint.format", "a checkpoint that is not one, or of another log")                           \
  X(COUNT_CHECKPOINT_SIGNATURE, "checkpoint.signature", "a checkpoint that is not under the owner's key")                      \
  X(COUNT_CHECKPOINT_GAP, "checkpoint.gap", "checkpoints further apart than a milestone may be")                               \
  X(COUNT_CHECKPOINT_LIMIT, "checkpoint.limit", "several checkpoints where nobody asked: one, the newest, may come")           \
  X(COUNT_CHECKPOINT_FORK, "checkpoint.fork", "it signed two branches of its log")                                             \
  X(COUNT_EVIDENCE_FORMAT, "evidence.format", "an ALERT whose evidence is none, or of another log")                            \
  X(COUNT_EVIDENCE_SIGNATURE, "evidence.signature", "an ALERT with a checkpoint that its owner did not sign")                  \
  X(COUNT_EVIDENCE_PROOF, "evidence.proof", "an ALERT with a proof that does not hold")                                        \
  X(COUNT_DATA_UNASKED, "data.unasked", "DATA that was not asked for")                                                         \
  X(COUNT_DATA_FORMAT, "data.format", "DATA that is not the window that was asked for")                                        \
  X(COUNT_DATA_MISMATCH, "data.mismatch", "a body that does not match its commitment")                                         \
  X(COUNT_DATA_LIMIT, "data.limit", "more octets of bodies than a milestone may hold")                                         \
  X(COUNT_FILL_MISMATCH, "fill.mismatch", "a body that came later and does not match: a false one, or of another branch")      \
  X(COUNT_PULL_MISMATCH, "pull.mismatch", "entries that do not fold to the signed root, and are of no branch of it")           \
  X(COUNT_TIMEOUT, "timeout", "a question without an answer")                                                                  \
  X(COUNT_QUOTA_FRAMES, "quota.frames", "frames over the quota of unasked ones")                                               \
  X(COUNT_QUOTA_BYTES, "quota.bytes", "frames over the quota of unasked octets")                                               \
  X(COUNT_QUOTA_TEXTS, "quota.checkpoints", "checkpoints over the quota of unasked ones")                                      \
  X(COUNT_HANDSHAKE, "handshake", "a connection that ended before it proved a key")                                            \
  X(COUNT_STRANGER, "stranger", "a handshake or frame under a CURVE key that is no member's")                                  \
  X(COUNT_KEY_MISMATCH, "key-mismatch", "a handshake that failed over its keys: not the network's fault")                      \
  X(COUNT_ERR_NO_SESSION, "err.no-session", "it answered: no session")                                                         \
  X(COUNT_ERR_VERSION, "err.version", "it answered: no common version")                                                        \
  X(COUNT_ERR_FEDERATION, "err.federation", "it answered: another federation")                                                 \
  X(COUNT_ERR_FORMAT, "err.format", "it answered: not of the form")                                                            \
  X(COUNT_ERR_SIGNATURE, "err.signature", "it answered: the signature does not verify")                                        \
  X(COUNT_ERR_UNKNOWN, "err.unknown", "it answered: unknown message")                                                          \
  X(COUNT_ERR_NOT_HELD, "err.not-held", "it answered: not held")                                                               \
  X(COUNT_ERR_BUSY, "err.busy", "it answered: busy")                                                                           \
  X(COUNT_ERR_QUOTA, "err.quota", "it answered: over the quota")                                                               \
  X(COUNT_ERR_TOO_LARGE, "err.too-large", "it answered: too large")                                                            \
  X(COUNT_ERR_NOT_MEMBER, "err.not-member", "it answered: not a member")                                                       \
  X(COUNT_ERR_OTHER, "err.other", "it answered with an error code that we do not know")

enum counter {
#define COUNTER_ENUM(symbol, name, sentence) symbol,
  COUNTERS(COUNTER_ENUM)
#undef COUNTER_ENUM
      N_COUNTERS
};

/* A peer's counters, or a node's. */
struct counters {
  uint64_t n[N_COUNTERS];
};
const char *counter_name(enum counter c) __attribute__((const));
/* For people, lower case, no full stop. */
const char *counter_sentence(enum counter c) __attribute__((const));
/* False if there is no such name; *out is untouched then. */
bool counter_by_name(const char *name, enum counter *out);
/* True for one that only says that a peer is alive. */
bool counter_is_traffic(const char *name);
/* The counter of an ERR message's code. */
enum counter counter_of_error(uint64_t code) __attribute__((const));

#endif
