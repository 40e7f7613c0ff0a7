/*
 * said: what an endorsement says beside its statement (docs/protocol.md 16): criteria, language, interest, remark; given as
 * options, or asked for; shown, agreed to, encoded. What endorse and sign share.
 *
 * "policy" is a policy as query_endorse tells it.
 */
#ifndef SPECOLA_CLI_SAID_H
#define SPECOLA_CLI_SAID_H

#include "cli/cli.h"
#include "protocol/schema/schema.h"

/* Rows of options for a command that signs. */
#define SAID_OPTIONS                                                                                                           \
  {"criteria",                                                                                                                 \
   0,                                                                                                                          \
   OPTION_MANY,                                                                                                                \
   "CODE",                                                                                                                     \
   "what you affirm, of the policy's criteria (all of them)",                                                                  \
   "che cosa si afferma, fra i criteri della regola (tutti)"},                                                                 \
      {"language", 0, OPTION_VALUE, "CODE", "the language in which you read it", "la lingua in cui lo si è letto"},            \
      {"interest",                                                                                                             \
       0,                                                                                                                      \
       OPTION_VALUE,                                                                                                           \
       "TEXT",                                                                                                                 \
       "what ties you to it, for everybody to read",                                                                           \
       "che cosa lega chi firma, leggibile da tutti"},                                                                         \
      {"remark",                                                                                                               \
       0,                                                                                                                      \
       OPTION_VALUE,                                                                                                           \
       "TEXT",                                                                                                                 \
       "a remark, for everybody to read; in the language of --lang",                                                           \
       "un'osservazione, leggibile da tutti; nella lingua di --lang"},                                                         \
  {                                                                                                                            \
    "yes", 'y', OPTION_FLAG, NULL, "do not ask; needed where there is no terminal",                                            \
        "senza chiedere conferma; necessario senza terminale"                                                                  \
  }

/* The criteria named, each of them of the policy; none named: all. hint: how to see them. ERR_USAGE, ERR_MEMORY. */
MUST_CHECK enum err_code said_criteria(const struct args *args, const json_t *policy, const char *hint, json_t *said,
                                       struct err *err);
/* Language, interest and remark. ERR_USAGE, and those of ask_line. */
MUST_CHECK enum err_code said_texts(struct cli *cli, const struct args *args, json_t *said, struct err *err);
/* The sentence, and each criterion by its name. */
void said_show(struct cli *cli, const struct schema_set *schemas, const json_t *policy, const json_t *said);
/* Shows the texts of said, then asks for the person's yes. command: what is to be typed with --yes where nobody can be asked.
 * ERR_INPUT_NEEDED, ERR_REFUSED (no). */
MUST_CHECK enum err_code said_agreed(struct cli *cli, const struct args *args, const json_t *said, const char *question,
                                     const char *command, struct err *err);
/* The body. ERR_USAGE (it cannot be signed), ERR_MEMORY. */
MUST_CHECK enum err_code said_encode(json_t *said, struct bytes *out, struct err *err);

#endif
