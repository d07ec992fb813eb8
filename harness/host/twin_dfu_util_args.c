/* SPDX-License-Identifier: MIT */
#include "harness/host/twin_dfu_util_args.h"

#include <stdlib.h>
#include <string.h>

struct option {
	char letter;
	const char *name;
	bool has_value;
};

/* dfu-util 0.11 --help; those that its twin takes. */
static const struct option options[] = {
	{'h', "help", false},
	{'V', "version", false},
	{'v', "verbose", false},
	{'l', "list", false},
	{'d', "device", true},
	{'p', "path", true},
	{'c', "cfg", true},
	{'i', "intf", true},
	{'S', "serial", true},
	{'a', "alt", true},
	{'U', "upload", true},
	{'D', "download", true},
	{'R', "reset", false},
	{'s', "dfuse-address", true},
};

static const struct option *find_long(const char *text, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (strlen(options[i].name) == size && strncmp(options[i].name, text, size) == 0)
			return &options[i];
	return NULL;
}

static const struct option *find_short(char letter)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].letter == letter)
			return &options[i];
	return NULL;
}

/* One <vendor>:<product>; empty matches any. */
static bool read_pair(const char *text, size_t size, uint16_t *ret_vid, uint16_t *ret_pid)
{
	char *end;

	*ret_vid = (uint16_t)strtoul(text, &end, 16);
	if (end == text || *end != ':')
		return false;
	*ret_pid = (uint16_t)strtoul(end + 1, &end, 16);
	return end == text + size;
}

/* The first pair is for devices that are not in DFU mode yet: alone it lets every one through that is (measured). */
static bool read_id(const char *text, struct dfu_util_args *ret)
{
	size_t size = strcspn(text, ",");
	uint16_t vid, pid;

	if (size && !read_pair(text, size, &vid, &pid))
		return false;
	if (!text[size])
		return size > 0;
	ret->has_id = true;
	return read_pair(text + size + 1, strlen(text + size + 1), &ret->vid, &ret->pid);
}

static void set_text(struct dfu_util_args *ret, char letter, const char *value)
{
	if (letter == 'a')
		ret->alt = value;
	else if (letter == 'S')
		ret->serial = value;
	else if (letter == 'p')
		ret->path = value;
	else if (letter == 's')
		ret->dfuse = value;
	else if (letter == 'D')
		ret->download = value;
	else if (letter == 'U')
		ret->upload = value;
}

static void set_switch(struct dfu_util_args *ret, char letter)
{
	ret->help |= letter == 'h';
	ret->version |= letter == 'V';
	ret->list |= letter == 'l';
	ret->reset |= letter == 'R';
}

static int usage(struct buf *out)
{
	(void)!buf_printf(out, "Usage: dfu-util [options] ...\n"
			       "  -h --help\t\t\tPrint this help message\n");
	return DFU_UTIL_USAGE;
}

static int unknown(const char *word, struct buf *out)
{
	(void)!buf_printf(out, "dfu-util: unrecognized option '%s'\n", word);
	return usage(out);
}

/* One word that begins with "-". *next is the word behind it, and stays when it was not needed. */
static int read_option(
	const char *word, char *const **next, struct dfu_util_args *ret, struct buf *out)
{
	bool is_long = word[1] == '-';
	size_t size = is_long ? strcspn(word + 2, "=") : 1;
	const struct option *option = is_long ? find_long(word + 2, size) : find_short(word[1]);
	const char *value = NULL;

	if (!option)
		return unknown(word, out);
	if (is_long && word[2 + size] == '=')
		value = word + 2 + size + 1;
	else if (!is_long && word[2])
		value = word + 2;
	if (!option->has_value) {
		if (value)
			return unknown(word, out);
		set_switch(ret, option->letter);
		return 0;
	}
	if (!value && !**next)
		return unknown(word, out);
	if (!value)
		value = *(*next)++;
	if (option->letter == 'd' && !read_id(value, ret))
		return unknown(word, out);
	set_text(ret, option->letter, value);
	return 0;
}

/* What has to be done must be said; -s with mass-erase or unprotect is enough (measured). */
static bool has_task(const struct dfu_util_args *args)
{
	return args->version || args->help || args->list || args->download || args->upload ||
	       (args->dfuse &&
		       (strstr(args->dfuse, "mass-erase") || strstr(args->dfuse, "unprotect")));
}

int dfu_util_args_read(char *const argv[], struct dfu_util_args *ret, struct buf *out)
{
	char *const *next = argv + 1;

	*ret = (struct dfu_util_args){0};
	while (*next) {
		const char *word = *next++;
		int code;

		if (word[0] != '-' || !word[1]) {
			(void)!buf_printf(out, "Error: Unexpected argument: %s\n", word);
			return DFU_UTIL_USAGE;
		}
		code = read_option(word, &next, ret, out);
		if (code)
			return code;
	}
	if (has_task(ret))
		return 0;
	(void)!buf_printf(out, "You need to specify one of -D or -U\n");
	return usage(out);
}

static bool is_word(const char *text, size_t size, const char *word)
{
	return strlen(word) == size && strncmp(text, word, size) == 0;
}

static bool read_modifier(const char *text, size_t size, struct dfu_util_dfuse *ret)
{
	char *end;

	if (is_word(text, size, "leave"))
		ret->leave = true;
	else if (is_word(text, size, "mass-erase"))
		ret->mass_erase = true;
	else if (is_word(text, size, "unprotect"))
		ret->unprotect = true;
	else if (is_word(text, size, "force"))
		ret->force = true;
	else if (is_word(text, size, "will-reset"))
		ret->will_reset = true;
	else {
		ret->length = (uint32_t)strtoul(text, &end, 0);
		return size && end == text + size && ret->length;
	}
	return true;
}

int dfu_util_dfuse_read(const char *text, struct dfu_util_dfuse *ret, struct buf *out)
{
	size_t size = strcspn(text, ":");
	char *end;

	*ret = (struct dfu_util_dfuse){.has_address = size > 0};
	ret->address = (uint32_t)strtoul(text, &end, 0);
	if (size && end != text + size) {
		(void)!buf_printf(out, "dfu-util: Invalid dfuse address: %.*s\n", (int)size, text);
		return DFU_UTIL_USAGE;
	}
	while (text[size] == ':') {
		text += size + 1;
		size = strcspn(text, ":");
		if (read_modifier(text, size, ret))
			continue;
		(void)!buf_printf(out, "dfu-util: Invalid dfuse modifier: %.*s\n", (int)size, text);
		return DFU_UTIL_USAGE;
	}
	return 0;
}
