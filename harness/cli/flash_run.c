/* SPDX-License-Identifier: MIT */
#include "harness/cli/flash_run.h"

#include "harness/cli/cli.h"
#include "harness/cli/flash_story.h"
#include "harness/cli/mock_run.h"
#include "harness/cli/rig_faults.h"
#include "harness/host/usb_host_direct.h"
#include "harness/host/usb_host_libusb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FIND_LIMIT_US 10000000 /* from power-up to the bootloader on USB, board time */
#define FIND_STEP_US  10000
#define SETTLE_US     1000000 /* after leaving, until the board shows what it runs */

/* ---- one update, whatever the transport ---- */

/* Waits for the bootloader until until_us on the host's clock: a board takes its time to start. */
static int find_device(struct usb_host *host, const struct dfuse_filter *filter, uint64_t until_us,
	struct usb_host_entry *ret, struct why *why)
{
	int r = dfuse_find(host, filter, ret, why);

	while (r == -ENODEV && clock_now_us(host->clock) < until_us) {
		clock_sleep_until_us(host->clock, clock_after_us(host->clock, FIND_STEP_US));
		r = dfuse_find(host, filter, ret, why);
	}
	return r;
}

static int update(struct flash_story *story, const struct flash_job *job, struct why *why)
{
	struct dfuse_client client;
	int r = dfuse_client_open(&client, story->host, &story->entry, why);

	if (r < 0)
		return r;
	client.on_progress = flash_story_progress;
	client.user = story;
	flash_story_start(story);
	r = dfuse_update(&client, job->image, &job->update, &story->result, why);
	flash_story_stop(story);
	dfuse_client_close(&client);
	return r;
}

/* What `dfurig flash` ends with: the image is at fault, the rig, or what was asked for did not work out. */
static int exit_code(int r)
{
	if (r == -EFAULT || r == -EINVAL || r == -E2BIG)
		return CLI_INPUT;
	return r == -ENOMEM ? CLI_RIG : r < 0 ? CLI_FAIL : CLI_OK;
}

/* ---- the second channel ---- */

/* Puts the image's bytes into *want, which is as long as the flash. Returns how many; those for other memories (option
 * bytes, OTP) are not in it. */
static size_t paint(const struct image *image, const struct board *board, uint8_t *want)
{
	size_t painted = 0;

	for (size_t i = 0; i < image->element_count; i++) {
		const struct image_element *element = &image->elements[i];
		size_t offset = element->addr - (size_t)board->flash_addr;

		if (offset >= board->flash_size || element->size > board->flash_size - offset)
			continue;
		memcpy(want + offset, element->data, element->size);
		painted += element->size;
	}
	return painted;
}

/* A board that began erased holds the image and nothing else; one with a preset holds at least the image. */
static int compare_flash(
	struct board *board, const struct flash_job *job, size_t *ret_painted, struct why *why)
{
	size_t size = board->flash_size;
	CLEANUP(free_ptr) uint8_t *want = malloc(size);
	CLEANUP(free_ptr) uint8_t *got = malloc(size);
	size_t i = 0;

	if (!want || !got)
		return why_errno(why, -ENOMEM, "flash");
	if (board->ops->read_flash(board, board->flash_addr, got, size) < 0)
		return why_set(why, -EIO, "the flash cannot be read by the second channel");
	if (job->rig.board_count && job->rig.boards[0].flash)
		memcpy(want, got, size);
	else
		memset(want, 0xff, size);
	*ret_painted = paint(job->image, board, want);
	if (memcmp(want, got, size) == 0)
		return 0;
	while (want[i] == got[i])
		i++;
	return why_set(why, -EILSEQ,
		"the client said success, but the flash holds 0x%02x at 0x%08zx and not 0x%02x",
		got[i], board->flash_addr + i, want[i]);
}

/* After a success: compares, and says what the board does then. */
static int check_board(
	struct rig *rig, const struct flash_job *job, struct flash_story *story, struct why *why)
{
	struct board *board = rig->boards[0].board;
	size_t painted = 0;
	int r = compare_flash(board, job, &painted, why);

	story->flash = r < 0 ? FLASH_DIFFERENT : painted ? FLASH_EQUAL : FLASH_NOT_COMPARED;
	if (r == 0)
		story->elsewhere = image_size(job->image) - painted;
	story->mode = board->ops->mode(board);
	story->has_mode = true;
	story->dead = stm32_board_dead_text(board);
	story->runs = rig->boards[0].events.runs;
	return r;
}

/* ---- direct ---- */

static int run_in_rig(
	struct rig *rig, const struct flash_job *job, struct flash_story *story, struct why *why)
{
	int r = find_device(story->host, &job->filter, FIND_LIMIT_US, &story->entry, why);

	if (r == 0)
		r = update(story, job, why);
	if (r < 0)
		return r;
	clock_sleep_until_us(story->host->clock, clock_after_us(story->host->clock, SETTLE_US));
	return check_board(rig, job, story, why);
}

static bool has_kill(const struct fault_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->rules[i].action == FAULT_KILL)
			return true;
	return false;
}

int flash_run_direct(const struct flash_job *job)
{
	struct flash_story story = {.transport = "direct", .json = job->json, .virtual_time = true};
	struct virtual_clock clock;
	struct why why = {""}, end = {""};
	struct rig rig;
	int r, code;

	if (has_kill(&job->rig.planned))
		return cli_errorf(CLI_USAGE,
			"--fault: kill: in-process there is no program to be killed; with "
			"--transport mock there is");
	virtual_clock_init(&clock);
	r = rig_begin(&rig, &job->rig, &clock.clock, &why);
	if (r < 0)
		return cli_error(rig_begin_code(r), &why);
	story.host = usb_host_direct_new(rig.bus);
	story.board = rig.boards[0].board->name;
	r = story.host ? run_in_rig(&rig, job, &story, &why) : why_errno(&why, -ENOMEM, "USB host");
	code = flash_story_tell(&story, exit_code(r), r < 0 ? &why : NULL);
	usb_host_direct_free(story.host);
	code = rig_faults_check(&rig, code);
	return rig_finish(&rig, &end) < 0 ? cli_error(CLI_RIG, &end) : code;
}

/* ---- mock: what the child found goes to its parent, which alone can see the board's flash ---- */

#define RESULT_ENV "DFURIG_FLASH_RESULT" /* number of the fd that the child writes its record to */

struct flash_record {
	struct usb_host_entry entry;
	struct dfuse_result result;
	uint64_t real_us, host_us;
	int r;
	struct why why;
};

bool flash_run_is_child(void)
{
	return getenv(RESULT_ENV) != NULL;
}

/* True when this process is such a child: the record is written instead of a story. */
static bool report_to_parent(const struct flash_story *story, int r, const struct why *why)
{
	struct flash_record record = {.entry = story->entry,
		.result = story->result,
		.real_us = story->real_us,
		.host_us = story->host_us,
		.r = r,
		.why = *why};
	const char *fd = getenv(RESULT_ENV);

	return fd &&
	       pwrite((int)strtol(fd, NULL, 10), &record, sizeof(record), 0) == sizeof(record);
}

int flash_run_libusb(const struct flash_job *job)
{
	struct flash_story story = {.transport = "libusb", .json = job->json};
	struct why why = {""};
	struct usb_host *host = usb_host_libusb_new(&why);
	int code, r;

	if (!host)
		return cli_error(CLI_RIG, &why);
	story.host = host;
	r = find_device(host, &job->filter, 0, &story.entry, &why);
	if (r == 0)
		r = update(&story, job, &why);
	code = exit_code(r);
	if (!report_to_parent(&story, r, &why))
		code = flash_story_tell(&story, code, r < 0 ? &why : NULL);
	usb_host_libusb_free(host);
	return code;
}

struct mock_job {
	const struct flash_job *job;
	int record_fd;
};

/* The child has ended; its word is checked. */
static int after_child(struct rig *rig, int code, void *user)
{
	const struct mock_job *mock = user;
	struct flash_story story = {
		.transport = "mock", .json = mock->job->json, .board = rig->boards[0].board->name};
	struct flash_record record;
	int r;

	if (pread(mock->record_fd, &record, sizeof(record), 0) != sizeof(record))
		return code ? code : CLI_RIG;
	story.entry = record.entry;
	story.result = record.result;
	story.real_us = record.real_us;
	story.host_us = record.host_us;
	r = record.r;
	if (r == 0)
		r = rig_await_boards(rig, &record.why);
	if (r == 0)
		r = check_board(rig, mock->job, &story, &record.why);
	return flash_story_tell(&story, exit_code(r), r < 0 ? &record.why : NULL);
}

/* The child's command line: this program's, with another transport at its end. */
static char **child_argv(char **argv)
{
	static char self[] = "/proc/self/exe", flash[] = "flash",
		    transport[] = "--transport=libusb";
	size_t count = 0;
	char **child;

	while (argv[count])
		count++;
	child = calloc(count + 3, sizeof(*child));
	if (!child)
		return NULL;
	child[0] = self;
	child[1] = flash;
	child[2] = transport;
	for (size_t i = 1; i < count; i++)
		child[i + 2] = argv[i];
	return child;
}

int flash_run_mock(const struct flash_job *job)
{
	CLEANUP(close_fd) int fd = memfd_create("dfurig flash", 0);
	CLEANUP(free_ptr) char **argv = child_argv(job->argv);
	struct mock_job mock = {.job = job, .record_fd = fd};
	struct why why = {""};
	char number[16];
	struct rig rig;
	int r;

	if (fd < 0 || !argv)
		return cli_errorf(CLI_RIG, "out of memory or file descriptors");
	snprintf(number, sizeof(number), "%d", fd);
	setenv(RESULT_ENV, number, 1);
	r = rig_begin(&rig, &job->rig, clock_monotonic(), &why);
	return r < 0 ? cli_error(rig_begin_code(r), &why)
		     : mock_run_rig(&rig, argv, after_child, &mock);
}
