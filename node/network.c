/*
 * network: see network.h. Words first, then what they mean to people.
 */
#include "node/network.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "node/store/query_where.h"

#define LATER_S 10 /* a word that is so much younger than what was last heard came over somebody else */

static const char *text_of(const json_t *json, const char *key) {
  const char *text = json_string_value(json_object_get(json, key));
  return text == NULL ? "" : text;
}

static bool number_of(const json_t *json, const char *key, json_int_t *out) {
  const json_t *value = json_object_get(json, key);
  *out = json_integer_value(value);
  return json_is_integer(value);
}

/* ---- words ---- */

/* Whether a word of the member came since we serve, and later than anything that it sent us itself. */
static bool came_over_others(const json_t *member, const json_t *peer, json_int_t uptime_s) {
  json_int_t said = 0, heard = 0;
  if (!number_of(member, "said_s", &said) || said >= WHERE_SILENT_S || said >= uptime_s) return false;
  return !number_of(peer, "last_heard_s", &heard) || said + LATER_S < heard;
}

static const char *reach_of(const json_t *member, const json_t *peer, json_int_t uptime_s) {
  if (strcmp(text_of(peer, "state"), "open") == 0) return "linked";
  if (json_is_true(json_object_get(peer, "key_mismatch"))) return "key";
  if (came_over_others(member, peer, uptime_s)) return "indirect";
  return text_of(peer, "endpoint")[0] == '\0' && !json_is_integer(json_object_get(peer, "last_heard_s")) ? "waiting" : "silent";
}

static const json_t *peer_of(const json_t *told, const char *handle) {
  size_t i = 0;
  const json_t *peer = NULL;
  json_array_foreach(json_object_get(told, "peers"), i, peer) {
    if (strcmp(text_of(peer, "handle"), handle) == 0) return peer;
  }
  return NULL;
}

void network_join(json_t *members, const json_t *told) {
  static const char *const keys[] = {"last_heard_s", "behind", "ahead"};
  const json_int_t uptime_s = json_integer_value(json_object_get(told, "uptime_s"));
  size_t i = 0;
  json_t *member = NULL;
  json_array_foreach(members, i, member) {
    const json_t *peer = peer_of(told, text_of(member, "handle"));
    (void)json_object_set_new(member, "reach", json_string(peer == NULL ? "unasked" : reach_of(member, peer, uptime_s)));
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
      json_t *value = json_object_get(peer, keys[k]);
      (void)json_object_set_new(member, keys[k],
                                json_is_integer(value) ? json_integer(json_integer_value(value)) : json_null());
    }
  }
}

/* ---- sentences ---- */

void network_span(uint64_t seconds, char out[NETWORK_SPAN_MAX]) {
  static const struct {
    uint64_t at_least, divisor;
    const char *unit;
  } UNITS[] = {{UINT64_C(2) * 86400, 86400, "d"}, {UINT64_C(2) * 3600, 3600, "h"}, {120, 60, "min"}, {0, 1, "s"}};
  size_t i = 0;
  while (seconds < UNITS[i].at_least)
    i++;
  (void)snprintf(out, NETWORK_SPAN_MAX, "%" PRIu64 " %s", (seconds + UNITS[i].divisor / 2) / UNITS[i].divisor, UNITS[i].unit);
}

/* '@' stands for the time of `age`; without that, the form for when nothing ever came. */
static const struct {
  const char *reach, *age;
  const char *en, *it, *never_en, *never_it;
} SENTENCES[] = {
    {"linked", "last_heard_s", "linked; last heard @ ago", "collegato; sentito @ fa", "linked", "collegato"},
    {"key", "said_s",
     "another key answers at its address: it is not that member, or it does not know us; its last word is @ old",
     "al suo indirizzo risponde un'altra chiave: non è quel membro, o non ci conosce; la sua ultima parola ha @",
     "another key answers at its address: it is not that member, or it does not know us",
     "al suo indirizzo risponde un'altra chiave: non è quel membro, o non ci conosce"},
    {"indirect", "said_s",
     "not reached from here, but its word came over other members @ ago: the way between us is cut, or it has stopped since",
     "non raggiunto da qui, ma la sua parola è arrivata tramite altri membri @ fa: la via fra noi è interrotta, o da allora si "
     "è fermato",
     "", ""},
    {"silent", "last_heard_s",
     "not reached, last heard @ ago, and no word came over others since: it is stopped, or cut off from all",
     "non raggiunto, sentito @ fa, e nessuna parola è arrivata da allora tramite altri: è fermo, o isolato da tutti",
     "not reached, and no word of it came over others: it is stopped, or cut off from all",
     "non raggiunto, e nessuna sua parola è arrivata tramite altri: è fermo, o isolato da tutti"},
    {"waiting", "said_s", "its address is not known here, so it has to dial us; its last word is @ old",
     "il suo indirizzo qui non è noto: deve chiamarci; la sua ultima parola ha @",
     "its address is not known here, so it has to dial us", "il suo indirizzo qui non è noto: deve chiamarci"},
    {"unasked", "said_s", "this node does not serve; its last word is @ old",
     "questo nodo non è in servizio; la sua ultima parola ha @", "this node does not serve, and it never said anything",
     "questo nodo non è in servizio, e non ha mai detto nulla"},
};

void network_sentence(const json_t *member, const char *lang, char *out, size_t size) {
  const bool italian = strncmp(lang, "it", 2) == 0;
  char span[NETWORK_SPAN_MAX];
  json_int_t age = 0;
  out[0] = '\0';
  for (size_t i = 0; i < sizeof SENTENCES / sizeof SENTENCES[0]; i++) {
    if (strcmp(SENTENCES[i].reach, text_of(member, "reach")) != 0) continue;
    const bool known = number_of(member, SENTENCES[i].age, &age) && age >= 0;
    const char *form =
        known ? (italian ? SENTENCES[i].it : SENTENCES[i].en) : (italian ? SENTENCES[i].never_it : SENTENCES[i].never_en);
    const size_t at = strcspn(form, "@");
    network_span((uint64_t)age, span);
    (void)snprintf(out, size, "%.*s%s%s", (int)at, form, form[at] == '@' ? span : "", form[at] == '@' ? form + at + 1 : "");
  }
}
