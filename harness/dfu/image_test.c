/* SPDX-License-Identifier: MIT */
#include "harness/dfu/image.h"

#include "harness/dfu/image_codec.h"
#include "harness/dfu/image_testing.h"
#include "harness/testing/temp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define END ":00000001FF\n"

/* A DFU suffix for "AB", byte by byte; its CRC was made by dfu-suffix 0.11. */
static const uint8_t ab_dfu[] = {'A', 'B', 0x00, 0x22, 0x11, 0xdf, 0x83, 0x04, 0x00, 0x01, 'U', 'F',
	'D', 0x10, 0x6a, 0xfd, 0xfc, 0xe7};

#define SOURCE(file, how, bytes, count)                                                            \
	&(struct image_source)                                                                     \
	{                                                                                          \
		.name = (file), .data = (const uint8_t *)(bytes), .size = (count), .format = (how) \
	}

static struct image parse_or_fail(enum image_format format, const void *data, size_t size)
{
	struct image image = {0};
	struct why why = {0};

	cr_assert_eq(
		image_parse(SOURCE("test", format, data, size), &image, &why), 0, "%s", why.text);
	cr_assert(image.targets && image.elements);
	return image;
}

static struct image parse_text_or_fail(enum image_format format, const char *text)
{
	return parse_or_fail(format, text, strlen(text));
}

/* Elements as "addr:hex addr:hex", the entry as " @addr". */
static const char *layout(const struct image *image, char out[static 512])
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < image->element_count; i++) {
		const struct image_element *element = &image->elements[i];

		at += (size_t)snprintf(out + at, 512 - at, "%s%x:", i ? " " : "", element->addr);
		for (size_t j = 0; j < element->size && at < 500; j++)
			at += (size_t)snprintf(out + at, 512 - at, "%02x", element->data[j]);
	}
	if (image->has_entry)
		snprintf(out + at, 512 - at, " @%x", image->entry);
	return out;
}

Test(image, hex_records_become_elements)
{
	static const struct {
		const char *what, *text, *layout;
	} cases[] = {
		{"one record", ":02001000AABB89\n" END, "10:aabb"},
		{"small letters, CRLF, blank lines, blanks at the end",
			"\r\n:02001000aabb89 \t\r\n\r\n:00000001ff\r\n\n \n", "10:aabb"},
		{"no newline at the end", ":02001000AABB89\n:00000001FF", "10:aabb"},
		{"neighbours become one", ":02001000AABB89\n:01001200CC21\n" END, "10:aabbcc"},
		{"in any order", ":01001200CC21\n:02001000AABB89\n" END, "10:aabbcc"},
		{"a gap stays a gap", ":02001000AABB89\n:01001300CC20\n" END, "10:aabb 13:cc"},
		{"linear base", ":020000040800F2\n:0100000055AA\n" END, "8000000:55"},
		{"linear base, across 64 KiB",
			":020000040800F2\n:02FFFF000102FD\n:020000040801F1\n:0100010003FB\n" END,
			"800ffff:010203"},
		{"segment base", ":020000021000EC\n:0100000055AA\n" END, "10000:55"},
		{"segment wraps", ":020000021000EC\n:02FFFF000102FD\n" END, "10000:02 1ffff:01"},
		{"start linear", ":0100000055AA\n:04000005080001C12D\n" END, "0:55 @80001c1"},
		{"start segment", ":0100000055AA\n:0400000312340005AE\n" END, "0:55 @12345"},
		{"an empty record", ":0000000000\n:0100000055AA\n" END, "0:55"},
		{"the last byte of the world", ":02000004FFFFFC\n:01FFFF0055AC\n" END,
			"ffffffff:55"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(image_done)
		struct image image = {0};
		struct why why = {0};
		char text[512];
		const char *difference;

		cr_assert_eq(image_parse(SOURCE("t.hex", IMAGE_HEX, cases[i].text,
						 strlen(cases[i].text)),
				     &image, &why),
			0, "%s: %s", cases[i].what, why.text);
		cr_expect_str_eq(
			layout(&image, text), cases[i].layout, "%s: %s", cases[i].what, text);
		difference = image_round_trip(&image);
		cr_expect_null(difference, "%s: %s", cases[i].what, difference);
	}
}

Test(image, s_records_become_elements)
{
	static const struct {
		const char *what, *text, *layout;
	} cases[] = {
		{"S1", "S1050010AABB85\nS9030000FC\n", "10:aabb"},
		{"S2", "S206080010AABB7C\nS804000000FB\n", "80010:aabb"},
		{"S3", "S30708000010AABB7B\nS70508000001F1\n", "8000010:aabb @8000001"},
		{"header, count", "S00600004844521B\nS1050010AABB85\nS5030001FB\nS9030000FC\n",
			"10:aabb"},
		{"count of three bytes", "S1050010AABB85\nS604000001FA\nS9030000FC\n", "10:aabb"},
		{"no end, but a count", "S1050010AABB85\nS5030001FB\n", "10:aabb"},
		{"entry", "S1050010AABB85\nS9031004E8\n", "10:aabb @1004"},
		{"sizes mixed", "S1050010AABB85\nS206000012CCDD3E\nS804000000FB\n", "10:aabbccdd"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(image_done)
		struct image image = {0};
		struct why why = {0};
		char text[512];
		const char *difference;

		cr_assert_eq(image_parse(SOURCE("t.s19", IMAGE_SREC, cases[i].text,
						 strlen(cases[i].text)),
				     &image, &why),
			0, "%s: %s", cases[i].what, why.text);
		cr_expect_str_eq(
			layout(&image, text), cases[i].layout, "%s: %s", cases[i].what, text);
		difference = image_round_trip(&image);
		cr_expect_null(difference, "%s: %s", cases[i].what, difference);
	}
}

Test(image, damaged_text_is_refused_with_file_line_and_reason)
{
	static const struct {
		enum image_format format;
		const char *text, *why;
	} cases[] = {
		{IMAGE_HEX, ":02001000AABB88\n" END, "f:1: checksum is 0x88, should be 0x89"},
		{IMAGE_HEX, "\n\n:02001000AABB89\nhello\n", "f:4: a record starts with ':'"},
		{IMAGE_HEX, ":02001000AABG89\n" END, "f:1: 'G' in column 13 is no hex digit"},
		{IMAGE_HEX, ":02001000AAB\a89\n" END, "byte 0x07 in column 13"},
		{IMAGE_HEX, ":02001000AABB8\n" END, "f:1: the record is cut off or one digit"},
		{IMAGE_HEX, ":\n" END, "f:1: the record is cut off"},
		{IMAGE_HEX, ":03001000AABB88\n" END, "f:1: the record says 3 data bytes and has 2"},
		{IMAGE_HEX, ":02001006AABB83\n" END, "f:1: record type 0x06 is unknown"},
		{IMAGE_HEX, ":0100000408F3\n" END, "a record of type 04 has 2 data bytes, not 1"},
		{IMAGE_HEX, ":0100000108F6\n", "a record of type 01 has 0 data bytes, not 1"},
		{IMAGE_HEX, ":02001000AABB89\n", "f:1: the file ends without an end record"},
		{IMAGE_HEX, END, "f: the file holds no data"},
		{IMAGE_HEX, ":02001000AABB89\n" END "x\n", "f:3: something follows the end record"},
		{IMAGE_HEX, ":02001000AABB89\n:01001100CC22\n" END,
			"f:2: overlap: the byte at 0x00000011 was given by line 1 already"},
		{IMAGE_HEX, ":01001100CC22\n:02001000AABB89\n" END,
			"f:2: overlap: the byte at 0x00000011 was given by line 1 already"},
		{IMAGE_HEX, ":01001100CC22\n:01001100CC22\n" END, "f:2: overlap"},
		{IMAGE_HEX, ":02000004FFFFFC\n:02FFFF005566F3\n",
			"f:2: checksum is 0xf3, should be 0x45"},
		{IMAGE_HEX, ":02000004FFFFFC\n:02FFFF00556645\n",
			"f:2: 2 bytes at 0xffffffff run beyond 0xffffffff"},
		{IMAGE_HEX, ":0400000500000001F6\n:0400000500000002F5\n", "a second start address"},
		{IMAGE_SREC, "S1050010AABB84\n", "f:1: checksum is 0x84, should be 0x85"},
		{IMAGE_SREC, "S1050010AABB85\nS4050010AABB85\n", "f:2: record type S4 is unknown"},
		{IMAGE_SREC, "S\n", "f:1: a record starts with 'S' and a digit"},
		{IMAGE_SREC, "s1050010AABB85\n", "f:1: a record starts with 'S' and a digit"},
		{IMAGE_SREC, "S1\n", "f:1: the record says"},
		{IMAGE_SREC, "S1060010AABB84\n", "f:1: the record says 6 bytes and has 5"},
		{IMAGE_SREC, "S10210ED\n", "f:1: the record is too short for an address"},
		{IMAGE_SREC, "S304101010CB\n", "f:1: the record is too short for an address"},
		{IMAGE_SREC, "S1050010AABB85\n", "f:1: the file ends without an end record"},
		{IMAGE_SREC, "S1050010AABB85\nS5030002FA\nS9030000FC\n",
			"f:2: the count record says 2 data records, there are 1"},
		{IMAGE_SREC, "S5030001FB\nS1050010AABB85\n", "f:1: the count record says 1"},
		{IMAGE_SREC, "S1050010AABB85\nS5030001FB\nS1050020AABB75\n",
			"f:3: the file ends without an end record"},
		{IMAGE_SREC, "S1050010AABB85\nS904000001FA\n", "f:2: a record S9 carries no data"},
		{IMAGE_SREC, "S9030000FC\n", "f: the file holds no data"},
		{IMAGE_SREC, "S1050010AABB85\nS9030000FC\nS9030000FC\n", "f:3: something follows"},
		{IMAGE_SREC, "S1050010AABB85\nS1050011AABB84\nS9030000FC\n",
			"f:2: overlap: the byte at 0x00000011 was given by line 1 already"},
		{IMAGE_SREC, "S307FFFFFFFFAABB97\n", "f:1: 2 bytes at 0xffffffff run beyond"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(image_done) struct image image = {0};
		struct why why = {0};
		int r = image_parse(
			SOURCE("f", cases[i].format, cases[i].text, strlen(cases[i].text)), &image,
			&why);

		cr_expect_eq(r, -EBADMSG, "%s: %d", cases[i].text, r);
		cr_expect(strstr(why.text, cases[i].why), "%s: wanted \"%s\", got \"%s\"",
			cases[i].text, cases[i].why, why.text);
		cr_expect_null(image.elements);
	}
}

Test(image, a_dfu_suffix_has_these_bytes)
{
	CLEANUP(image_done) struct image image = parse_or_fail(IMAGE_AUTO, ab_dfu, sizeof(ab_dfu));
	CLEANUP(buf_done) struct buf out;

	cr_expect_eq(image.format, IMAGE_DFU);
	cr_expect(!image.addressed);
	cr_expect(image.has_ids);
	cr_expect_eq(image.ids.vid, 0x0483);
	cr_expect_eq(image.ids.pid, 0xdf11);
	cr_expect_eq(image.ids.bcd_device, 0x2200);
	cr_assert_eq(image_size(&image), 2);
	cr_expect_arr_eq(image.elements[0].data, "AB", 2);
	buf_init(&out, 100);
	cr_assert_eq(image_serialize(&image, IMAGE_DFU, &out, NULL), 0);
	cr_assert_eq(out.size, sizeof(ab_dfu));
	cr_expect_arr_eq(out.data, ab_dfu, out.size);
}

Test(image, any_damaged_byte_of_a_dfu_file_is_noticed)
{
	for (size_t i = 0; i < sizeof(ab_dfu); i++) {
		CLEANUP(image_done) struct image image = {0};
		uint8_t bytes[sizeof(ab_dfu)];

		memcpy(bytes, ab_dfu, sizeof(bytes));
		bytes[i] ^= 0x40;
		cr_expect_eq(
			image_parse(SOURCE("f", IMAGE_DFU, bytes, sizeof(bytes)), &image, NULL),
			-EBADMSG, "byte %zu", i);
	}
}

/* Two targets, three elements, an odd length. */
static struct image sample_or_fail(void)
{
	static const struct image_element elements[] = {
		{.target = 0, .addr = 0x08000000, .data = (uint8_t *)"first", .size = 5},
		{.target = 0, .addr = 0x08000008, .data = (uint8_t *)"second", .size = 6},
		{.target = 1, .addr = 0x1fffc000, .data = (uint8_t *)"option", .size = 6},
	};
	struct image image = {.format = IMAGE_DFUSE,
		.addressed = true,
		.has_ids = true,
		.ids = {0x0483, 0xdf11, 0x2200}};

	cr_assert_eq(image_add_target(&image, 0, "@Internal Flash"), 0);
	cr_assert_eq(image_add_target(&image, 1, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(elements); i++)
		cr_assert_eq(image_add_element(&image, &elements[i], NULL), 0);
	return image;
}

static struct buf sample_file_or_fail(void)
{
	CLEANUP(image_done) struct image image = sample_or_fail();
	struct buf out;

	buf_init(&out, 10000);
	cr_assert_eq(image_serialize(&image, IMAGE_DFUSE, &out, NULL), 0);
	return out;
}

/* Makes the suffix right again after a change. */
static void seal_or_fail(struct buf *file)
{
	struct dfu_suffix suffix = {.ids = {0x0483, 0xdf11, 0x2200}, .bcd_dfu = 0x011a};

	file->size -= DFU_SUFFIX_SIZE;
	cr_assert_eq(dfu_suffix_append(file, &suffix), 0);
}

Test(image, a_dfuse_file_has_these_bytes)
{
	CLEANUP(buf_done) struct buf file = sample_file_or_fail();
	const uint8_t *at = file.data;

	/* UM0391: prefix 11, two targets of 274, elements of 8 and their bytes, suffix 16. */
	cr_assert_eq(file.size, 11 + 274 + 8 + 5 + 8 + 6 + 274 + 8 + 6 + 16);
	cr_expect_arr_eq(at, "DfuSe\1\x68\x02\0\0\2", 11, "total length 616 with the suffix");
	at += 11;
	cr_expect_arr_eq(at, "Target\0\1\0\0\0@Internal Flash\0", 27);
	cr_expect_arr_eq(at + 266, "\x1b\0\0\0\2\0\0\0", 8, "27 bytes, 2 elements");
	cr_expect_arr_eq(at + 274, "\0\0\0\x08\5\0\0\0first\x08\0\0\x08\6\0\0\0second", 27);
	at += 274 + 27;
	cr_expect_arr_eq(at, "Target\1\0\0\0\0\0", 12);
	cr_expect_arr_eq(at + 274, "\0\xc0\xff\x1f\6\0\0\0option", 14);
	at += 274 + 14;
	cr_expect_arr_eq(at, "\0\x22\x11\xdf\x83\x04\x1a\x01UFD\x10", 12);
}

Test(image, a_dfuse_file_survives_the_round_trip)
{
	CLEANUP(image_done) struct image image = sample_or_fail();
	CLEANUP(buf_done) struct buf file = sample_file_or_fail();
	CLEANUP(image_done) struct image again = parse_or_fail(IMAGE_AUTO, file.data, file.size);
	const char *difference = image_difference(&image, &again);

	cr_expect_null(difference, "%s", difference);
	cr_expect_eq(again.warning_count, 0, "%s", again.warnings[0]);
	cr_assert_eq(again.target_count, 2);
	cr_expect_eq(again.targets[1].alternate, 1);
	cr_expect_str_eq(again.targets[0].name, "@Internal Flash");
}

Test(image, both_readings_of_the_dfuse_size_are_taken_the_shorter_with_a_warning)
{
	CLEANUP(buf_done) struct buf file = sample_file_or_fail();
	CLEANUP(image_done) struct image image = {0};

	file.data[6] = (uint8_t)(file.data[6] - DFU_SUFFIX_SIZE);
	seal_or_fail(&file);
	image = parse_or_fail(IMAGE_AUTO, file.data, file.size);
	cr_assert_eq(image.warning_count, 1);
	cr_expect(strstr(image.warnings[0], "does not count the suffix"), "%s", image.warnings[0]);
	cr_expect_eq(image.element_count, 3);
}

Test(image, a_damaged_dfuse_file_is_refused_with_the_place)
{
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
		const char *why;
	} cases[] = {
		{"version", 5, 2, "at byte 5: version 2 of the DfuSe format is unknown"},
		{"size", 6, 0, "at byte 6: DFUImageSize says 512 bytes, the file has 616"},
		{"fewer targets", 10, 1, "at byte 312: 288 bytes lie between the last target"},
		{"more targets", 10, 3, "at byte 600: a target starts with \"Target\""},
		{"target's mark", 11, 't', "at byte 11: a target starts with \"Target\""},
		{"target too long", 277 + 1, 9,
			"at byte 11: the target says that it has 2331 byte"},
		{"target too short", 277, 26, "at byte 298: the element runs beyond"},
		{"element missing", 281, 3, "at byte 312: the element runs beyond"},
		{"element left over", 281, 1, "at byte 11: the target says that it has 27 bytes"},
		{"element too long", 289, 100, "at byte 285: the element runs beyond"},
		{"empty element", 289, 0, "at byte 285: the element at 0x08000000 is empty"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_done)
		struct buf file = sample_file_or_fail();
		CLEANUP(image_done) struct image image = {0};
		struct why why = {0};

		file.data[cases[i].at] = cases[i].value;
		seal_or_fail(&file);
		cr_expect_eq(
			image_parse(SOURCE("f", IMAGE_DFUSE, file.data, file.size), &image, &why),
			-EBADMSG, "%s", cases[i].what);
		cr_expect(strstr(why.text, cases[i].why), "%s: wanted \"%s\", got \"%s\"",
			cases[i].what, cases[i].why, why.text);
	}
}

Test(image, a_dfuse_file_cut_off_anywhere_is_refused)
{
	CLEANUP(buf_done) struct buf file = sample_file_or_fail();

	for (size_t size = 0; size < file.size; size++) {
		CLEANUP(image_done) struct image image = {0};

		cr_expect_eq(image_parse(SOURCE("f", IMAGE_DFUSE, file.data, size), &image, NULL),
			-EBADMSG, "%zu bytes", size);
	}
}

Test(image, overlapping_elements_of_a_dfuse_target_are_a_warning)
{
	CLEANUP(buf_done) struct buf file = sample_file_or_fail();
	CLEANUP(image_done) struct image image = {0};

	file.data[298] = 4; /* the second element's address: 0x08000004 */
	seal_or_fail(&file);
	image = parse_or_fail(IMAGE_AUTO, file.data, file.size);
	cr_assert_eq(image.warning_count, 1);
	cr_expect(strstr(image.warnings[0], "0x08000000 and 0x08000004 overlap"), "%s",
		image.warnings[0]);
}

Test(image, a_name_that_does_not_print_is_cleaned)
{
	CLEANUP(buf_done) struct buf file = sample_file_or_fail();
	CLEANUP(image_done) struct image image = {0};

	memset(file.data + 22, '\x1b', 255);
	seal_or_fail(&file);
	image = parse_or_fail(IMAGE_AUTO, file.data, file.size);
	cr_assert_eq(image.target_count, 2);
	cr_expect_eq(strlen(image.targets[0].name), IMAGE_NAME_SIZE - 1);
	cr_expect_eq(strspn(image.targets[0].name, "?"), IMAGE_NAME_SIZE - 1);
}

Test(image, the_format_is_found_by_content_and_then_by_name)
{
	static const struct {
		const char *name, *text;
		enum image_format format;
		size_t warnings;
	} cases[] = {
		{"a.hex", ":0100000055AA\n" END, IMAGE_HEX, 0},
		{"A.HEX", ":0100000055AA\n" END, IMAGE_HEX, 0},
		{"a.bin", ":0100000055AA\n" END, IMAGE_HEX, 1},
		{"a", ":0100000055AA\n" END, IMAGE_HEX, 0},
		{"a", "\r\n S1050010AABB85\nS9030000FC\n", IMAGE_SREC, 0},
		{"dir.hex/a.s19", "S1050010AABB85\nS9030000FC\n", IMAGE_SREC, 0},
		{"a.bin", "S1 is not what it seems", IMAGE_BIN, 0},
		{"a.bin", ":not hex at all", IMAGE_BIN, 0},
		{"a.bin", "DfuS", IMAGE_BIN, 0},
		{"dir.hex/readme", "text", IMAGE_BIN, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(image_done) struct image image = {0};
		struct why why = {0};

		cr_assert_eq(image_parse(SOURCE(cases[i].name, IMAGE_AUTO, cases[i].text,
						 strlen(cases[i].text)),
				     &image, &why),
			0, "case %zu: %s", i, why.text);
		cr_expect_eq(image.format, cases[i].format, "case %zu: %s", i,
			image_format_text(image.format));
		cr_expect_eq(image.warning_count, cases[i].warnings, "case %zu: %s", i,
			image.warnings[0]);
	}
}

Test(image, a_name_whose_content_does_not_follow_is_refused)
{
	static const struct {
		const char *name, *text, *why;
		int error;
	} cases[] = {
		{"a.hex", "no hex", "a.hex:1: a record starts with ':'", -EBADMSG},
		{"a.s19", "no srec", "a.s19:1: a record starts with 'S'", -EBADMSG},
		{"a.dfu", "a raw file that was only renamed", "a.dfu: at byte 32: there is no DFU",
			-EBADMSG},
		{"a.bin", "", "a.bin: the file is empty", -EBADMSG},
		{"a.elf", "\177ELF\1\1\1", "a.elf: this is an ELF program", -ENOTSUP},
		{"a.bin", "\177ELF\1\1\1", "a.bin: this is an ELF program", -ENOTSUP},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(image_done) struct image image = {0};
		struct why why = {0};

		cr_expect_eq(image_parse(SOURCE(cases[i].name, IMAGE_AUTO, cases[i].text,
						 strlen(cases[i].text)),
				     &image, &why),
			cases[i].error, "case %zu", i);
		cr_expect(strstr(why.text, cases[i].why), "case %zu: %s", i, why.text);
	}
}

Test(image, a_raw_image_gets_its_address_once)
{
	CLEANUP(image_done) struct image image = parse_text_or_fail(IMAGE_BIN, "ABCD");
	CLEANUP(buf_done) struct buf out;
	struct why why = {0};
	char text[512];

	buf_init(&out, 1000);
	cr_expect_eq(image_serialize(&image, IMAGE_HEX, &out, &why), -EINVAL);
	cr_expect(strstr(why.text, "--address"), "%s", why.text);
	cr_expect_eq(image_set_address(&image, 0xfffffffd, &why), -EINVAL);
	cr_expect_eq(image_set_address(&image, 0xfffffffc, &why), 0);
	cr_expect_str_eq(layout(&image, text), "fffffffc:41424344");
	cr_expect_eq(image_set_address(&image, 0, &why), -EINVAL);
}

Test(image, gaps_are_filled_only_when_asked)
{
	CLEANUP(image_done)
	struct image image = parse_text_or_fail(IMAGE_HEX, ":02001000AABB89\n:01001400CC1F\n" END);
	CLEANUP(buf_done) struct buf out;
	struct why why = {0};
	char text[512];

	buf_init(&out, 1000);
	cr_expect_eq(image_serialize(&image, IMAGE_BIN, &out, &why), -EINVAL);
	cr_expect(strstr(why.text, "1 gap, the first of 2 bytes at 0x00000012"), "%s", why.text);
	cr_expect_eq(out.size, 0);
	cr_assert_eq(image_fill_gaps(&image, 0xff, &why), 0);
	cr_expect_str_eq(layout(&image, text), "10:aabbffffcc");
	cr_assert_eq(image_serialize(&image, IMAGE_BIN, &out, &why), 0);
	cr_expect_eq(out.size, 5);
	cr_expect_arr_eq(out.data, "\xaa\xbb\xff\xff\xcc", 5);
}

Test(image, an_absurd_span_is_no_raw_file)
{
	CLEANUP(image_done)
	struct image image = parse_text_or_fail(
		IMAGE_HEX, ":02001000AABB89\n:020000041FFFDC\n:0100000055AA\n" END);
	struct why why = {0};

	cr_expect_eq(image_fill_gaps(&image, 0xff, &why), -EOVERFLOW);
	cr_expect(strstr(why.text, "from 0x00000010 to 0x1fff0000 are 536805361 bytes"), "%s",
		why.text);
	cr_expect_eq(image.element_count, 2, "nothing was changed");
}

Test(image, several_alternates_want_a_choice)
{
	CLEANUP(image_done) struct image image = sample_or_fail();
	CLEANUP(buf_done) struct buf out;
	struct why why = {0};
	char text[512];

	buf_init(&out, 1000);
	cr_expect_eq(image_serialize(&image, IMAGE_HEX, &out, &why), -EINVAL);
	cr_expect(strstr(why.text, "alternates 0 and 1"), "%s", why.text);
	cr_expect_eq(image_select(&image, 2, &why), -ENOENT);
	cr_expect_eq(image.element_count, 3);
	cr_assert_eq(image_select(&image, 1, &why), 0);
	cr_expect_str_eq(layout(&image, text), "1fffc000:6f7074696f6e");
	cr_expect_eq(image.target_count, 1);
	cr_expect_eq(image_serialize(&image, IMAGE_HEX, &out, &why), 0, "%s", why.text);
}

Test(image, elements_that_overlap_cannot_be_written_as_text)
{
	CLEANUP(image_done) struct image image = sample_or_fail();
	CLEANUP(buf_done) struct buf out;
	struct why why = {0};

	buf_init(&out, 1000);
	cr_assert_eq(image_select(&image, 0, NULL), 0);
	image.elements[1].addr = 0x08000004;
	cr_expect_eq(image_serialize(&image, IMAGE_SREC, &out, &why), -EINVAL);
	cr_expect(strstr(why.text, "0x08000000 and 0x08000004 overlap"), "%s", why.text);
}

Test(image, an_s_record_file_takes_the_narrowest_address)
{
	static const struct {
		uint32_t addr;
		const char *text;
	} cases[] = {
		{0xfffe, "S0030000FC\nS105FFFE41427A\nS5030001FB\nS9030000FC\n"},
		{0xffff, "S0030000FC\nS20500FFFF41BB\nS20501000042B7\nS5030002FA\n"},
		{0x08000000, "S0030000FC\nS3070800000041426D\nS5030001FB\nS70500000000FA\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(image_done) struct image image = parse_text_or_fail(IMAGE_BIN, "AB");
		CLEANUP(buf_done) struct buf out;
		size_t size = strlen(cases[i].text);

		buf_init(&out, 1000);
		cr_assert_eq(image_set_address(&image, cases[i].addr, NULL), 0);
		cr_assert_eq(image_serialize(&image, IMAGE_SREC, &out, NULL), 0);
		cr_assert_geq(out.size, size);
		cr_expect(memcmp(out.data, cases[i].text, size) == 0, "%08x: %.*s", cases[i].addr,
			(int)out.size, (const char *)out.data);
	}
}

Test(image, a_file_is_written_in_the_format_of_its_name)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	CLEANUP(image_done) struct image image = parse_text_or_fail(IMAGE_BIN, "ABCD");
	CLEANUP(image_done) struct image plain = {0};
	CLEANUP(image_done) struct image dfuse = {0};
	struct why why = {0};

	cr_assert_eq(
		image_write(&image, IMAGE_AUTO, temp_path(&dir, "a.dfu"), &why), 0, "%s", why.text);
	cr_assert_eq(
		image_read(temp_path(&dir, "a.dfu"), IMAGE_AUTO, &plain, &why), 0, "%s", why.text);
	cr_expect_eq(plain.format, IMAGE_DFU);
	cr_expect_eq(plain.ids.vid, IMAGE_ANY_ID);
	cr_assert_eq(image_set_address(&image, 0x08000000, NULL), 0);
	cr_assert_eq(image_write(&image, IMAGE_AUTO, temp_path(&dir, "a.dfu"), &why), 0);
	cr_assert_eq(image_read(temp_path(&dir, "a.dfu"), IMAGE_AUTO, &dfuse, &why), 0);
	cr_expect_eq(dfuse.format, IMAGE_DFUSE);
	cr_expect_eq(dfuse.ids.pid, 0xdf11);
	cr_expect_eq(image_write(&image, IMAGE_AUTO, temp_path(&dir, "a.foo"), &why), -EINVAL);
	cr_expect(strstr(why.text, "a.foo: the name does not tell the format"), "%s", why.text);
	cr_expect_eq(temp_dir_count(&dir), 1, "nothing is left of what was refused");
}

Test(image, a_missing_file_is_named)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	CLEANUP(image_done) struct image image = {0};
	struct why why = {0};

	cr_expect_eq(image_read(temp_path(&dir, "no.hex"), IMAGE_AUTO, &image, &why), -ENOENT);
	cr_expect(strstr(why.text, "no.hex: No such file"), "%s", why.text);
}

/* Each byte alone at every second address: the limits are met before memory is. */
Test(image, a_hex_file_of_too_many_pieces_is_refused)
{
	CLEANUP(image_done) struct image image = {0};
	CLEANUP(buf_done) struct buf file;
	struct why why = {0};

	buf_init(&file, IMAGE_FILE_MAX);
	for (uint32_t i = 0; i <= IMAGE_ELEMENT_MAX; i++) {
		uint32_t addr = 2 * i;
		uint8_t upper = (uint8_t)(addr >> 16), sum = (uint8_t) - (6 + upper);

		if (addr % 0x10000 == 0)
			cr_assert_eq(buf_printf(&file, ":0200000400%02X%02X\n", upper, sum), 0);
		sum = (uint8_t) - (1 + (uint8_t)(addr >> 8) + (uint8_t)addr + 0x55);
		cr_assert_eq(buf_printf(&file, ":01%04X0055%02X\n", addr & 0xffff, sum), 0);
	}
	cr_assert_eq(buf_append(&file, END, strlen(END)), 0);
	cr_expect_eq(image_parse(SOURCE("f", IMAGE_HEX, file.data, file.size), &image, &why),
		-EOVERFLOW, "%s", why.text);
	cr_expect(strstr(why.text, "more than 65536 separate pieces"), "%s", why.text);
}

Test(image, more_bytes_than_the_limit_are_refused)
{
	CLEANUP(free_ptr) uint8_t *bytes = calloc(1, IMAGE_DATA_MAX + 1);
	CLEANUP(image_done) struct image image = {0};
	struct why why = {0};

	cr_assert_not_null(bytes);
	cr_expect_eq(image_parse(SOURCE("f", IMAGE_BIN, bytes, IMAGE_DATA_MAX + 1), &image, &why),
		-EOVERFLOW);
	cr_expect(strstr(why.text, "f: more than 67108864 bytes of data"), "%s", why.text);
}

Test(image, formats_have_names_both_ways)
{
	for (enum image_format format = IMAGE_AUTO; format < IMAGE_FORMAT_COUNT; format++)
		cr_expect_eq(image_format_value(image_format_text(format)), (int)format);
	cr_expect_eq(image_format_value("elf"), -ENOENT);
	cr_expect_eq(image_format_of_path("x/y.s37"), IMAGE_SREC);
	cr_expect_eq(image_format_of_path("x/y.dfu"), IMAGE_DFUSE);
	cr_expect_eq(image_format_of_path("x.hex/y"), -ENOENT);
	cr_expect_eq(image_format_of_path("hex"), -ENOENT);
}
