/*
 * test_html: whatever people write, the builder's output has no markup but its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/web/html.h"

#define START "<!doctype html>\n"

struct page {
  struct bytes out;
  struct html h;
};

static void page_begin(struct page *p) {
  bytes_init(&p->out, 100000);
  p->h = html_start(&p->out);
}

static void page_is(struct page *p, const char *expected) {
  assert_int_equal(html_finish(&p->h, NULL), OK);
  const char *text = bytes_text(&p->out);
  assert_non_null(text);
  assert_memory_equal(text, START, strlen(START));
  assert_string_equal(text + strlen(START), expected);
  bytes_release(&p->out);
}

static void escapes_text_and_attributes(void **state) {
  (void)state;
  struct page p;
  page_begin(&p);
  html_open(&p.h, "a");
  html_attr(&p.h, "href", "/x?a=1&b=\"'<>");
  html_text(&p.h, "<script>alert(\"1\")</script> & 'x'");
  html_close(&p.h);
  page_is(
      &p,
      "<a href=\"/x?a=1&amp;b=&quot;&#39;&lt;&gt;\">&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;</a>\n");
}

static void replaces_what_would_harm(void **state) {
  (void)state;
  struct page p;
  page_begin(&p);
  html_open(&p.h, "p");
  html_text_view(&p.h, view_of("a\0b", 3));
  html_text(&p.h, "\x1b[31m \xe2\x80\xae \xff \xc3\xa8\n");
  html_close(&p.h);
  page_is(&p, "<p>a\xef\xbf\xbd"
              "b\xef\xbf\xbd[31m \xef\xbf\xbd \xef\xbf\xbd \xc3\xa8\n</p>\n");
}

static void nests_elements(void **state) {
  (void)state;
  struct page p;
  page_begin(&p);
  html_open(&p.h, "ul");
  html_attr(&p.h, "class", "x");
  html_element(&p.h, "li", NULL, "one");
  html_open(&p.h, "li");
  html_void(&p.h, "input");
  html_attr_uint(&p.h, "value", UINT64_MAX);
  html_flag(&p.h, "checked");
  html_uint(&p.h, 7);
  html_close(&p.h);
  html_close(&p.h);
  page_is(&p, "<ul class=\"x\"><li>one</li><li><input value=\"18446744073709551615\" checked>7</li></ul>\n");
}

static void groups_the_digits_of_large_numbers(void **state) {
  (void)state;
  struct page p;
  page_begin(&p);
  html_open(&p.h, "p");
  html_uint(&p.h, 1999);
  html_text(&p.h, " ");
  html_uint(&p.h, 1234567);
  html_text(&p.h, " ");
  html_digits(&p.h, "-20000.00001");
  html_text(&p.h, " ");
  html_digits(&p.h, "<none>");
  html_close(&p.h);
  page_is(&p, "<p>1999 1\u202f234\u202f567 -20\u202f000.00001 &lt;none&gt;</p>\n");
}

static void every_octet_is_harmless(void **state) {
  (void)state;
  for (unsigned c = 0; c < 256; c++) {
    const uint8_t octet = (uint8_t)c;
    struct page p;
    page_begin(&p);
    html_open(&p.h, "b");
    html_attr_view(&p.h, "title", view_of(&octet, 1));
    html_text_view(&p.h, view_of(&octet, 1));
    html_close(&p.h);
    assert_int_equal(html_finish(&p.h, NULL), OK);
    unsigned open = 0, quotes = 0;
    for (size_t i = 0; i < p.out.len; i++) {
      open += p.out.p[i] == '<';
      quotes += p.out.p[i] == '"';
      assert_true(p.out.p[i] >= ' ' || p.out.p[i] == '\n' || p.out.p[i] == '\t');
    }
    assert_int_equal(open, 3);
    assert_int_equal(quotes, 2);
    bytes_release(&p.out);
  }
}

static void keeps_to_its_ceiling(void **state) {
  (void)state;
  struct bytes out;
  bytes_init(&out, 40);
  struct html h = html_start(&out);
  html_open(&h, "p");
  html_text(&h, "longer than there is room for in this place");
  html_close(&h);
  assert_int_equal(html_finish(&h, NULL), ERR_LIMIT);
  assert_true(out.len <= 40);
  bytes_release(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(escapes_text_and_attributes),
      cmocka_unit_test(replaces_what_would_harm),
      cmocka_unit_test(nests_elements),
      cmocka_unit_test(groups_the_digits_of_large_numbers),
      cmocka_unit_test(every_octet_is_harmless),
      cmocka_unit_test(keeps_to_its_ceiling),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
