/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/tune.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define SIZE  64u
#define FIRST 0x1000u
#define LAST  0x2000u

struct rig {
	struct firmware firmware;
	uint8_t first[128], last[128]; /* what is stored */
	uint8_t tune[SIZE];
	bool unreadable;
};

static int rig_read(void *user, uint32_t addr, uint8_t *ret_data, size_t size)
{
	const struct rig *rig = user;

	cr_assert_leq(size, sizeof(rig->first));
	if (rig->unreadable)
		return -EFAULT;
	memcpy(ret_data, addr == FIRST ? rig->first : rig->last, size);
	return 0;
}

static void init(struct rig *rig)
{
	*rig = (struct rig){.firmware = {.settings_size = SIZE,
				    .settings_version = 7,
				    .settings_addr = {FIRST, LAST}}};
	memset(rig->first, 0xff, sizeof(rig->first));
	memset(rig->last, 0xff, sizeof(rig->last));
}

static void store(struct rig *rig, uint8_t *copy, uint64_t seed)
{
	CLEANUP(buf_done) struct buf container;
	uint8_t tune[SIZE];

	buf_init(&container, 1000);
	tune_custom(&rig->firmware, seed, tune);
	cr_assert_eq(tune_container_append(&container, &rig->firmware, tune), 0);
	cr_assert_eq(container.size, tune_container_size(&rig->firmware));
	memcpy(copy, container.data, container.size);
}

static void expect_tune(struct rig *rig, int state, const uint8_t *tune)
{
	cr_expect_eq(tune_load(&rig->firmware, rig_read, rig, rig->tune), state);
	cr_expect_arr_eq(rig->tune, tune, SIZE);
}

static void expect_custom(struct rig *rig, int state, uint64_t seed)
{
	uint8_t tune[SIZE];

	tune_custom(&rig->firmware, seed, tune);
	expect_tune(rig, state, tune);
}

static void expect_default(struct rig *rig, int state)
{
	uint8_t tune[SIZE];

	tune_default(&rig->firmware, tune);
	expect_tune(rig, state, tune);
}

Test(tune, container_is_version_size_settings_crc)
{
	static const uint8_t golden[] = {7, 0, 0, 0, 16, 0, 0, 0, 'a', 'b', 'c', 'd', 0x11, 0xcd,
		0x82, 0xed}; /* zlib: crc32("abcd") = 0xed82cd11 */
	struct firmware firmware = {.settings_size = 4, .settings_version = 7};
	CLEANUP(buf_done) struct buf out;

	buf_init(&out, 100);
	cr_assert_eq(tune_container_append(&out, &firmware, (const uint8_t *)"abcd"), 0);
	cr_assert_eq(out.size, sizeof(golden));
	cr_expect_arr_eq(out.data, golden, sizeof(golden));
}

Test(tune, first_copy_counts_first)
{
	struct rig rig;

	init(&rig);
	store(&rig, rig.first, 1);
	store(&rig, rig.last, 2);
	expect_custom(&rig, TUNE_FIRST_COPY, 1);
	rig.first[20] ^= 1;
	expect_custom(&rig, TUNE_SECOND_COPY, 2);
	memset(rig.first, 0xff, sizeof(rig.first));
	expect_custom(&rig, TUNE_SECOND_COPY, 2);
}

Test(tune, blank_damaged_and_unreadable_flash_gives_defaults)
{
	struct rig rig;

	init(&rig);
	expect_default(&rig, TUNE_BLANK);
	store(&rig, rig.last, 2);
	rig.last[9 + 4] ^= 1;
	expect_default(&rig, TUNE_DAMAGED);
	rig.unreadable = true;
	expect_default(&rig, TUNE_BLANK);
}

Test(tune, another_version_keeps_the_engine_type_alone)
{
	struct rig rig;
	uint8_t tune[SIZE], custom[SIZE];

	init(&rig);
	store(&rig, rig.first, 1);
	rig.firmware.settings_version = 8;
	tune_default(&rig.firmware, tune);
	tune_custom(&rig.firmware, 1, custom);
	cr_assert_neq(memcmp(tune, custom, 4), 0, "they differ in the engine type");
	memcpy(tune, custom, 4);
	expect_tune(&rig, TUNE_OTHER_VERSION, tune);
}

Test(tune, a_copy_of_this_version_counts_before_one_of_another)
{
	struct rig rig;

	init(&rig);
	store(&rig, rig.first, 1);
	rig.firmware.settings_version = 8;
	store(&rig, rig.last, 2);
	expect_custom(&rig, TUNE_SECOND_COPY, 2);
}

Test(tune, another_size_is_a_wrong_crc)
{
	struct rig rig;

	init(&rig);
	store(&rig, rig.first, 1);
	rig.firmware.settings_size = SIZE - 8;
	cr_expect_eq(tune_load(&rig.firmware, rig_read, &rig, rig.tune), TUNE_DAMAGED);
}

Test(tune, without_a_second_copy_only_the_first_is_read)
{
	struct rig rig;

	init(&rig);
	rig.firmware.settings_addr[1] = 0;
	store(&rig, rig.last, 2);
	expect_default(&rig, TUNE_BLANK);
}

Test(tune, owners_tunes_differ_by_their_seed_and_not_by_the_engine_type)
{
	struct rig rig;
	uint8_t one[SIZE], two[SIZE];

	init(&rig);
	tune_custom(&rig.firmware, 1, one);
	tune_custom(&rig.firmware, 2, two);
	cr_expect_neq(memcmp(one, two, SIZE), 0);
	cr_expect_arr_eq(one, two, 4);
	rig.firmware.settings_version = 9;
	tune_custom(&rig.firmware, 2, two);
	cr_expect_arr_eq(one, two, 4);
}

Test(tune, each_state_has_a_text)
{
	for (int state = 0; state < TUNE_STATE_COUNT; state++)
		cr_expect_gt(strlen(tune_state_text((enum tune_state)state)), 3);
}
