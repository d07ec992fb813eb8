/* SPDX-License-Identifier: MIT */
#include "simulators/windows/rank.h"

#include <string.h>
#include <strings.h>

#define MATCH_HARDWARE_HARDWARE     0x0000 /* the device's hardware ID, the model's hardware ID */
#define MATCH_HARDWARE_COMPATIBLE   0x1000
#define MATCH_COMPATIBLE_HARDWARE   0x2000
#define MATCH_COMPATIBLE_COMPATIBLE 0x3000
#define COMPATIBLE_STEP             0x0100 /* for each of the model's compatible IDs */

enum rank_signature rank_signature_of(const struct inf *inf)
{
	if (!inf->signer[0])
		return RANK_SIGNATURE_UNSIGNED;
	if (strcmp(inf->signer, "Microsoft Windows") == 0)
		return RANK_SIGNATURE_INBOX;
	if (strcmp(inf->signer, "Microsoft Windows Hardware Compatibility Publisher") == 0)
		return RANK_SIGNATURE_WHQL;
	return RANK_SIGNATURE_AUTHENTICODE;
}

/* With the policy off: setupapi.h's SIGNERSCORE_INBOX, _WHQL, _AUTHENTICODE and _UNSIGNED, their upper byte. */
uint8_t rank_signature_score(enum rank_signature signature, bool all_signers_equal)
{
	switch (signature) {
	case RANK_SIGNATURE_INBOX:
	case RANK_SIGNATURE_WHQL:
		return all_signers_equal ? 0x00 : 0x0d;
	case RANK_SIGNATURE_AUTHENTICODE:
		return all_signers_equal ? 0x00 : 0x0f;
	case RANK_SIGNATURE_UNSIGNED:
	case RANK_SIGNATURE_COUNT:
		break;
	}
	return 0x80;
}

static uint32_t best_of(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* One ID of the model against a list of the device. */
static uint32_t best_match(const char ids[][USB_ID], size_t count, const char *id, uint32_t base)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(ids[i], id) == 0)
			return base + (uint32_t)i;
	return RANK_NONE;
}

uint32_t rank_identifier_score(const struct usb_ids *device, const struct inf_model *model)
{
	uint32_t best = RANK_NONE;

	for (size_t i = 0; i < model->id_count; i++) {
		uint32_t step = i ? (uint32_t)(i - 1) * COMPATIBLE_STEP : 0;

		best = best_of(
			best, best_match(device->hardware, device->hardware_count, model->id[i],
				      i ? MATCH_HARDWARE_COMPATIBLE : MATCH_HARDWARE_HARDWARE));
		best = best_of(
			best, best_match(device->compatible, device->compatible_count, model->id[i],
				      i ? MATCH_COMPATIBLE_COMPATIBLE + step
					: MATCH_COMPATIBLE_HARDWARE));
	}
	return best;
}

struct rank rank_package(const struct usb_ids *device, const struct inf *inf, size_t *ret_model)
{
	uint32_t signature = rank_signature_score(rank_signature_of(inf), true);
	struct rank rank = {.value = RANK_NONE, .date = inf->date, .version = inf->version};

	for (size_t i = 0; i < inf->model_count; i++) {
		const struct inf_model *model = &inf->models[i];
		uint32_t score = rank_identifier_score(device, model);

		if (score == RANK_NONE)
			continue;
		score |= signature << 24 | (uint32_t)model->feature_score << 16;
		if (score < rank.value) {
			rank.value = score;
			*ret_model = i;
		}
	}
	return rank;
}

int rank_compare(const struct rank *a, const struct rank *b)
{
	if (a->value != b->value)
		return a->value < b->value ? -1 : 1;
	if (a->date != b->date)
		return a->date > b->date ? -1 : 1;
	if (a->version != b->version)
		return a->version > b->version ? -1 : 1;
	return 0;
}
