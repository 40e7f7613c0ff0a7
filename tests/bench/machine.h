/*
 * machine: what this machine can do, and the small things that the benchmark's files share.
 */
#ifndef SPECOLA_TESTS_BENCH_MACHINE_H
#define SPECOLA_TESTS_BENCH_MACHINE_H

double now_s(void); /* monotonic */
/* Ends the program. */
void die(const char *what) __attribute__((noreturn));
/* Verifications of a 2 KiB message a second on one core: the median of five rounds. */
double machine_v(void);
/* Milliseconds of an fdatasync of 4 KiB in a folder: the median of 31. */
double machine_fdatasync(const char *folder);

#endif
