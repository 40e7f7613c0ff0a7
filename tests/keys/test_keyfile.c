/* keyfile: round trips of every use, every flip and every cut of a file, absurd seals, files on disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/hash.h"
#include "keys/keyfile.h"
#include "keys/sign.h"

/* 32 octets 1, 2, 3...; Ed25519 and X25519 public halves are computed, never typed in. */
static struct keyfile key_for(enum keyfile_use use, const char *name) {
  struct keyfile k = {.use = use};
  uint8_t seed[32];
  for (uint8_t i = 0; i < 32; i++)
    seed[i] = (uint8_t)(i + 1);
  (void)snprintf(k.name, sizeof k.name, "%s", name);
  k.secret = secret_copy(view_of(seed, sizeof seed));
  assert_non_null(k.secret);
  if (use == KEYFILE_CURVE) {
    assert_int_equal(crypto_scalarmult_base(k.pub, seed), 0);
  } else {
    struct signer signer;
    assert_int_equal(signer_from_seed(seed, &signer, NULL), OK);
    memcpy(k.pub, signer.pub.b, 32);
    signer_release(&signer);
  }
  return k;
}

static struct secret *passphrase_of(const char *text) {
  struct secret *s = secret_copy(view_of_text(text));
  assert_non_null(s);
  return s;
}

/* The text of key_for(use, name); sealed with "pass" when sealed. */
static struct bytes text_of(enum keyfile_use use, const char *name, bool sealed) {
  struct bytes text;
  struct keyfile k = key_for(use, name);
  struct secret *pass = sealed ? passphrase_of("pass") : NULL;
  bytes_init(&text, KEYFILE_MAX);
  assert_int_equal(keyfile_format(&k, pass, KEYFILE_FAST, &text, NULL), OK);
  assert_int_equal(k.sealed, sealed);
  secret_free(pass);
  keyfile_release(&k);
  return text;
}

static void assert_same_key(struct keyfile *a, struct keyfile *b) {
  assert_int_equal(a->use, b->use);
  assert_string_equal(a->name, b->name);
  assert_memory_equal(a->pub, b->pub, 32);
  assert_int_equal(secret_len(b->secret), 32);
  assert_memory_equal(secret_open(a->secret), secret_open(b->secret), 32);
  secret_close(a->secret);
  secret_close(b->secret);
}

static void the_text_is_the_one_that_the_header_shows(void **state) {
  (void)state;
  struct bytes text = text_of(KEYFILE_NODE, "", false);
  /* public: RFC 8032 key of the seed 01..20; check: hashlib.blake2b(lines, digest_size=32, person=b"specola1.key")[:8] */
  assert_string_equal(bytes_text(&text), "specola-key 1\n"
                                         "use: node\n"
                                         "name:\n"
                                         "public: 79b5562e8fe654f94078b112e8a98ba7901f853ae695bed7e0e3910bad049664\n"
                                         "seal: none\n"
                                         "secret: 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20\n"
                                         "check: e69d473962db1307\n");
  bytes_release(&text);
}

static void every_use_goes_round_sealed_and_unsealed(void **state) {
  (void)state;
  static const char *const NAMES[] = {"", "Anna Rossi", " ", "Dipartimento \xc3\xa8 \xe2\x82\xac"};
  struct secret *pass = passphrase_of("pass");
  for (size_t i = 0; i < 16; i++) {
    bool sealed = i >= 8;
    enum keyfile_use use = (enum keyfile_use)(i % 4);
    const char *name = NAMES[(i + sealed) % 4];
    struct bytes text = text_of(use, name, sealed);
    struct keyfile wanted = key_for(use, name);
    struct keyfile half;
    struct keyfile got;
    assert_int_equal(keyfile_parse(bytes_view(&text), &half, NULL), OK);
    assert_null(half.secret);
    assert_int_equal(half.sealed, sealed);
    assert_memory_equal(half.pub, wanted.pub, 32);
    assert_int_equal(keyfile_open(bytes_view(&text), pass, &got, NULL), OK);
    assert_int_equal(got.sealed, sealed);
    assert_same_key(&wanted, &got);
    keyfile_release(&got);
    if (!sealed) {
      assert_int_equal(keyfile_open(bytes_view(&text), NULL, &got, NULL), OK);
      assert_same_key(&wanted, &got);
      keyfile_release(&got);
    }
    keyfile_release(&wanted);
    bytes_release(&text);
  }
  secret_free(pass);
}

static void a_sealed_key_asks_for_its_passphrase_and_knows_a_wrong_one(void **state) {
  (void)state;
  static const char *const WRONG[] = {"pas", "pass ", "Pass", "x"};
  struct bytes text = text_of(KEYFILE_PERSON, "Anna", true);
  struct keyfile got;
  assert_int_equal(keyfile_open(bytes_view(&text), NULL, &got, NULL), ERR_LOCKED);
  assert_null(got.secret);
  for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
    struct secret *pass = passphrase_of(WRONG[i]);
    assert_int_equal(keyfile_open(bytes_view(&text), pass, &got, NULL), ERR_PASSPHRASE);
    assert_null(got.secret);
    secret_free(pass);
  }
  bytes_release(&text);
}

static void two_seals_of_one_key_share_nothing_secret(void **state) {
  (void)state;
  struct bytes a = text_of(KEYFILE_PERSON, "Anna", true);
  struct bytes b = text_of(KEYFILE_PERSON, "Anna", true);
  const char *seal_a = strstr(bytes_text(&a), "seal: ");
  const char *seal_b = strstr(bytes_text(&b), "seal: ");
  assert_string_not_equal(seal_a, seal_b);
  assert_null(strstr(bytes_text(&a), "0102030405060708"));
  assert_string_not_equal(strstr(seal_a, "salt="), strstr(seal_b, "salt="));
  assert_string_not_equal(strstr(seal_a, "nonce="), strstr(seal_b, "nonce="));
  assert_string_not_equal(strstr(seal_a, "secret: "), strstr(seal_b, "secret: "));
  bytes_release(&a);
  bytes_release(&b);
}

/* Every octet of a file turned into every other value. */
static void every_flip_is_damage_and_never_a_wrong_passphrase(void **state) {
  (void)state;
  struct secret *pass = passphrase_of("pass");
  for (int sealed = 0; sealed < 2; sealed++) {
    struct bytes text = text_of(KEYFILE_PERSON, "Anna Rossi", sealed == 1);
    for (size_t at = 0; at < text.len; at++) {
      uint8_t was = text.p[at];
      for (unsigned mask = 1; mask < 256; mask++) {
        struct keyfile got;
        text.p[at] = (uint8_t)(was ^ mask);
        enum err_code code = keyfile_open(bytes_view(&text), pass, &got, NULL);
        assert_true(code == ERR_KEY || (code == ERR_VERSION && at == strlen("specola-key ")));
        assert_null(got.secret);
      }
      text.p[at] = was;
    }
    bytes_release(&text);
  }
  secret_free(pass);
}

static void every_cut_and_every_addition_is_damage(void **state) {
  (void)state;
  struct secret *pass = passphrase_of("pass");
  for (int sealed = 0; sealed < 2; sealed++) {
    struct bytes text = text_of(KEYFILE_ROOT, "", sealed == 1);
    struct keyfile got;
    size_t whole = text.len;
    for (size_t len = 0; len < whole; len++) {
      uint8_t *copy = malloc(len + 1); /* of its own, so that a reader past the end is seen */
      assert_non_null(copy);
      memcpy(copy, text.p, len);
      uint8_t *exact = realloc(copy, len == 0 ? 1 : len);
      assert_non_null(exact);
      assert_int_equal(keyfile_open(view_of(exact, len), pass, &got, NULL), ERR_KEY);
      assert_int_equal(keyfile_open(view_of(text.p + whole - len, len), pass, &got, NULL), ERR_KEY);
      free(exact);
    }
    assert_int_equal(keyfile_open(view_of(NULL, 0), pass, &got, NULL), ERR_KEY);
    while (text.len < KEYFILE_MAX) {
      assert_int_equal(bytes_append_u8(&text, '\n', NULL), OK);
      assert_int_equal(keyfile_open(bytes_view(&text), pass, &got, NULL), ERR_KEY);
    }
    bytes_release(&text);
  }
  uint8_t *long_text = calloc(1, KEYFILE_MAX + 1);
  struct keyfile got;
  assert_int_equal(keyfile_parse(view_of(long_text, KEYFILE_MAX + 1), &got, NULL), ERR_KEY);
  free(long_text);
  secret_free(pass);
}

/* A whole file with true check whose lines are those given. */
static struct bytes made_of(const char *head_and_secret) {
  struct bytes text;
  char hex[17];
  bytes_init(&text, (size_t)2 * KEYFILE_MAX);
  assert_int_equal(bytes_append_text(&text, head_and_secret, NULL), OK);
  struct hash h = hash_of(HASH_KEY, bytes_view(&text), view_of(NULL, 0));
  hex_encode(view_of(h.b, 8), hex);
  assert_int_equal(bytes_printf(&text, NULL, "check: %s\n", hex), OK);
  return text;
}

#define PUB "public: 79b5562e8fe654f94078b112e8a98ba7901f853ae695bed7e0e3910bad049664\n"
#define SALT_NONCE " salt=00112233445566778899aabbccddeeff nonce=000000000000000000000000000000000000000000000000\n"
#define BOX "secret: 000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\n"
#define PLAIN "secret: 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20\n"

static void absurd_seals_are_refused_before_anything_is_allocated(void **state) {
  (void)state;
  static const char *const WRONG[] = {
      "ops=9 mem=8192",
      "ops=0 mem=8192",
      "ops=1 mem=8191",
      "ops=1 mem=0",
      "ops=1 mem=536870913",
      "ops=18446744073709551615 mem=8192",
      "ops=1 mem=18446744073709551615",
  };
  struct secret *pass = passphrase_of("pass");
  for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
    char lines[1024];
    struct keyfile got;
    (void)snprintf(lines, sizeof lines, "specola-key 1\nuse: node\nname:\n" PUB "seal: argon2id %s" SALT_NONCE BOX, WRONG[i]);
    struct bytes text = made_of(lines);
    assert_int_equal(keyfile_parse(bytes_view(&text), &got, NULL), ERR_LIMIT);
    assert_int_equal(keyfile_open(bytes_view(&text), pass, &got, NULL), ERR_LIMIT);
    bytes_release(&text);
  }
  struct bytes text = made_of("specola-key 1\nuse: node\nname:\n" PUB "seal: argon2id ops=8 mem=536870912" SALT_NONCE BOX);
  struct keyfile got;
  assert_int_equal(keyfile_parse(bytes_view(&text), &got, NULL), OK);
  bytes_release(&text);
  secret_free(pass);
}

static void lines_that_are_not_as_written_are_damage_even_under_a_true_check(void **state) {
  (void)state;
  static const char *const WRONG[] = {
      "specola-key 01\nuse: node\nname:\n" PUB "seal: none\n" PLAIN,
      "specola-key 1\nuse: nod\nname:\n" PUB "seal: none\n" PLAIN,
      "specola-key 1\nuse: node\nname: \n" PUB "seal: none\n" PLAIN,
      "specola-key 1\nuse: node\nname:x\n" PUB "seal: none\n" PLAIN,
      "specola-key 1\nuse: node\nname: a\tb\n" PUB "seal: none\n" PLAIN,
      "specola-key 1\nuse: node\nname: a\xff\n" PUB "seal: none\n" PLAIN,
      "specola-key 1\nuse: node\nname:\n" PUB "seal: no\n" PLAIN,
      "specola-key 1\nuse: node\nname:\n" PUB "seal: none\n" BOX,
      "specola-key 1\nuse: node\nname:\n" PUB "seal: argon2id ops=1 mem=8192" SALT_NONCE PLAIN,
      "specola-key 1\nuse: node\nname:\n" PUB "seal: argon2id  ops=1 mem=8192" SALT_NONCE BOX,
      "specola-key 1\nuse: node\nname:\n" PUB "seal: argon2id ops=01 mem=8192" SALT_NONCE BOX,
      "specola-key 1\nuse: node\nname:\n" PUB "seal: argon2i ops=1 mem=8192" SALT_NONCE BOX,
      "specola-key 1\nuse: node\nname:\n" PUB "seal: argon2id mem=8192 ops=1" SALT_NONCE BOX,
      "specola-key 1\nuse: node\nuse: node\nname:\n" PUB "seal: none\n" PLAIN,
      "specola-key 1\nname:\nuse: node\n" PUB "seal: none\n" PLAIN,
      "specola-key 1\nuse: node\nname:\n" PUB "seal: none\n" PLAIN "\n",
      "specola-key 1\r\nuse: node\r\nname:\n" PUB "seal: none\n" PLAIN,
      "",
  };
  struct keyfile got;
  for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
    struct bytes text = made_of(WRONG[i]);
    assert_int_equal(keyfile_parse(bytes_view(&text), &got, NULL), ERR_KEY);
    bytes_release(&text);
  }
  struct bytes good = made_of("specola-key 1\nuse: root\nname: ok\n" PUB "seal: none\n" PLAIN);
  assert_int_equal(keyfile_open(bytes_view(&good), NULL, &got, NULL), OK);
  keyfile_release(&got);
  bytes_release(&good);
  struct bytes newer = made_of("specola-key 2\nanything\n");
  assert_int_equal(keyfile_parse(bytes_view(&newer), &got, NULL), ERR_VERSION);
  bytes_release(&newer);
}

static void a_public_half_of_another_key_is_damage(void **state) {
  (void)state;
  struct keyfile got;
  struct bytes text = made_of("specola-key 1\nuse: curve\nname:\n" PUB "seal: none\n" PLAIN);
  assert_int_equal(keyfile_parse(bytes_view(&text), &got, NULL), OK);
  assert_int_equal(keyfile_open(bytes_view(&text), NULL, &got, NULL), ERR_KEY);
  assert_null(got.secret);
  bytes_release(&text);
}

static void keys_that_could_not_be_read_back_are_not_written(void **state) {
  (void)state;
  struct bytes out;
  bytes_init(&out, KEYFILE_MAX);
  struct keyfile k = key_for(KEYFILE_NODE, "a\nb");
  assert_int_equal(keyfile_format(&k, NULL, KEYFILE_FAST, &out, NULL), ERR_FORMAT);
  memset(k.name, 'n', sizeof k.name);
  assert_int_equal(keyfile_format(&k, NULL, KEYFILE_FAST, &out, NULL), ERR_FORMAT);
  k.name[KEYFILE_NAME_MAX] = '\0';
  assert_int_equal(keyfile_format(&k, NULL, KEYFILE_FAST, &out, NULL), OK);
  bytes_clear(&out);
  k.pub[0] ^= 1;
  assert_int_equal(keyfile_format(&k, NULL, KEYFILE_FAST, &out, NULL), ERR_MISMATCH);
  keyfile_release(&k);
  assert_int_equal(keyfile_format(&k, NULL, KEYFILE_FAST, &out, NULL), ERR_LOCKED);
  assert_int_equal(out.len, 0);
  bytes_release(&out);
  k = key_for(KEYFILE_NODE, "");
  bytes_init(&out, 100);
  assert_int_equal(keyfile_format(&k, NULL, KEYFILE_FAST, &out, NULL), ERR_LIMIT);
  assert_int_equal(out.len, 0);
  bytes_release(&out);
  keyfile_release(&k);
}

static void moderate_cost_is_written_as_the_header_says(void **state) {
  (void)state;
  struct bytes text;
  struct keyfile got;
  struct keyfile k = key_for(KEYFILE_ROOT, "root 1 of 2");
  struct secret *pass = passphrase_of("pass");
  bytes_init(&text, KEYFILE_MAX);
  assert_int_equal(keyfile_format(&k, pass, KEYFILE_MODERATE, &text, NULL), OK);
  assert_non_null(strstr(bytes_text(&text), "\nseal: argon2id ops=3 mem=268435456 salt="));
  assert_int_equal(keyfile_open(bytes_view(&text), pass, &got, NULL), OK);
  assert_same_key(&k, &got);
  keyfile_release(&got);
  keyfile_release(&k);
  secret_free(pass);
  bytes_release(&text);
}

static char folder[64];
static char path[128];

static int make_folder(void **state) {
  (void)state;
  (void)snprintf(folder, sizeof folder, "/tmp/specola-keyfile-XXXXXX");
  if (mkdtemp(folder) == NULL) return -1;
  (void)snprintf(path, sizeof path, "%s/node.key", folder);
  return 0;
}

static int drop_folder(void **state) {
  (void)state;
  (void)unlink(path);
  return rmdir(folder);
}

static void files_go_round_and_a_sealed_one_shows_its_public_half(void **state) {
  (void)state;
  struct keyfile k = key_for(KEYFILE_PERSON, "Anna");
  struct secret *pass = passphrase_of("pass");
  struct secret *wrong = passphrase_of("wrong");
  struct keyfile got;
  struct err err = ERR_INIT;
  struct stat st;
  assert_int_equal(keyfile_read(path, NULL, &got, &err), ERR_NOT_FOUND);
  assert_int_equal(keyfile_write(path, &k, pass, KEYFILE_FAST, NULL), OK);
  assert_int_equal(lstat(path, &st), 0);
  assert_int_equal(st.st_mode, S_IFREG | 0600);
  assert_int_equal(keyfile_read(path, pass, &got, NULL), OK);
  assert_same_key(&k, &got);
  keyfile_release(&got);
  err_clear(&err);
  assert_int_equal(keyfile_read(path, NULL, &got, &err), OK);
  assert_string_equal(err.message, "");
  assert_true(got.sealed);
  assert_null(got.secret);
  assert_memory_equal(got.pub, k.pub, 32);
  assert_int_equal(keyfile_read(path, wrong, &got, &err), ERR_PASSPHRASE);
  assert_non_null(strstr(err.message, "node.key"));
  secret_free(wrong);
  secret_free(pass);
  keyfile_release(&k);
}

static void a_key_is_never_overwritten(void **state) {
  (void)state;
  struct keyfile k = key_for(KEYFILE_NODE, "first");
  struct keyfile got;
  struct err err = ERR_INIT;
  assert_int_equal(keyfile_write(path, &k, NULL, KEYFILE_FAST, NULL), OK);
  (void)snprintf(k.name, sizeof k.name, "second");
  assert_int_equal(keyfile_write(path, &k, NULL, KEYFILE_FAST, &err), ERR_FAILED);
  assert_string_not_equal(err.hint, "");
  assert_int_equal(keyfile_read(path, NULL, &got, NULL), OK);
  assert_string_equal(got.name, "first");
  keyfile_release(&got);
  keyfile_release(&k);
}

static void open_modes_and_links_are_refused(void **state) {
  (void)state;
  char link_path[160];
  struct keyfile k = key_for(KEYFILE_NODE, "");
  struct keyfile got;
  assert_int_equal(keyfile_write(path, &k, NULL, KEYFILE_FAST, NULL), OK);
  (void)snprintf(link_path, sizeof link_path, "%s/link", folder);
  assert_int_equal(symlink(path, link_path), 0);
  assert_int_equal(keyfile_read(link_path, NULL, &got, NULL), ERR_IO);
  assert_int_equal(keyfile_write(link_path, &k, NULL, KEYFILE_FAST, NULL), ERR_FAILED);
  assert_int_equal(unlink(link_path), 0);
  assert_int_equal(chmod(path, 0644), 0);
  assert_int_equal(keyfile_read(path, NULL, &got, NULL), ERR_PERMISSIONS);
  assert_null(got.secret);
  assert_int_equal(chmod(path, 0600), 0);
  assert_int_equal(truncate(path, 0), 0);
  assert_int_equal(keyfile_read(path, NULL, &got, NULL), ERR_KEY);
  assert_int_equal(truncate(path, KEYFILE_MAX + 1), 0);
  assert_int_equal(keyfile_read(path, NULL, &got, NULL), ERR_KEY);
  keyfile_release(&k);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, drop_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_text_is_the_one_that_the_header_shows),
      cmocka_unit_test(every_use_goes_round_sealed_and_unsealed),
      cmocka_unit_test(a_sealed_key_asks_for_its_passphrase_and_knows_a_wrong_one),
      cmocka_unit_test(two_seals_of_one_key_share_nothing_secret),
      cmocka_unit_test(every_flip_is_damage_and_never_a_wrong_passphrase),
      cmocka_unit_test(every_cut_and_every_addition_is_damage),
      cmocka_unit_test(absurd_seals_are_refused_before_anything_is_allocated),
      cmocka_unit_test(lines_that_are_not_as_written_are_damage_even_under_a_true_check),
      cmocka_unit_test(a_public_half_of_another_key_is_damage),
      cmocka_unit_test(keys_that_could_not_be_read_back_are_not_written),
      cmocka_unit_test(moderate_cost_is_written_as_the_header_says),
      IN_FOLDER(files_go_round_and_a_sealed_one_shows_its_public_half),
      IN_FOLDER(a_key_is_never_overwritten),
      IN_FOLDER(open_modes_and_links_are_refused),
  };
  return secret_start(NULL) == OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
