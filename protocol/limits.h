/*
 * limits: every ceiling of the protocol, each with its unit and reason. They are protocol constants, tied to version 1
 * (docs/protocol.md section 13); queues and windows that are a node's own choice stand at the end.
 */
#ifndef SPECOLA_PROTOCOL_LIMITS_H
#define SPECOLA_PROTOCOL_LIMITS_H

#include <stdint.h>

#define LIMIT_HEADER 1024u              /* octets of a record header: 16 refs and 16 args fit twice */
#define LIMIT_SIGNATURE 512u            /* octets of an envelope's signature field: alg 1 has 64, alg 2 a path of 6 hashes */
#define LIMIT_ENVELOPE 1543u            /* octets: array of bin header and bin signature */
#define LIMIT_BODY 262144u              /* octets of a body: the largest real case is 46 kB */
#define LIMIT_ITEM (LIMIT_BODY + 2048u) /* octets of an encoded item: envelope, salt, body */
#define LIMIT_REFS 16u                  /* refs in a header */
#define LIMIT_ARGS 16u                  /* args in a header */
#define LIMIT_NUMBER 9223372036854775807ull /* any number: what databases and languages hold in a signed integer */
#define LIMIT_SIZE 1099511627775ull         /* the size of a log, below 2^40: no sum of sizes overflows */
#define LIMIT_POSITION (LIMIT_SIZE - 1)     /* the last position of a log of that size */
#define LIMIT_GEN 4294967295ull             /* generations of a log */
#define LIMIT_DEPTH 8u                      /* nesting of arrays and maps */
#define LIMIT_LIST 256u                     /* elements of an array and pairs of a map inside a body */
#define LIMIT_FRAME 524288u                 /* octets of a frame: one item always fits */
#define LIMIT_HANDSHAKE 4096u               /* octets of a frame before its sender is known */
#define LIMIT_DATA_SOFT 262144u             /* octets of a DATA payload after which no further item is added */
#define LIMIT_DATA_RAW 1048576u             /* octets of a window after inflating, never more */
#define LIMIT_PIPE 614400u                  /* octets of a message between processes: a frame and its addresses */
#define LIMIT_CHECKPOINT 1024u              /* octets of a checkpoint text */
#define LIMIT_MEMBERS 256u                  /* members of an epoch, associates included */
#define LIMIT_LED 32u                       /* associates of one lead that are admitted: no country has more large regions */
#define LIMIT_ASSOCIATES 192u               /* associates that are admitted, of all leads: 64 places stay for voices */
#define LIMIT_PEERS 128u                    /* open links */
#define LIMIT_ROOTS 7u                      /* root keys of an identity */
#define LIMIT_ENDPOINTS 4u                  /* endpoints of an address */
#define LIMIT_ENDPOINT 255u                 /* octets of an endpoint or web base */
#define LIMIT_IDENTITY 4096u                /* octets of an identity body */
#define LIMIT_CHARTER 262144u               /* octets of a charter body */
#define LIMIT_TWINS 8u                      /* identities of a member beside those that are believed: each costs a kept item */
#define LIMIT_POLICIES 16u                  /* policies of a charter */
#define LIMIT_FORMERS 768u                  /* former members of an epoch: HEADS names LIMIT_HEADS logs */
#define LIMIT_PAST_POLICIES 256u            /* policies that were dropped: one a month for twenty years */
#define LIMIT_CHANGES 16u                   /* changes of a proposal */
#define LIMIT_CHANGES_BYTES 131072u         /* octets of encoded changes: an epoch item fits a frame */
#define LIMIT_EPOCH_ITEM 425984u            /* octets of an epoch item: body, changes, a vote of each of 256 voices */
#define LIMIT_BALLOT 4294967295ull          /* the highest ballot of an epoch: nobody gets there by waiting */
#define LIMIT_NAME 200u                     /* Unicode characters of a name, per language */
#define LIMIT_LANGUAGES 32u                 /* languages of an ml text of the protocol (charter, policy) */
#define LIMIT_HEADS 1024u                   /* logs named by one HEADS */
#define LIMIT_HOLDS 49152u                  /* octets of what a member says it holds: 1024 logs at their longest */
#define LIMIT_EVIDENCE 5120u                /* octets of an evidence item: two checkpoints and two proofs at their longest */
#define LIMIT_CHECKPOINTS 32u               /* checkpoints in one CKPT */
#define LIMIT_MILESTONE_ENTRIES 2048u       /* entries between two milestones of an owner */
#define LIMIT_MILESTONE_BYTES 16777216u     /* octets of bodies between two milestones */
#define LIMIT_SUBMIT 256u                   /* records of one submission */
#define LIMIT_SUBMIT_BYTES 524288u          /* octets of one submission */
#define LIMIT_ASK 1024u                     /* octets of an ask of a person: a name of 200 characters fits */
#define LIMIT_ASK_NODE 8192u                /* octets of an ask of a node: a founding request fits */
#define LIMIT_ERR_TEXT 256u                 /* octets of the text of ERR */
#define LIMIT_GETS 4u                       /* GETs in flight to one peer */
#define LIMIT_LOG_BODIES 2147483648ull      /* octets of one member's logs before the operator raises it: 2 GiB */
#define LIMIT_BUNDLE_ITEM 1052672u          /* octets of one item of a bundle */

/* A node's own queues and windows. */
#define LIMIT_FINDINGS 64u                 /* findings kept of one body */
#define LIMIT_CORE_QUEUE 256u              /* frames waiting between gate and core, each way */
#define LIMIT_UNASKED_FRAMES 100u          /* unasked frames a peer may send in a second */
#define LIMIT_UNASKED_BYTES 1048576u       /* octets of unasked frames a peer may send in a second */
#define LIMIT_UNASKED_TEXTS 200u           /* unasked checkpoints of a peer that are verified in a second */
#define LIMIT_DIALLED 32u                  /* links that a node dials: the gate has memory for their queues */
#define LIMIT_PINNED 27u                   /* peers pinned by node.ini and --peer: others are chosen beside them */
#define LIMIT_STRANGERS 64u                /* unknown CURVE keys remembered for `status` */
#define LIMIT_IMPORT_LINE 1048576u         /* octets of one line of an imported file */
#define LIMIT_SHEET_COLUMNS 1024u          /* columns of an imported sheet; a row of it has LIMIT_IMPORT_LINE octets at most */
#define LIMIT_DRAFT 524288u                /* octets of a draft file */
#define LIMIT_HTTP_HEADER 8192u            /* octets of an HTTP request's header on run/ctl */
#define LIMIT_PROVABLE (UINT64_C(1) << 20) /* entries of a log of which proofs are made: 32 MiB of leaf hashes */

#endif
