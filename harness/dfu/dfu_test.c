/* SPDX-License-Identifier: MIT */
#include "harness/dfu/dfu.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

/* Configuration of the F405 ROM bootloader, from the dfu-util device log of a Discovery board. */
static const uint8_t f405_config[] = {
	0x09, 0x02, 0x36, 0x00, 0x01, 0x01, 0x00, 0xc0, 0x32, /* */
	0x09, 0x04, 0x00, 0x00, 0x00, 0xfe, 0x01, 0x02, 0x04, /* */
	0x09, 0x04, 0x00, 0x01, 0x00, 0xfe, 0x01, 0x02, 0x05, /* */
	0x09, 0x04, 0x00, 0x02, 0x00, 0xfe, 0x01, 0x02, 0x06, /* */
	0x09, 0x04, 0x00, 0x03, 0x00, 0xfe, 0x01, 0x02, 0x07, /* */
	0x09, 0x21, 0x0b, 0xff, 0x00, 0x00, 0x08, 0x1a, 0x01, /* */
};

Test(dfu, a_status_has_the_bytes_of_the_specification)
{
	static const struct {
		struct dfu_getstatus status;
		uint8_t bytes[DFU_STATUS_SIZE];
	} cases[] = {
		/* A fresh F4 in its bootloader. */
		{{DFU_ERR_FIRMWARE, 0, DFU_ERROR, 0}, {0x0a, 0, 0, 0, 0x0a, 0}},
		{{DFU_OK, 104, DFU_DNBUSY, 0}, {0x00, 0x68, 0, 0, 0x04, 0}},
		{{DFU_OK, 1, DFU_MANIFEST, 0}, {0x00, 0x01, 0, 0, 0x07, 0}},
		{{DFU_ERR_STALLEDPKT, 0xabcdef, DFU_UPLOAD_IDLE, 9},
			{0x0f, 0xef, 0xcd, 0xab, 0x09, 9}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct dfu_getstatus back = {0};
		uint8_t bytes[DFU_STATUS_SIZE];

		dfu_getstatus_encode(&cases[i].status, bytes);
		cr_expect_arr_eq(bytes, cases[i].bytes, DFU_STATUS_SIZE, "case %zu", i);
		cr_assert_eq(dfu_getstatus_decode(bytes, sizeof(bytes), &back), 0);
		cr_expect_eq(back.status, cases[i].status.status, "case %zu", i);
		cr_expect_eq(back.poll_timeout_ms, cases[i].status.poll_timeout_ms, "case %zu", i);
		cr_expect_eq(back.state, cases[i].status.state, "case %zu", i);
		cr_expect_eq(back.string, cases[i].status.string, "case %zu", i);
	}
}

Test(dfu, a_status_of_another_length_is_refused_and_nothing_is_touched)
{
	static const uint8_t bytes[DFU_STATUS_SIZE + 1] = {0};
	struct dfu_getstatus status = {.state = 77};

	cr_expect_eq(dfu_getstatus_decode(bytes, 3, &status), -EBADMSG);
	cr_expect_eq(dfu_getstatus_decode(bytes, sizeof(bytes), &status), -EBADMSG);
	cr_expect_eq(dfu_getstatus_decode(bytes, 0, &status), -EBADMSG);
	cr_expect_eq(status.state, 77);
}

Test(dfu, the_functional_descriptor_of_an_f405_is_found_behind_the_last_alternate)
{
	struct dfu_functional functional = {0};
	uint8_t bytes[DFU_FUNCTIONAL_SIZE];

	cr_assert_eq(dfu_functional_find(f405_config, sizeof(f405_config), &functional), 0);
	cr_expect_eq(functional.attributes, DFU_CAN_DNLOAD | DFU_CAN_UPLOAD | DFU_WILL_DETACH);
	cr_expect_eq(functional.detach_timeout_ms, 255);
	cr_expect_eq(functional.transfer_size, 2048);
	cr_expect_eq(functional.bcd_dfu, DFUSE_VERSION);
	dfu_functional_encode(&functional, bytes);
	cr_expect_arr_eq(bytes, f405_config + sizeof(f405_config) - sizeof(bytes), sizeof(bytes));
}

Test(dfu, a_configuration_without_or_with_a_damaged_functional_descriptor_is_refused)
{
	static const uint8_t short_one[] = {7, 0x21, 0x0b, 0xff, 0, 0, 8};
	static const uint8_t length_zero[] = {0, 4, 0, 0};
	static const uint8_t length_one[] = {1, 4, 0, 0};
	struct dfu_functional functional = {.transfer_size = 77};

	cr_expect_eq(dfu_functional_find(f405_config, 45, &functional), -ENOENT);
	cr_expect_eq(dfu_functional_find(f405_config, 0, &functional), -ENOENT);
	cr_expect_eq(dfu_functional_find(f405_config, 53, &functional), -EBADMSG, "cut off");
	cr_expect_eq(dfu_functional_find(short_one, sizeof(short_one), &functional), -EBADMSG);
	cr_expect_eq(dfu_functional_find(length_zero, sizeof(length_zero), &functional), -EBADMSG);
	cr_expect_eq(dfu_functional_find(length_one, sizeof(length_one), &functional), -EBADMSG);
	cr_expect_eq(functional.transfer_size, 77);
}

Test(dfu, numbers_have_the_names_of_the_specification)
{
	cr_expect_str_eq(dfu_request_text(DFU_GETSTATUS), "DFU_GETSTATUS");
	cr_expect_str_eq(dfu_state_text(10), "dfuERROR");
	cr_expect_str_eq(dfu_state_text(8), "dfuMANIFEST-WAIT-RESET");
	cr_expect_str_eq(dfu_status_text(0x0a), "errFIRMWARE");
	cr_expect_str_eq(dfu_status_text(0x0f), "errSTALLEDPKT");
	cr_expect_str_eq(dfu_request_text(7), "?");
	cr_expect_str_eq(dfu_state_text(11), "?");
	cr_expect_str_eq(dfu_status_text(255), "?");
}
