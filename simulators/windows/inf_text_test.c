/* SPDX-License-Identifier: MIT */
#include "simulators/windows/inf_text.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct inf_text text;
static struct why why;

static void setup(void)
{
	text = (struct inf_text){0};
	why = (struct why){0};
}

static void teardown(void)
{
	inf_text_done(&text);
}

TestSuite(inf_text, .init = setup, .fini = teardown);

/* The text in memory of its own, so that reading beyond the end is found. */
static int read_text(const char *source)
{
	size_t size = strlen(source);
	char *copy = malloc(size ? size : 1);
	int r;

	cr_assert(copy);
	for (size_t i = 0; i < size; i++)
		copy[i] = source[i];
	inf_text_done(&text);
	r = inf_text_read("f.inf", copy, size, &text, &why);
	free(copy);
	return r;
}

/* All entries as "line:section/key=field|field". */
static const char *written(void)
{
	static char all[4096];
	size_t used = 0;

	all[0] = '\0';
	for (size_t i = 0; i < text.entry_count; i++) {
		const struct inf_entry *entry = &text.entries[i];

		if (!entry->field_count)
			continue;
		used += (size_t)snprintf(all + used, sizeof(all) - used,
			"%s%u:%s/%s=", used ? " " : "", entry->line, entry->section,
			entry->key ? entry->key : "-");
		for (size_t k = 0; k < entry->field_count; k++)
			used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
				k ? "|" : "", entry->field[k]);
	}
	return all;
}

static const struct {
	const char *what, *text, *entries;
} rows[] = {
	{"nothing", "", ""},
	{"comments and empty lines", "; a\n\n  ; b\r\n", ""},
	{"a key and a value", "[A]\nk=v\n", "2:A/k=v"},
	{"no end of line", "[A]\nk=v", "2:A/k=v"},
	{"carriage returns", "[A]\r\nk=v\r\nl=w\r\n", "2:A/k=v 3:A/l=w"},
	{"blanks around", " [ A ] \n\t k = v , w \t\n", "2:A/k=v|w"},
	{"blanks inside", "[A B]\na key = v  w\n", "2:A B/a key=v  w"},
	{"values only", "[A]\nHKR,,Name,0x10000,\"x\"\n", "2:A/-=HKR||Name|0x10000|x"},
	{"one word only", "[A]\nfile.sys\n", "2:A/-=file.sys"},
	{"empty values", "[A]\nk=\nl=,\nm=a,,b,\n", "2:A/k= 3:A/l=| 4:A/m=a||b|"},
	{"a comment behind", "[A] ; c\nk=v ; c\nl=w;c\n", "2:A/k=v 3:A/l=w"},
	{"quoted", "[A]\nk=\" v;=, \",w\n", "2:A/k= v;=, |w"},
	{"quotation marks in it", "[A]\nk=\"say \"\"so\"\"\"\n", "2:A/k=say \"so\""},
	{"quoted keys", "[A]\n\"a=b\"=v\n", "2:A/a=b=v"},
	{"quoted in parts", "[A]\nk=a\"b\"c\n", "2:A/k=abc"},
	{"an equals sign in a value", "[A]\nk=a=b\n", "2:A/k=a=b"},
	{"continued", "[A]\nk=a, \\\n  b, \\ ; c\n  c\nl=w\n", "2:A/k=a|b|c 5:A/l=w"},
	{"continued to the end", "[A]\nk=a\\", "2:A/k=a"},
	{"backslashes", "[A]\nk=USB\\VID_1\\x\n", "2:A/k=USB\\VID_1\\x"},
	{"a byte order mark", "\xef\xbb\xbf[A]\nk=v\n", "2:A/k=v"},
	{"a section twice", "[A]\nk=v\n[B]\nk=x\n[a]\nl=w\n", "2:A/k=v 4:B/k=x 6:a/l=w"},
};

Test(inf_text, takes_a_file_apart)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cr_expect_eq(read_text(rows[i].text), 0, "%s: %s", rows[i].what, why.text);
		cr_expect_str_eq(written(), rows[i].entries, "%s", rows[i].what);
	}
}

Test(inf_text, says_what_is_wrong_and_where)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"k=v\n", "f.inf:1: text before the first section"},
		{"[A]\n[B\n", "f.inf:2: a section's name does not end; put a ]"},
		{"[]\n", "f.inf:1: a section has no name"},
		{"[A] x\n", "f.inf:1: text behind a section's name"},
		{"[A]\n\nk=\"v\nl=w\n", "f.inf:3: a quoted string does not end; put a \""},
		{"[A]\nk=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n",
			"f.inf:2: more than 16 values"},
		{"\xff\xfe[A]\n", "f.inf:1: UTF-16, which is not read here; save it as UTF-8"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cr_expect_eq(read_text(bad[i].text), -EBADMSG, "%s", bad[i].says);
		cr_expect_eq(strncmp(why.text, bad[i].says, strlen(bad[i].says)), 0,
			"wanted \"%s\", got \"%s\"", bad[i].says, why.text);
	}
}

Test(inf_text, refuses_a_zero_byte)
{
	cr_assert_eq(inf_text_read("f.inf", "[A]\0", 4, &text, &why), -EBADMSG);
	cr_assert(strstr(why.text, "f.inf:1: a zero byte"));
}

Test(inf_text, has_limits)
{
	char *large = malloc(INF_SIZE_MAX + 2);

	cr_assert(large);
	memset(large, '\n', INF_SIZE_MAX + 2);
	cr_expect_eq(inf_text_read("f.inf", large, INF_SIZE_MAX, &text, &why), 0);
	inf_text_done(&text);
	cr_expect_eq(inf_text_read("f.inf", large, INF_SIZE_MAX + 1, &text, &why), -E2BIG);
	inf_text_done(&text);
	large[0] = '[';
	large[1] = 'A';
	large[2] = ']';
	for (size_t i = 0; i < 2048; i++)
		large[4 + 2 * i] = 'x';
	cr_expect_eq(inf_text_read("f.inf", large, 4 + 2 * 2048, &text, &why), -EBADMSG);
	cr_expect(strstr(why.text, "more than 2048 entries"), "%s", why.text);
	free(large);
}

Test(inf_text, finds_entries_by_section_and_key_without_regard_to_case)
{
	const struct inf_entry *entry;

	cr_assert_eq(read_text("[A]\nk=1\nl=2\n[B]\nK=3\n[a]\nK=4\n5\n[C]\n"), 0);
	entry = inf_text_next(&text, NULL, "a", "k");
	cr_assert(entry);
	cr_expect_str_eq(entry->field[0], "1");
	entry = inf_text_next(&text, entry, "A", "K");
	cr_assert(entry);
	cr_expect_str_eq(entry->field[0], "4");
	cr_expect_null(inf_text_next(&text, entry, "A", "K"));
	entry = inf_text_next(&text, entry, "A", NULL);
	cr_assert(entry);
	cr_expect_str_eq(entry->field[0], "5");
	cr_expect(inf_text_has_section(&text, "c"), "an empty one too");
	cr_expect_null(inf_text_next(&text, NULL, "C", NULL));
	cr_assert_not(inf_text_has_section(&text, "D"));
}

Test(inf_text, replaces_tokens)
{
	static const struct {
		const char *source, *result;
	} tokens[] = {
		{"plain", "plain"},
		{"%a%", "one"},
		{"x%A%y%b%z", "xoneytwoz"},
		{"100%%", "100%"},
		{"%c%", "US"},
		{"%d%", "%a%"}, /* once, not again */
		{"", ""},
	};
	char result[INF_TEXT];

	cr_assert_eq(read_text("[x]\nk=v\n[Strings]\na=one\nb=\"two\"\nc=all\nd=\"%a%\"\n"
			       "[Strings.0409]\nc=US\n"),
		0);
	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
		cr_expect_eq(inf_text_expand(&text, text.entries, tokens[i].source, result, &why),
			0, "%s", tokens[i].source);
		cr_expect_str_eq(result, tokens[i].result, "%s", tokens[i].source);
	}
}

Test(inf_text, refuses_tokens_that_it_does_not_know)
{
	static const char *const bad[] = {"%z%", "%a", "x%", "%%%"};
	char result[INF_TEXT];

	cr_assert_eq(read_text("[x]\nk=v\n[Strings]\na=one\n"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cr_expect_eq(inf_text_expand(&text, &text.entries[1], bad[i], result, &why),
			-EBADMSG, "%s", bad[i]);
		cr_expect(strstr(why.text, "f.inf:2: "), "%s", why.text);
	}
}

Test(inf_text, refuses_a_text_that_is_too_long)
{
	char result[INF_TEXT], source[INF_TEXT + 1];

	cr_assert_eq(read_text("[x]\nk=v\n[Strings]\na=one\n"), 0);
	memset(source, 'x', sizeof(source));
	snprintf(source + INF_TEXT - 4, 5, "%%a%%");
	cr_expect_eq(inf_text_expand(&text, &text.entries[1], source, result, &why), 0);
	cr_expect_eq(strlen(result), INF_TEXT - 1);
	snprintf(source + INF_TEXT - 4, 5, "%%a%%x");
	cr_expect_eq(inf_text_expand(&text, &text.entries[1], source, result, &why), -EBADMSG);
	cr_assert(strstr(why.text, "f.inf:2: a text of more than 127 bytes"), "%s", why.text);
}
