/* SPDX-License-Identifier: MIT */
/* The owner's tune: kept before the update, brought back after it. */
#include "harness/flasher/update_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* *ret is owned by the caller. 0, -ENOMEM, or what the ECU's client says. */
static int read_tune(struct update *update, uint8_t **ret, size_t *ret_size, struct why *why)
{
	struct ts_client *ts = &update->ecu.ts;
	CLEANUP(free_ptr) uint8_t *tune = NULL;
	size_t size = 0;
	int r = ts_client_probe_paged(ts, why);

	if (r == 0)
		r = ts_client_tune_size(ts, &size, why);
	if (r < 0)
		return r;
	if (!size)
		return why_set(why, -EBADMSG, "the ECU says that its tune is empty");
	tune = malloc(size);
	if (!tune)
		return why_errno(why, -ENOMEM, "tune");
	r = ts_client_read_tune(ts, tune, size, !update_has(update, UPDATE_FLAW_ASKS_ONCE), why);
	if (r < 0)
		return r;
	*ret = tune;
	*ret_size = size;
	tune = NULL;
	return 0;
}

/* A locked ECU answers R with zeros and OK [tunerstudio.cpp, isLockedFromUser; rusEFI issue 7066]: a backup of that would
 * take the tune from its owner. Its k tells of the real one. */
static int check_tune(struct update *update, struct why *why)
{
	size_t size = update->result->tune_size;
	uint32_t crc;
	int r;

	if (!update->profile->checks_tune)
		return 0;
	r = ts_client_page_crc(&update->ecu.ts, size, &crc, why);
	if (r < 0)
		return r;
	if (crc == crc32(crc32(0, NULL, 0), update->tune, (uInt)size))
		return 0;
	return why_set(why, -EACCES,
		"what the ECU gives is not what it has; it is locked, or the line is bad");
}

/* What is no copy must never be written back. */
static void drop_tune(struct update *update, const struct why *why)
{
	update_say(update, "there is no copy of the tune: %s", why_text(why));
	free(update->tune);
	update->tune = NULL;
	update->result->tune_size = 0;
}

int update_read_tune(struct update *update)
{
	char bytes[UPDATE_NUMBER_ROOM];
	struct why why = {0};
	int r;

	if (!update->profile->reads_tune)
		return 0;
	r = read_tune(update, &update->tune, &update->result->tune_size, &why);
	if (r == 0)
		r = check_tune(update, &why);
	if (r == -ENOMEM)
		return r;
	if (r < 0 &&
		(update->options->force || update_has(update, UPDATE_FLAW_FLASHES_WITHOUT_TUNE))) {
		drop_tune(update, &why);
		return 0;
	}
	if (r < 0)
		return update_fail(update, FLASHER_TUNE_UNREADABLE,
			"the tune cannot be read, so nothing is flashed: %s", why_text(&why));
	update_say(update, "tune read: %s bytes", update_number(update->result->tune_size, bytes));
	return 0;
}

static int not_restored(struct update *update, const char *step, const struct why *why)
{
	update->result->tune = UPDATE_TUNE_LOST;
	return update_fail(update, FLASHER_TUNE_NOT_RESTORED, "%s: %s", step, why_text(why));
}

static int write_back(struct update *update, const uint8_t *tune, size_t size)
{
	char bytes[UPDATE_NUMBER_ROOM];
	struct why why = {0};
	CLEANUP(free_ptr) uint8_t *now = NULL;
	size_t now_size = 0;
	int r = ts_client_write_tune(&update->ecu.ts, tune, size, &why);

	if (r < 0)
		return not_restored(update, "write", &why);
	r = ts_client_burn(&update->ecu.ts, &why);
	if (r < 0)
		return not_restored(update, "burn", &why);
	r = read_tune(update, &now, &now_size, &why);
	if (r < 0)
		return not_restored(update, "read back", &why);
	if (now_size != size || memcmp(now, tune, size) != 0) {
		why_set(&why, 0, "the ECU has another tune than was written");
		return not_restored(update, "read back", &why);
	}
	update->result->tune = UPDATE_TUNE_RESTORED;
	update_say(update, "tune restored: %s bytes written, burnt and read back",
		update_number(size, bytes));
	return 0;
}

/* Into another layout: the console goes by the names in both .ini files; images of ours have the same fields at the front
 * of every layout, so that what both have in common is the owner's (guessed to be what such a migration comes to). */
int update_restore_tune(struct update *update)
{
	CLEANUP(free_ptr) uint8_t *now = NULL;
	size_t size = 0, common;
	struct why why = {0};
	int r;

	if (!update->profile->restores_tune || !update->tune ||
		update_has(update, UPDATE_FLAW_NO_RESTORE))
		return 0;
	r = read_tune(update, &now, &size, &why);
	if (r < 0)
		return not_restored(update, "read", &why);
	common = size < update->result->tune_size ? size : update->result->tune_size;
	if (memcmp(now, update->tune, common) == 0) {
		update->result->tune = UPDATE_TUNE_SAME;
		update_say(update, "tune kept: the same as before");
		return 0;
	}
	if (size != update->result->tune_size)
		update_say(update,
			"the layout of the settings is another: %zu bytes in place of %zu", size,
			update->result->tune_size);
	update_say(update, "the tune differs from before; writing it back");
	memcpy(now, update->tune, common);
	return write_back(update, now, size);
}
