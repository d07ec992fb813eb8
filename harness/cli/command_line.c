/* SPDX-License-Identifier: MIT */
#include "harness/cli/command_line.h"

#include "harness/base/buf.h"

#include <stdbool.h>
#include <string.h>

#define LINE_MAX_SIZE 65536
#define PLAIN         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_"

static bool is_plain(const char *word)
{
	return word[0] && word[strspn(word, PLAIN)] == '\0';
}

/* 'it'\''s' */
static int append_quoted(struct buf *line, const char *word)
{
	int r = buf_printf(line, "'");

	while (r == 0 && *word) {
		size_t length = strcspn(word, "'");

		r = buf_append(line, word, length);
		word += length;
		if (r == 0 && *word) {
			r = buf_printf(line, "'\\''");
			word++;
		}
	}
	return r < 0 ? r : buf_printf(line, "'");
}

static int append_word(struct buf *line, const char *word)
{
	int r = line->size ? buf_printf(line, " ") : 0;

	if (r < 0)
		return r;
	return is_plain(word) ? buf_append(line, word, strlen(word)) : append_quoted(line, word);
}

char *command_line_text(char *const argv[])
{
	struct buf line;
	int r = 0;

	buf_init(&line, LINE_MAX_SIZE);
	for (size_t i = 0; r == 0 && argv[i]; i++)
		r = append_word(&line, argv[i]);
	if (r == 0)
		r = buf_append(&line, "", 1);
	if (r == 0)
		return (char *)line.data;
	buf_done(&line);
	return NULL;
}
