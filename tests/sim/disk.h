/*
 * disk: disks in memory, one a folder, as an SQLite VFS ("sim"). What was written and not synced is lost, kept or torn when the
 * power goes; writes and syncs can fail; a disk can be full; a node can die at any one of them. A store opened with
 * store_open(folder, …, DISK_VFS, …) lives here: only its lock and an empty file stand in the folder itself.
 *
 * One process, one thread, one connection a file: locks are no business of this VFS.
 */
#ifndef SPECOLA_TESTS_SIM_DISK_H
#define SPECOLA_TESTS_SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_VFS "sim"
#define DISK_NEVER UINT64_MAX

enum disk_fault { DISK_HEALTHY, DISK_BAD_WRITES, DISK_BAD_SYNCS, DISK_BAD_READS };

struct disk; /* opaque; lives from its first use until disk_forget */

/* Registers the VFS. Once. */
void disk_start(void);
/* The disk of a folder, made when it is first asked for. NULL without memory. */
struct disk *disk_of(const char *dir);
void disk_forget(const char *dir);
/* The content of one disk onto another; neither is in use. */
void disk_copy(const char *from_dir, const char *to_dir);

/* How many writes, truncations and syncs were asked of it. */
uint64_t disk_steps(const struct disk *d);
/* With the step-th step from now on the node dies: nothing reaches the disk any more. DISK_NEVER: it does not. */
void disk_die_at(struct disk *d, uint64_t step);
void disk_die(struct disk *d); /* now */
bool disk_is_dead(const struct disk *d);
/* Steps that fail from now on, until another word. */
void disk_fail(struct disk *d, enum disk_fault fault);
/* Octets that fit beyond what there is now; UINT64_MAX: any number. */
void disk_leave_room(struct disk *d, uint64_t octets);
/* The process is gone and nobody holds a file: what was written stays. With power_cut, what was not synced is kept, lost or
 * torn as random (a number below n, from context) says. The disk is healthy afterwards. */
void disk_revive(struct disk *d, bool power_cut, uint64_t (*random)(void *context, uint64_t n), void *context);
/* A deliberate lie: syncs say that they did, and did not. */
void disk_lie(struct disk *d, bool lies);

#endif
