/*
 * demo_review: reviewers of two of the demo's nodes sign the same statement without having met, and every node finds what that
 * comes to.
 */
#ifndef SPECOLA_CLI_DEMO_REVIEW_H
#define SPECOLA_CLI_DEMO_REVIEW_H

#include "cli/demo_node.h"

/* Certifies the coordinators of the n - 1 last nodes as reviewers, lets each endorse the object named, and tells after each
 * what all n find. ERR_MISMATCH (exit 8) when they do not find the same within wait_ms; errors of the nodes. */
MUST_CHECK enum err_code demo_review(const struct cli *cli, struct demo_node *nodes, size_t n, const char *name,
                                     uint64_t wait_ms, struct err *err);

#endif
