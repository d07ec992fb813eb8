/* SPDX-License-Identifier: MIT */
#include "harness/base/why.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(why, a_caller_puts_its_context_in_front)
{
	struct why why = {""};

	cr_expect_eq(why_set(&why, -EIO, "sector %d is worn", 3), -EIO);
	cr_expect_eq(why_prefix(&why, -EIO, "erase 0x%08x", 0x08004000), -EIO);
	cr_expect_eq(why_prefix(&why, -EIO, "flash"), -EIO);
	cr_expect_str_eq(why_text(&why), "flash: erase 0x08004000: sector 3 is worn");
}

Test(why, errno_is_given_as_text)
{
	struct why why = {""};

	cr_expect_eq(why_errno(&why, -ENOENT, "%s", "a.bin"), -ENOENT);
	cr_expect_str_eq(why_text(&why), "a.bin: No such file or directory");
}

Test(why, nobody_needs_to_want_the_reason)
{
	cr_expect_eq(why_set(NULL, -EIO, "x"), -EIO);
	cr_expect_eq(why_prefix(NULL, -EIO, "x"), -EIO);
	cr_expect_eq(why_errno(NULL, -EIO, "x"), -EIO);
	cr_expect_str_eq(why_text(NULL), "unknown reason");
}

Test(why, an_empty_reason_still_reads)
{
	struct why why = {""};

	why_prefix(&why, -EIO, "flash");
	cr_expect_str_eq(why_text(&why), "flash: unknown reason");
}

Test(why, a_cut_is_visible)
{
	struct why why = {""};
	char text[600];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	why_set(&why, -EIO, "%s", text);
	cr_expect_eq(strlen(why.text), sizeof(why.text) - 1);
	cr_expect_str_eq(why.text + sizeof(why.text) - 4, "...");
	why_prefix(&why, -EIO, "context");
	cr_expect_eq(strncmp(why.text, "context: xxx", 12), 0);
	cr_expect_str_eq(why.text + sizeof(why.text) - 4, "...");
}
