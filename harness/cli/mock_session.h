/* SPDX-License-Identifier: MIT */
/* The mock around a rig: its event loop, the server on it, and programs that are started below the preload library. */
#ifndef DFURIG_CLI_MOCK_SESSION_H
#define DFURIG_CLI_MOCK_SESSION_H

#include <sys/types.h>
#include <uv.h>

#include "harness/cli/rig.h"
#include "harness/transport/mock/mock.h"

struct mock_session {
	struct rig *rig; /* borrowed */
	uv_loop_t loop;
	struct mock *mock;
	uv_prepare_t idle;
};

/* Serves the rig's bus. While the loop runs, what happens is told and captures are written. 0 or negative errno;
 * mock_session_end in the first case only. */
MUST_CHECK int mock_session_begin(struct mock_session *session, struct rig *rig, struct why *why);

/* Kills what the programs left behind, closes all handles on the loop, and the loop. */
void mock_session_end(struct mock_session *session);

/* A program to be started; borrowed. */
struct mock_program {
	char *const *argv; /* ends with NULL */
	const char *path;  /* its PATH; NULL = this process's */
	int output;        /* a file number for its stdout and stderr; -1 = this process's */
};

/* Starts it. 0; -ENOENT, -EACCES, -ENOEXEC: it cannot be run; other: the rig's failure. */
MUST_CHECK int mock_session_start(struct mock_session *session, const struct mock_program *program,
	pid_t *ret_pid, struct why *why);

#endif
