/*
 * consenting: from an act (docs/protocol.md 6.5) to this node's consent to it: shown, asked, written as a wish; or, where root
 * keys must sign, as a file that goes to them and comes back (change_file.h).
 */
#ifndef SPECOLA_CLI_CONSENTING_H
#define SPECOLA_CLI_CONSENTING_H

#include "cli/submit.h"
#include "protocol/change.h"

/* What both commands take: --key SHEET…, -o FILE, --yes. */
#define CONSENT_OPTIONS                                                                                                        \
  {"key",                                                                                                                      \
   0,                                                                                                                          \
   OPTION_MANY,                                                                                                                \
   "SHEET",                                                                                                                    \
   "consent by this node's root keys, which a removal needs; again for each sheet",                                            \
   "acconsente con le chiavi radice del nodo, come serve per togliere un membro; ripetere per ogni foglio"},                   \
      {"out",                                                                                                                  \
       'o',                                                                                                                    \
       OPTION_VALUE,                                                                                                           \
       "FILE",                                                                                                                 \
       "instead: write it for root keys on another machine (specola root sign)",                                               \
       "invece: lo scrive per le chiavi radice di un'altra macchina (specola root sign)"},                                     \
  {                                                                                                                            \
    "yes", 0, OPTION_FLAG, NULL, "do not ask", "non chiede conferma"                                                           \
  }

/* "admit", "remove", "policy", for people. */
const char *consenting_word(const struct cli *cli, const char *act);
/* Consents to the act as args say: after a yes, by the node's key or by root sheets; or writes the file. ERR_REFUSED says which
 * rule the act breaks, or why this node has no say; ERR_USAGE, ERR_INPUT_NEEDED, ERR_INCOMPLETE (too few sheets). */
MUST_CHECK enum err_code consenting_to(struct cli *cli, const struct args *args, struct submit *s, struct view act,
                                       struct err *err);
/* *out: this node has consented to the act already, and it is not over. ERR_MEMORY, store errors. */
MUST_CHECK enum err_code consenting_is_known(const struct submit *s, struct view act, bool *out, struct err *err);
/* Says that this node consented already. What was to come of it and was interrupted is done now, where nobody serves. */
MUST_CHECK enum err_code consenting_known(struct cli *cli, struct submit *s, struct view act, struct err *err);
/* Hands in what root keys signed in a file: every consent in it that is whole and of an identity in force. ERR_INCOMPLETE:
 * none is; ERR_MISMATCH: of another observatory; those of change_file_read. */
MUST_CHECK enum err_code consenting_by_file(struct cli *cli, const struct args *args, struct submit *s, const char *path,
                                            struct err *err);

#endif
