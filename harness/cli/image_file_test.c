/* SPDX-License-Identifier: MIT */
#include "harness/cli/image_file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define NAME      "name: i\n"
#define TITLE     "title: An image\n"
#define CHIP      "chip: stm32f407xg\n"
#define SOURCE    "source: a test\n"
#define SIGNATURE "signature: rusEFI main.2026.07.14.f407-discovery.1\n"
#define HEAD      NAME TITLE CHIP SOURCE
#define GOOD      HEAD SIGNATURE

static int parse(const char *text, struct image_file *ret, struct why *why)
{
	return image_file_parse("f.yaml", (const uint8_t *)text, strlen(text), ret, why);
}

static struct image_file parse_or_fail(const char *text)
{
	struct image_file image = {0};
	struct why why = {""};

	cr_assert_eq(parse(text, &image, &why), 0, "%s", why_text(&why));
	return image;
}

static int read_bytes(void *user, uint32_t addr, uint8_t *ret_data, size_t size)
{
	const struct image_file *image = user;

	for (size_t i = 0; i < size; i++) {
		uint32_t offset = addr + (uint32_t)i - image->addr;

		ret_data[i] = offset < image->bytes.size ? image->bytes.data[offset] : 0xff;
	}
	return 0;
}

static int identify(struct image_file *image, uint32_t base, struct firmware *ret)
{
	return firmware_identify(chip_find("stm32f407xg"), base, read_bytes, image, ret);
}

Test(image_file, the_least_gives_what_rusefi_has_on_the_chip)
{
	CLEANUP(image_file_done) struct image_file image = parse_or_fail(GOOD);
	struct firmware defaults = firmware_defaults(chip_find("stm32f407xg"), false);

	cr_expect_str_eq(image.name, "i");
	cr_expect_str_eq(image.title, "An image");
	cr_expect_eq(image.part_count, 1);
	cr_expect_eq(image.addr, 0x08000000);
	cr_expect_eq(image.bytes.size, 250 * 1024);
	cr_expect_eq(image.ecu.settings_size, defaults.settings_size);
	cr_expect_eq(image.ecu.settings_addr[0], 0x080e0000);
	cr_expect(image.ecu.paged);
	cr_expect(image.ecu.dfu_jump);
	cr_expect(image.ecu.mass_storage);
	cr_expect_not(image.ecu.locked);
}

Test(image_file, everything_can_be_said)
{
	CLEANUP(image_file_done)
	struct image_file image = parse_or_fail(
		GOOD "stack: 0x20010000\nsize: 4 KiB\nprotocol: unpaged\nblocking-factor: 1400\n"
		     "settings-size: 100\nsettings-version: 7\ndfu-jump: no\nmass-storage: no\n"
		     "locked: yes\nopenblt: '1.5'\nopenblt-size: 2 KiB\nopenblt-dfu-check: no\n"
		     "openblt-probes: no\nopenblt-backdoor: 0.5 s\n");
	struct firmware loader, app;

	cr_expect_eq(image.bytes.size, 36 * 1024);
	cr_assert_eq(identify(&image, 0x08000000, &loader), 0);
	cr_assert_eq(identify(&image, 0x08008000, &app), 0);
	cr_expect_eq(loader.kind, FIRMWARE_OPENBLT);
	cr_expect_str_eq(loader.signature, "1.5");
	cr_expect_eq(loader.size, 2048);
	cr_expect_eq(loader.app_base, 0x08008000);
	cr_expect_eq(loader.backdoor_ms, 500);
	cr_expect_not(loader.dfu_check);
	cr_expect_not(loader.probes);
	cr_expect_eq(app.size, 4096);
	cr_expect_eq(app.stack, 0x20010000);
	cr_expect_not(app.paged);
	cr_expect_eq(app.blocking_factor, 1400);
	cr_expect_eq(app.settings_size, 100);
	cr_expect_eq(app.settings_version, 7);
	cr_expect_not(app.dfu_jump);
	cr_expect_not(app.mass_storage);
	cr_expect(app.locked);
	cr_expect(app.behind_openblt);
}

Test(image_file, between_openblt_and_the_application_the_flash_is_erased)
{
	CLEANUP(image_file_done) struct image_file image = parse_or_fail(GOOD "openblt: '1'\n");

	for (size_t i = 24 * 1024; i < 32 * 1024; i++)
		cr_assert_eq(image.bytes.data[i], 0xff, "byte %zu", i);
}

Test(image_file, openblt_alone_has_no_ecu)
{
	CLEANUP(image_file_done) struct image_file image = parse_or_fail(HEAD "openblt: '1'\n");

	cr_expect_eq(image.part_count, 1);
	cr_expect_eq(image.ecu.settings_size, 0);
	cr_expect_str_eq(image.ecu.signature, "");
	cr_expect_eq(image.bytes.size, 24 * 1024);
}

Test(image_file, a_chip_that_is_not_simulated_needs_its_stack)
{
	CLEANUP(image_file_done)
	struct image_file image =
		parse_or_fail(NAME TITLE SOURCE SIGNATURE "chip: stm32f767\nstack: 0x20080000\n");

	cr_expect_str_eq(image.ecu.chip, "stm32f767");
	cr_expect_eq(image.ecu.settings_addr[0], 0x08100000);
	cr_expect_arr_eq(image.bytes.data, ((uint8_t[]){0x00, 0x00, 0x08, 0x20}), 4);
}

static const struct mistake {
	const char *name, *text, *why;
} mistakes[] = {
	{"empty", "", "f.yaml: the file is empty"},
	{"bad name", "name: I\n" TITLE CHIP SOURCE SIGNATURE,
		"f.yaml:1: name: \"I\" is not 1 to 48"},
	{"no part", HEAD, "there must be a `signature`, or `openblt`, or both"},
	{"unknown chip", NAME TITLE SOURCE SIGNATURE "chip: stm32f999\n",
		"f.yaml:5: chip: no chip \"stm32f999\" (dfurig list chips); for another one give "
		"`stack`"},
	{"signature", HEAD "signature: rusEFI 2026\n",
		"f.yaml:5: signature: \"rusEFI 2026\" is not rusEFI branch.year.month.day.target."
		"hash"},
	{"size is no size", GOOD "size: much\n", "f.yaml:6: size: \"much\" is not a multiple of 4"},
	{"odd size", GOOD "size: 1026\n", "f.yaml:6: size: \"1026\" is not a multiple of 4"},
	{"too small", GOOD "size: 1020\n", "f.yaml:6: size: \"1020\" is not"},
	{"too large", GOOD "size: 3 MiB\n", "f.yaml:6: size: \"3 MiB\" is not"},
	{"protocol", GOOD "protocol: new\n",
		"f.yaml:6: protocol: \"new\" is not one of paged, unpaged"},
	{"yes or no", GOOD "dfu-jump: maybe\n", "f.yaml:6: dfu-jump: \"maybe\" is not yes or no"},
	{"settings", GOOD "settings-size: 65537\n", "f.yaml:6: settings-size: \"65537\" is not"},
	{"openblt too large", GOOD "openblt: '1'\nopenblt-size: 33 KiB\n",
		"f.yaml:7: openblt-size: \"33 KiB\" is not"},
	{"backdoor", GOOD "openblt: '1'\nopenblt-backdoor: 61 s\n",
		"f.yaml:7: openblt-backdoor: \"61 s\" is not a time up to 60 s"},
	{"unknown key", GOOD "colour: red\n", "f.yaml:6: colour: unknown key; known are name,"},
};

Test(image_file, mistakes_say_where_what_and_what_to_do)
{
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		struct image_file image = {.addr = 77};
		struct why why = {""};

		cr_expect_eq(
			parse(mistakes[i].text, &image, &why), -EBADMSG, "%s", mistakes[i].name);
		cr_expect_not_null(
			strstr(why.text, mistakes[i].why), "%s: %s", mistakes[i].name, why.text);
		cr_expect_eq(image.addr, 77, "untouched");
	}
}

/* --- the images that there are --- */

static const struct shipped {
	const char *name;
	bool for_f4, openblt, ecu;
} shipped[] = {
	{"openblt-only", true, true, false},
	{"rusefi-2021-unpaged", true, false, true},
	{"rusefi-2025", true, false, true},
	{"rusefi-2025-openblt", true, true, true},
	{"rusefi-2026", true, false, true},
	{"rusefi-2026-f767", false, false, true},
	{"rusefi-2026-f767-1m", false, false, true},
	{"rusefi-2026-large", true, false, true},
	{"rusefi-2026-new-settings", true, false, true},
	{"rusefi-2026-no-dfu-jump", true, false, true},
	{"rusefi-2026-no-msd", true, false, true},
	{"rusefi-2026-openblt", true, true, true},
	{"rusefi-2026-proteus-f7", false, false, true},
};

static struct image_file load_or_fail(const char *name)
{
	struct image_file image = {0};
	struct why why = {""};

	cr_assert_eq(image_file_load(name, &image, &why), 0, "%s", why_text(&why));
	return image;
}

Test(images, are_what_their_names_say)
{
	for (size_t i = 0; i < ARRAY_SIZE(shipped); i++) {
		CLEANUP(image_file_done) struct image_file image = load_or_fail(shipped[i].name);
		struct firmware first;

		cr_expect_eq(identify(&image, 0x08000000, &first), 0, "%s", image.name);
		cr_expect_eq(firmware_is_for(&first, chip_find("stm32f407xg")), shipped[i].for_f4,
			"%s", image.name);
		cr_expect_eq(first.kind == FIRMWARE_OPENBLT, shipped[i].openblt, "%s", image.name);
		cr_expect_eq(image.ecu.settings_size != 0, shipped[i].ecu, "%s", image.name);
	}
}

/* A write of any of them must not touch the settings. */
Test(images, end_before_the_settings)
{
	for (size_t i = 0; i < ARRAY_SIZE(shipped); i++) {
		CLEANUP(image_file_done) struct image_file image = load_or_fail(shipped[i].name);

		cr_expect_leq(image.addr + image.bytes.size, 0x080c0000, "%s", image.name);
	}
}

Test(images, keep_or_change_the_settings_as_their_names_say)
{
	CLEANUP(image_file_done) struct image_file old = load_or_fail("rusefi-2025");
	CLEANUP(image_file_done) struct image_file new = load_or_fail("rusefi-2026");
	CLEANUP(image_file_done) struct image_file other = load_or_fail("rusefi-2026-new-settings");

	cr_expect_eq(old.ecu.settings_version, new.ecu.settings_version);
	cr_expect_eq(old.ecu.settings_size, new.ecu.settings_size);
	cr_expect_neq(new.ecu.settings_version, other.ecu.settings_version);
	cr_expect_str_neq(old.ecu.signature, new.ecu.signature);
}

Test(images, are_all_named_when_one_is_missing)
{
	struct image_file image;
	struct why why = {""};

	cr_expect_eq(image_file_load("rusefi-1999", &image, &why), -ENOENT);
	cr_expect_not_null(
		strstr(why.text, "no image \"rusefi-1999\"; there are: "), "%s", why.text);
	cr_expect_not_null(strstr(why.text, "rusefi-2026-no-msd"), "%s", why.text);
}

Test(images, are_the_same_each_time)
{
	CLEANUP(image_file_done) struct image_file one = load_or_fail("rusefi-2026-openblt");
	CLEANUP(image_file_done) struct image_file two = load_or_fail("rusefi-2026-openblt");

	cr_assert_eq(one.bytes.size, two.bytes.size);
	cr_expect_arr_eq(one.bytes.data, two.bytes.data, one.bytes.size);
}
