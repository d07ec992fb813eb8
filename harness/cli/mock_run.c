/* SPDX-License-Identifier: MIT */
#include "harness/cli/mock_run.h"

#include "harness/cli/child.h"
#include "harness/cli/cli.h"
#include "harness/cli/command_line.h"
#include "harness/cli/mock_session.h"
#include "harness/cli/rig_faults.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND      127

struct mock_run {
	struct mock_session session;
	uv_signal_t on_child, on_term, on_hup, on_int, on_quit;
	pid_t pid;
	int wait_status;
	bool ended;
	unsigned int terms; /* how often we were asked to end */
};

/* --- signals --- */

static void on_child(uv_signal_t *handle, int signum UNUSED)
{
	struct mock_run *run = handle->data;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != run->pid)
			continue;
		run->wait_status = status;
		run->ended = true;
		uv_stop(&run->session.loop);
	}
}

/* Asked to end: the command is asked in turn; who asks twice means it. */
static void on_term(uv_signal_t *handle, int signum)
{
	struct mock_run *run = handle->data;

	kill(run->pid, run->terms++ ? SIGKILL : signum);
}

/* The terminal sends these to the command as well: it decides. */
static void on_keyboard(uv_signal_t *handle UNUSED, int signum UNUSED)
{
}

static void watch(struct mock_run *run, uv_signal_t *handle, int signum, uv_signal_cb callback)
{
	uv_signal_init(&run->session.loop, handle);
	handle->data = run;
	uv_signal_start(handle, callback, signum);
}

static void watch_all(struct mock_run *run)
{
	watch(run, &run->on_child, SIGCHLD, on_child);
	watch(run, &run->on_term, SIGTERM, on_term);
	watch(run, &run->on_hup, SIGHUP, on_term);
	watch(run, &run->on_int, SIGINT, on_keyboard);
	watch(run, &run->on_quit, SIGQUIT, on_keyboard);
}

/* --- the run --- */

/* FAULT_KILL. */
static void kill_command(void *user)
{
	const struct mock_run *run = user;

	child_kill(run->pid);
}

static int failed_start(int r, const struct why *why)
{
	if (r == -ENOENT)
		return cli_error(EXIT_NOT_FOUND, why);
	if (r == -EACCES || r == -ENOEXEC)
		return cli_error(EXIT_NOT_EXECUTABLE, why);
	return cli_error(CLI_RIG, why);
}

static int run_command(struct mock_run *run, char *const argv[], struct why *why)
{
	CLEANUP(free_ptr) char *line = command_line_text(argv);
	int r;

	watch_all(run);
	r = mock_session_start(
		&run->session, &(struct mock_program){argv, NULL, -1}, &run->pid, why);
	if (r < 0)
		return failed_start(r, why);
	EVENT_EMIT(&run->session.rig->events, .kind = EVENT_COMMAND_START,
		.text = line ? line : argv[0]);
	run->session.rig->kill = kill_command;
	run->session.rig->kill_user = run;
	if (run->session.rig->kill_missed)
		kill_command(run);
	while (!run->ended)
		uv_run(&run->session.loop, UV_RUN_DEFAULT);
	run->session.rig->kill = NULL;
	r = child_exit_code(run->wait_status);
	EVENT_EMIT(
		&run->session.rig->events, .kind = EVENT_COMMAND_END, .text = argv[0], .status = r);
	return r;
}

static int mock_run(struct rig *rig, char *const argv[])
{
	struct mock_run run = {.ended = false};
	struct why why = {""};
	int code;

	if (mock_session_begin(&run.session, rig, &why) < 0)
		return cli_error(CLI_RIG, &why);
	code = run_command(&run, argv, &why);
	mock_session_end(&run.session);
	return code;
}

int mock_run_rig(struct rig *rig, char *const argv[], mock_run_after after, void *user)
{
	struct why why = {""};
	int code = mock_run(rig, argv);

	if (after)
		code = after(rig, code, user);
	code = rig_faults_check(rig, code);
	return rig_finish(rig, &why) < 0 ? cli_error(CLI_RIG, &why) : code;
}
