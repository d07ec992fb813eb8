/* SPDX-License-Identifier: MIT */
#include "harness/ts/signature_scan.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define SIGNATURE "rusEFI main.2026.07.14.f407-discovery.3461352391"

static void expect_found(const char *data, size_t size, const char *text)
{
	char found[TS_SIGNATURE_ROOM] = "";

	cr_expect_eq(ts_signature_scan((const uint8_t *)data, size, found), text ? 0 : -ENOENT);
	cr_expect_str_eq(found, text ? text : "");
}

Test(signature_scan, finds_the_text_in_an_image)
{
	static const char image[] = "\x00\x01rusEFI \x00rusEFI console\x00" SIGNATURE "\x00\xff";

	expect_found(image, sizeof(image), SIGNATURE);
	expect_found(SIGNATURE, strlen(SIGNATURE), SIGNATURE);
}

Test(signature_scan, what_only_looks_like_one_is_none)
{
	static const char no_signature[] = "rusEFI LLC\0rusEFI \0rusEFI main.2026.07\0";
	char longest[300];

	expect_found(no_signature, sizeof(no_signature), NULL);
	expect_found("", 0, NULL);
	expect_found(SIGNATURE, 12, NULL);
	memset(longest, 'x', sizeof(longest));
	for (size_t i = 0; SIGNATURE[i]; i++)
		longest[i] = SIGNATURE[i];
	expect_found(longest, sizeof(longest), NULL);
}
