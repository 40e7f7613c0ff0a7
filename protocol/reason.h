/*
 * reason: why an entry is HELD, a record REFUSED or a message answered with ERR. One table each: number on the wire, name
 * shown to people and used as counter, sentence. docs/protocol.md 4.6 and 8.5.
 */
#ifndef SPECOLA_PROTOCOL_REASON_H
#define SPECOLA_PROTOCOL_REASON_H

#include <stdint.h>

/* X(symbol, number, name, what it means, what to do) */
#define REASON_TABLE(X)                                                                                                        \
  X(REASON_NONE, 0, "none", "nothing is wrong", "")                                                                            \
  X(REASON_FORMAT, 1, "format", "not an envelope, or its header is not canonical", "")                                         \
  X(REASON_VERSION, 2, "version", "written in a later version of the protocol", "upgrade this node")                           \
  X(REASON_KIND, 3, "kind", "a kind of record that this version does not evaluate", "upgrade this node")                       \
  X(REASON_ALG, 4, "alg", "a signature algorithm that this version does not know", "upgrade this node")                        \
  X(REASON_KEY, 5, "key", "the author's key is not a valid point", "")                                                         \
  X(REASON_SIGNATURE, 6, "signature", "the author's signature does not verify", "")                                            \
  X(REASON_HOME, 7, "home", "written for another node's log", "submit it to the node for which it was written")                \
  X(REASON_SHAPE, 8, "shape", "subject, refs or args are not those of its kind", "")                                           \
  X(REASON_AUTHOR, 9, "author", "the author has no certificate in this log", "ask the coordinator: specola person certify")    \
  X(REASON_REVOKED, 10, "revoked", "the author's key was revoked", "ask the coordinator to certify a new key")                 \
  X(REASON_RIGHTS, 11, "rights", "the author's roles do not allow this", "ask an editor, or the coordinator for the role")     \
  X(REASON_SUBJECT, 12, "subject", "the object that it names is not in this log", "")                                          \
  X(REASON_STALE, 13, "stale", "a newer version exists", "look at the newest version and change that one")                     \
  X(REASON_BODY, 14, "body", "the body is not canonical", "")                                                                  \
  X(REASON_IDENTITY, 15, "identity", "the identity does not follow from the one before", "")                                   \
  X(REASON_REPEATED, 16, "repeated", "the log holds this record already at a lower position", "")                              \
  X(REASON_BALLOT, 17, "ballot", "a vote that does not follow on the votes below it in the log", "")                           \
  X(REASON_SCHEMA, 32, "schema", "this node does not know the kind of object", "put its schema into the node's schema folder") \
  X(REASON_NEED, 33, "need", "something that is needed to publish is missing or has the wrong type", "specola check FILE")     \
  X(REASON_TERRITORY, 34, "territory", "outside the author's territory", "ask an editor of that territory")                    \
  X(REASON_DUPLICATE, 35, "duplicate", "the log holds this object already", "publish a new version of it")                     \
  X(REASON_TOO_LARGE, 36, "too-large", "over a limit of the protocol", "shorten it")                                           \
  X(REASON_ATTACHMENT, 37, "attachment", "attachments are described, not yet exchanged", "leave out its blob")                 \
  X(REASON_FEDERATION, 38, "federation", "written for another observatory", "look whether the line was cut or mixed up")       \
  X(REASON_NOT_YET, 39, "not-yet", "the node cannot write now", "try again later; specola status says why")                    \
  X(REASON_TOKEN, 40, "token", "this node has no such invitation", "ask who invited you whether the line is whole")            \
  X(REASON_USED, 41, "used", "another key has used this invitation", "ask who invited you for a new line, and who used it")    \
  X(REASON_EXPIRED, 42, "expired", "the invitation is too old", "ask who invited you for a new line")                          \
  X(REASON_CANCELLED, 43, "cancelled", "the invitation was taken back", "ask who invited you")                                 \
  X(REASON_PERSON, 44, "person", "the key is another person's", "use a key of your own")                                       \
  X(REASON_GIVEN_UP, 45, "given-up", "its home could not be reached for a month", "hand it in again, or to the home itself")

enum reason {
#define REASON_ENUM(symbol, number, name, text, todo) symbol = (number),
  REASON_TABLE(REASON_ENUM)
#undef REASON_ENUM
};

/* Static storage. A number that is not in the table: "unknown", "", "". */
const char *reason_name(uint64_t number) __attribute__((const));
const char *reason_text(uint64_t number) __attribute__((const));
const char *reason_todo(uint64_t number) __attribute__((const));

#endif
