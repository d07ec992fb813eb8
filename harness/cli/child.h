/* SPDX-License-Identifier: MIT */
/* The command under test: started so that it cannot outlive the rig, and what became of it. */
#ifndef DFURIG_CLI_CHILD_H
#define DFURIG_CLI_CHILD_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "harness/base/attr.h"
#include "harness/base/why.h"

struct child_environment {
	const char *name;
	const char *value;
};

/* argv[0] is looked for in PATH. The child gets default signal handling and is killed when this process ends in
 * whatever way. env: NULL name at the end. output: its stdout and stderr, -1 = as this process's. Returns 0; -ENOENT not found; -EACCES not executable; other errno: the rig's
 * failure. */
MUST_CHECK int child_start(char *const argv[], const struct child_environment *env, int output,
	pid_t *ret_pid, struct why *why);

/* The shell's convention: the exit status, or 128 + signal. */
int child_exit_code(int wait_status);

/* Makes orphans of the command children of this process. */
void child_adopt_orphans(void);

/* How many children this process has, adopted ones included. */
unsigned int child_count(void);

/* Kills a process and all that it has started. */
void child_kill(pid_t pid);

/* Kills what is left of the command's children and waits for it, a second at most. */
void child_end_orphans(void);

/* Looks for a program in PATH, or takes a name with "/" as its path. False: there is none that may be executed. */
bool child_find(const char *command, char ret[static PATH_MAX]);

/* Whether a command names a program that can be started. */
bool child_is_program(const char *command);

/* The reason why a preload library will not be loaded by this command, or NULL: statically linked, set-user-ID.
 * Borrowed. */
const char *child_out_of_reach(const char *command);

#endif
