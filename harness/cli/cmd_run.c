/* SPDX-License-Identifier: MIT */
/* dfurig run: scenarios, with flashers, over transports; verdicts, reports, an exit code. */
#include "harness/cli/cli.h"
#include "harness/cli/rig_faults.h"
#include "harness/cli/run_one.h"
#include "harness/cli/run_plan.h"
#include "harness/cli/run_report.h"
#include "harness/cli/work_folder.h"

#include "harness/base/clock.h"
#include "harness/report/run_terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LIMIT_US    (UINT64_C(600) * 1000000) /* of one run, on the wall */
#define BATCH_MAX   8
#define PROGRESS_US 1000000 /* what is over sooner needs no progress line */

enum run_key {
	KEY_FLASHER = 0x100,
	KEY_TRANSPORT,
	KEY_BOARD,
	KEY_SHARD,
	KEY_REPORT,
	KEY_JSON,
	KEY_SEED,
	KEY_PACE,
	KEY_FAULT,
};

struct run_options {
	struct run_choice choice;
	char **names; /* of the scenarios in it; borrowed */
	struct run_report report;
	uint32_t jobs;
	bool verbose;
};

struct run {
	struct run_options options;
	struct run_plan plan;
	struct html_run *runs; /* owned, fragments included; one a task */
	bool *has_ended;       /* owned; one a task */
	size_t ended_count;
	size_t verdicts[VERDICT_COUNT];
	char work[PATH_MAX];
	uint64_t start_us;
	struct run_terminal terminal;
	bool progress, progress_shown;
};

/* --- options --- */

static const struct argp_option argp_options[] = {
	{"flasher", KEY_FLASHER, "NAME", 0,
		"What is tested: a name of `dfurig list flashers`, or a path. May be given several "
		"times; default: builtin, console, dfu-util",
		0},
	{"transport", KEY_TRANSPORT, "direct|mock", 0,
		"direct: in this process on virtual time, with twins of foreign tools; mock: real "
		"programs. Default: direct for flashers of ours, mock for programs",
		0},
	{"board", KEY_BOARD, "NAME", 0, "Run on this board in place of the scenario's", 0},
	{"jobs", 'j', "N", 0, "So many runs at a time; 0, the default: one a processor", 0},
	{"shard", KEY_SHARD, "I/N", 0, "Only the I-th of N parts of all runs", 0},
	{"report", KEY_REPORT, "DIR", 0,
		"Write index.html, junit.xml, runs.jsonl and a capture a run to DIR", 0},
	{"json", KEY_JSON, "FILE", 0, "Write one line of JSON a run to FILE", 0},
	{"fault", KEY_FAULT, "RULE", 0,
		"What goes wrong besides, with the board under test: \"where: what\", such as "
		"\"request write block=5: stall\"; see `dfurig list faults`. May be given several "
		"times; each must happen, or the run is an ERROR",
		0},
	{"seed", KEY_SEED, "N", 0, "For all that is left to chance; default 1", 0},
	{"pace", KEY_PACE, "chip|fast", 0,
		"chip: the board takes the chip's times (default for direct); fast: none that can "
		"be spared (default for mock)",
		0},
	{"verbose", 'v', NULL, 0, "Tell the story of each run, not only of those that fail", 0},
	{0},
};

static int named_value(
	struct argp_state *state, const char *option, const struct names *names, const char *arg)
{
	char list[128];
	int value = names_value(names, arg);

	if (value < 0)
		argp_error(state, "%s: \"%s\" is not one of %s", option, arg,
			names_list(names, list, sizeof(list)));
	return value;
}

static void parse_shard(struct argp_state *state, struct run_choice *choice, const char *arg)
{
	unsigned int shard = 0, shards = 0;
	int end = 0;

	if (strspn(arg, "0123456789/") == strlen(arg))
		sscanf(arg, "%9u/%9u%n", &shard, &shards, &end);
	if (!end || arg[end] || shard < 1 || shard > shards)
		argp_error(state, "--shard: \"%s\" is not I/N with 1 <= I <= N", arg);
	choice->shard = shard;
	choice->shards = shards;
}

/* An empty word is a variable of a script that was not set. */
static const char *file_name(struct argp_state *state, const char *option, const char *arg)
{
	if (!arg[0])
		argp_error(state, "%s: a name is needed", option);
	return arg;
}

static void add_flasher(struct argp_state *state, struct run_choice *choice, const char *name)
{
	if (choice->flasher_count == RUN_FLASHER_MAX)
		argp_error(state, "more than %d flashers", RUN_FLASHER_MAX);
	choice->flashers[choice->flasher_count++] = name;
}

/* What is run. */
static error_t parse_choice(int key, char *arg, struct argp_state *state)
{
	struct run_choice *choice = &((struct run_options *)state->input)->choice;

	switch (key) {
	case KEY_FLASHER:
		add_flasher(state, choice, arg);
		return 0;
	case KEY_TRANSPORT:
		choice->transport = named_value(state, "--transport", &run_transport_names, arg);
		return 0;
	case KEY_PACE:
		choice->pace = named_value(state, "--pace", &run_pace_names, arg);
		return 0;
	case KEY_BOARD:
		choice->board = arg;
		return 0;
	case KEY_SHARD:
		parse_shard(state, choice, arg);
		return 0;
	case KEY_FAULT:
		rig_faults_option(state, &choice->faults, arg);
		return 0;
	case KEY_SEED:
		choice->seed = cli_parse_number(state, "seed", arg, UINT32_MAX);
		return 0;
	case ARGP_KEY_ARG:
		((struct run_options *)state->input)->names[choice->scenario_count++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct run_options *options = state->input;

	switch (key) {
	case 'j':
		options->jobs = cli_parse_number(state, "jobs", arg, 64);
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case KEY_REPORT:
		options->report.folder = file_name(state, "--report", arg);
		return 0;
	case KEY_JSON:
		options->report.json = file_name(state, "--json", arg);
		return 0;
	default:
		return parse_choice(key, arg, state);
	}
}

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "[SCENARIO...]",
	.doc = "Runs scenarios on simulated boards and judges flashers by them; without names all "
	       "that there are (dfurig list scenarios)."
	       "\vExamples:\n"
	       "  dfurig run\n"
	       "  dfurig run auto-dfu -v\n"
	       "  dfurig run --transport mock --flasher dfu-util --report report\n"
	       "  dfurig run --shard 2/8 --json runs.jsonl ./my-story.yaml\n\n"
	       "Exit code: 0 when all runs PASS or are SKIPped with a reason; 1 when one FAILs; "
	       "125 when the rig itself failed in one; 2 usage; 3 a file is wrong.",
};

/* --- while it runs --- */

static void clear_progress(struct run *run)
{
	if (run->progress_shown)
		fputs("\r\033[K", stderr);
	run->progress_shown = false;
}

static size_t terminal_width(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

static void show_progress(struct run_pool *pool)
{
	struct run *run = pool->user;
	char line[96];

	if (!run->progress || clock_now_us(clock_monotonic()) - run->start_us < PROGRESS_US)
		return;
	snprintf(line, sizeof(line), " %zu of %zu runs, %zu failed", run->ended_count,
		run->plan.count, run->verdicts[VERDICT_FAIL] + run->verdicts[VERDICT_ERROR]);
	if (strlen(line) >= terminal_width())
		return; /* a line that wraps cannot be taken back */
	fprintf(stderr, "\r\033[K%s", line);
	run->progress_shown = true;
}

/* The same run may be asked for several times. */
static void name_capture(const struct run_plan *plan, size_t index, struct run_summary *job)
{
	char number[24] = "";
	size_t before = 0;

	for (size_t i = 0; i < index; i++)
		before += strcmp(plan->summaries[i].scenario, job->scenario) == 0 &&
			  strcmp(plan->summaries[i].flasher, job->flasher) == 0 &&
			  strcmp(plan->summaries[i].transport, job->transport) == 0;
	if (before)
		snprintf(number, sizeof(number), "-%zu", before + 1);
	snprintf(job->capture, sizeof(job->capture), "%s-%s-%s%s.pcapng", job->scenario,
		job->flasher, job->transport, number);
}

static void work(
	struct run_pool *pool, size_t index, struct run_summary *job, struct run_output *output)
{
	const struct run *run = pool->user;
	const struct run_task *task = &run->plan.tasks[index];
	char capture[PATH_MAX] = "";
	struct run_request request = {
		.scenario = task->scenario,
		.flasher = task->flasher,
		.transport = task->transport,
		.board = run->options.choice.board,
		.seed = run->options.choice.seed,
		.faults = &run->options.choice.faults,
		.pace = task->pace,
		.work = run->work,
		.capture = capture,
		.verbose = run->options.verbose,
		.colour = run->terminal.colour,
		.scenario_width = run->terminal.scenario_width,
		.flasher_width = run->terminal.flasher_width,
	};

	if (run->options.report.folder) {
		name_capture(&run->plan, index, job);
		snprintf(capture, sizeof(capture), "%.3800s/%s", run->options.report.folder,
			job->capture);
	}
	run_one(&request, job, output);
}

/* A process that ended badly after its last run takes that run's verdict back. */
static void forget_run(struct run *run, size_t index)
{
	if (!run->has_ended[index])
		return;
	run->ended_count--;
	run->verdicts[run->runs[index].summary.verdict]--;
	free((void *)run->runs[index].fragment);
}

static void ended(struct run_pool *pool, size_t index, struct run_output *output)
{
	struct run *run = pool->user;
	struct html_run *entry = &run->runs[index];

	forget_run(run, index);
	run->has_ended[index] = true;
	run->ended_count++;
	entry->summary = run->plan.summaries[index];
	entry->fragment = output->html.data;
	entry->size = output->html.size;
	output->html.data = NULL; /* the entry's now */
	run->verdicts[entry->summary.verdict]++;
	clear_progress(run);
	if (output->text.size)
		fwrite(output->text.data, 1, output->text.size, stdout);
	else
		(void)!run_terminal_print(&run->terminal, stdout, &entry->summary, NULL);
	if (fflush(stdout) != 0 || ferror(stdout))
		pool->stop = true; /* nobody listens any more */
}

/* Runs in-process take milliseconds; a mock wants a process of its own. */
static size_t batch(const struct run_pool *pool, size_t index)
{
	const struct run *run = pool->user;
	size_t size = 0;

	while (index + size < pool->count && size < BATCH_MAX &&
		run->plan.tasks[index + size].transport == RUN_DIRECT)
		size++;
	return size ? size : 1;
}

/* --- the end --- */

/* Puts those that have ended to the front, in the plan's order. */
static void gather(struct run *run)
{
	size_t count = 0;

	for (size_t i = 0; i < run->plan.count; i++)
		if (run->has_ended[i])
			run->runs[count++] = run->runs[i];
}

static int print_totals(struct run *run)
{
	CLEANUP(free_ptr)
	struct run_summary *summaries = calloc(run->ended_count + 1, sizeof(*summaries));

	if (!summaries)
		return -ENOMEM;
	for (size_t i = 0; i < run->ended_count; i++)
		summaries[i] = run->runs[i].summary;
	clear_progress(run);
	run_terminal_totals(&run->terminal, stdout, summaries, run->ended_count,
		clock_now_us(clock_monotonic()) - run->start_us);
	fflush(stdout); /* before what a report writes to the same place */
	return 0;
}

static int write_reports(const struct run *run)
{
	const struct run_report *report = &run->options.report;
	struct why why = {""};

	if (run_report_write(report, run->runs, run->ended_count, &why) < 0)
		return cli_error(CLI_RIG, &why);
	if (report->folder)
		printf("report: %s/index.html\n", report->folder);
	return CLI_OK;
}

static int verdict_code(const struct run *run)
{
	if (run->verdicts[VERDICT_ERROR])
		return CLI_RIG;
	return run->verdicts[VERDICT_FAIL] ? CLI_FAIL : CLI_OK;
}

/* As wide as the longest name. */
static void set_columns(struct run *run)
{
	for (size_t i = 0; i < run->plan.count; i++) {
		int scenario = (int)strlen(run->plan.summaries[i].scenario);
		int flasher = (int)strlen(run->plan.summaries[i].flasher);

		if (scenario > run->terminal.scenario_width)
			run->terminal.scenario_width = scenario;
		if (flasher > run->terminal.flasher_width)
			run->terminal.flasher_width = flasher;
	}
}

/* The report is written and the work folder removed, however often Ctrl-C is pressed. */
static void ignore_signals(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static int run_all(struct run *run)
{
	struct run_pool pool = {
		.workers = run->options.jobs ? run->options.jobs
					     : (unsigned int)sysconf(_SC_NPROCESSORS_ONLN),
		.limit_us = LIMIT_US,
		.jobs = run->plan.summaries,
		.count = run->plan.count,
		.user = run,
		.work = work,
		.batch = batch,
		.ended = ended,
		.idle = show_progress,
	};
	struct why why = {""};
	int r, code;

	set_columns(run);
	run->start_us = clock_now_us(clock_monotonic());
	r = run_pool(&pool, &why);
	ignore_signals();
	gather(run);
	code = print_totals(run) < 0 ? cli_errorf(CLI_RIG, "out of memory") : write_reports(run);
	if (r == -EINTR)
		return cli_errorf(CLI_RIG, "interrupted after %zu of %zu runs", run->ended_count,
			run->plan.count);
	if (r < 0)
		return cli_error(CLI_RIG, &why);
	return code ? code : verdict_code(run);
}

static void run_done(struct run *run)
{
	for (size_t i = 0; i < run->ended_count; i++)
		free((void *)run->runs[i].fragment);
	free(run->runs);
	free(run->has_ended);
	run_plan_done(&run->plan);
}

static int run_in_work_folder(struct run *run)
{
	struct why why = {""};
	int code;

	run->runs = calloc(run->plan.count + 1, sizeof(*run->runs));
	run->has_ended = calloc(run->plan.count + 1, sizeof(*run->has_ended));
	if (!run->runs || !run->has_ended)
		return cli_errorf(CLI_RIG, "out of memory");
	signal(SIGPIPE, SIG_IGN); /* the pool stops when nothing can be printed */
	if (work_folder_make(run->work, &why) < 0)
		return cli_error(CLI_RIG, &why);
	code = run_all(run);
	work_folder_remove(run->work);
	return code;
}

/* That knows more than letters. */
static bool is_terminal(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && !(term && strcmp(term, "dumb") == 0);
}

static int run_command(int argc, char **argv)
{
	struct run run = {
		.options.choice = {.transport = -1, .pace = -1, .seed = 1},
		.terminal.colour = is_terminal(STDOUT_FILENO) && !getenv("NO_COLOR"),
		.progress = is_terminal(STDERR_FILENO),
	};
	CLEANUP(free_ptr) char **names = calloc((size_t)argc + 1, sizeof(*names));
	struct why why = {""};
	int r, code;

	if (!names)
		return cli_errorf(CLI_RIG, "out of memory");
	run.options.names = names;
	run.options.choice.scenarios = names;
	if (cli_parse(&argp, argc, argv, &run.options, CLI_USAGE))
		return CLI_USAGE;
	r = run_plan_make(&run.options.choice, &run.plan, &why);
	if (r == 0)
		r = run_report_begin(&run.options.report, &why);
	if (r < 0)
		code = cli_error(r == -ENOMEM ? CLI_RIG : CLI_INPUT, &why);
	else
		code = run_in_work_folder(&run);
	run_done(&run);
	return code;
}

const struct cli_command cli_command_run = {
	.name = "run",
	.summary = "run scenarios and judge flashers by them",
	.run = run_command,
};
