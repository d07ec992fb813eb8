/* SPDX-License-Identifier: MIT */
#include "harness/cli/image_firmware.h"

#include "harness/cli/json_out.h"
#include "harness/report/format.h"
#include "simulators/stm32/chip.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FLASH_START 0x08000000u

/* An image as a memory: what it does not say is erased. */
struct view {
	const struct image *image;
	uint32_t shift; /* added to the addresses of an image that has none */
};

/* Copies what of [addr, addr + size) the element holds. */
static void copy_part(
	const struct image_element *element, uint64_t at, uint64_t addr, uint8_t *data, size_t size)
{
	uint64_t from = at > addr ? at : addr;
	uint64_t to = at + element->size < addr + size ? at + element->size : addr + size;

	if (from < to)
		memcpy(data + (from - addr), element->data + (from - at), (size_t)(to - from));
}

static int view_read(void *user, uint32_t addr, uint8_t *ret_data, size_t size)
{
	const struct view *view = user;

	memset(ret_data, 0xff, size);
	for (size_t i = 0; i < view->image->element_count; i++) {
		const struct image_element *element = &view->image->elements[i];

		copy_part(element, (uint64_t)element->addr + view->shift, addr, ret_data, size);
	}
	return 0;
}

/* For any chip: only real images need the right one. */
static int identify(struct view *view, uint32_t base, struct image_firmware *ret)
{
	int r = -ENOEXEC;

	for (size_t i = 0; i < chip_count && r == -ENOEXEC; i++)
		r = firmware_identify(&chips[i], base, view_read, view, &ret->firmware);
	ret->whole = r == 0;
	return r;
}

static uint32_t lowest_address(const struct image *image)
{
	uint32_t lowest = image->elements[0].addr;

	for (size_t i = 1; i < image->element_count; i++)
		if (image->elements[i].addr < lowest)
			lowest = image->elements[i].addr;
	return lowest;
}

/* The first firmware; where it lies is known from the file or from itself. */
static int identify_first(struct view *view, struct image_firmware *ret)
{
	uint32_t base = view->image->addressed ? lowest_address(view->image) : FLASH_START;
	int r;

	view->shift = view->image->addressed ? 0 : base;
	r = identify(view, base, ret);
	if (r == -ENODATA && !view->image->addressed && ret->firmware.base != base) {
		view->shift = ret->firmware.base;
		r = identify(view, ret->firmware.base, ret);
	}
	return r;
}

size_t image_firmware_find(
	const struct image *image, struct image_firmware ret[static IMAGE_FIRMWARE_MAX])
{
	struct view view = {.image = image};
	int r;

	if (!image->element_count || identify_first(&view, &ret[0]) == -ENOEXEC)
		return 0;
	if (ret[0].firmware.kind != FIRMWARE_OPENBLT)
		return 1;
	r = identify(&view, ret[0].firmware.app_base, &ret[1]);
	return r == -ENOEXEC ? 1 : 2;
}

static void print_ecu(const struct firmware *ecu)
{
	char size[FORMAT_U64_SIZE];

	printf("  settings %s bytes, version %" PRIu32, format_u64(ecu->settings_size, size),
		ecu->settings_version);
	if (ecu->settings_addr[0])
		printf(", at 0x%08" PRIx32, ecu->settings_addr[0]);
	if (ecu->settings_addr[1])
		printf(" and 0x%08" PRIx32, ecu->settings_addr[1]);
	printf("\n  protocol %s, transfers up to %u bytes\n  features %s%s%s%s\n",
		ecu->paged ? "with pages" : "without pages", ecu->blocking_factor,
		ecu->dfu_jump ? "DFU jump" : "no DFU jump",
		ecu->mass_storage ? ", USB drive" : ", no USB drive",
		ecu->behind_openblt ? ", behind OpenBLT" : "", ecu->locked ? ", locked" : "");
}

void image_firmware_print(const struct image_firmware *found)
{
	const struct firmware *firmware = &found->firmware;
	char size[FORMAT_U64_SIZE];

	printf("firmware at 0x%08" PRIx32 ": %s%s, for %s", firmware->base,
		firmware->kind == FIRMWARE_OPENBLT ? "OpenBLT " : "", firmware->signature,
		firmware->chip[0] ? firmware->chip : "an unknown chip");
	if (firmware->size)
		printf(", %s bytes", format_u64(firmware->size, size));
	puts(found->whole ? "" : ", DAMAGED: it would not start");
	if (firmware->kind == FIRMWARE_ECU && firmware->settings_size)
		print_ecu(firmware);
}

static json_t *json_settings(const struct firmware *firmware)
{
	json_t *addresses = json_array();

	for (size_t i = 0; i < 2; i++)
		if (firmware->settings_addr[i])
			json_array_append_new(addresses, json_integer(firmware->settings_addr[i]));
	return json_pack("{s:I, s:I, s:o}", "size", (json_int_t)firmware->settings_size, "version",
		(json_int_t)firmware->settings_version, "addresses", addresses);
}

static void add_ecu(json_t *root, const struct firmware *ecu)
{
	json_object_set_new(root, "settings", json_settings(ecu));
	json_object_set_new(root, "paged", json_boolean(ecu->paged));
	json_object_set_new(root, "blocking_factor", json_integer(ecu->blocking_factor));
	json_object_set_new(root, "dfu_jump", json_boolean(ecu->dfu_jump));
	json_object_set_new(root, "mass_storage", json_boolean(ecu->mass_storage));
	json_object_set_new(root, "behind_openblt", json_boolean(ecu->behind_openblt));
	json_object_set_new(root, "locked", json_boolean(ecu->locked));
}

json_t *image_firmware_json(const struct image_firmware *found)
{
	const struct firmware *firmware = &found->firmware;
	json_t *root = json_pack("{s:s, s:I, s:I, s:o, s:o, s:b}", "kind",
		firmware->kind == FIRMWARE_OPENBLT ? "openblt" : "ecu", "address",
		(json_int_t)firmware->base, "size", (json_int_t)firmware->size, "signature",
		json_out_text(firmware->signature), "chip", json_out_text(firmware->chip), "whole",
		(int)found->whole);

	if (firmware->kind == FIRMWARE_ECU)
		add_ecu(root, firmware);
	return root;
}
