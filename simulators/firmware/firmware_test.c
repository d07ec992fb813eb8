/* SPDX-License-Identifier: MIT */
#include "simulators/firmware/firmware.h"

#include "harness/base/file.h"
#include "harness/base/wire.h"
#include "simulators/firmware/firmware_header.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START     0x08000000u
#define SIZE      (64u * 1024)
#define SIGNATURE "rusEFI main.2026.07.14.f407-discovery.3461352391"

/* A flash, or what somebody wrote into it. */
struct memory_image {
	uint32_t addr;
	struct buf bytes;
	size_t reads; /* bytes that were looked at */
};

static int read_image(void *user, uint32_t addr, uint8_t *ret_data, size_t size)
{
	struct memory_image *image = user;

	image->reads += size;
	for (size_t i = 0; i < size; i++) {
		uint32_t offset = addr + (uint32_t)i - image->addr;

		ret_data[i] = offset < image->bytes.size ? image->bytes.data[offset] : 0xff;
	}
	return 0;
}

static int read_nothing(
	void *user UNUSED, uint32_t addr UNUSED, uint8_t *ret UNUSED, size_t size UNUSED)
{
	return -EFAULT;
}

static const struct chip *f407(void)
{
	return chip_find("stm32f407xg");
}

static struct firmware ecu(void)
{
	struct firmware firmware = firmware_defaults(f407(), false);

	firmware.size = SIZE;
	snprintf(firmware.signature, sizeof(firmware.signature), "%s", SIGNATURE);
	return firmware;
}

static struct memory_image built(const struct firmware *firmware)
{
	struct memory_image image = {.addr = firmware->base};
	struct why why = {""};

	buf_init(&image.bytes, 4u << 20);
	cr_assert_eq(firmware_build(firmware, &image.bytes, &why), 0, "%s", why_text(&why));
	cr_assert_eq(image.bytes.size, firmware->size);
	return image;
}

static int identify(struct memory_image *image, uint32_t base, struct firmware *ret)
{
	return firmware_identify(f407(), base, read_image, image, ret);
}

static void expect_same(const struct firmware *got, const struct firmware *want)
{
	cr_expect_eq(got->kind, want->kind);
	cr_expect_eq(got->base, want->base);
	cr_expect_eq(got->size, want->size);
	cr_expect_str_eq(got->signature, want->signature);
	cr_expect_str_eq(got->chip, want->chip);
	cr_expect_eq(got->stack, want->stack);
	cr_expect_eq(got->settings_size, want->settings_size);
	cr_expect_eq(got->settings_version, want->settings_version);
	cr_expect_eq(got->settings_addr[0], want->settings_addr[0]);
	cr_expect_eq(got->settings_addr[1], want->settings_addr[1]);
	cr_expect_eq(got->blocking_factor, want->blocking_factor);
	cr_expect_eq(got->paged, want->paged);
	cr_expect_eq(got->dfu_jump, want->dfu_jump);
	cr_expect_eq(got->mass_storage, want->mass_storage);
	cr_expect_eq(got->behind_openblt, want->behind_openblt);
	cr_expect_eq(got->locked, want->locked);
	cr_expect_eq(got->app_base, want->app_base);
	cr_expect_eq(got->dfu_check, want->dfu_check);
	cr_expect_eq(got->probes, want->probes);
	cr_expect_eq(got->backdoor_ms, want->backdoor_ms);
}

/* Every field has a value of its own, each flag alone: none takes the place of another. */
Test(firmware, what_is_built_is_recognised_in_all_fields)
{
	for (unsigned int flag = 0; flag <= 7; flag++) {
		struct firmware want = {
			.kind = flag < 4 ? FIRMWARE_ECU : FIRMWARE_OPENBLT,
			.base = 0x08008000,
			.size = 0x1000,
			.signature = SIGNATURE,
			.chip = "stm32f999",
			.stack = 0x20001000,
			.settings_size = 1234,
			.settings_version = 5678,
			.settings_addr = {0x080e0000, 0x080c0000},
			.blocking_factor = 1400,
			.paged = flag == 1,
			.dfu_jump = flag == 2,
			.mass_storage = flag == 3,
			.behind_openblt = flag == 4,
			.locked = flag == 5,
			.app_base = 0x08010000,
			.dfu_check = flag == 6,
			.probes = flag == 7,
			.backdoor_ms = 500,
		};
		struct memory_image image = built(&want);
		struct firmware got;

		cr_assert_eq(identify(&image, want.base, &got), 0, "flag %u", flag);
		expect_same(&got, &want);
		buf_done(&image.bytes);
	}
}

Test(firmware, begins_as_a_cortex_m_can_start_from)
{
	struct firmware firmware = ecu();
	struct memory_image image = built(&firmware);
	struct reader in = reader_of(image.bytes.data, 8);
	uint32_t entry;

	cr_expect_eq(reader_le32(&in), 0x20020000);
	entry = reader_le32(&in);
	cr_expect(entry & 1);
	cr_expect_gt(entry, START);
	cr_expect_lt(entry, START + SIZE);
	cr_expect_neq(image.bytes.data[entry - 1 - START], 0xff, "no code");
	buf_done(&image.bytes);
}

/* A change of the format makes all images that were flashed with the old one unknown: is that meant? */
Test(firmware, its_first_kilobyte_is_the_golden_one)
{
	static const char path[] = DFURIG_FIXTURES "/golden/firmware-rusefi.bin";
	struct firmware firmware = ecu();
	struct memory_image image = built(&firmware);
	struct buf golden;
	struct why why = {""};

	buf_init(&golden, 1024);
	if (getenv("DFURIG_UPDATE_GOLDEN"))
		cr_assert_eq(file_write(path, image.bytes.data, 1024, &why), 0, "%s", why.text);
	cr_assert_eq(file_read(path, &golden, &why), 0, "%s", why.text);
	cr_assert_eq(golden.size, 1024);
	cr_expect_arr_eq(
		image.bytes.data, golden.data, 1024, "DFURIG_UPDATE_GOLDEN=1 writes it anew");
	buf_done(&golden);
	buf_done(&image.bytes);
}

Test(firmware, the_same_description_gives_the_same_bytes_and_another_signature_others)
{
	struct firmware firmware = ecu();
	struct memory_image one = built(&firmware);
	struct memory_image same = built(&firmware);
	struct memory_image other;
	size_t differing = 0;

	firmware.signature[strlen(firmware.signature) - 1] = '2';
	other = built(&firmware);
	cr_expect_arr_eq(one.bytes.data, same.bytes.data, SIZE);
	for (size_t i = 0; i < SIZE; i++)
		differing += one.bytes.data[i] != other.bytes.data[i];
	cr_expect_gt(differing, SIZE * 9 / 10, "%zu of %u", differing, SIZE);
	buf_done(&one.bytes);
	buf_done(&same.bytes);
	buf_done(&other.bytes);
}

Test(firmware, every_byte_counts)
{
	struct firmware firmware = ecu(), got;
	struct memory_image image = built(&firmware);

	for (size_t at = 8; at < SIZE; at += at < 0x400 ? 1 : 977) {
		int r;

		image.bytes.data[at] ^= 0x10;
		r = identify(&image, START, &got);
		cr_expect_eq(r, -ENODATA, "byte 0x%zx: %d", at, r);
		image.bytes.data[at] ^= 0x10;
	}
	cr_expect_eq(identify(&image, START, &got), 0);
	buf_done(&image.bytes);
}

Test(firmware, a_half_written_image_is_not_whole)
{
	/* Up to the magic there is nothing to recognise it by. */
	static const size_t written[] = {
		0x208, 0x210, 0x2ff, 0x300, 0x400, 2048, SIZE / 2, SIZE - 1};
	struct firmware firmware = ecu(), got;

	for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
		struct memory_image image = built(&firmware);

		image.bytes.size = written[i];
		cr_expect_eq(identify(&image, START, &got), -ENODATA, "%zu bytes", written[i]);
		cr_expect_eq(got.kind, FIRMWARE_ECU);
		cr_expect_eq(got.base, START);
		buf_done(&image.bytes);
	}
}

Test(firmware, one_image_over_another_is_not_whole)
{
	struct firmware firmware = ecu(), got;
	struct memory_image old = built(&firmware), new;

	snprintf(firmware.signature, sizeof(firmware.signature),
		"rusEFI main.2025.01.01.f407-discovery.1");
	new = built(&firmware);
	for (size_t i = 0; i < SIZE; i++)
		old.bytes.data[i] &= new.bytes.data[i];
	cr_expect_eq(identify(&old, START, &got), -ENODATA);
	buf_done(&old.bytes);
	buf_done(&new.bytes);
}

Test(firmware, an_image_at_another_address_than_its_own_does_not_run)
{
	struct firmware firmware = ecu(), got;
	struct memory_image image = built(&firmware);

	image.addr = START + 0x8000;
	cr_expect_eq(identify(&image, START + 0x8000, &got), -ENODATA);
	cr_expect_eq(got.base, START, "it says where it belongs");
	buf_done(&image.bytes);
}

Test(firmware, nothing_is_no_firmware)
{
	struct memory_image erased = {.addr = START};
	struct firmware got = {.size = 77};

	cr_expect_eq(identify(&erased, START, &got), -ENOEXEC);
	cr_expect_eq(got.size, 77, "untouched");
	cr_expect_eq(firmware_identify(f407(), START, read_nothing, NULL, &got), -ENOEXEC);
	buf_done(&erased.bytes);
}

Test(firmware, is_recognised_with_one_look_at_each_byte)
{
	struct firmware firmware = ecu(), got;
	struct memory_image image = built(&firmware);

	cr_assert_eq(identify(&image, START, &got), 0);
	cr_expect_leq(image.reads, SIZE + FIRMWARE_HEADER_OFFSET + FIRMWARE_HEADER_SIZE);
	buf_done(&image.bytes);
}

Test(firmware, what_makes_no_sense_is_not_built)
{
	static const struct {
		const char *says;
		struct firmware firmware;
	} rows[] = {
		{"at least 1024", {.size = 1020, .chip = "stm32f407xg", .signature = SIGNATURE}},
		{"multiple of 4", {.size = 1026, .chip = "stm32f407xg", .signature = SIGNATURE}},
		{"stack pointer", {.size = 1024, .chip = "stm32f999", .signature = SIGNATURE}},
		{"no signature", {.size = 1024, .chip = "stm32f407xg", .signature = "rusEFI"}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct why why = {""};
		struct buf out;

		buf_init(&out, 1u << 20);
		cr_expect_eq(firmware_build(&rows[i].firmware, &out, &why), -EINVAL, "row %zu", i);
		cr_expect_not_null(strstr(why.text, rows[i].says), "%s", why.text);
		cr_expect_eq(out.size, 0);
		buf_done(&out);
	}
}

Test(firmware, a_buffer_that_is_too_small_is_an_error)
{
	struct firmware firmware = ecu();
	struct why why = {""};
	struct buf out;

	buf_init(&out, 1000);
	cr_expect_eq(firmware_build(&firmware, &out, &why), -EOVERFLOW);
	buf_done(&out);
}

/* --- defaults --- */

Test(firmware_defaults, depend_on_the_chip)
{
	static const struct {
		const char *chip;
		uint32_t flash;
		uint32_t first, second, app;
	} rows[] = {
		{"stm32f407xg", 1u << 20, 0x080e0000, 0x080c0000, 0x08008000},
		{"stm32f429xi", 2u << 20, 0x080e0000, 0x080c0000, 0x08008000},
		{"stm32f407xe", 1u << 19, 0x08060000, 0, 0x08008000},
		{"stm32f767xi", 2u << 20, 0x08100000, 0x08140000, 0x08008000},
		{"stm32f767xg", 1u << 20, 0x080c0000, 0x080e0000, 0x08008000},
		{"stm32f746xg", 1u << 20, 0x080c0000, 0x080e0000, 0x08008000},
		{"stm32h743xi", 2u << 20, 0x08100000, 0x08120000, 0x08020000},
		{"stm32h723xg", 1u << 20, 0x080e0000, 0, 0x08020000},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct chip chip = {
			.name = rows[i].chip, .flash.range = {START, rows[i].flash}};
		struct firmware plain = firmware_defaults(&chip, false);
		struct firmware behind = firmware_defaults(&chip, true);

		cr_expect_eq(plain.settings_addr[0], rows[i].first, "%s", rows[i].chip);
		cr_expect_eq(plain.settings_addr[1], rows[i].second, "%s", rows[i].chip);
		cr_expect_eq(plain.base, START);
		cr_expect_not(plain.behind_openblt);
		cr_expect_eq(behind.base, rows[i].app, "%s", rows[i].chip);
		cr_expect(behind.behind_openblt);
		cr_expect_eq(plain.size, 0);
		cr_expect_str_eq(plain.signature, "");
	}
}

Test(firmware_defaults, know_the_chips_other_name)
{
	struct firmware firmware = ecu();

	cr_expect(firmware_is_for(&firmware, f407()));
	snprintf(firmware.chip, sizeof(firmware.chip), "stm32f405xg");
	cr_expect(firmware_is_for(&firmware, f407()));
	snprintf(firmware.chip, sizeof(firmware.chip), "stm32f767");
	cr_expect_not(firmware_is_for(&firmware, f407()));
}

/* --- signatures --- */

Test(signature, has_six_parts)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{SIGNATURE, true},
		{"rusEFI (FOME) master.2026.08.22.proteus_f7.2608769846", true},
		{"rusEFI main.2026.07.14.f407-discovery", false},
		{"rusEFI main.2026.07.14.f407-discovery.1.2", false},
		{"rusEFI main.26.07.14.f407-discovery.1", false},
		{"rusEFI main.2026.7.14.f407-discovery.1", false},
		{"rusEFI main.2026.07.1x.f407-discovery.1", false},
		{"rusEFI .2026.07.14.f407-discovery.1", false},
		{"rusEFI main.2026.07.14.f407-discovery.", false},
		{"rusefi main.2026.07.14.f407-discovery.1", false},
		{"rusEFI main.2026.07.14.f407\x01.1", false},
		{"rusEFI ", false},
		{"", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_expect_eq(firmware_parse_signature(rows[i].text, NULL), rows[i].good, "\"%s\"",
			rows[i].text);
}

Test(signature, is_taken_apart)
{
	struct firmware_signature parts;

	cr_assert(firmware_parse_signature(SIGNATURE, &parts));
	cr_expect_str_eq(parts.branch, "main");
	cr_expect_str_eq(parts.year, "2026");
	cr_expect_str_eq(parts.month, "07");
	cr_expect_str_eq(parts.day, "14");
	cr_expect_str_eq(parts.target, "f407-discovery");
	cr_expect_str_eq(parts.hash, "3461352391");
}

/* --- real images --- */

/* A vector table at `table`, a signature at `text` (0 = none), zeros as code. */
static void real_part(struct memory_image *image, uint32_t table, uint32_t entry, uint32_t text)
{
	struct writer out = writer_of(image->bytes.data + (table - START), 8);

	writer_le32(&out, 0x20020000);
	writer_le32(&out, entry | 1);
	if (text)
		memcpy(image->bytes.data + (text - START), SIGNATURE, sizeof(SIGNATURE));
}

static struct memory_image real_image(void)
{
	struct memory_image image = {.addr = START};
	uint8_t *data;

	buf_init(&image.bytes, 1u << 20);
	cr_assert_eq(buf_grow(&image.bytes, 256 * 1024, &data), 0);
	memset(data, 0, image.bytes.size);
	return image;
}

Test(real, is_known_by_vector_table_and_signature_wherever_that_lies)
{
	/* The last one across the pieces in which the flash is read. */
	static const uint32_t places[] = {START + 0x400, START + 0x20001, START + 4096 - 20};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct memory_image image = real_image();
		struct firmware got;

		real_part(&image, START, START + 0x1000, places[i]);
		cr_assert_eq(identify(&image, START, &got), 0, "0x%08x", places[i]);
		cr_expect_eq(got.kind, FIRMWARE_ECU);
		cr_expect_str_eq(got.signature, SIGNATURE);
		cr_expect_str_eq(got.chip, "stm32f407xg");
		cr_expect_eq(got.size, 0);
		cr_expect_eq(got.settings_addr[0], 0x080e0000);
		buf_done(&image.bytes);
	}
}

Test(real, may_have_its_vectors_on_the_itcm_bus_of_an_f7)
{
	struct memory_image image = real_image();
	struct firmware got;

	real_part(&image, START, 0x00201000, START + 0x400);
	cr_expect_eq(identify(&image, START, &got), -ENOEXEC, "an F4 has no flash there");
	cr_assert_eq(
		firmware_identify(chip_find("stm32f767xi"), START, read_image, &image, &got), 0);
	cr_expect_str_eq(got.signature, SIGNATURE);
	cr_expect_str_eq(got.chip, "stm32f767xi");
	cr_expect_eq(got.settings_addr[1], 0x08140000);
	buf_done(&image.bytes);
}

Test(real, needs_both)
{
	struct memory_image image = real_image();
	struct firmware got;

	real_part(&image, START, START + 0x1000, 0);
	cr_expect_eq(identify(&image, START, &got), -ENOEXEC, "no signature");
	real_part(&image, START, 0x20000000, START + 0x400);
	cr_expect_eq(identify(&image, START, &got), -ENOEXEC, "starts in RAM");
	memset(image.bytes.data, 0xff, 8);
	cr_expect_eq(identify(&image, START, &got), -ENOEXEC, "no vector table");
	buf_done(&image.bytes);
}

Test(real, openblt_is_what_lies_before_an_application)
{
	struct memory_image image = real_image();
	struct firmware loader, app;

	real_part(&image, START, START + 0x1000, 0);
	real_part(&image, START + 0x8000, START + 0x9000, START + 0x10000);
	cr_assert_eq(identify(&image, START, &loader), 0);
	cr_expect_eq(loader.kind, FIRMWARE_OPENBLT);
	cr_expect_eq(loader.app_base, START + 0x8000);
	cr_assert_eq(identify(&image, loader.app_base, &app), 0);
	cr_expect_eq(app.kind, FIRMWARE_ECU);
	cr_expect(app.behind_openblt);
	cr_expect_eq(app.base, START + 0x8000);
	buf_done(&image.bytes);
}
