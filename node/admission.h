/*
 * admission: what a record must satisfy to enter the own log, beyond what evaluation finds (docs/protocol.md 4.6, reasons from
 * 32 on).
 */
#ifndef SPECOLA_NODE_ADMISSION_H
#define SPECOLA_NODE_ADMISSION_H

#include "node/append.h"

/* Why the record would be refused if it came next. REASON_NONE: it may be appended. Store errors. */
MUST_CHECK enum err_code admission_check(struct append *a, const struct verified *entry, enum reason *reason, struct err *err);

#endif
