/*
 * language: which language a text is in (language.h), by libexttextcat's fingerprints of n-grams.
 */
#include "protocol/schema/language.h"

#include <pthread.h>
#include <string.h>
#include <textcat.h>
#include <unistd.h>

#include "keys/text.h"

#define DATA "/usr/share/libexttextcat/"
#define READ_OCTETS 800u /* a few hundred octets suffice */

/* Close relatives that only fingerprints tell apart (Friulian, Scots, Galician) are left out: a wrong warning is worse than
 * none. */
static const char *const JUDGED[] = {"bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ga", "hr",
                                     "hu", "it", "lt", "lv", "mt", "nl", "pl", "pt", "ro", "sk", "sl", "sv"};

/* The classifier; both are only touched under the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *classifier;
static bool is_absent;

static void load(void) {
  if (classifier != NULL || is_absent) return;
  if (access(DATA "fpdb.conf", R_OK) == 0) classifier = special_textcat_Init(DATA "fpdb.conf", DATA);
  is_absent = classifier == NULL;
}

/* The one name in "[it--utf8]"; false for several, none, SHORT and UNKNOWN. */
static bool single_name(const char *guess, char out[4]) {
  if (guess == NULL || guess[0] != '[' || strchr(guess + 1, '[') != NULL) return false;
  const size_t len = strcspn(guess + 1, "-]");
  for (size_t i = 0; i < sizeof JUDGED / sizeof JUDGED[0]; i++) {
    if (len != strlen(JUDGED[i]) || strncmp(guess + 1, JUDGED[i], len) != 0) continue;
    memcpy(out, JUDGED[i], len + 1);
    return true;
  }
  return false;
}

bool language_guess(struct view text, char out[4]) {
  size_t len = text.len;
  if (len > READ_OCTETS) {
    len = READ_OCTETS;
    while (len > 0 && (text.p[len] & 0xc0) == 0x80)
      len--; /* not within a character */
  }
  (void)pthread_mutex_lock(&lock);
  load();
  const bool found = classifier != NULL && single_name(textcat_Classify(classifier, (const char *)text.p, len), out);
  (void)pthread_mutex_unlock(&lock);
  return found;
}

void language_release(void) {
  (void)pthread_mutex_lock(&lock);
  if (classifier != NULL) textcat_Done(classifier);
  classifier = NULL;
  is_absent = false;
  (void)pthread_mutex_unlock(&lock);
}
