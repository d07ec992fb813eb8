/* SPDX-License-Identifier: MIT */
/* dfurig sweep: cuts an update at every opportunity, in every way, and proves that the board can be brought back. */
#include "harness/cli/cli.h"
#include "harness/cli/command_line.h"
#include "harness/cli/run_plan.h"
#include "harness/cli/sweep_again.h"
#include "harness/cli/sweep_fork.h"
#include "harness/cli/sweep_report.h"
#include "harness/cli/work_folder.h"

#include "harness/base/clock.h"
#include "harness/report/sweep_terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MOCK_POINTS 20      /* of each kind of cut, unless somebody says how many */
#define PROGRESS_US 1000000 /* what is over sooner needs no progress bar */

enum sweep_key {
	KEY_CUT = 0x100,
	KEY_AT,
	KEY_POINTS,
	KEY_FLASHER,
	KEY_TRANSPORT,
	KEY_BOARD,
	KEY_REPORT,
	KEY_JSON,
	KEY_SEED,
	KEY_PACE,
	KEY_AGAIN_CELL,
};

struct sweep_options {
	struct run_choice choice;
	char *scenario; /* borrowed; choice points here */
	uint32_t cuts;  /* 0 = the usual ones */
	enum sweep_at at;
	uint32_t from, to, points;
	uint32_t jobs;
	const char *again_cell;
	struct sweep_report report;
	bool verbose;
};

#define STORY_COUNT 2

struct stories {
	struct html_run runs[STORY_COUNT]; /* fragments are owned */
	size_t count;
};

struct sweeper {
	struct sweep_options options;
	struct run_plan plan;
	struct sweep_request request;
	struct sweep sweep;
	char work[PATH_MAX];
	uint64_t start_us;
	bool progress, progress_shown;
};

/* --- options --- */

static const struct argp_option argp_options[] = {
	{"cut", KEY_CUT, "KIND,...", 0,
		"What happens: vdd, brown-out, nrst, usb, kill, stall, nak, error, short, corrupt, "
		"flip, lose-ram, no-show; all. Default: vdd,nrst,usb,kill,stall,nak,error,flip",
		0},
	{"at", KEY_AT, "WHERE", 0,
		"every-transaction (default); every-block: at blocks and erases only; points: at "
		"the simulator's named points only; N..M: from the N-th occasion to the M-th",
		0},
	{"points", KEY_POINTS, "N", 0,
		"Only N cuts of each kind, spread over the update; 0: all. Default: all "
		"in-process, "
		"20 with real programs",
		0},
	{"flasher", KEY_FLASHER, "NAME", 0,
		"What is cut: a name of `dfurig list flashers`, or a path; default builtin", 0},
	{"transport", KEY_TRANSPORT, "direct|mock", 0,
		"direct: in-process, everywhere; mock: real programs, at --points. Default: direct "
		"for flashers of ours, mock for programs",
		0},
	{"board", KEY_BOARD, "NAME", 0, "On this board in place of the scenario's", 0},
	{"jobs", 'j', "N", 0, "So many cuts at a time; 0, the default: one a processor", 0},
	{"report", KEY_REPORT, "DIR", 0, "Write index.html and cells.jsonl to DIR", 0},
	{"json", KEY_JSON, "FILE", 0, "Write a line of JSON a cut, and one with the sum, to FILE",
		0},
	{"seed", KEY_SEED, "N", 0, "For what a power cut leaves behind; default 1", 0},
	{"pace", KEY_PACE, "chip|fast", 0,
		"chip: the board takes the chip's times (default for direct); fast: none that can "
		"be spared (default for mock)",
		0},
	{"again-cell", KEY_AGAIN_CELL, "KIND@N[+P%]", 0,
		"Only this cut, and its story; as a FAIL says it. With real programs, whose "
		"occasions are not the same each time, the next such cut from there on",
		0},
	{"verbose", 'v', NULL, 0, "Tell of each cut that broke a promise", 0},
	{0},
};

static uint32_t parse_cuts(struct argp_state *state, const char *arg)
{
	CLEANUP(free_ptr) char *copy = strdup(arg);
	char list[160], *rest = NULL;
	uint32_t cuts = 0;

	for (char *word = copy ? strtok_r(copy, ",", &rest) : NULL; word;
		word = strtok_r(NULL, ",", &rest)) {
		int cut = names_value(&sweep_cut_names, word);

		if (strcmp(word, "all") == 0)
			cuts = SWEEP_CUTS_ALL;
		else if (cut < 0)
			argp_error(state, "--cut: \"%s\" is not one of %s, all", word,
				names_list(&sweep_cut_names, list, sizeof(list)));
		else
			cuts |= 1u << cut;
	}
	if (!cuts)
		argp_error(state, "--cut: a kind is needed");
	return cuts;
}

static void parse_at(struct argp_state *state, struct sweep_options *options, const char *arg)
{
	int at = names_value(&sweep_at_names, arg), end = 0;
	unsigned int from = 0, to = 0;
	char list[96];

	if (at >= 0) {
		options->at = (enum sweep_at)at;
		return;
	}
	if (sscanf(arg, "%9u..%9u%n", &from, &to, &end) != 2 || arg[end] || !from || to < from)
		argp_error(state, "--at: \"%s\" is not one of %s, N..M", arg,
			names_list(&sweep_at_names, list, sizeof(list)));
	options->from = from;
	options->to = to;
}

static const char *file_name(struct argp_state *state, const char *option, const char *arg)
{
	if (!arg[0])
		argp_error(state, "%s: a name is needed", option);
	return arg;
}

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

/* What is swept. */
static error_t parse_choice(int key, char *arg, struct argp_state *state)
{
	struct sweep_options *options = state->input;
	struct run_choice *choice = &options->choice;

	switch (key) {
	case KEY_FLASHER:
		choice->flashers[0] = arg;
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
	case KEY_SEED:
		choice->seed = cli_parse_number(state, "seed", arg, UINT32_MAX);
		return 0;
	case ARGP_KEY_ARG:
		if (options->scenario)
			argp_error(state, "one scenario at a time");
		options->scenario = arg;
		return 0;
	case ARGP_KEY_END:
		if (!options->scenario)
			argp_error(state, "which scenario? See `dfurig list scenarios`");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct sweep_options *options = state->input;

	switch (key) {
	case KEY_CUT:
		options->cuts = parse_cuts(state, arg);
		return 0;
	case KEY_AT:
		parse_at(state, options, arg);
		return 0;
	case KEY_POINTS:
		options->points = cli_parse_number(state, "points", arg, 100000);
		return 0;
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
	case KEY_AGAIN_CELL:
		options->again_cell = arg;
		return 0;
	default:
		return parse_choice(key, arg, state);
	}
}

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "SCENARIO",
	.doc = "Cuts the update of a scenario at every opportunity, in every way, and brings the "
	       "board back each time as its owner would: proves what it takes, that the new "
	       "firmware is in then, and that the tune is kept."
	       "\vExamples:\n"
	       "  dfurig sweep interrupted-flash\n"
	       "  dfurig sweep interrupted-flash --cut vdd,usb --at every-block --report report\n"
	       "  dfurig sweep interrupted-flash --transport mock --flasher dfu-util --points "
	       "20\n\n"
	       "Exit code: 0 when every board came back as it should; 1 when one did not, or the "
	       "update fails without a cut; 125 when the rig itself failed, or it was "
	       "interrupted; 2 usage; 3 a file is wrong.",
};

/* --- while it runs --- */

static unsigned int terminal_width(int fd)
{
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

/* That knows more than letters. */
static bool is_terminal(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && !(term && strcmp(term, "dumb") == 0);
}

static void show_progress(void *user, size_t done, size_t planned)
{
	struct sweeper *self = user;
	uint64_t wall_us = clock_now_us(clock_monotonic()) - self->start_us;
	char line[SWEEP_PROGRESS_SIZE];

	if (!self->progress || wall_us < PROGRESS_US)
		return;
	fprintf(stderr, "\r\033[K%s",
		sweep_terminal_progress(
			done, planned, wall_us, terminal_width(STDERR_FILENO), line));
	self->progress_shown = true;
}

static void clear_progress(struct sweeper *self)
{
	if (self->progress_shown)
		fputs("\r\033[K", stderr);
	self->progress_shown = false;
}

/* --- the sweep --- */

static unsigned int jobs_of(const struct sweeper *self)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (self->options.jobs)
		return self->options.jobs;
	if (processors < 1)
		return 1;
	return processors < 64 ? (unsigned int)processors : 64;
}

/* Real programs take seconds. */
static uint32_t points_of(const struct sweeper *self)
{
	if (self->options.points || self->plan.tasks[0].transport == RUN_DIRECT)
		return self->options.points;
	return MOCK_POINTS;
}

/* The words that make this sweep again. */
static void describe(struct sweeper *self)
{
	const struct sweep_options *options = &self->options;
	const struct run_summary *known = &self->plan.summaries[0];
	const char *words[24] = {"dfurig", "sweep", options->scenario, "--flasher",
		options->choice.flashers[0], "--transport", known->transport};
	CLEANUP(free_ptr) char *line = NULL;
	size_t count = 7;
	char seed[32];

	snprintf(seed, sizeof(seed), "%lu", (unsigned long)options->choice.seed);
	words[count++] = "--seed";
	words[count++] = seed;
	if (options->choice.board) {
		words[count++] = "--board";
		words[count++] = options->choice.board;
	}
	if (options->choice.pace >= 0) {
		words[count++] = "--pace";
		words[count++] = names_text(&run_pace_names, (size_t)options->choice.pace);
	}
	line = command_line_text((char *const *)words);
	if (line && strlen(line) < sizeof(self->sweep.again))
		memcpy(self->sweep.again, line, strlen(line) + 1);
	memcpy(self->sweep.scenario, known->scenario, sizeof(self->sweep.scenario));
	memcpy(self->sweep.title, known->title, sizeof(self->sweep.title));
	memcpy(self->sweep.flasher, known->flasher, sizeof(self->sweep.flasher));
	memcpy(self->sweep.board, known->board, sizeof(self->sweep.board));
	memcpy(self->sweep.transport, known->transport, sizeof(self->sweep.transport));
	self->sweep.from = options->from;
	self->sweep.to = options->to;
	self->sweep.seed = options->choice.seed;
	self->sweep.jobs = jobs_of(self);
	self->sweep.exhaustive = !options->from && !options->to && !points_of(self) &&
				 options->at == SWEEP_AT_TRANSACTIONS;
}

/* The usual ones but those that the scenario grants its flasher; what the command line says is what is done. */
static uint32_t choose_cuts(struct sweeper *self, const struct run_task *task)
{
	struct scenario_grant grant = scenario_grant(task->scenario, task->flasher);
	char *out = self->sweep.without;
	size_t room = sizeof(self->sweep.without), used = 0;
	uint32_t left_out = SWEEP_CUTS_USUAL & grant.without;

	if (self->options.cuts)
		return self->options.cuts;
	for (size_t cut = 0; cut < SWEEP_CUT_COUNT && used < room; cut++)
		if (left_out >> cut & 1)
			used += (size_t)snprintf(out + used, room - used, "%s%s", used ? ", " : "",
				names_text(&sweep_cut_texts, cut));
	if (left_out && used < room)
		snprintf(out + used, room - used, ": %s", grant.because);
	return SWEEP_CUTS_USUAL & ~grant.without;
}

static void make_request(struct sweeper *self)
{
	const struct run_task *task = &self->plan.tasks[0];

	self->request = (struct sweep_request){
		.run =
			{
				.scenario = task->scenario,
				.flasher = task->flasher,
				.transport = task->transport,
				.board = self->options.choice.board,
				.seed = self->options.choice.seed,
				.pace = task->pace,
				.work = self->work,
				.capture = "",
				.quiet = true,
			},
		.cuts = choose_cuts(self, task),
		.at = self->options.at,
		.from = self->options.from,
		.to = self->options.to,
	};
}

static int exit_code(const struct sweep *sweep)
{
	struct sweep_summary summary;

	if (sweep_summarise(sweep, &summary) < 0)
		return cli_errorf(CLI_RIG, "out of memory");
	switch (sweep_verdict(sweep, &summary)) {
	case VERDICT_PASS:
	case VERDICT_SKIP:
		return CLI_OK;
	case VERDICT_FAIL:
		return CLI_FAIL;
	case VERDICT_ERROR:
	case VERDICT_COUNT:
		break;
	}
	return CLI_RIG;
}

/* The story of one cell for the page; one that cannot be told is left out. */
static void tell_story(struct sweeper *self, size_t index, struct stories *stories)
{
	struct why why = {""};

	if (index != SIZE_MAX &&
		sweep_again_html(&self->request, &self->sweep, &self->sweep.cells[index],
			&stories->runs[stories->count], &why) == 0)
		stories->count++;
}

/* Of the page: the first that failed, and the longest recovery. */
static int write_report(struct sweeper *self, struct why *why)
{
	CLEANUP(free_ptr) struct stories *stories = calloc(1, sizeof(*stories));
	struct sweep_summary summary;
	int r;

	if (!stories || sweep_summarise(&self->sweep, &summary) < 0)
		return why_errno(why, -ENOMEM, "report");
	if (self->options.report.folder && self->request.run.transport == RUN_DIRECT) {
		tell_story(self, summary.first_fail, stories);
		tell_story(self, summary.worst, stories);
	}
	r = sweep_report_write(
		&self->options.report, &self->sweep, stories->runs, stories->count, why);
	for (size_t i = 0; i < stories->count; i++)
		free((void *)stories->runs[i].fragment);
	return r;
}

static int tell(struct sweeper *self)
{
	const struct sweep_terminal terminal = {
		.colour = is_terminal(STDOUT_FILENO) && !getenv("NO_COLOR"),
		.verbose = self->options.verbose,
		.width = terminal_width(STDOUT_FILENO),
	};
	struct why why = {""};

	if (sweep_terminal_print(&terminal, stdout, &self->sweep) < 0)
		return cli_errorf(CLI_RIG, "out of memory");
	if (write_report(self, &why) < 0)
		return cli_error(CLI_RIG, &why);
	if (self->options.report.folder)
		printf("report: %s/index.html\n", self->options.report.folder);
	if (self->sweep.interrupted)
		return cli_errorf(CLI_RIG, "interrupted after %zu of %zu cuts", self->sweep.count,
			self->sweep.planned);
	return exit_code(&self->sweep);
}

static int sweep_all(struct sweeper *self)
{
	const struct sweep_fork fork = {
		.request = &self->request,
		.jobs = self->sweep.jobs,
		.points = points_of(self),
		.progress = show_progress,
		.user = self,
	};
	struct why why = {""};
	int r, code;

	r = sweep_fork_run(&fork, &self->sweep, &why);
	self->sweep.exhaustive &= !self->sweep.interrupted;
	self->sweep.wall_us = clock_now_us(clock_monotonic()) - self->start_us;
	clear_progress(self);
	if (r == 0)
		code = tell(self);
	else
		code = cli_error(r == -ECANCELED ? CLI_FAIL : CLI_RIG, &why);
	sweep_fork_done(&self->sweep);
	return code;
}

static int sweep(struct sweeper *self)
{
	struct why why = {""};
	int code;

	if (work_folder_make(self->work, &why) < 0)
		return cli_error(CLI_RIG, &why);
	describe(self);
	make_request(self);
	self->start_us = clock_now_us(clock_monotonic());
	code = self->options.again_cell
		       ? sweep_again_run(&self->request, &self->sweep, self->options.again_cell)
		       : sweep_all(self);
	work_folder_remove(self->work);
	return code;
}

static int sweep_command(int argc, char **argv)
{
	struct sweeper self = {
		.options.choice = {.flashers = {"builtin"},
			.flasher_count = 1,
			.transport = -1,
			.pace = -1,
			.seed = 1,
			.scenario_count = 1},
		.progress = is_terminal(STDERR_FILENO),
	};
	struct why why = {""};
	int r, code;

	if (cli_parse(&argp, argc, argv, &self.options, CLI_USAGE))
		return CLI_USAGE;
	self.options.choice.scenarios = &self.options.scenario;
	r = run_plan_make(&self.options.choice, &self.plan, &why);
	if (r == 0)
		r = sweep_report_begin(&self.options.report, &why);
	if (r < 0)
		code = cli_error(r == -ENOMEM ? CLI_RIG : CLI_INPUT, &why);
	else
		code = sweep(&self);
	run_plan_done(&self.plan);
	return code;
}

const struct cli_command cli_command_sweep = {
	.name = "sweep",
	.summary = "cut an update everywhere and prove that the board comes back",
	.run = sweep_command,
};
