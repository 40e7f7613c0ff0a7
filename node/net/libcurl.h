/*
 * libcurl, loaded when it is first needed: a command that asks nobody starts in half the time without it and the twenty
 * libraries behind it, and no process of a node but the courier has them in its memory
 * (docs/decisions/0016-libcurl-is-loaded-when-it-is-used.md). libcurl.c defines the functions of <curl/curl.h> that are used
 * here; whoever uses them asks libcurl_load first.
 */
#ifndef SPECOLA_NODE_NET_LIBCURL_H
#define SPECOLA_NODE_NET_LIBCURL_H

#include <curl/curl.h>

#include "keys/err.h"

/* OK also when it is loaded already; from any thread. ERR_FAILED: it is not installed; then curl_easy_init gives
 * NULL. */
MUST_CHECK enum err_code libcurl_load(struct err *err);

#endif
