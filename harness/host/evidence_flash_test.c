/* SPDX-License-Identifier: MIT */
#include "harness/host/evidence.h"

#include "simulators/firmware/firmware.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE      0x08000000u
#define SIZE      0xc0000u
#define IMAGE     0x8100u
#define TRANSFER  2048
#define SIGNATURE "rusEFI main.2026.07.14.f407-discovery.3461352391"
#define LOADER    0x4000u
#define APP       0x8000u

struct flash {
	uint8_t *data; /* SIZE bytes */
	struct evidence_flash found;
};

static void flash_init(struct flash *flash)
{
	*flash = (struct flash){.data = malloc(SIZE)};
	cr_assert(flash->data);
	memset(flash->data, 0xff, SIZE);
}

static void flash_done(struct flash *flash)
{
	free(flash->data);
}

static void put(struct flash *flash, const struct firmware *firmware)
{
	CLEANUP(buf_done) struct buf image;
	struct why why = {""};

	buf_init(&image, SIZE);
	cr_assert_eq(firmware_build(firmware, &image, &why), 0, "%s", why.text);
	memcpy(flash->data + firmware->base - BASE, image.data, image.size);
}

static struct firmware ecu(const char *signature, bool behind_openblt)
{
	struct firmware firmware = firmware_defaults(chip_find("stm32f407xg"), behind_openblt);

	firmware.size = IMAGE;
	snprintf(firmware.signature, sizeof(firmware.signature), "%s", signature);
	return firmware;
}

static void put_ecu(struct flash *flash)
{
	struct firmware firmware = ecu(SIGNATURE, false);

	put(flash, &firmware);
}

static void put_openblt(struct flash *flash)
{
	struct firmware loader = ecu("1.10", false), app = ecu(SIGNATURE, true);

	loader.kind = FIRMWARE_OPENBLT;
	loader.size = LOADER;
	loader.app_base = BASE + APP;
	put(flash, &loader);
	put(flash, &app);
}

static const struct evidence_flash *scan(struct flash *flash)
{
	flash->found = (struct evidence_flash){.read = 0};
	evidence_flash_scan(
		&(struct evidence_bytes){flash->data, SIZE, BASE, EVIDENCE_F4, TRANSFER},
		&flash->found);
	return &flash->found;
}

Test(evidence_flash, erased_is_blank_and_nothing_else)
{
	CLEANUP(flash_done) struct flash flash;
	const struct evidence_flash *found;

	flash_init(&flash);
	found = scan(&flash);
	cr_expect_eq(found->blank, EVIDENCE_YES);
	cr_expect_eq(found->starts, EVIDENCE_UNKNOWN);
	cr_expect_eq(found->whole, EVIDENCE_UNKNOWN);
	cr_expect_eq(found->end, BASE);
	cr_expect_eq(found->read, SIZE);
}

Test(evidence_flash, a_whole_image_is_whole)
{
	CLEANUP(flash_done) struct flash flash;
	const struct evidence_flash *found;

	flash_init(&flash);
	put_ecu(&flash);
	found = scan(&flash);
	cr_expect_eq(found->blank, EVIDENCE_NO);
	cr_expect_eq(found->starts, EVIDENCE_YES, "%s", found->starts_why);
	cr_expect_eq(found->whole, EVIDENCE_YES);
	cr_expect_eq(found->other_chip, EVIDENCE_NO);
	cr_expect_eq(found->front_erased, EVIDENCE_NO);
	cr_expect_eq(found->loader_in_front, EVIDENCE_NO);
	cr_expect_eq(found->hole_size, 0);
	cr_expect_eq(found->end, BASE + IMAGE);
	cr_expect_eq(found->cut, EVIDENCE_NO);
	cr_expect_str_eq(found->signature, SIGNATURE);
}

/* Every place at which an update may have stopped, or left something out. */
Test(evidence_flash, what_is_missing_is_seen_wherever_it_is)
{
	CLEANUP(flash_done) struct flash flash;

	flash_init(&flash);
	for (size_t at = 0; at < IMAGE; at += TRANSFER) {
		const struct evidence_flash *found;

		put_ecu(&flash);
		memset(flash.data + at, 0xff, TRANSFER);
		found = scan(&flash);
		cr_expect(found->whole == EVIDENCE_NO || found->front_erased == EVIDENCE_YES,
			"block at 0x%zx", at);
		put_ecu(&flash);
		memset(flash.data + at + TRANSFER, 0xff, SIZE - at - TRANSFER);
		found = scan(&flash);
		cr_expect(at + TRANSFER >= IMAGE || found->whole == EVIDENCE_NO, "cut at 0x%zx",
			at + TRANSFER);
		cr_expect(at + TRANSFER >= IMAGE || found->cut == EVIDENCE_YES, "cut at 0x%zx",
			at + TRANSFER);
	}
}

Test(evidence_flash, a_bit_that_fell_is_seen)
{
	CLEANUP(flash_done) struct flash flash;

	flash_init(&flash);
	put_ecu(&flash);
	flash.data[0x4321] = (uint8_t)~flash.data[0x4321];
	cr_expect_eq(scan(&flash)->whole, EVIDENCE_NO);
}

Test(evidence_flash, a_hole_is_measured)
{
	CLEANUP(flash_done) struct flash flash;
	const struct evidence_flash *found;

	flash_init(&flash);
	put_ecu(&flash);
	memset(flash.data + 0x2000, 0xff, 0x1000);
	found = scan(&flash);
	cr_expect_eq(found->hole_addr, BASE + 0x2000);
	cr_expect(found->hole_size >= 0x1000 && found->hole_size < 0x1010);
}

Test(evidence_flash, what_lies_between_a_loader_and_its_application_is_no_hole)
{
	CLEANUP(flash_done) struct flash flash;
	const struct evidence_flash *found;

	flash_init(&flash);
	put_openblt(&flash);
	found = scan(&flash);
	cr_expect_eq(found->whole, EVIDENCE_YES);
	cr_expect_eq(found->loader_in_front, EVIDENCE_YES);
	cr_expect_eq(found->hole_size, 0, "%u at 0x%08x", found->hole_size, found->hole_addr);
	cr_expect_str_eq(found->signature, SIGNATURE);
}

Test(evidence_flash, half_an_application_behind_a_whole_loader_is_seen)
{
	CLEANUP(flash_done) struct flash flash;

	flash_init(&flash);
	put_openblt(&flash);
	memset(flash.data + APP + 0x4000, 0xff, SIZE - APP - 0x4000);
	cr_expect_eq(scan(&flash)->whole, EVIDENCE_NO);
}

Test(evidence_flash, firmware_for_another_family_is_told_by_its_signature)
{
	static const struct {
		const char *signature;
		enum evidence_known other;
	} cases[] = {
		{"rusEFI main.2026.07.14.proteus_f7.1", EVIDENCE_YES},
		{"rusEFI main.2026.07.14.proteus_h7.1", EVIDENCE_YES},
		{"rusEFI main.2026.07.14.proteus_f4.1", EVIDENCE_NO},
		{"rusEFI main.2026.07.14.f407-discovery.1", EVIDENCE_NO},
		{"rusEFI main.2026.07.14.hellen128.1", EVIDENCE_NO},
	};
	CLEANUP(flash_done) struct flash flash;

	flash_init(&flash);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct firmware firmware = ecu(cases[i].signature, false);

		put(&flash, &firmware);
		cr_expect_eq(scan(&flash)->other_chip, cases[i].other, "%s", cases[i].signature);
	}
}

struct start_case {
	const char *name;
	uint32_t sp, pc;
	const char *why; /* "" = it starts */
};

Test(evidence_flash, why_it_cannot_start_is_told)
{
	static const struct start_case cases[] = {
		{"good", 0x20020000, BASE + 0x201, ""},
		{"stack in core-coupled memory", 0x10010000, BASE + 0x201, ""},
		{"code by the ITCM bus of an F7", 0x20020000, 0x00200201, ""},
		{"stack in flash", 0x08001000, BASE + 0x201, "its stack pointer is not in RAM"},
		{"odd stack", 0x20001001, BASE + 0x201, "its stack pointer is not in RAM"},
		{"no Thumb bit", 0x20020000, BASE + 0x200,
			"its reset vector leads out of the flash"},
		{"code in RAM", 0x20020000, 0x20000201, "its reset vector leads out of the flash"},
		{"code erased", 0x20020000, BASE + 0x10001,
			"its reset vector leads to erased flash"},
	};
	CLEANUP(flash_done) struct flash flash;

	flash_init(&flash);
	memset(flash.data, 0x55, 0x1000);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memcpy(flash.data, &cases[i].sp, 4);
		memcpy(flash.data + 4, &cases[i].pc, 4);
		cr_expect_str_eq(scan(&flash)->starts_why, cases[i].why, "%s: %s", cases[i].name,
			flash.found.starts_why);
		cr_expect_eq(
			flash.found.starts == EVIDENCE_YES, !cases[i].why[0], "%s", cases[i].name);
	}
}

/* A size that makes no sense is no size: firmware without rusEFI's checksum has a vector there. */
Test(evidence_flash, without_a_checksum_nothing_is_said_of_the_whole)
{
	static const uint32_t sizes[] = {0, 0x1ff, 0xffffffff, BASE + 0x201, SIZE + 1};
	CLEANUP(flash_done) struct flash flash;

	flash_init(&flash);
	memset(flash.data, 0x55, 0x1000);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		memcpy(flash.data + 0x20, &sizes[i], 4);
		cr_expect_eq(scan(&flash)->whole, EVIDENCE_UNKNOWN, "0x%x", sizes[i]);
	}
}

/* Bytes from a chip may be anything, and as few as one. */
Test(evidence_flash, few_bytes_are_no_problem)
{
	static const uint8_t bytes[64] = {0x00, 0x00, 0x02, 0x20, 0x09, 0x00, 0x00, 0x08};

	for (size_t size = 0; size <= sizeof(bytes); size++) {
		struct evidence_flash found = {.read = 0};

		evidence_flash_scan(
			&(struct evidence_bytes){bytes, size, BASE, EVIDENCE_F4, TRANSFER}, &found);
		cr_expect_eq(found.read, size);
	}
}
