/*
 * log: one line a happening on stderr: level, room, message, key=value. Remote text is escaped. Errors travel up, logs go
 * sideways: who handles, logs, and nothing is logged twice.
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
