/* SPDX-License-Identifier: MIT */
#include "harness/base/wire.h"

#include <criterion/criterion.h>
#include <string.h>

Test(wire, reads_back_what_it_wrote_in_both_orders)
{
	uint8_t bytes[25];
	struct writer out = writer_of(bytes, sizeof(bytes));
	struct reader in = reader_of(bytes, sizeof(bytes));

	writer_u8(&out, 0x12);
	writer_le16(&out, 0x3456);
	writer_le24(&out, 0x789abc);
	writer_le32(&out, 0xdef01234);
	writer_le64(&out, 0x0123456789abcdef);
	writer_be16(&out, 0x5678);
	writer_be32(&out, 0x9abcdef0);
	writer_fill(&out, 0x55, 1);
	cr_assert(!out.failed && out.pos == sizeof(bytes));
	cr_expect_eq(reader_u8(&in), 0x12);
	cr_expect_eq(reader_le16(&in), 0x3456);
	cr_expect_eq(reader_le24(&in), 0x789abc);
	cr_expect_eq(reader_le32(&in), 0xdef01234);
	cr_expect_eq(reader_le64(&in), 0x0123456789abcdef);
	cr_expect_eq(reader_be16(&in), 0x5678);
	cr_expect_eq(reader_be32(&in), 0x9abcdef0);
	cr_expect_eq(reader_u8(&in), 0x55);
	cr_expect(!in.failed);
	cr_expect_eq(reader_left(&in), 0);
}

Test(wire, puts_the_low_byte_first_in_little_endian)
{
	uint8_t bytes[6];
	struct writer out = writer_of(bytes, sizeof(bytes));

	writer_le16(&out, 0x0102);
	writer_be32(&out, 0x03040506);
	cr_expect_eq(memcmp(bytes, "\x02\x01\x03\x04\x05\x06", 6), 0);
}

Test(wire, reading_beyond_the_end_gives_zero_and_sticks)
{
	struct reader in = reader_of("\xff\xff\xff", 3);

	cr_expect_eq(reader_le32(&in), 0);
	cr_expect(in.failed);
	cr_expect_eq(reader_u8(&in), 0, "a later read that would fit fails too");
	cr_expect_eq(reader_left(&in), 0);
	cr_expect_null(reader_take(&in, 0));
}

Test(wire, writing_beyond_the_end_writes_nothing_and_sticks)
{
	uint8_t bytes[3] = {1, 2, 3};
	struct writer out = writer_of(bytes, 2);

	writer_be32(&out, 0);
	writer_u8(&out, 9);
	cr_expect(out.failed);
	cr_expect_eq(out.pos, 0);
	cr_expect_eq(memcmp(bytes, "\1\2\3", 3), 0);
}

Test(wire, takes_bytes_in_place)
{
	static const uint8_t bytes[] = {1, 2, 3, 4};
	struct reader in = reader_of(bytes, sizeof(bytes));

	cr_expect_eq(reader_take(&in, 3), bytes);
	cr_expect_eq(reader_left(&in), 1);
	cr_expect_null(reader_take(&in, SIZE_MAX));
}
