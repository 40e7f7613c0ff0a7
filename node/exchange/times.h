/*
 * times: how long this room waits, and how much it keeps of what. What others are told of is in protocol/limits.h and
 * docs/protocol.md 8.
 */
#ifndef SPECOLA_NODE_EXCHANGE_TIMES_H
#define SPECOLA_NODE_EXCHANGE_TIMES_H

#include "protocol/limits.h"

/* Times in ms. */
#define HELLO_WAIT_MS 8000u     /* from a dial to the peer's HELLO */
#define DIAL_FIRST_MS 200u      /* the first retry */
#define DIAL_LAST_MS 30000u     /* retries double up to this */
#define DIAL_GIVE_UP_MS 1600u   /* after three failures in a row another one is chosen beside it */
#define DIAL_ALL 30u            /* members up to which everybody dials everybody */
#define DIAL_FEW 4u             /* dialled by rendezvous hash above */
#define REOPEN_MS 5000u         /* docs/protocol.md 8.2: at most one reopening */
#define HEADS_GAP_MS 50u        /* between two HEADS on a link */
#define HEADS_GAP_MANY_MS 2000u /* the same above MANY_MEMBERS */
#define MANY_MEMBERS 50u
#define HEADS_EVERY_MS 300000u       /* the empty HEADS, +-20 % */
#define HEADS_NOW_MS 1000u           /* the same with idle_now */
#define HOLDS_EVERY_MS 300000u       /* our own HOLDS, +-20 % */
#define HOLDS_EVERY_MANY_MS 3600000u /* the same above MANY_MEMBERS */
#define HOLDS_GAP_MS 6000u           /* between two of ours when there is news, at least */
#define HOLDS_GAP_SHARE_MS 100u      /* and so much times the members squared */
#define HOLDS_TAKEN_MS 5000u         /* one of a holder is taken in so long, */
#define HOLDS_TOGETHER_MS 200u       /* between two HOLDS on a link above MANY_MEMBERS */
#define HOLDS_BURST 4u               /* but so many at once: some come late, behind one another */
#define RECORD_FIRST_MS 2000u        /* whoever found a fork records it after so long, or up to three times as long, */
#define RECORD_OTHERS_MS 60000u      /* the others after so long, or up to three times as long, if nobody did */
#define PROOF_WAIT_MS 2000u          /* a peer that does not prove what it holds for so long is left for the next one */
#define ALERT_GAP_MS 20u             /* between two ALERTs on a link */
#define GRACE_MS 50u                 /* a CKPT that follows HEADS unasked is waited for so long */
#define ASK_AGAIN_MS 250u            /* then a second peer is asked for the same checkpoints */
#define SLOW_MS 1000u         /* a source that says nothing for so long is left if another can serve; doubled each time */
#define TIMEOUT_MS 10000u     /* a question without an answer */
#define DEADLINE_MS 60000u    /* the same, however much of other answers came */
#define OVERLAP_MS 20u        /* a complete pull waits so long for its follower's first entries: verdicts and writes overlap */
#define OVERLAP_LAST_MS 200u  /* but no longer than this, however its source spreads them */
#define FAULT_FIRST_MS 10000u /* a peer that served a lie is not asked for that log for so long, then twice as long */
#define FAULT_LAST_MS 600000u
#define FILL_IDLE_MS 5000u    /* whoever gave no body for so long is left, if another can be asked for those that are absent */
#define GET_HEAL 3u           /* request.what: a GET of mode 0 for entries that are damaged here */
#define STORE_RETRY_MS 1000u  /* after an error of our own store */
#define GUARD_RETRY_MS 10000u /* after an error of the head file or the outbox */
#define STALL_FIRST_MS 20u    /* a parked frame is tried again */
#define STALL_LAST_MS 1000u
#define STALL_CLEAR_MS 10u   /* after a second try nothing else is sent for so long: a refusal may still be on its way */
#define BURST_MAX 4u         /* frames of a link at one go, */
#define BURST_GAP_MS 4u      /* and then none for so long: the transport holds eight, and a second refusal costs the link */
#define STALL_MAX_MS 30000u  /* then the link is given up */
#define SILENT_MS 60000u     /* a closed accepted link is forgotten */
#define DEAD_MS 900000u      /* an open one on which nothing was heard is given up: see HEADS_EVERY_MS */
#define IDLE_QUIET_MS 300u   /* `sync`: nothing moved for so long */
#define IDLE_BEHIND_MS 2000u /* `sync`: a peer that lacks something of ours has so long to ask for it */
#define TICK_MS 1000u

/* How many. */
#define REQUESTS_MAX 32u /* in flight or remembered, a peer: struct peer.owed has a bit for each */
#define WANTS_MAX 8u     /* WANT in flight to a peer */
#define ASKS_MAX 32u     /* of a peer that wait for an answer, a link */
#define QUEUE_MAX 64u    /* payloads waiting, a link */
#define LINKS_MAX (2u * LIMIT_PEERS)
#define LINKS_OF_PEER 4u   /* accepted links that one member may have */
#define MILESTONES_MAX 64u /* checkpoints waiting, a log */
#define STASH_MAX 8u       /* windows that came before their turn, a log */
#define HOLES_MAX 8u       /* ranges to be asked again, a log: LIMIT_GETS would do */
#define CKPTS_FOLLOW 4u    /* logs that HEADS names at most, if their checkpoints follow it unasked */
#define PULLS_MAX 4u /* milestones of a log on their way: one that is written, others whose authors are verified meanwhile */
#define ENTRIES_FIRST 256u /* entries asked for in one GET, before a window was seen */
#define NOTE_MAX 160u
#define PAYLOAD_MAX (LIMIT_FRAME - 256u)

#endif
