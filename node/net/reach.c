/*
 * reach: see reach.h. The ranges are those of the IANA registries of special-purpose addresses (RFC 6890 and after).
 */
#include "node/net/reach.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "keys/bytes.h"

#define LOCALHOST "localhost"

struct range {
  uint8_t octets[16]; /* from the first on */
  uint8_t bits;       /* of them that count */
  enum reach reach;
};

static const struct range FOUR[] = {
    {{0}, 8, REACH_MACHINE},         {{10}, 8, REACH_SITE},       {{100, 64}, 10, REACH_SITE},   {{127}, 8, REACH_MACHINE},
    {{169, 254}, 16, REACH_MACHINE}, {{172, 16}, 12, REACH_SITE}, {{192, 0, 0}, 24, REACH_SITE}, {{192, 168}, 16, REACH_SITE},
    {{198, 18}, 15, REACH_SITE},     {{224}, 4, REACH_NOBODY},    {{240}, 4, REACH_NOBODY},
};

static const struct range SIX[] = {
    {{0xfc}, 7, REACH_SITE},
    {{0xfe, 0x80}, 10, REACH_MACHINE},
    {{0xfe, 0xc0}, 10, REACH_SITE},
    {{0xff}, 8, REACH_NOBODY},
};

/* IPv6 addresses that hold an IPv4 one, and where. */
static const struct holder {
  uint8_t octets[16];
  uint8_t bits, at;
} HOLDERS[] = {
    {{[10] = 0xff, [11] = 0xff}, 96, 12}, /* mapped */
    {{0}, 96, 12},                        /* compatible; :: and ::1 are of 0/8 */
    {{0, 0x64, 0xff, 0x9b}, 96, 12},      /* NAT64 */
    {{0x20, 0x02}, 16, 2},                /* 6to4 */
};

static bool is_within(const uint8_t *address, const uint8_t *octets, uint8_t bits) {
  const size_t whole = bits / 8u;
  const uint8_t mask = (uint8_t)(0xff00u >> (bits % 8u));
  return memcmp(address, octets, whole) == 0 && (bits % 8u == 0 || ((address[whole] ^ octets[whole]) & mask) == 0);
}

static enum reach look_up(const uint8_t *address, const struct range *ranges, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (is_within(address, ranges[i].octets, ranges[i].bits)) return ranges[i].reach;
  }
  return REACH_WORLD;
}

static enum reach of_four(const uint8_t address[4]) {
  return look_up(address, FOUR, sizeof FOUR / sizeof FOUR[0]);
}

static enum reach of_six(const uint8_t address[16]) {
  for (size_t i = 0; i < sizeof HOLDERS / sizeof HOLDERS[0]; i++) {
    if (is_within(address, HOLDERS[i].octets, HOLDERS[i].bits)) return of_four(address + HOLDERS[i].at);
  }
  return look_up(address, SIX, sizeof SIX / sizeof SIX[0]);
}

enum reach reach_of_socket(const struct sockaddr *to) {
  struct sockaddr_in four;
  struct sockaddr_in6 six;
  if (to->sa_family == AF_INET) {
    memcpy(&four, to, sizeof four);
    return of_four((const uint8_t *)&four.sin_addr);
  }
  if (to->sa_family != AF_INET6) return REACH_NOBODY;
  memcpy(&six, to, sizeof six);
  return of_six(six.sin6_addr.s6_addr);
}

/* The host of an address: without brackets, without a port. */
static struct view host_of(const char *url) {
  const char *begin = strstr(url, "://");
  begin = begin == NULL ? url : begin + 3;
  const size_t len = strcspn(begin, "/");
  const char *end = memchr(begin, ']', len);
  if (len > 0 && begin[0] == '[' && end != NULL) return view_of(begin + 1, (size_t)(end - begin) - 1);
  end = memchr(begin, ':', len);
  return view_of(begin, end == NULL ? len : (size_t)(end - begin));
}

enum reach reach_of_text(const char *url) {
  const struct view host = host_of(url);
  char text[INET6_ADDRSTRLEN];
  uint8_t address[16];
  if (host.len == strlen(LOCALHOST) && strncasecmp((const char *)host.p, LOCALHOST, host.len) == 0) return REACH_MACHINE;
  if (host.len >= sizeof text) return REACH_WORLD;
  memcpy(text, host.p, host.len);
  text[host.len] = '\0';
  if (inet_pton(AF_INET, text, address) == 1) return of_four(address);
  return inet_pton(AF_INET6, text, address) == 1 ? of_six(address) : REACH_WORLD;
}

enum reach reach_of_node(const struct address *told, const char *listen) {
  if (told != NULL && told->web[0] != '\0') return reach_of_text(told->web);
  if (told != NULL && told->n_endpoints > 0) return reach_of_text(told->endpoints[0]);
  const struct view host = host_of(listen);
  const bool is_anywhere = view_is_text(host, "0.0.0.0") || view_is_text(host, "::");
  return !is_anywhere && reach_of_text(listen) == REACH_MACHINE ? REACH_MACHINE : REACH_WORLD;
}
