/* Tests of node/home: what is made is closed to others and opens again; node.ini is read strictly; nothing is overwritten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/home.h"

static char folder[64]; /* of one test */

static int make_folder(void **state) {
  (void)state;
  snprintf(folder, sizeof folder, "/tmp/specola-home-XXXXXX");
  return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state) {
  char command[128];
  (void)state;
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command) == 0 ? 0 : -1; /* NOLINT(cert-env33-c): a fixed command on our own folder */
}

/* "<folder>/name"; a static buffer each of four. */
static const char *in_folder(const char *name) {
  static char paths[4][256];
  static unsigned next;
  char *path = paths[next++ % 4];
  snprintf(path, 256, "%s/%s", folder, name);
  return path;
}

static struct home_config italy(void) {
  struct home_config c = {.country = "IT"};
  snprintf(c.name, sizeof c.name, "Dipartimento della Funzione Pubblica");
  return c;
}

static void write_text(const char *path, const char *text) {
  struct err err = ERR_INIT;
  assert_int_equal(file_write(path, view_of_text(text), false, &err), OK);
}

static unsigned mode_of(const char *path) {
  struct stat st;
  assert_int_equal(stat(path, &st), 0);
  return (unsigned)st.st_mode & 0777;
}

/* Makes a node, replaces its node.ini, opens it again. */
static enum err_code open_with(const char *ini, struct home *out, struct err *err) {
  struct home_config c = italy();
  struct home made;
  assert_int_equal(home_create(in_folder("node"), &c, NULL, &made, err), OK);
  write_text(in_folder("node/node.ini"), ini);
  return home_open(in_folder("node"), out, err);
}

static void makes_a_closed_folder_with_two_keys_and_opens_it_again(void **state) {
  struct err err = ERR_INIT;
  struct home_config c = italy();
  struct home made, opened;
  struct signer key = {0};
  struct secret *curve = NULL;
  uint8_t pub[32];
  (void)state;
  assert_int_equal(home_create(in_folder("a/b/node"), &c, NULL, &made, &err), OK);
  assert_int_equal(mode_of(in_folder("a/b/node")), 0700);
  assert_int_equal(mode_of(in_folder("a/b/node/node.key")), 0600);
  assert_int_equal(mode_of(in_folder("a/b/node/curve.key")), 0600);
  assert_int_equal(home_open(in_folder("a/b/node/"), &opened, &err), OK);
  assert_string_equal(opened.dir, in_folder("a/b/node"));
  assert_string_equal(opened.config.country, "IT");
  assert_string_equal(opened.config.handle, "IT");
  assert_string_equal(opened.config.name, c.name);
  assert_string_equal(opened.config.language, "en");
  assert_string_equal(opened.config.listen, "tcp://0.0.0.0:7411");
  assert_int_equal(home_node_key(&opened, NULL, &key, &err), OK);
  assert_int_equal(home_curve_key(&opened, NULL, pub, &curve, &err), OK);
  assert_int_equal(secret_len(curve), 32);
  assert_memory_not_equal(pub, key.pub.b, 32);
  secret_free(curve);
  signer_release(&key);
}

static void a_region_gives_its_handle(void **state) {
  struct err err = ERR_INIT;
  struct home_config c = italy();
  struct home made;
  (void)state;
  memcpy(c.region, "IT-34", 6);
  memcpy(c.lead, "IT", 3);
  assert_int_equal(home_create(in_folder("node"), &c, NULL, &made, &err), OK);
  assert_string_equal(made.config.handle, "IT34");
}

static void never_makes_a_node_over_another(void **state) {
  struct err err = ERR_INIT;
  struct home_config c = italy();
  struct home made;
  struct signer before = {0}, after = {0};
  (void)state;
  assert_int_equal(home_create(in_folder("node"), &c, NULL, &made, &err), OK);
  assert_int_equal(home_node_key(&made, NULL, &before, &err), OK);
  assert_int_equal(home_can_create(in_folder("node"), &c, &err), ERR_REFUSED);
  assert_int_equal(home_create(in_folder("node"), &c, NULL, &made, &err), ERR_REFUSED);
  assert_true(err.hint[0] != '\0');
  assert_int_equal(home_node_key(&made, NULL, &after, &err), OK);
  assert_true(pubkey_equal(&before.pub, &after.pub));
  signer_release(&before);
  signer_release(&after);
}

static void refuses_a_folder_that_is_open_to_others(void **state) {
  struct err err = ERR_INIT;
  struct home_config c = italy();
  struct home made;
  (void)state;
  assert_int_equal(home_create(in_folder("node"), &c, NULL, &made, &err), OK);
  assert_int_equal(chmod(in_folder("node"), 0750), 0);
  assert_int_equal(home_open(in_folder("node"), &made, &err), ERR_PERMISSIONS);
  assert_non_null(strstr(err.hint, "chmod 700"));
  assert_int_equal(mkdir(in_folder("open"), 0755), 0);
  write_text(in_folder("open/something"), "x");
  assert_int_equal(home_create(in_folder("open"), &c, NULL, &made, &err), ERR_PERMISSIONS);
}

static void closes_an_empty_folder_that_was_open(void **state) {
  struct err err = ERR_INIT;
  struct home_config c = italy();
  struct home made;
  (void)state;
  assert_int_equal(mkdir(in_folder("node"), 0755), 0);
  assert_int_equal(home_create(in_folder("node"), &c, NULL, &made, &err), OK);
  assert_int_equal(mode_of(in_folder("node")), 0700);
}

static void says_that_there_is_no_node(void **state) {
  struct err err = ERR_INIT;
  struct home h;
  (void)state;
  assert_int_equal(home_open(in_folder("nothing"), &h, &err), ERR_NOT_INITIALISED);
  assert_non_null(strstr(err.hint, "specola init"));
  assert_int_equal(mkdir(in_folder("empty"), 0700), 0);
  assert_int_equal(home_open(in_folder("empty"), &h, &err), ERR_NOT_INITIALISED);
}

static void refuses_keys_that_others_can_read(void **state) {
  struct err err = ERR_INIT;
  struct home_config c = italy();
  struct home made;
  struct signer key = {0};
  (void)state;
  assert_int_equal(home_create(in_folder("node"), &c, NULL, &made, &err), OK);
  assert_int_equal(chmod(in_folder("node/node.key"), 0644), 0);
  assert_int_equal(home_node_key(&made, NULL, &key, &err), ERR_PERMISSIONS);
}

static void a_sealed_node_needs_its_passphrase(void **state) {
  struct err err = ERR_INIT;
  struct home_config c = italy();
  struct home made;
  struct signer key = {0};
  struct secret *right = secret_copy(view_of_text("right")), *wrong = secret_copy(view_of_text("wrong"));
  (void)state;
  assert_int_equal(setenv("SPECOLA_TEST_FAST_KEYS", "1", 1), 0);
  assert_int_equal(home_create(in_folder("node"), &c, right, &made, &err), OK);
  assert_int_equal(home_node_key(&made, NULL, &key, &err), ERR_LOCKED);
  assert_int_equal(home_node_key(&made, wrong, &key, &err), ERR_PASSPHRASE);
  assert_int_equal(home_node_key(&made, right, &key, &err), OK);
  signer_release(&key);
  secret_free(right);
  secret_free(wrong);
}

static void goes_on_with_the_keys_of_one_that_was_cut_short(void **state) {
  struct err err = ERR_INIT;
  struct home_config c = italy();
  struct home made, there;
  struct signer before = {0}, after = {0};
  struct secret *right = secret_copy(view_of_text("right")), *wrong = secret_copy(view_of_text("wrong"));
  (void)state;
  assert_int_equal(setenv("SPECOLA_TEST_FAST_KEYS", "1", 1), 0);
  assert_int_equal(home_begin(in_folder("node"), &c, right, &made, &err), OK);
  assert_int_equal(home_open(in_folder("node"), &there, &err), ERR_NOT_INITIALISED);
  assert_int_equal(home_node_key(&made, right, &before, &err), OK);
  assert_int_equal(unlink(in_folder("node/curve.key")), 0);
  assert_int_equal(home_begin(in_folder("node"), &c, wrong, &made, &err), ERR_PASSPHRASE);
  assert_int_equal(home_begin(in_folder("node"), &c, NULL, &made, &err), ERR_LOCKED);
  assert_int_equal(home_begin(in_folder("node"), &c, right, &made, &err), OK);
  assert_int_equal(home_finish(&made, &err), OK);
  assert_int_equal(home_open(in_folder("node"), &there, &err), OK);
  assert_int_equal(home_node_key(&there, right, &after, &err), OK);
  assert_true(pubkey_equal(&before.pub, &after.pub));
  assert_int_equal(home_begin(in_folder("node"), &c, right, &made, &err), ERR_REFUSED);
  assert_int_equal(home_begin(in_folder("open"), &c, NULL, &made, &err), OK);
  assert_int_equal(home_begin(in_folder("open"), &c, right, &made, &err), ERR_REFUSED);
  signer_release(&before);
  signer_release(&after);
  secret_free(right);
  secret_free(wrong);
}

static void a_curve_key_is_not_taken_for_the_node_key(void **state) {
  struct err err = ERR_INIT;
  struct home_config c = italy();
  struct home made;
  struct signer key = {0};
  (void)state;
  assert_int_equal(home_create(in_folder("node"), &c, NULL, &made, &err), OK);
  assert_int_equal(rename(in_folder("node/curve.key"), in_folder("node/node.key")), 0);
  assert_int_equal(home_node_key(&made, NULL, &key, &err), ERR_KEY);
}

static void reads_peers_and_comments(void **state) {
  struct err err = ERR_INIT;
  struct home h;
  (void)state;
  assert_int_equal(open_with("# a comment\ncountry = FR\npeer.IT = tcp://node.example.org:7411\npeer.EE=tcp://[::1]:9\n"
                             "listen = tcp://127.0.0.1:0\ncontact = the.office@example.org\n",
                             &h, &err),
                   OK);
  assert_string_equal(h.config.contact, "the.office@example.org");
  assert_string_equal(h.config.handle, "FR");
  assert_int_equal(h.config.n_peers, 2);
  assert_string_equal(h.config.peers[1].handle, "EE");
  assert_string_equal(h.config.peers[1].endpoint, "tcp://[::1]:9");
  assert_string_equal(h.config.listen, "tcp://127.0.0.1:0");
}

/* node.ini of a node that pins n members. */
static void write_peers(unsigned n, char *ini, size_t size) {
  size_t len = (size_t)snprintf(ini, size, "country = IT\n");
  for (unsigned i = 0; i < n && len < size; i++)
    len += (size_t)snprintf(ini + len, size - len, "peer.X%c%c = tcp://h:%u\n", 'A' + (int)i / 26, 'A' + (int)i % 26, i + 1);
}

static void pins_no_more_peers_than_it_can_dial(void **state) {
  struct err err = ERR_INIT;
  struct home h;
  char ini[1024];
  (void)state;
  write_peers(LIMIT_PINNED, ini, sizeof ini);
  assert_int_equal(open_with(ini, &h, &err), OK);
  assert_int_equal(h.config.n_peers, LIMIT_PINNED);
  write_peers(LIMIT_PINNED + 1, ini, sizeof ini);
  write_text(in_folder("node/node.ini"), ini);
  assert_int_equal(home_open(in_folder("node"), &h, &err), ERR_LIMIT);
  assert_non_null(strstr(err.message, "line 29: peer.XBB"));
  assert_non_null(strstr(err.message, "27"));
  assert_non_null(strstr(err.hint, "advertise"));
}

/* Lines that are refused, each as the second of a file, and a word that the message has. */
static const struct {
  const char *line, *word;
} bad_lines[] = {
    {"countri = IT", "countri"},
    {"country = it", "ISO 3166-1"},
    {"country = ITA", "too long"},
    {"country = IT\ncountry = IT", "twice"},
    {"region = 34", "ISO 3166-2"},
    {"handle = it", "handle"},
    {"language = italiano", "language"},
    {"listen = 127.0.0.1:7411", "endpoint"},
    {"listen = tcp://127.0.0.1:70000", "endpoint"},
    {"advertise = tcp://127.0.0.1:0", "endpoint"},
    {"contact = the office", "contact"},
    {"contact = a@b@example.org", "contact"},
    {"contact = office@example.org?bcc=x@example.org", "contact"},
    {"contact = javascript:alert(1)", "contact"},
    {"replica = tcp://node.example.org:7411", "replica"},
    {"replica = https://me@node.example.org", "replica"},
    {"home = pt", "home"},
    {"peer.fr = tcp://h:1", "peer.fr"},
    {"peer.FR = tcp://h", "peer.FR"},
    {"peer.FR = tcp://h:1\npeer.FR = tcp://h:2", "twice"},
    {"[section]\ncountry = IT", "section"},
    {"just words", "key = value"},
};

static void names_the_line_that_is_wrong(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof bad_lines / sizeof bad_lines[0]; i++) {
    struct err err = ERR_INIT;
    struct home h;
    char ini[256];
    snprintf(ini, sizeof ini, "# first\n%s\n", bad_lines[i].line);
    assert_int_equal(open_with(ini, &h, &err), ERR_FORMAT);
    assert_non_null(strstr(err.message, "line "));
    if (strstr(err.message, bad_lines[i].word) == NULL) {
      fail_msg("\"%s\": \"%s\" does not say \"%s\"", bad_lines[i].line, err.message, bad_lines[i].word);
    }
    remove_folder(NULL);
    assert_int_equal(mkdir(folder, 0700), 0);
  }
}

static void refuses_a_line_that_the_parser_would_cut(void **state) {
  struct err err = ERR_INIT;
  struct home h;
  char ini[400] = "country = IT\nname = ";
  size_t len = strlen(ini);
  (void)state;
  memset(ini + len, 'x', 200);
  ini[len + 200] = '\0';
  assert_int_equal(open_with(ini, &h, &err), ERR_FORMAT);
  assert_non_null(strstr(err.message, "line 2"));
}

static void refuses_a_configuration_without_country_or_with_a_strange_region(void **state) {
  struct err err = ERR_INIT;
  struct home h;
  (void)state;
  assert_int_equal(open_with("name = x\n", &h, &err), ERR_FORMAT);
  assert_non_null(strstr(err.message, "country"));
  write_text(in_folder("node/node.ini"), "country = IT\nregion = FR-75\n");
  assert_int_equal(home_open(in_folder("node"), &h, &err), ERR_FORMAT);
}

static void a_replica_names_whom_it_follows_and_a_node_no_home(void **state) {
  struct err err = ERR_INIT;
  struct home h;
  struct home_config config = {.replica = "https://node.example.org/pt", .home = "PT", .country = "PT"};
  (void)state;
  assert_int_equal(open_with("replica = http://127.0.0.1:7480\n", &h, &err), OK);
  assert_true(home_is_replica(&h));
  write_text(in_folder("node/node.ini"), "country = IT\nhome = PT\n");
  assert_int_equal(home_open(in_folder("node"), &h, &err), ERR_FORMAT);
  assert_int_equal(home_begin_replica(in_folder("laptop"), &config, &h, &err), OK);
  assert_int_equal(home_finish(&h, &err), OK);
  assert_int_equal(home_open(in_folder("laptop"), &h, &err), OK);
  assert_true(home_is_replica(&h));
  assert_string_equal(h.config.home, "PT");
  assert_int_not_equal(access(in_folder("laptop/node.key"), F_OK), 0);
  assert_int_equal(home_begin_replica(in_folder("laptop"), &config, &h, &err), ERR_REFUSED);
}

static void never_writes_what_it_could_not_read_again(void **state) {
  static const char *const names[] = {"with ; a comment", "two\nlines", " blank first", "\xff"};
  struct err err = ERR_INIT;
  struct home made;
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    struct home_config c = italy();
    snprintf(c.name, sizeof c.name, "%s", names[i]);
    assert_int_equal(home_create(in_folder("node"), &c, NULL, &made, &err), ERR_FORMAT);
    assert_int_equal(access(in_folder("node"), F_OK), -1);
  }
  struct home_config c = italy();
  memset(c.name, 'x', 300);
  c.name[300] = '\0';
  assert_int_equal(home_create(in_folder("node"), &c, NULL, &made, &err), ERR_LIMIT);
}

static void names_of_every_sort_come_back_as_they_were(void **state) {
  static const char *const names[] = {"Città di Torino",      "a = b", "x [y]", "\"quoted\"", "#not a comment? yes: a value",
                                      "Riigikantselei: Eesti"};
  struct err err = ERR_INIT;
  struct home made, opened;
  char dir[32];
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    struct home_config c = italy();
    snprintf(c.name, sizeof c.name, "%s", names[i]);
    snprintf(dir, sizeof dir, "node%zu", i);
    assert_int_equal(home_create(in_folder(dir), &c, NULL, &made, &err), OK);
    assert_int_equal(home_open(in_folder(dir), &opened, &err), OK);
    assert_string_equal(opened.config.name, names[i]);
  }
}

static void embedded_and_own_schemas_are_read_together(void **state) {
  struct err err = ERR_INIT;
  struct home_config c = italy();
  struct home h;
  struct schema_set *set = NULL;
  (void)state;
  assert_int_equal(home_create(in_folder("node"), &c, NULL, &h, &err), OK);
  assert_int_equal(home_schemas(&h, &set, &err), OK);
  size_t embedded = schema_set_count(set);
  assert_true(embedded >= 1);
  schema_set_free(set);
  assert_int_equal(mkdir(in_folder("node/schema"), 0700), 0);
  assert_int_equal(mkdir(in_folder("node/schema/vocab"), 0700), 0);
  write_text(in_folder("node/schema/kite.schema"),
             "schema 1025 kite\nname text 1 - P max=20\ncolour code 1 - - vocab=colour\n");
  write_text(in_folder("node/schema/kite.tsv"), "key\tlabel.en\n@kind\tKite\nname\tIts name\n");
  write_text(in_folder("node/schema/vocab/colour.tsv"), "number\tcode\ten\n1\tred\tRed\n");
  assert_int_equal(home_schemas(&h, &set, &err), OK);
  assert_int_equal(schema_set_count(set), embedded + 1);
  const struct schema *kite = schema_by_kind(set, "kite");
  assert_non_null(kite);
  assert_string_equal(schema_label(kite, "name", "it"), "Its name");
  assert_non_null(schema_field(kite, view_of_text("colour"))->vocabulary);
  schema_set_free(set);
  write_text(in_folder("node/schema/kite.schema"), "schema 1025 kite\nname nonsense 1 - P\n");
  assert_int_equal(home_schemas(&h, &set, &err), ERR_FORMAT);
  assert_non_null(strstr(err.message, "kite.schema"));
}

static void a_file_is_written_whole_or_not_at_all(void **state) {
  struct err err = ERR_INIT;
  struct bytes text;
  (void)state;
  assert_int_equal(file_write(in_folder("x"), view_of_text("one"), true, &err), OK);
  assert_int_equal(mode_of(in_folder("x")), 0600);
  assert_int_equal(file_write(in_folder("x"), view_of_text("two"), false, &err), OK);
  assert_int_equal(mode_of(in_folder("x")), 0644);
  bytes_init(&text, 3);
  assert_int_equal(file_read(in_folder("x"), &text, &err), OK);
  assert_true(view_is_text(bytes_view(&text), "two"));
  bytes_release(&text);
  bytes_init(&text, 2);
  assert_int_equal(file_read(in_folder("x"), &text, &err), ERR_LIMIT);
  bytes_release(&text);
  assert_int_equal(file_read(in_folder("y"), &text, &err), ERR_NOT_FOUND);
  assert_int_equal(file_read(in_folder("y"), &text, NULL), ERR_NOT_FOUND);
  assert_int_equal(file_write(in_folder("none/x"), view_of_text("x"), false, &err), ERR_NOT_FOUND);
  assert_int_equal(file_write(in_folder("."), view_of_text("x"), false, &err), ERR_IO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

static void a_file_that_is_not_there_is_told_with_a_hint(void **state) {
  struct err err = ERR_INIT;
  struct bytes out;
  (void)state;
  bytes_init(&out, 100);
  assert_int_equal(file_read(in_folder("nothing"), &out, &err), ERR_NOT_FOUND);
  assert_true(err.hint[0] != '\0');
  err_clear(&err);
  assert_int_equal(file_read("no-such-file-here", &out, &err), ERR_NOT_FOUND);
  assert_non_null(strstr(err.hint, "the folder where you are"));
  bytes_release(&out);
}

int main(void) {
  struct err err = ERR_INIT;
  const struct CMUnitTest tests[] = {
      TEST(a_file_that_is_not_there_is_told_with_a_hint),
      TEST(makes_a_closed_folder_with_two_keys_and_opens_it_again),
      TEST(a_region_gives_its_handle),
      TEST(never_makes_a_node_over_another),
      TEST(goes_on_with_the_keys_of_one_that_was_cut_short),
      TEST(refuses_a_folder_that_is_open_to_others),
      TEST(closes_an_empty_folder_that_was_open),
      TEST(says_that_there_is_no_node),
      TEST(refuses_keys_that_others_can_read),
      TEST(a_sealed_node_needs_its_passphrase),
      TEST(a_curve_key_is_not_taken_for_the_node_key),
      TEST(reads_peers_and_comments),
      TEST(pins_no_more_peers_than_it_can_dial),
      TEST(names_the_line_that_is_wrong),
      TEST(refuses_a_line_that_the_parser_would_cut),
      TEST(refuses_a_configuration_without_country_or_with_a_strange_region),
      TEST(a_replica_names_whom_it_follows_and_a_node_no_home),
      TEST(never_writes_what_it_could_not_read_again),
      TEST(names_of_every_sort_come_back_as_they_were),
      TEST(embedded_and_own_schemas_are_read_together),
      TEST(a_file_is_written_whole_or_not_at_all),
  };
  if (secret_start(&err) != OK) {
    return 1;
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}
