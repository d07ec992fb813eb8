/* SPDX-License-Identifier: MIT */
/* Runs a program and gives what it printed. */
#ifndef DFURIG_TESTING_RUN_H
#define DFURIG_TESTING_RUN_H

#include <stddef.h>

struct run {
	int code;  /* exit status, or 128 + the signal */
	char *out; /* owned; stdout, NUL behind it */
	char *err; /* owned; stderr, NUL behind it */
};

/* argv ends with NULL; argv[0] is a path or found in PATH. Waits for its end; its stdin is /dev/null. Fails the
 * test when it cannot be started. CLEANUP(run_done) on the result. */
struct run run_or_fail(const char *const argv[]);

/* The same with another working folder. */
struct run run_in_or_fail(const char *dir, const char *const argv[]);

/* Fails the test when a program is not installed; with DFURIG_ALLOW_MISSING_TOOLS in the environment it is skipped. */
void need_tool(const char *program);

/* RUN_OR_FAIL("dfurig", "list") */
#define RUN_OR_FAIL(...) run_or_fail((const char *const[]){__VA_ARGS__, NULL})

void run_done(struct run *run);

#endif
