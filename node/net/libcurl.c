/*
 * libcurl: each function hands on to that of the library. See libcurl.h.
 */
#define CURL_DISABLE_TYPECHECK /* its macros have the names of what is defined here */
#include "node/net/libcurl.h"

#undef curl_easy_setopt
#undef curl_easy_getinfo
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WHY_MAX 200
#define CALLS(X)                                                                                                               \
  X(curl_easy_cleanup)                                                                                                         \
  X(curl_easy_getinfo)                                                                                                         \
  X(curl_easy_header)                                                                                                          \
  X(curl_easy_init)                                                                                                            \
  X(curl_easy_perform)                                                                                                         \
  X(curl_easy_reset)                                                                                                           \
  X(curl_easy_setopt)                                                                                                          \
  X(curl_easy_strerror)                                                                                                        \
  X(curl_global_init)                                                                                                          \
  X(curl_slist_append)                                                                                                         \
  X(curl_slist_free_all)

static struct {
#define MEMBER(name) __typeof__ (&(name))(name);
  CALLS(MEMBER)
#undef MEMBER
  bool loaded;
  char why[WHY_MAX]; /* it is not */
} lib;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool find(void *library, const char *name, void *function, size_t size) {
  void *const found = dlsym(library, name);
  memcpy(function, &found, size);
  return found != NULL;
}

static void load(void) {
  void *const library = dlopen(SPECOLA_LIBCURL, RTLD_NOW | RTLD_LOCAL); /* stays until the process ends */
#define FIND(name) lib.loaded = lib.loaded && find(library, #name, &lib.name, sizeof lib.name);
  lib.loaded = library != NULL;
  CALLS(FIND)
#undef FIND
  if (lib.loaded) return;
  const char *why = dlerror();
  (void)snprintf(lib.why, sizeof lib.why, "%s", why == NULL ? SPECOLA_LIBCURL : why);
}

static bool is_loaded(void) {
  return pthread_once(&once, load) == 0 && lib.loaded;
}

enum err_code libcurl_load(struct err *err) {
  if (is_loaded()) return OK;
  err_set(err, ERR_FAILED, "libcurl cannot be loaded: %s", lib.why);
  return err_hint(err, "install libcurl, 7.85 or later");
}

/* ---- what begins: without the library there is nothing to begin ---- */

CURLcode curl_global_init(long flags) {
  return is_loaded() ? lib.curl_global_init(flags) : CURLE_FAILED_INIT;
}

CURL *curl_easy_init(void) {
  return is_loaded() ? lib.curl_easy_init() : NULL;
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *data) {
  return is_loaded() ? lib.curl_slist_append(list, data) : NULL;
}

/* ---- what goes on with that ---- */

void curl_slist_free_all(struct curl_slist *list) {
  if (list != NULL) lib.curl_slist_free_all(list);
}

void curl_easy_cleanup(CURL *curl) {
  lib.curl_easy_cleanup(curl);
}

void curl_easy_reset(CURL *curl) {
  lib.curl_easy_reset(curl);
}

CURLcode curl_easy_perform(CURL *curl) {
  return lib.curl_easy_perform(curl);
}

const char *curl_easy_strerror(CURLcode code) {
  return lib.curl_easy_strerror(code);
}

CURLHcode curl_easy_header(CURL *easy, const char *name, size_t index, unsigned int origin, int request,
                           struct curl_header **hout) {
  return lib.curl_easy_header(easy, name, index, origin, request, hout);
}

/* The number of an option tells the type of its value: a long, an offset, else a pointer. */
CURLcode curl_easy_setopt(CURL *curl, CURLoption option, ...) {
  CURLcode code;
  va_list args;
  va_start(args, option);
  if ((int)option < CURLOPTTYPE_OBJECTPOINT) {
    const long number = va_arg(args, long);
    code = lib.curl_easy_setopt(curl, option, number);
  } else if ((int)option >= CURLOPTTYPE_OFF_T && (int)option < CURLOPTTYPE_BLOB) {
    const curl_off_t offset = va_arg(args, curl_off_t);
    code = lib.curl_easy_setopt(curl, option, offset);
  } else {
    void *const pointer = va_arg(args, void *);
    code = lib.curl_easy_setopt(curl, option, pointer);
  }
  va_end(args);
  return code;
}

/* Where what is asked for goes is always a pointer. */
CURLcode curl_easy_getinfo(CURL *curl, CURLINFO info, ...) {
  va_list args;
  va_start(args, info);
  const CURLcode code = lib.curl_easy_getinfo(curl, info, va_arg(args, void *));
  va_end(args);
  return code;
}
