/* SPDX-License-Identifier: MIT */
#include "harness/cli/mock_session.h"

#include "harness/cli/child.h"
#include "harness/cli/installed.h"
#include "harness/transport/mock/protocol.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Beside the program when it is installed, else where it was built. */
static int find_preload(char ret[static PATH_MAX], struct why *why)
{
	const char *given = getenv("DFURIG_PRELOAD");

	if (given) {
		snprintf(ret, PATH_MAX, "%s", given);
	} else {
		installed_path(ret, DFURIG_PRELOAD_INSTALLED);
		if (access(ret, R_OK) < 0)
			snprintf(ret, PATH_MAX, "%s", DFURIG_PRELOAD_BUILT);
	}
	if (access(ret, R_OK) < 0)
		return why_errno(why, -errno, "the mock's preload library %s", ret);
	return 0;
}

int mock_session_start(struct mock_session *session, const struct mock_program *program,
	pid_t *ret_pid, struct why *why)
{
	const char *others = getenv("LD_PRELOAD");
	char library[PATH_MAX], preload[2 * PATH_MAX];
	int r = find_preload(library, why);

	if (r < 0)
		return r;
	snprintf(preload, sizeof(preload), "%s%s%s", library, others && *others ? ":" : "",
		others ? others : "");
	const struct child_environment env[] = {
		{"LD_PRELOAD", preload},
		{MOCK_ENV, mock_address(session->mock)},
		{program->path ? "PATH" : NULL, program->path},
		{NULL, NULL},
	};
	return child_start(program->argv, env, program->output, ret_pid, why);
}

/* Before the loop waits: what has happened is told. */
static void on_idle(uv_prepare_t *handle)
{
	struct mock_session *session = handle->data;

	if (session->rig->capture)
		usbmon_capture_flush(session->rig->capture);
}

static void close_handle(uv_handle_t *handle, void *arg UNUSED)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void close_loop(struct mock_session *session)
{
	uv_walk(&session->loop, close_handle, NULL);
	uv_run(&session->loop, UV_RUN_DEFAULT);
	uv_loop_close(&session->loop);
	uv_library_shutdown();
}

int mock_session_begin(struct mock_session *session, struct rig *rig, struct why *why)
{
	int r;

	*session = (struct mock_session){.rig = rig};
	r = uv_loop_init(&session->loop);
	if (r < 0)
		return why_set(why, r, "event loop: %s", uv_strerror(r));
	r = mock_start(rig->bus, &session->loop, &session->mock, why);
	if (r < 0) {
		close_loop(session);
		return r;
	}
	uv_prepare_init(&session->loop, &session->idle);
	session->idle.data = session;
	uv_prepare_start(&session->idle, on_idle);
	child_adopt_orphans();
	return 0;
}

void mock_session_end(struct mock_session *session)
{
	mock_stop(session->mock);
	child_end_orphans();
	close_loop(session);
}
