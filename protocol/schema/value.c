/*
 * value: how single values are spelled (value.h).
 */
#include "protocol/schema/value.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DIGITS_MAX 18u
#define DECIMALS_MAX 6u
#define URL_MAX 2000u
#define HEX32 64u

static bool is_digit(uint8_t c) {
  return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t digits_at(struct view v, size_t from) {
  size_t n = 0;
  while (from + n < v.len && is_digit(v.p[from + n]))
    n++;
  return n;
}

bool value_number(struct view v, char out[VALUE_NUMBER_MAX]) {
  size_t at = 0;
  const bool negative = v.len > 0 && v.p[0] == '-';
  if (v.len > 0 && (v.p[0] == '-' || v.p[0] == '+')) at++;
  size_t whole = at, n_whole = digits_at(v, at);
  at += n_whole;
  size_t decimals = at, n_decimals = 0;
  if (at < v.len && v.p[at] == '.') {
    decimals = at + 1;
    n_decimals = digits_at(v, decimals);
    if (n_decimals == 0) return false;
    at = decimals + n_decimals;
  }
  if (at != v.len || n_whole == 0) return false;
  while (n_whole > 1 && v.p[whole] == '0') {
    whole++;
    n_whole--;
  }
  while (n_decimals > 0 && v.p[decimals + n_decimals - 1] == '0')
    n_decimals--;
  const size_t leading = n_whole == 1 && v.p[whole] == '0' ? 0 : n_whole; /* "0.5" has one digit */
  if (n_decimals > DECIMALS_MAX || leading + n_decimals > DIGITS_MAX) return false;
  const bool zero = leading == 0 && n_decimals == 0;
  (void)snprintf(out, VALUE_NUMBER_MAX, "%s%.*s%s%.*s", negative && !zero ? "-" : "", (int)n_whole, (const char *)v.p + whole,
                 n_decimals > 0 ? "." : "", (int)n_decimals, (const char *)v.p + decimals);
  return true;
}

bool value_is_number(struct view v) {
  char spelled[VALUE_NUMBER_MAX];
  return value_number(v, spelled) && view_is_text(v, spelled);
}

bool value_number_of_double(double d, char out[VALUE_NUMBER_MAX]) {
  char text[64];
  if (!isfinite(d) || fabs(d) >= 1e18) return false;
  const int n = snprintf(text, sizeof text, "%.*f", fabs(d) >= 1e12 ? 0 : (int)DECIMALS_MAX, d);
  return n > 0 && (size_t)n < sizeof text && value_number(view_of_text(text), out);
}

static unsigned two_digits(const uint8_t *p) {
  return (unsigned)(p[0] - '0') * 10u + (unsigned)(p[1] - '0');
}

static unsigned days_of(unsigned year, unsigned month) {
  static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29u : days[month - 1];
}

bool value_is_date(struct view v) {
  if ((v.len != 4 && v.len != 7 && v.len != 10) || digits_at(v, 0) != 4) return false;
  const unsigned year = two_digits(v.p) * 100u + two_digits(v.p + 2);
  if (year == 0 || v.len == 4) return year != 0;
  if (v.p[4] != '-' || digits_at(v, 5) != 2) return false;
  const unsigned month = two_digits(v.p + 5);
  if (month < 1 || month > 12 || v.len == 7) return month >= 1 && month <= 12;
  if (v.p[7] != '-' || digits_at(v, 8) != 2) return false;
  const unsigned day = two_digits(v.p + 8);
  return day >= 1 && day <= days_of(year, month);
}

bool value_is_url(struct view v) {
  static const char *const schemes[] = {"http://", "https://"};
  size_t host = 0;
  for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
    const size_t n = strlen(schemes[i]);
    if (v.len > n && memcmp(v.p, schemes[i], n) == 0) host = n;
  }
  if (host == 0 || v.len > URL_MAX || v.p[host] == '/' || v.p[host] == '?' || v.p[host] == '#') return false;
  for (size_t i = host; i < v.len; i++) {
    if (v.p[i] <= ' ' || v.p[i] == 0x7f || strchr("\"<>\\^`{|}", v.p[i]) != NULL) return false;
  }
  return true;
}

bool value_is_tag(struct view v) {
  size_t at = 0;
  while (at < v.len && v.p[at] >= 'a' && v.p[at] <= 'z')
    at++;
  if (at < 2 || at > 3 || v.len >= VALUE_TAG_MAX) return false;
  while (at < v.len) {
    if (v.p[at++] != '-') return false;
    size_t n = 0;
    while (at < v.len && (is_digit(v.p[at]) || is_letter(v.p[at]))) {
      at++;
      n++;
    }
    if (n < 2 || n > 8) return false;
  }
  return true;
}

static char lower(char c) {
  if (c >= 'A' && c <= 'Z') return (char)(c + ('a' - 'A'));
  return c;
}

static char upper(char c) {
  if (c >= 'a' && c <= 'z') return (char)(c - ('a' - 'A'));
  return c;
}

/* RFC 5646 2.1.1: a region in capitals, a script with a capital, all else in small letters. */
static void spell_subtag(char *p, size_t len, bool first) {
  for (size_t i = 0; i < len; i++) {
    const bool capital = !first && (len == 2 || (len == 4 && i == 0));
    if (capital) {
      p[i] = upper(p[i]);
    } else {
      p[i] = lower(p[i]);
    }
  }
}

bool value_tag(struct view v, char out[VALUE_TAG_MAX]) {
  char tag[VALUE_TAG_MAX] = {0};
  if (v.len >= sizeof tag) return false;
  for (size_t i = 0; i < v.len; i++) {
    tag[i] = (char)v.p[i];
    if (tag[i] == '_') tag[i] = '-';
  }
  for (size_t start = 0; start < v.len;) {
    const size_t len = strcspn(tag + start, "-");
    spell_subtag(tag + start, len, start == 0);
    start += len + 1;
  }
  if (!value_is_tag(view_of(tag, v.len))) return false;
  memcpy(out, tag, v.len + 1);
  return true;
}

bool value_is_hex32(struct view v) {
  if (v.len != HEX32) return false;
  for (size_t i = 0; i < v.len; i++) {
    if (!is_digit(v.p[i]) && !(v.p[i] >= 'a' && v.p[i] <= 'f')) return false;
  }
  return true;
}
