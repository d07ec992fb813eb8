/* SPDX-License-Identifier: MIT */
/* A whole update: plan, erase, program, verify, leave. */
#include "harness/host/dfuse_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR_MAX 4096 /* of a plan; more is a layout that lies */

struct planned_sector {
	uint8_t alternate;
	struct dfuse_sector sector;
};

struct plan {
	struct planned_sector *sectors; /* owned; each once, in order of first need */
	size_t count;
	size_t bytes; /* in those sectors */
};

struct update {
	struct dfuse_client *client;
	const struct image *image;
	const struct dfuse_options *options;
	struct dfuse_result *result;
	struct plan plan;
};

static uint8_t element_alternate(const struct image *image, const struct image_element *element)
{
	return image->targets[element->target].alternate;
}

/* ---- plan ---- */

static bool planned(const struct plan *plan, uint8_t alternate, uint32_t addr)
{
	for (size_t i = plan->count; i > 0; i--)
		if (plan->sectors[i - 1].alternate == alternate &&
			plan->sectors[i - 1].sector.addr == addr)
			return true;
	return false;
}

static int add_sector(
	struct plan *plan, uint8_t alternate, const struct dfuse_sector *sector, struct why *why)
{
	if (planned(plan, alternate, sector->addr))
		return 0;
	if (plan->count == SECTOR_MAX)
		return why_set(why, -E2BIG, "the image touches more than %d sectors", SECTOR_MAX);
	plan->sectors[plan->count++] = (struct planned_sector){alternate, *sector};
	plan->bytes += sector->size;
	return 0;
}

/* Adds what has to be erased for one element; all of it must be writable. */
static int plan_element(struct update *update, const struct image_element *element, struct why *why)
{
	uint8_t number = element_alternate(update->image, element);
	const struct dfuse_alternate *alternate = dfuse_client_alternate(update->client, number);
	uint64_t at = element->addr;
	uint64_t end = at + element->size;
	struct dfuse_sector sector;

	if (!alternate || !alternate->has_layout)
		return why_set(why, -EFAULT, "the device has no memory number %u", number);
	while (at < end) {
		int r = 0;

		if (!dfuse_layout_find(&alternate->layout, (uint32_t)at, &sector))
			return why_set(why, -EFAULT, "0x%08x lies outside of the device's %s",
				(unsigned)at, alternate->layout.name);
		if (!(sector.access & DFUSE_WRITABLE))
			return why_set(why, -EFAULT, "0x%08x of the device's %s is not writable",
				(unsigned)at, alternate->layout.name);
		if (sector.access & DFUSE_ERASABLE)
			r = add_sector(&update->plan, number, &sector, why);
		if (r < 0)
			return r;
		at = (uint64_t)sector.addr + sector.size;
	}
	return 0;
}

static bool id_fits(uint16_t wanted, uint16_t id)
{
	return wanted == IMAGE_ANY_ID || wanted == id;
}

static int check_ids(const struct update *update, struct why *why)
{
	const struct image_ids *ids = &update->image->ids;
	const struct dfuse_client *client = update->client;

	if (!update->image->has_ids ||
		(id_fits(ids->vid, client->vid) && id_fits(ids->pid, client->pid)))
		return 0;
	return why_set(why, -EINVAL, "the image is for %04x:%04x, the device is %04x:%04x",
		ids->vid, ids->pid, client->vid, client->pid);
}

/* The device resets after the block that holds the last element. */
static int check_reset(const struct update *update, struct why *why)
{
	const struct image *image = update->image;
	size_t most = dfuse_client_block_size(update->client);
	size_t size = image->element_count ? image->elements[image->element_count - 1].size : 0;

	if (!update->options->will_reset || size <= most)
		return 0;
	return why_set(why, -E2BIG,
		"image: its last element has %zu bytes, and the device resets after %zu", size,
		most);
}

static int make_plan(struct update *update, struct why *why)
{
	int r = check_ids(update, why);

	if (r == 0)
		r = check_reset(update, why);
	if (r < 0)
		return r;
	if (!update->image->addressed)
		return why_set(why, -EINVAL, "the image has no address");
	update->plan.sectors = calloc(SECTOR_MAX, sizeof(update->plan.sectors[0]));
	if (!update->plan.sectors)
		return why_errno(why, -ENOMEM, "plan");
	for (size_t i = 0; i < update->image->element_count; i++) {
		r = plan_element(update, &update->image->elements[i], why);
		if (r < 0)
			return why_prefix(why, r, "image");
	}
	return 0;
}

static void plan_done(struct update *update)
{
	free(update->plan.sectors);
}

/* ---- steps ---- */

static void start_phase(struct dfuse_client *client, enum dfuse_phase phase, size_t total)
{
	client->progress = (struct dfuse_progress){.phase = phase, .total = total};
	if (client->on_progress)
		client->on_progress(client->user, &client->progress);
}

static void advance(struct dfuse_client *client, size_t size)
{
	client->progress.done += size;
	if (client->on_progress)
		client->on_progress(client->user, &client->progress);
}

/* All that the layouts call erasable. */
static size_t erasable_bytes(const struct dfuse_client *client)
{
	size_t bytes = 0;

	for (size_t i = 0; i < client->alternate_count; i++) {
		const struct dfuse_layout *layout = &client->alternates[i].layout;

		for (size_t j = 0; client->alternates[i].has_layout && j < layout->count; j++)
			if (layout->segments[j].access & DFUSE_ERASABLE)
				bytes += (size_t)layout->segments[j].count *
					 layout->segments[j].sector_size;
	}
	return bytes;
}

static int mass_erase(struct update *update, struct why *why)
{
	size_t bytes = erasable_bytes(update->client);
	int r;

	start_phase(update->client, DFUSE_ERASING, bytes);
	r = dfuse_client_mass_erase(update->client, why);
	if (r < 0)
		return r;
	update->result->erased_bytes = bytes;
	advance(update->client, bytes);
	return 0;
}

static int erase(struct update *update, struct why *why)
{
	start_phase(update->client, DFUSE_ERASING, update->plan.bytes);
	for (size_t i = 0; i < update->plan.count; i++) {
		const struct planned_sector *planned_sector = &update->plan.sectors[i];
		int r = dfuse_client_select(update->client, planned_sector->alternate, why);

		if (r == 0)
			r = dfuse_client_erase(update->client, planned_sector->sector.addr, why);
		if (r < 0)
			return r;
		update->result->erased_sectors++;
		update->result->erased_bytes += planned_sector->sector.size;
		advance(update->client, planned_sector->sector.size);
	}
	return 0;
}

static int program(struct update *update, struct why *why)
{
	struct dfuse_client *client = update->client;

	start_phase(client, DFUSE_PROGRAMMING, image_size(update->image));
	for (size_t i = 0; i < update->image->element_count; i++) {
		const struct image_element *element = &update->image->elements[i];
		uint8_t alternate = element_alternate(update->image, element);
		bool resets = update->options->will_reset && i + 1 == update->image->element_count;
		int r = dfuse_client_select(client, alternate, why);

		if (r == 0)
			r = (resets ? dfuse_client_program_and_reset : dfuse_client_program)(
				client, element->addr, element->data, element->size, why);
		update->result->programmed_bytes = client->progress.done;
		if (r < 0)
			return r;
		update->result->reset = resets;
	}
	return 0;
}

static int verify_element(
	struct update *update, const struct image_element *element, struct why *why)
{
	struct dfuse_comparison got = {.expected = element->data, .size = element->size};
	int r = dfuse_client_select(update->client, element_alternate(update->image, element), why);

	if (r == 0)
		r = dfuse_client_compare(update->client, element->addr, &got, why);
	if (r)
		return why_prefix(why, r, "verify");
	if (got.same == got.size)
		return 0;
	return why_set(why, -EILSEQ, "verify 0x%08zx: 0x%02x was written, 0x%02x is there",
		element->addr + got.same, element->data[got.same], got.found);
}

static int verify(struct update *update, struct why *why)
{
	start_phase(update->client, DFUSE_VERIFYING, image_size(update->image));
	for (size_t i = 0; i < update->image->element_count; i++) {
		int r = verify_element(update, &update->image->elements[i], why);

		if (r < 0)
			return r;
		update->result->verified_bytes += update->image->elements[i].size;
	}
	return 0;
}

static int run(struct update *update, struct why *why)
{
	const struct dfuse_options *options = update->options;
	int r = make_plan(update, why);

	if (r == 0)
		r = dfuse_client_idle(update->client, why);
	if (r == 0)
		r = options->mass_erase ? mass_erase(update, why) : erase(update, why);
	if (r == 0)
		r = program(update, why);
	if (r < 0 || update->result->reset)
		return r;
	if (options->verify)
		r = verify(update, why);
	if (r < 0 || !options->leave || !update->image->element_count)
		return r;
	r = dfuse_client_leave(update->client, update->image->elements[0].addr, why);
	update->result->left = r == 0;
	return r;
}

int dfuse_update(struct dfuse_client *client, const struct image *image,
	const struct dfuse_options *options, struct dfuse_result *ret_result, struct why *why)
{
	struct update update = {
		.client = client,
		.image = image,
		.options = options,
		.result = ret_result,
	};
	int r;

	*ret_result = (struct dfuse_result){0};
	client->deadline_us = options->deadline_ms ? clock_after_us(client->host->clock,
							     options->deadline_ms * UINT64_C(1000))
						   : CLOCK_NEVER;
	r = run(&update, why);
	plan_done(&update);
	client->deadline_us = CLOCK_NEVER;
	return r;
}
