/*
 * log: one line a happening on stderr: level, room, message, key=value. Remote text is escaped. Errors travel up, logs go
 * sideways: who handles, logs, and nothing is logged twice.
 *
 *   gate info exchange: peer connected peer=FR
 *
 * A line is one write(2) of at most 4096 octets, so lines of several processes on one pipe do not mix. A message past 1000
 * octets is cut and ends in "...". The names collide with <syslog.h>, which nobody here includes.
 */
#ifndef SPECOLA_KEYS_LOG_H
#define SPECOLA_KEYS_LOG_H

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Lines above this level are dropped; the start is LOG_WARNING. */
void log_set_level(enum log_level level);
/* A word put before each line ("gate", "core"): the process. Borrowed for ever. */
void log_set_process(const char *name);
/* log_line(LOG_INFO, "gate", "peer connected", "peer=%s", name): message is plain text of ours, format gives the key=value
 * part (NULL for none); control characters in the result are escaped and the line ends in one newline. */
void log_line(enum log_level level, const char *room, const char *message, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
