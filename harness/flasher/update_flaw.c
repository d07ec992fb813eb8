/* SPDX-License-Identifier: MIT */
/* What a careless tool gets wrong: names, and images that go wrong on the way. */
#include "harness/flasher/update_state.h"

#include <assert.h>

#define SECTOR_TOO_HIGH 0x4000u /* of the F4's first sectors */

static const char *const names[] = {
	[UPDATE_FLAW_DONE_AT_ONCE] = "done-at-once",
	[UPDATE_FLAW_IGNORES_FAILURE] = "ignores-failure",
	[UPDATE_FLAW_ASKS_ONCE] = "asks-once",
	[UPDATE_FLAW_REBOOTS_FIRST] = "reboots-first",
	[UPDATE_FLAW_FLASHES_WITHOUT_TUNE] = "flashes-without-tune",
	[UPDATE_FLAW_NO_GUARD] = "no-guard",
	[UPDATE_FLAW_ONE_LOOK] = "one-look",
	[UPDATE_FLAW_ANY_DEVICE] = "any-device",
	[UPDATE_FLAW_SKIPS_VERIFY] = "skips-verify",
	[UPDATE_FLAW_HALF] = "half",
	[UPDATE_FLAW_WRONG_ADDRESS] = "wrong-address",
	[UPDATE_FLAW_MASS_ERASE] = "mass-erase",
	[UPDATE_FLAW_NO_LEAVE] = "no-leave",
	[UPDATE_FLAW_NO_WAIT] = "no-wait",
	[UPDATE_FLAW_ANY_ECU] = "any-ecu",
	[UPDATE_FLAW_NO_RESTORE] = "no-restore",
	[UPDATE_FLAW_KEEPS_ERROR] = "keeps-error",
	[UPDATE_FLAW_NO_ERASE_ON_RETRY] = "no-erase-on-retry",
	[UPDATE_FLAW_LEAVES_UNVERIFIED] = "leaves-unverified",
	[UPDATE_FLAW_RESUMES_WRONG_BLOCK] = "resumes-wrong-block",
};

static_assert(ARRAY_SIZE(names) == UPDATE_FLAW_COUNT, "a flaw without a name");

const struct names update_flaw_names = NAMES(names);

bool update_has(const struct update *update, enum update_flaw flaw)
{
	return update->options->flaws >> flaw & 1;
}

int update_flawed_image(const struct update *update, struct image *ret)
{
	const struct image *image = update->options->image;
	int r = 0;

	*ret = (struct image){.format = image->format, .addressed = true};
	for (size_t i = 0; r == 0 && i < image->target_count; i++)
		r = image_add_target(ret, image->targets[i].alternate, image->targets[i].name);
	for (size_t i = 0; r == 0 && i < image->element_count; i++) {
		struct image_element element = image->elements[i];

		if (update_has(update, UPDATE_FLAW_HALF) && element.size > 1)
			element.size /= 2;
		if (update_has(update, UPDATE_FLAW_WRONG_ADDRESS))
			element.addr += SECTOR_TOO_HIGH;
		r = image_add_element(ret, &element, NULL);
	}
	if (r == 0 && update_has(update, UPDATE_FLAW_SKIPS_VERIFY) && ret->element_count)
		ret->elements[0].data[ret->elements[0].size - 1] ^= 0x01;
	return r;
}
