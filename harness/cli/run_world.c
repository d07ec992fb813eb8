/* SPDX-License-Identifier: MIT */
#include "harness/cli/run_world.h"

#include "harness/base/file.h"
#include "harness/cli/fault_words.h"
#include "harness/cli/preset.h"
#include "harness/cli/work_folder.h"
#include "harness/fault/fault_text.h"
#include "harness/flasher/flasher_file.h"
#include "simulators/ecu/tune.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_LOOK 4096 /* bytes at the end of an unfinished line */

static struct run_world *run_world_of(struct world *world)
{
	return CONTAINER_OF(world, struct run_world, world);
}

/* --- images --- */

/* Real programs may write to what they are given: no other run has the same file. */
static int make_work_folder(struct run_world *self, struct why *why)
{
	if (self->request->transport != RUN_MOCK)
		return 0;
	snprintf(self->work, sizeof(self->work), "%.4000s/run-XXXXXX", self->request->work);
	return mkdtemp(self->work) ? 0 : why_errno(why, -errno, "%s", self->work);
}

/* Beside each other in the folder; in-process, several runs may want the same, and write the same. */
static int write_image(struct run_image *image, const char *work, struct why *why)
{
	const struct image_file *file = &image->file;

	if (snprintf(image->path, sizeof(image->path), "%.4000s/%s.bin", work, file->name) >=
		(int)sizeof(image->path))
		return why_set(why, -ENAMETOOLONG, "%s: too long a path", work);
	if (access(image->path, R_OK) == 0)
		return 0;
	return file_write(image->path, file->bytes.data, file->bytes.size, why);
}

static int load_image(
	struct run_world *self, const char *name, struct run_image **ret, struct why *why)
{
	struct run_image *image;
	int r;

	if (self->image_count == RUN_IMAGE_MAX)
		return why_set(why, -ENOSPC, "more than %d images in one scenario", RUN_IMAGE_MAX);
	image = calloc(1, sizeof(*image));
	if (!image)
		return why_errno(why, -ENOMEM, "%s", name);
	snprintf(image->name, sizeof(image->name), "%s", name);
	r = image_file_load(name, &image->file, why);
	if (r < 0) {
		free(image);
		return r;
	}
	self->images[self->image_count++] = image;
	*ret = image;
	return write_image(image, self->work[0] ? self->work : self->request->work, why);
}

static int find_image(
	struct run_world *self, const char *name, struct run_image **ret, struct why *why)
{
	for (size_t i = 0; i < self->image_count; i++)
		if (strcmp(self->images[i]->name, name) == 0) {
			*ret = self->images[i];
			return 0;
		}
	return load_image(self, name, ret, why);
}

int run_world_image(struct world *world, const char *name, struct world_image *ret, struct why *why)
{
	struct run_image *image;
	int r = find_image(run_world_of(world), name, &image, why);

	if (r < 0)
		return r;
	*ret = (struct world_image){
		.path = image->path,
		.signature = image->file.ecu.signature,
		.addr = image->file.addr,
		.data = image->file.bytes.data,
		.size = image->file.bytes.size,
		.settings_addr = {image->file.ecu.settings_addr[0],
			image->file.ecu.settings_addr[1]},
	};
	return 0;
}

/* --- what the boards hold --- */

static int preset(struct run_world *self, size_t index, struct why *why)
{
	struct scenario_board wanted = scenario_board(self->request->scenario, index);
	struct run_image *image = NULL;
	int r = wanted.firmware ? find_image(self, wanted.firmware, &image, why) : 0;

	if (r < 0)
		return r;
	return preset_board(
		&wanted, image ? &image->file : NULL, self->rig.boards[index].board, why);
}

/* --- faults --- */

static int add_fault(struct run_world *self, const struct fault_rule_text *text, struct why *why)
{
	struct fault_rule rule;
	int r = fault_words_rule(text, &rule, NULL, why);

	if (r < 0)
		return why_prefix(why, r, "faults");
	if (fault_add(&self->faults, &rule) < 0)
		return why_set(why, -EBADMSG, "faults: more than %d", FAULT_RULE_MAX);
	return 0;
}

static int add_faults(struct run_world *self, struct why *why)
{
	const struct scenario *scenario = self->request->scenario;
	const struct fault_plan *more = self->request->faults;
	int r = 0;

	for (size_t i = 0; r == 0 && i < scenario_fault_count(scenario); i++) {
		struct fault_rule_text text = scenario_fault(scenario, i);

		r = add_fault(self, &text, why);
	}
	for (size_t i = 0; r == 0 && more && i < more->count; i++)
		if (fault_add(&self->faults, &more->rules[i]) < 0)
			r = why_set(why, -EBADMSG, "faults: more than %d", FAULT_RULE_MAX);
	return r;
}

const char *run_world_unfired(struct world *world)
{
	struct run_world *self = run_world_of(world);
	const struct fault_rule *rule = fault_never_fired(&self->faults);

	return rule ? fault_rule_text(rule, self->unfired, sizeof(self->unfired)) : NULL;
}

/* --- timers --- */

static void tick_timers(struct vusb_ticker *ticker, uint64_t now_us)
{
	struct run_world *self = CONTAINER_OF(ticker, struct run_world, ticker);

	for (size_t i = 0; i < RUN_TIMER_MAX; i++) {
		struct run_timer timer = self->timers[i];

		if (!timer.fn || timer.at_us > now_us)
			continue;
		self->timers[i].fn = NULL;
		self->timer_count--;
		timer.fn(timer.user);
	}
}

static uint64_t timers_deadline_us(const struct vusb_ticker *ticker)
{
	const struct run_world *self =
		CONTAINER_OF((struct vusb_ticker *)ticker, struct run_world, ticker);
	uint64_t next_us = CLOCK_NEVER;

	for (size_t i = 0; self->timer_count && i < RUN_TIMER_MAX; i++)
		if (self->timers[i].fn && self->timers[i].at_us < next_us)
			next_us = self->timers[i].at_us;
	return next_us;
}

int run_world_at(struct world *world, uint64_t when_us, void (*fn)(void *user), void *user)
{
	struct run_world *self = run_world_of(world);

	for (size_t i = 0; i < RUN_TIMER_MAX; i++)
		if (!self->timers[i].fn) {
			self->timers[i] = (struct run_timer){when_us, fn, user};
			self->timer_count++;
			return 0;
		}
	return -ENOSPC;
}

/* --- the second channel --- */

static int read_flash(void *user, uint32_t addr, uint8_t *ret_data, size_t size)
{
	struct board *board = user;

	return board->ops->read_flash(board, addr, ret_data, size);
}

static const struct chip *chip_of(struct run_world *self, const struct board *board)
{
	for (unsigned int i = 0; i < self->rig.board_count; i++)
		if (self->rig.boards[i].board == board)
			return self->rig.boards[i].file.chip;
	return NULL;
}

/* The ECU's firmware in the flash, behind OpenBLT or alone. 0 or -ENODATA. */
static int identify(struct run_world *self, struct board *board, struct firmware *ret)
{
	const struct chip *chip = chip_of(self, board);
	int r;

	if (!chip)
		return -ENODATA;
	r = firmware_identify(chip, board->flash_addr, read_flash, board, ret);
	if (r == 0 && ret->kind == FIRMWARE_OPENBLT)
		r = firmware_identify(chip, ret->app_base, read_flash, board, ret);
	return r == 0 && ret->kind == FIRMWARE_ECU ? 0 : -ENODATA;
}

int run_world_signature(
	struct world *world, struct board *board, char *ret, size_t room, struct why *why UNUSED)
{
	struct firmware firmware = {0};

	if (identify(run_world_of(world), board, &firmware) < 0)
		firmware.signature[0] = '\0';
	snprintf(ret, room, "%s", firmware.signature);
	return 0;
}

int run_world_tune(
	struct world *world, struct board *board, uint8_t **ret, size_t *ret_size, struct why *why)
{
	struct firmware firmware;
	uint8_t *tune;
	int r = identify(run_world_of(world), board, &firmware);

	if (r < 0)
		return r;
	tune = malloc(firmware.settings_size + 1u);
	if (!tune)
		return why_errno(why, -ENOMEM, "tune");
	r = tune_load(&firmware, read_flash, board, tune);
	if (r != TUNE_FIRST_COPY && r != TUNE_SECOND_COPY) {
		free(tune);
		return r < 0 ? r : -ENODATA;
	}
	*ret = tune;
	*ret_size = firmware.settings_size;
	return 0;
}

int run_world_default_tune(
	struct world *world, struct board *board, uint8_t **ret, size_t *ret_size, struct why *why)
{
	struct firmware firmware;
	int r = identify(run_world_of(world), board, &firmware);

	if (r < 0)
		return r;
	*ret = malloc(firmware.settings_size + 1u);
	if (!*ret)
		return why_errno(why, -ENOMEM, "tune");
	tune_default(&firmware, *ret);
	*ret_size = firmware.settings_size;
	return 0;
}

/* As the option bytes in force organise it. */
static const struct chip_flash *flash_of(struct run_world *self, const struct board *board)
{
	for (unsigned int i = 0; i < self->rig.board_count; i++) {
		const struct rig_board *one = &self->rig.boards[i];

		if (one->board == board)
			return options_flash(
				&stm32_board_memory(one->board)->options, &one->file.chip->flash);
	}
	return NULL;
}

int run_world_sector(struct world *world, const struct board *board, size_t index,
	uint32_t *ret_addr, uint32_t *ret_size)
{
	const struct chip_flash *flash = flash_of(run_world_of(world), board);
	uint32_t addr = flash ? flash->range.addr : 0;

	for (uint8_t i = 0; flash && i < flash->segment_count; i++) {
		const struct chip_segment *segment = &flash->segments[i];

		if (index < segment->count) {
			*ret_addr = addr + (uint32_t)index * segment->size;
			*ret_size = segment->size;
			return 0;
		}
		index -= segment->count;
		addr += segment->count * segment->size;
	}
	return -ENOENT;
}

/* --- output of programs --- */

static void emit_line(struct run_world *self, const char *text, size_t size)
{
	char line[1024];

	while (size && text[size - 1] == '\r')
		size--;
	for (size_t i = size; i > 0; i--)
		if (text[i - 1] == '\r') {
			text += i;
			size -= i;
			break;
		}
	snprintf(
		line, sizeof(line), "%.*s", (int)(size < sizeof(line) ? size : sizeof(line)), text);
	for (char *tab = line; (tab = strchr(tab, '\t'));)
		*tab = ' ';
	EVENT_EMIT(&self->rig.events, .kind = EVENT_OUTPUT, .name = self->request->flasher->name,
		.text = line);
}

/* The last per cent in a text that the pattern finds, or what was said before. */
static uint32_t last_percent(const struct run_world *self, const char *text)
{
	uint32_t percent = self->percent;
	regmatch_t match[2];

	while (regexec(&self->progress, text, ARRAY_SIZE(match), match, 0) == 0) {
		if (match[1].rm_so >= 0)
			percent = (uint32_t)strtoul(text + match[1].rm_so, NULL, 10);
		text += match[0].rm_eo + (match[0].rm_eo == match[0].rm_so);
		if (!*text)
			break;
	}
	return percent;
}

void run_world_progress(struct run_world *self, const char *text, size_t size)
{
	size_t start = size > PROGRESS_LOOK ? size - PROGRESS_LOOK : 0;
	char look[PROGRESS_LOOK + 1];
	uint32_t percent;

	if (!self->has_progress)
		return;
	snprintf(look, sizeof(look), "%.*s", (int)(size - start), text + start);
	percent = last_percent(self, look);
	if (percent == self->percent || percent > 100)
		return;
	self->percent = percent;
	EVENT_EMIT(&self->rig.events, .kind = EVENT_PROGRESS, .size = percent,
		.name = self->request->flasher->name);
}

size_t run_world_output(struct run_world *self, const char *text, size_t size)
{
	const char *end;

	while (size && (end = memchr(text, '\n', size))) {
		emit_line(self, text, (size_t)(end - text));
		size -= (size_t)(end + 1 - text);
		text = end + 1;
	}
	return size;
}

void run_world_output_rest(struct run_world *self, const char *text, size_t size)
{
	if (size)
		emit_line(self, text, size);
}

/* --- the flasher --- */

int run_world_flasher(struct world *world, const struct flasher_job *job,
	struct flasher_result *ret, struct why *why)
{
	const struct flasher_vars vars = {.image = job->image, .flow = job->flow};
	struct world_program program = {0};
	char **argv = NULL;
	int r = flasher_expand(job->flasher, &vars, &argv);

	if (r < 0)
		return why_errno(why, r, "%s", job->flasher->name);
	r = world->ops->run_program(
		world, argv, job->limit_ms ? job->limit_ms : job->flasher->limit_ms, &program, why);
	flasher_argv_free(argv);
	if (r < 0)
		return r;
	*ret = (struct flasher_result){
		.exit_code = program.exit_code,
		.missing = program.missing,
		.timed_out = program.timed_out,
		.left_running = program.left_running,
		.output = program.output,
	};
	ret->success = !ret->missing && !ret->timed_out &&
		       flasher_judge(job->flasher, ret->exit_code, ret->output.data,
			       ret->output.size, &ret->reason);
	if (ret->missing)
		ret->reason = FLASHER_TOOL_MISSING;
	if (ret->timed_out)
		ret->reason = FLASHER_TIMED_OUT;
	return 0;
}

/* --- life --- */

static struct rig_options rig_options_of(const struct run_request *request, struct run_world *self)
{
	struct rig_options options = {
		.start = RIG_START_OFF,
		.pace = request->pace,
		.seed = request->seed,
		.faults = &self->faults,
		.requests = !request->quiet,
	};

	options.board_count = (unsigned int)scenario_board_count(request->scenario);
	for (unsigned int i = 0; i < options.board_count; i++)
		options.boards[i].name = i == 0 && request->board
						 ? request->board
						 : scenario_board(request->scenario, i).board;
	return options;
}

static int begin(struct run_world *self, struct why *why)
{
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < self->rig.board_count; i++) {
		self->world.boards[i] = self->rig.boards[i].board;
		r = preset(self, i, why);
	}
	self->world.board_count = self->rig.board_count;
	return r;
}

static int start_capture(struct run_world *self, const char *path, struct why *why)
{
	uint64_t wall_us = clock_wall_us() - clock_now_us(self->world.clock);

	if (!path[0])
		return 0;
	return usbmon_capture_start(self->rig.bus, path, wall_us, &self->capture, why);
}

int run_world_begin(struct run_world *self, const struct run_request *request,
	const struct world_ops *ops, struct clock *clock, struct why *why)
{
	struct rig_options options = rig_options_of(request, self);
	int r;

	self->request = request;
	r = add_faults(self, why);
	if (r == 0)
		r = rig_begin(&self->rig, &options, clock, why);
	if (r < 0)
		return r;
	self->world = (struct world){.ops = ops, .clock = clock, .events = &self->rig.events};
	self->has_progress =
		request->flasher->progress[0] &&
		regcomp(&self->progress, request->flasher->progress, REG_EXTENDED) == 0;
	self->ticker = (struct vusb_ticker){.tick = tick_timers, .deadline_us = timers_deadline_us};
	vusb_bus_add_ticker(self->rig.bus, &self->ticker);
	story_init(&self->story);
	if (!request->quiet)
		event_stream_add(&self->rig.events, &self->story.sink);
	r = make_work_folder(self, why);
	if (r == 0)
		r = begin(self, why);
	if (r == 0)
		r = start_capture(self, request->capture, why);
	if (r < 0)
		run_world_done(self);
	return r;
}

int run_world_end_capture(struct run_world *self, struct why *why)
{
	int r = usbmon_capture_stop(self->capture, why);

	self->capture = NULL;
	return r;
}

void run_world_done(struct run_world *self)
{
	(void)!run_world_end_capture(self, NULL);
	if (self->has_progress)
		regfree(&self->progress);
	vusb_bus_remove_ticker(&self->ticker);
	event_stream_remove(&self->story.sink);
	(void)!rig_finish(&self->rig, NULL);
	for (size_t i = 0; i < self->image_count; i++) {
		image_file_done(&self->images[i]->file);
		free(self->images[i]);
	}
	if (self->work[0])
		work_folder_remove(self->work);
	story_done(&self->story);
}
