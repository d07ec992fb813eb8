/* SPDX-License-Identifier: MIT */
#include "harness/cli/sweep_ways.h"

#include "harness/dfu/dfu.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SHORT_BYTES 3 /* of GETSTATUS' six */

static const char *const at_names[] = {
	[SWEEP_AT_TRANSACTIONS] = "every-transaction",
	[SWEEP_AT_BLOCKS] = "every-block",
	[SWEEP_AT_POINTS] = "points",
};
static_assert(ARRAY_SIZE(at_names) == SWEEP_AT_COUNT, "a name for each");
const struct names sweep_at_names = NAMES(at_names);

/* ---- occasions ---- */

static bool is_called(const struct fault_occasion *occasion, const char *name)
{
	return (occasion->match && strcmp(occasion->match, name) == 0) ||
	       (occasion->also && strcmp(occasion->also, name) == 0);
}

static bool is_any_of(const struct fault_occasion *occasion, const char *const names[])
{
	for (size_t i = 0; names[i]; i++)
		if (is_called(occasion, names[i]))
			return true;
	return false;
}

static bool is_on_bus(const struct fault_occasion *occasion)
{
	return occasion->point == FAULT_REQUEST || occasion->point == FAULT_ANSWER;
}

static bool is_dfu_request(const struct fault_occasion *occasion)
{
	static const char *const names[] = {
		"DNLOAD", "UPLOAD", "GETSTATUS", "CLRSTATUS", "GETSTATE", "ABORT", "DETACH", NULL};

	return is_any_of(occasion, names);
}

static bool is_of_block(const struct fault_occasion *occasion)
{
	static const char *const names[] = {"write", "erase", "mass-erase", "leave", NULL};

	return is_any_of(occasion, names);
}

static bool is_wanted(enum sweep_at at, const struct fault_occasion *occasion)
{
	switch (at) {
	case SWEEP_AT_TRANSACTIONS:
		return true;
	case SWEEP_AT_BLOCKS:
		return !is_on_bus(occasion) ||
		       (occasion->point == FAULT_REQUEST && is_of_block(occasion));
	case SWEEP_AT_POINTS:
		return !is_on_bus(occasion);
	case SWEEP_AT_COUNT:
		break;
	}
	return false;
}

/* ---- ways ---- */

struct ways {
	struct sweep_way *list;
	size_t count;
	uint32_t cuts;
	const struct fault_occasion *occasion;
};

static void add(struct ways *ways, enum sweep_cut cut, enum fault_action action, uint64_t value)
{
	struct sweep_way *way = &ways->list[ways->count];

	if (!(ways->cuts >> cut & 1) || ways->count == SWEEP_WAY_MAX)
		return;
	ways->count++;
	*way = (struct sweep_way){
		.cut = cut,
		.rule =
			{
				.points = 1u << ways->occasion->point,
				.nth = 1,
				.times = 1,
				.action = action,
				.value = value,
			},
	};
}

static void add_inside(
	struct ways *ways, enum sweep_cut cut, enum fault_action action, uint8_t percent)
{
	size_t before = ways->count;

	add(ways, cut, action, 0);
	if (ways->count == before)
		return;
	ways->list[before].inside = true;
	ways->list[before].percent = percent;
	ways->list[before].rule.after_percent = percent;
}

/* What comes from outside. value 0: it stays so, until the recovery. */
static void add_outer(struct ways *ways)
{
	add(ways, SWEEP_VDD, FAULT_CUT_POWER, 0);
	add(ways, SWEEP_BROWN_OUT, FAULT_BROWN_OUT, 0);
	add(ways, SWEEP_NRST, FAULT_RESET, 0);
	add(ways, SWEEP_USB, FAULT_UNPLUG, 0);
	/* Other control transfers are the kernel's, which nobody kills. */
	if (!is_called(ways->occasion, "control"))
		add(ways, SWEEP_KILL, FAULT_KILL, 0);
}

/* The flash is at work: early, in the middle, late. The host waits then, and the bus is silent. */
static void add_at_work(struct ways *ways, bool long_work)
{
	static const uint8_t percents[] = {10, 50, 90};

	for (size_t i = long_work ? 0 : 1; i < (long_work ? ARRAY_SIZE(percents) : 2); i++) {
		add_inside(ways, SWEEP_VDD, FAULT_CUT_POWER, percents[i]);
		add_inside(ways, SWEEP_BROWN_OUT, FAULT_BROWN_OUT, percents[i]);
		add_inside(ways, SWEEP_NRST, FAULT_RESET, percents[i]);
	}
	if (!long_work)
		return;
	add_inside(ways, SWEEP_USB, FAULT_UNPLUG, 50);
	add_inside(ways, SWEEP_KILL, FAULT_KILL, 50);
}

static void add_for_request(struct ways *ways)
{
	add_outer(ways);
	if (!is_dfu_request(ways->occasion))
		return;
	add(ways, SWEEP_STALL, FAULT_STALL, 0);
	add(ways, SWEEP_NAK, FAULT_NAK, 0);
	if (is_called(ways->occasion, "write"))
		add(ways, SWEEP_CORRUPT, FAULT_CORRUPT, 0);
}

/* Elsewhere the moment after an answer is the moment before the next request. */
static void add_for_answer(struct ways *ways)
{
	if (is_called(ways->occasion, "GETSTATUS"))
		add_outer(ways);
	if (is_called(ways->occasion, "GETSTATUS") || is_called(ways->occasion, "UPLOAD")) {
		add(ways, SWEEP_SHORT, FAULT_SHORT, SHORT_BYTES);
		add(ways, SWEEP_CORRUPT, FAULT_CORRUPT, 0);
	}
}

static void add_for_point(struct ways *ways)
{
	switch (ways->occasion->point) {
	case FAULT_BOARD_RESET:
		add_outer(ways);
		if (is_called(ways->occasion, "software"))
			add(ways, SWEEP_LOSE_RAM, FAULT_LOSE_RAM, 0);
		return;
	case FAULT_DFU_CONNECT:
	case FAULT_ECU_CONNECT:
		add_outer(ways);
		add(ways, SWEEP_NO_SHOW, FAULT_NO_SHOW, 0);
		return;
	case FAULT_DFU_EXECUTE:
		add(ways, SWEEP_ERROR, FAULT_DFU_ERROR, DFU_ERR_VENDOR);
		return;
	case FAULT_ERASE:
	case FAULT_OPTIONS:
		add_at_work(ways, true);
		return;
	case FAULT_PROGRAM:
		add_at_work(ways, false);
		add(ways, SWEEP_FLIP, FAULT_FLIP, 0);
		return;
	case FAULT_REQUEST:
		add_for_request(ways);
		return;
	case FAULT_ANSWER:
		add_for_answer(ways);
		return;
	case FAULT_DFU_STATE: /* a request or an answer is as well */
	case FAULT_ECU_REPLY:
	case FAULT_TIME:
	case FAULT_POINT_COUNT:
		return;
	}
}

static int compare_ways(const struct sweep_way *a, const struct sweep_way *b)
{
	return a->cut != b->cut ? (int)a->cut - (int)b->cut : (int)a->percent - (int)b->percent;
}

/* A handful: by insertion. */
static void sort(struct ways *ways)
{
	for (size_t i = 1; i < ways->count; i++) {
		struct sweep_way way = ways->list[i];
		size_t k = i;

		for (; k > 0 && compare_ways(&ways->list[k - 1], &way) > 0; k--)
			ways->list[k] = ways->list[k - 1];
		ways->list[k] = way;
	}
}

/* Where no time passes, nothing happens inside. */
static bool has_inside(const struct fault_occasion *occasion)
{
	return occasion->takes_us > 0;
}

static void drop_inside(struct ways *ways)
{
	size_t count = 0;

	for (size_t i = 0; i < ways->count; i++)
		if (!ways->list[i].inside)
			ways->list[count++] = ways->list[i];
	ways->count = count;
}

size_t sweep_ways(uint32_t cuts, enum sweep_at at, const struct fault_occasion *occasion,
	struct sweep_way ret[static SWEEP_WAY_MAX])
{
	struct ways ways = {.list = ret, .cuts = cuts, .occasion = occasion};

	if (!is_wanted(at, occasion))
		return 0;
	add_for_point(&ways);
	if (!has_inside(occasion))
		drop_inside(&ways);
	sort(&ways);
	return ways.count;
}

uint64_t sweep_way_delay_us(const struct sweep_way *way, const struct fault_occasion *occasion)
{
	return occasion->starts_in_us + occasion->takes_us * way->rule.after_percent / 100;
}

/* ---- how far it is ---- */

static enum sweep_phase at_least(enum sweep_phase phase, enum sweep_phase least)
{
	return phase > least ? phase : least;
}

enum sweep_phase sweep_phase_next(enum sweep_phase phase, const struct fault_occasion *occasion)
{
	if (is_called(occasion, "leave"))
		return at_least(phase, SWEEP_LEAVING);
	if (occasion->point == FAULT_ECU_CONNECT && phase > SWEEP_OPENING)
		return SWEEP_AFTER;
	if (is_called(occasion, "UPLOAD"))
		return phase < SWEEP_ERASING ? at_least(phase, SWEEP_OPENING)
					     : at_least(phase, SWEEP_READING);
	if (is_called(occasion, "write"))
		return phase > SWEEP_WRITING && phase < SWEEP_LEAVING
			       ? SWEEP_WRITING
			       : at_least(phase, SWEEP_WRITING);
	if (is_called(occasion, "erase") || is_called(occasion, "mass-erase"))
		return at_least(phase, SWEEP_ERASING);
	if (occasion->point == FAULT_DFU_CONNECT || is_dfu_request(occasion))
		return at_least(phase, SWEEP_OPENING);
	return phase;
}

/* ---- for people ---- */

static const char *begin_of(const struct fault_occasion *occasion)
{
	if (occasion->point == FAULT_REQUEST)
		return "before ";
	return occasion->point == FAULT_ANSWER ? "after " : "";
}

static const char *name_of(const struct fault_occasion *occasion)
{
	if (is_on_bus(occasion) && occasion->match)
		return occasion->match;
	return names_text(&fault_point_names, occasion->point);
}

const char *sweep_where(
	const struct fault_occasion *occasion, const struct sweep_way *way, char *out, size_t size)
{
	const char *detail = is_on_bus(occasion) ? occasion->also : occasion->match;
	char addr[24] = "", percent[16] = "";

	if (occasion->size)
		snprintf(addr, sizeof(addr), " 0x%08x", occasion->addr);
	if (way->inside)
		snprintf(percent, sizeof(percent), ", %u %%", way->percent);
	if (detail)
		snprintf(out, size, "%s%s (%s%s)%s", begin_of(occasion), name_of(occasion), detail,
			addr, percent);
	else
		snprintf(out, size, "%s%s%s%s", begin_of(occasion), name_of(occasion), addr,
			percent);
	return out;
}
