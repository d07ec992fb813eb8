/* SPDX-License-Identifier: MIT */
#include "harness/host/cdc_find.h"

#include <criterion/criterion.h>
#include <string.h>

#define CONFIG      0x09, 0x02, 0, 0, 2, 1, 0, 0x80, 50
#define MSC         0x09, 0x04, 0, 0, 2, 0x08, 0x06, 0x50, 0, 7, 5, 0x81, 2, 64, 0, 0, 7, 5, 1, 2, 64, 0, 0
#define PORT(n)     0x09, 0x04, n, 0, 1, 0x02, 0x02, 0x01, 0
#define UNION(m, s) 5, 0x24, 6, m, s
#define NOTIFY      7, 5, 0x83, 3, 8, 0, 255
#define DATA(n)     0x09, 0x04, n, 0, 2, 0x0a, 0, 0, 0
#define BULK        7, 5, 0x02, 2, 64, 0, 0, 7, 5, 0x82, 2, 64, 0, 0

Test(cdc_find, finds_the_port_behind_mass_storage)
{
	static const uint8_t config[] = {CONFIG, MSC, PORT(1), UNION(1, 2), NOTIFY, DATA(2), BULK};
	struct cdc_function found;

	cr_assert(cdc_find(config, sizeof(config), &found));
	cr_expect_eq(found.interface, 1);
	cr_expect_eq(found.data_interface, 2);
	cr_expect_eq(found.notify, 0x83);
	cr_expect_eq(found.notify_size, 8);
	cr_expect_eq(found.in, 0x82);
	cr_expect_eq(found.out, 0x02);
	cr_expect_eq(found.in_size, 64);
	cr_expect_eq(found.out_size, 64);
}

Test(cdc_find, the_union_names_the_data_interface)
{
	static const uint8_t config[] = {CONFIG, PORT(0), UNION(0, 3), DATA(1), 7, 5, 0x85, 2, 64,
		0, 0, 7, 5, 5, 2, 64, 0, 0, DATA(3), BULK};
	struct cdc_function found;

	cr_assert(cdc_find(config, sizeof(config), &found));
	cr_expect_eq(found.data_interface, 3);
	cr_expect_eq(found.in, 0x82);
}

Test(cdc_find, works_without_union_and_notifications)
{
	static const uint8_t config[] = {CONFIG, PORT(0), DATA(1), BULK};
	struct cdc_function found;

	cr_assert(cdc_find(config, sizeof(config), &found));
	cr_expect_eq(found.data_interface, 1);
	cr_expect_eq(found.notify, 0);
}

Test(cdc_find, no_port_without_both_bulk_endpoints)
{
	static const uint8_t config[] = {CONFIG, PORT(0), DATA(1), 7, 5, 0x82, 2, 64, 0, 0};
	struct cdc_function found;

	cr_expect_not(cdc_find(config, sizeof(config), &found));
}

Test(cdc_find, no_port_in_mass_storage_alone)
{
	static const uint8_t config[] = {CONFIG, MSC};
	struct cdc_function found;

	cr_expect_not(cdc_find(config, sizeof(config), &found));
}

Test(cdc_find, a_cut_configuration_is_not_read_beyond_its_end)
{
	static const uint8_t config[] = {CONFIG, PORT(0), UNION(0, 1), NOTIFY, DATA(1), BULK};
	struct cdc_function found;

	for (size_t size = 0; size < sizeof(config); size++) {
		uint8_t cut[sizeof(config)];

		memset(cut, 0xff, sizeof(cut));
		memcpy(cut, config, size);
		cr_expect_not(cdc_find(cut, size, &found), "%zu", size);
	}
	cr_expect(cdc_find(config, sizeof(config), &found));
}

Test(cdc_find, a_length_of_nothing_ends_the_search)
{
	static const uint8_t config[] = {CONFIG, 0, 4, PORT(0), DATA(1), BULK};
	struct cdc_function found;

	cr_expect_not(cdc_find(config, sizeof(config), &found));
}
