/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/fat.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/testing/run.h"
#include "harness/testing/temp.h"

#define SECTORS 224u
#define LABEL   "RUSEFI     "

static const struct fat_date date = {2026, 7, 14};

struct volume {
	struct fat fat;
	uint8_t big[5000];
};

static void add(struct volume *volume, const char *name, bool lower, uint32_t size)
{
	cr_assert_eq(fat_add(&volume->fat, &(struct fat_file){name, lower, volume->big, size}), 0);
}

/* A file of many sectors, one of none, one of a whole sector, one of a byte. */
static void fill(struct volume *volume)
{
	for (size_t i = 0; i < sizeof(volume->big); i++)
		volume->big[i] = (uint8_t)(i * 7 + i / 251);
	fat_init(&volume->fat, LABEL, SECTORS, date);
	add(volume, "BIG     BIN", false, sizeof(volume->big));
	add(volume, "EMPTY   TXT", true, 0);
	add(volume, "SECTOR  INI", true, FAT_SECTOR);
	add(volume, "BYTE       ", false, 1);
}

static uint8_t *image_of(const struct fat *fat)
{
	uint8_t *image = malloc(SECTORS * FAT_SECTOR);

	cr_assert_not_null(image);
	for (uint32_t i = 0; i < SECTORS; i++)
		fat_read(fat, i, image + i * FAT_SECTOR);
	return image;
}

Test(fat, the_volume_says_what_it_is)
{
	struct volume volume;
	uint8_t sector[FAT_SECTOR];

	fill(&volume);
	fat_read(&volume.fat, 0, sector);
	cr_assert_eq(sector[19] | sector[20] << 8, SECTORS);
	cr_assert_eq(sector[510] | sector[511] << 8, 0xaa55);
	cr_assert_arr_eq(sector + 43, LABEL "FAT12   ", 19);
	fat_read(&volume.fat, 1, sector);
	/* media and end; then 2 -> 3, 3 -> 4 */
	cr_assert_arr_eq(sector, "\xf8\xff\xff\x03\x40\x00", 6);
	fat_read(&volume.fat, SECTORS, sector);
	cr_assert_eq(sector[510], 0, "nothing is behind its end");
}

Test(fat, what_does_not_fit_is_refused)
{
	struct volume volume;

	fill(&volume);
	cr_assert_eq(
		fat_add(&volume.fat, &(struct fat_file){"FIFTH      ", false, NULL, 0}), -ENOSPC);
	fat_init(&volume.fat, LABEL, 8, date);
	cr_assert_eq(fat_add(&volume.fat,
			     &(struct fat_file){"LARGE      ", false, volume.big, FAT_SECTOR + 1}),
		-ENOSPC);
	add(&volume, "FITS       ", false, FAT_SECTOR);
	cr_assert_eq(fat_add(&volume.fat, &(struct fat_file){"MORE       ", false, volume.big, 1}),
		-ENOSPC);
}

static void expect_file(const char *image, const char *name, const uint8_t *data, size_t size)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	char path[512];
	CLEANUP(run_done) struct run copy = {0};
	FILE *file;
	uint8_t *back = calloc(1, size + 1);

	cr_assert_not_null(back);
	snprintf(path, sizeof(path), "%s", temp_path(&dir, "copy"));
	copy = RUN_OR_FAIL("mcopy", "-i", image, name, path);
	cr_assert_eq(copy.code, 0, "%s: %s", name, copy.err);
	file = fopen(path, "rb");
	cr_assert_not_null(file);
	cr_assert_eq(fread(back, 1, size + 1, file), size, "%s", name);
	cr_assert_eq(memcmp(back, data, size), 0, "%s", name);
	fclose(file);
	free(back);
}

Test(fat, mtools_read_every_file)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	CLEANUP(run_done) struct run list = {0};
	struct volume volume;
	char path[512];
	uint8_t *image;

	need_tool("mcopy");
	fill(&volume);
	image = image_of(&volume.fat);
	snprintf(path, sizeof(path), "%s",
		temp_file_or_fail(&dir, "volume", image, SECTORS * FAT_SECTOR));
	free(image);
	list = RUN_OR_FAIL("mdir", "-i", path);
	cr_assert_eq(list.code, 0, "%s", list.err);
	cr_assert(strstr(list.out, "RUSEFI"), "%s", list.out);
	cr_assert(strstr(list.out, "sector   ini"), "%s", list.out);
	cr_assert(strstr(list.out, "2026-07-14"), "%s", list.out);
	expect_file(path, "::BIG.BIN", volume.big, sizeof(volume.big));
	expect_file(path, "::empty.txt", volume.big, 0);
	expect_file(path, "::sector.ini", volume.big, FAT_SECTOR);
	expect_file(path, "::BYTE", volume.big, 1);
}

Test(fat, fsck_has_nothing_to_say)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	CLEANUP(run_done) struct run check = {0};
	struct volume volume;
	uint8_t *image;

	/* An ordinary user's PATH does not have it. */
	cr_assert_eq(setenv("PATH", "/usr/sbin:/usr/bin:/bin", 1), 0);
	need_tool("fsck.fat");
	fill(&volume);
	image = image_of(&volume.fat);
	check = RUN_OR_FAIL("fsck.fat", "-n", "-v",
		temp_file_or_fail(&dir, "volume", image, SECTORS * FAT_SECTOR));
	free(image);
	cr_assert_eq(check.code, 0, "%s%s", check.out, check.err);
}
