/* SPDX-License-Identifier: MIT */
#include "harness/cli/preset.h"

#include "simulators/ecu/tune.h"
#include "simulators/firmware/foreign.h"
#include "simulators/stm32/board.h"

#include <errno.h>
#include <stdlib.h>

/* --- flash --- */

static void make_tune(const struct firmware *ecu, enum scenario_tune kind, uint8_t *ret)
{
	if (kind == SCENARIO_TUNE_CUSTOM)
		tune_custom(ecu, 1, ret);
	else
		tune_default(ecu, ret);
}

/* Puts both copies of a tune to where this firmware keeps it. */
static int put_tune(const struct firmware *ecu, enum scenario_tune kind, struct board *board)
{
	CLEANUP(free_ptr) uint8_t *tune = malloc(ecu->settings_size + 1u);
	CLEANUP(buf_done) struct buf container;
	int r;

	buf_init(&container, 1u << 20);
	if (!tune)
		return -ENOMEM;
	make_tune(ecu, kind, tune);
	r = tune_container_append(&container, ecu, tune);
	for (int i = 0; r == 0 && i < 2; i++)
		if (ecu->settings_addr[i])
			r = board->ops->write_flash(
				board, ecu->settings_addr[i], container.data, container.size);
	return r;
}

static int put_image(const struct scenario_board *wanted, const struct image_file *image,
	struct board *board, struct why *why)
{
	size_t size = image->bytes.size * wanted->percent / 100;
	int r = board->ops->write_flash(board, image->addr, image->bytes.data, size);

	if (r == 0 && image->ecu.settings_size && wanted->tune != SCENARIO_TUNE_NONE)
		r = put_tune(&image->ecu, wanted->tune, board);
	if (r < 0)
		return why_errno(
			why, r, "%s does not fit into the flash of %s", image->name, board->name);
	return 0;
}

static int put_foreign(struct board *board, struct why *why)
{
	uint8_t program[FOREIGN_SIZE];
	int r;

	foreign_build(stm32_board_memory(board)->config.chip, program);
	r = board->ops->write_flash(board, board->flash_addr, program, sizeof(program));
	return r < 0 ? why_errno(why, r, "%s", board->name) : 0;
}

/* --- option bytes --- */

static int put_values(
	const struct scenario_options *wanted, struct options *options, struct why *why)
{
	for (size_t i = 0; i < wanted->value_count; i++) {
		const struct scenario_option *value = &wanted->values[i];
		int r = options_preset(options, value->name, value->value);

		if (r < 0)
			return why_set(why, r, "start: options: %s: %s", value->name,
				r == -ERANGE ? "the value has too many bits"
					     : "the chip has no such option byte");
	}
	return 0;
}

static int put_options(const struct scenario_options *wanted, struct board *board, struct why *why)
{
	/* Level 1 is every value but two; STM32CubeProgrammer writes this one (from memory). */
	static const uint8_t rdp[] = {OPTIONS_RDP_0, 0xbb, OPTIONS_RDP_2};
	struct options *options = &stm32_board_memory(board)->options;
	int r;

	if (wanted->erased)
		options_preset_erased(options);
	r = put_values(wanted, options, why);
	if (r < 0)
		return r;
	if (wanted->has_level)
		options_preset_rdp(options, rdp[wanted->level]);
	if (wanted->write_protected)
		options_preset_write_protected(options, wanted->write_protected);
	return 0;
}

int preset_board(const struct scenario_board *wanted, const struct image_file *image,
	struct board *board, struct why *why)
{
	int r = 0;

	if (image)
		r = put_image(wanted, image, board, why);
	else if (wanted->foreign)
		r = put_foreign(board, why);
	return r == 0 ? put_options(&wanted->options, board, why) : r;
}
