/* SPDX-License-Identifier: MIT */
#include "harness/flasher/flasher_file.h"

#include "harness/base/buf.h"
#include "harness/base/quantity.h"
#include "harness/flasher/flasher_text.h"
#include "harness/yaml/yaml_file.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-."
#define LIMIT_MAX_US    (UINT64_C(24) * 3600 * 1000000)

/* The document as libcyaml loads it. */
struct success {
	int *exit; /* NULL = not given */
	char says[96];
};

struct says {
	char text[96];
	enum flasher_reason reason;
};

struct document {
	char name[FLASHER_NAME];
	char title[96];
	char source[1024];
	char **command, **version;
	unsigned int command_count, version_count;
	enum flasher_flow *flows;
	unsigned int flow_count;
	bool restores_tune;
	enum flasher_system system;
	char driver[FLASHER_NAME];
	char in_process[96];
	struct success success;
	char progress[96];
	char limit[32];
	struct says *says;
	unsigned int says_count;
};

static const cyaml_strval_t flow_values[] = {
	{"auto", FLASHER_AUTO},
	{"manual", FLASHER_MANUAL},
};

static const cyaml_strval_t system_values[] = {
	{"linux", FLASHER_ON_LINUX},
	{"windows", FLASHER_ON_WINDOWS},
};

/* As flasher_reason_names; a test compares. */
static const cyaml_strval_t reason_values[] = {
	{"no-ecu", FLASHER_NO_ECU},
	{"port-held", FLASHER_PORT_HELD},
	{"bad-answer", FLASHER_BAD_ANSWER},
	{"tune-unreadable", FLASHER_TUNE_UNREADABLE},
	{"system-unsupported", FLASHER_SYSTEM_UNSUPPORTED},
	{"tool-missing", FLASHER_TOOL_MISSING},
	{"wrong-image", FLASHER_WRONG_IMAGE},
	{"no-dfu", FLASHER_NO_DFU},
	{"came-back-as-ecu", FLASHER_CAME_BACK_AS_ECU},
	{"several-devices", FLASHER_SEVERAL_DEVICES},
	{"no-permission", FLASHER_NO_PERMISSION},
	{"wrong-driver", FLASHER_WRONG_DRIVER},
	{"write-failed", FLASHER_WRITE_FAILED},
	{"verify-failed", FLASHER_VERIFY_FAILED},
	{"no-ecu-after", FLASHER_NO_ECU_AFTER},
	{"several-ecus", FLASHER_SEVERAL_ECUS},
	{"tune-not-restored", FLASHER_TUNE_NOT_RESTORED},
	{"timed-out", FLASHER_TIMED_OUT},
};

static const cyaml_schema_value_t word_schema = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, 512)};
static const cyaml_schema_value_t flow_schema = {CYAML_VALUE_ENUM(
	CYAML_FLAG_STRICT, enum flasher_flow, flow_values, CYAML_ARRAY_LEN(flow_values))};

static const cyaml_schema_field_t success_fields[] = {
	CYAML_FIELD_INT_PTR("exit", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct success, exit),
	CYAML_FIELD_STRING("says", CYAML_FLAG_OPTIONAL, struct success, says, 1),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t says_fields[] = {
	CYAML_FIELD_STRING("text", CYAML_FLAG_DEFAULT, struct says, text, 1),
	CYAML_FIELD_ENUM("reason", CYAML_FLAG_STRICT, struct says, reason, reason_values,
		CYAML_ARRAY_LEN(reason_values)),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t says_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct says, says_fields)};

#define OPTIONAL_POINTER (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_schema_field_t fields[] = {
	CYAML_FIELD_STRING("name", CYAML_FLAG_DEFAULT, struct document, name, 1),
	CYAML_FIELD_STRING("title", CYAML_FLAG_DEFAULT, struct document, title, 1),
	CYAML_FIELD_SEQUENCE("command", CYAML_FLAG_POINTER, struct document, command, &word_schema,
		1, FLASHER_WORD_MAX),
	CYAML_FIELD_SEQUENCE("version", OPTIONAL_POINTER, struct document, version, &word_schema, 1,
		FLASHER_WORD_MAX),
	CYAML_FIELD_SEQUENCE_COUNT("flows", CYAML_FLAG_POINTER, struct document, flows, flow_count,
		&flow_schema, 1, FLASHER_FLOW_COUNT),
	CYAML_FIELD_BOOL("restores-tune", CYAML_FLAG_OPTIONAL, struct document, restores_tune),
	CYAML_FIELD_ENUM("system", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct document, system,
		system_values, CYAML_ARRAY_LEN(system_values)),
	CYAML_FIELD_STRING("driver", CYAML_FLAG_OPTIONAL, struct document, driver, 1),
	CYAML_FIELD_STRING("in-process", CYAML_FLAG_OPTIONAL, struct document, in_process, 1),
	CYAML_FIELD_MAPPING(
		"success", CYAML_FLAG_DEFAULT, struct document, success, success_fields),
	CYAML_FIELD_STRING("progress", CYAML_FLAG_OPTIONAL, struct document, progress, 1),
	CYAML_FIELD_STRING("limit", CYAML_FLAG_DEFAULT, struct document, limit, 1),
	CYAML_FIELD_SEQUENCE(
		"says", OPTIONAL_POINTER, struct document, says, &says_schema, 1, FLASHER_SAYS_MAX),
	CYAML_FIELD_STRING("source", CYAML_FLAG_DEFAULT, struct document, source, 1),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct document, fields),
};

#define REASONS                                                                                    \
	"one of no-ecu, port-held, bad-answer, tune-unreadable, tool-missing, wrong-image, "       \
	"no-dfu, came-back-as-ecu, several-devices, no-permission, wrong-driver, write-failed, "   \
	"verify-failed, no-ecu-after, several-ecus, tune-not-restored, timed-out"

static const struct yaml_expected expected[] = {
	{"name", "1 to 48 lower-case letters, digits, \"-\" and \".\", as the file is called"},
	{"title", "one line of 1 to 95 characters that says what tool it is"},
	{"command", "a list of 1 to 32 words, such as [dfu-util, --download, \"{image}\"]"},
	{"command[]", "a word of at most 512 characters"},
	{"version", "a list of 1 to 32 words, such as [dfu-util, --version]"},
	{"version[]", "a word of at most 512 characters"},
	{"flows", "a list of one or both of auto, manual"},
	{"flows[]", "one of auto, manual"},
	{"restores-tune", "yes or no"},
	{"system", "one of linux, windows"},
	{"driver", "the name of a driver package, as its file is called"},
	{"in-process", "a reason of 1 to 95 characters"},
	{"success", "how to tell a success: exit, says, or both"},
	{"success.exit", "an exit code from 0 to 255"},
	{"success.says", "1 to 95 characters"},
	{"progress", "an extended regular expression with the per cent in (), and at most one {} "
		     "of few digits"},
	{"limit", "a time such as 3 min"},
	{"says", "a list of {text: ..., reason: ...}, at most 32"},
	{"says[].text", "1 to 95 characters"},
	{"says[].reason", REASONS},
	{"source", "1 to 1023 characters that say where this is known from"},
	{NULL, NULL},
};

/* ---- checks ---- */

static bool is_name(const char *text)
{
	return text[0] && text[0] != '-' && text[0] != '.' &&
	       text[strspn(text, NAME_CHARACTERS)] == '\0';
}

/* glibc's regcomp is busy for minutes with "x{1,32767}" and for ever with repetitions of repetitions. */
static bool repeats_little(const char *text)
{
	const char *brace = strchr(text, '{');

	return !brace || (!strchr(brace + 1, '{') && strcspn(brace, "}") <= strlen("{99,99"));
}

/* A regex with exactly one pair of parentheses, or none at all. */
static bool is_progress(const char *text)
{
	regex_t regex;
	size_t groups;

	if (!text[0])
		return true;
	if (!repeats_little(text) || regcomp(&regex, text, REG_EXTENDED) != 0)
		return false;
	groups = regex.re_nsub;
	regfree(&regex);
	return groups == 1;
}

/* Words in braces that are not ours. */
static const char *unknown_word(char *const *words, unsigned int count)
{
	static const char *const known[] = {"{image}", "{serial}", "{flow}"};

	for (unsigned int i = 0; i < count; i++) {
		const char *brace = words[i];

		while ((brace = strchr(brace, '{'))) {
			bool found = false;

			for (size_t k = 0; k < ARRAY_SIZE(known); k++)
				found |= strncmp(brace, known[k], strlen(known[k])) == 0;
			if (!found)
				return brace;
			brace++;
		}
	}
	return NULL;
}

static int check_document(
	const struct yaml_file *file, const struct document *document, struct why *why)
{
	const struct success *success = &document->success;
	const char *word = unknown_word(document->command, document->command_count);
	uint64_t limit_us;

	if (!is_name(document->name))
		return yaml_file_bad_value(file, why, "name");
	if (strpbrk(document->title, "\n\t"))
		return yaml_file_bad_value(file, why, "title");
	if (document->driver[0] && !is_name(document->driver))
		return yaml_file_bad_value(file, why, "driver");
	if (word)
		return yaml_file_bad(file, why, "command",
			"%.20s... is not one of {image}, {serial}, {flow}", word);
	if (success->exit && (*success->exit < 0 || *success->exit > 255))
		return yaml_file_bad_value(file, why, "success.exit");
	if (!success->exit && !success->says[0])
		return yaml_file_bad(
			file, why, "success", "nothing tells a success; say exit, says, or both");
	if (!is_progress(document->progress))
		return yaml_file_bad_value(file, why, "progress");
	if (quantity_time_us(document->limit, &limit_us) < 0 || limit_us < 1000 ||
		limit_us > LIMIT_MAX_US)
		return yaml_file_bad_value(file, why, "limit");
	return 0;
}

/* ---- load ---- */

static int copy_words(char **ret, char *const *words, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		ret[i] = strdup(words[i]);
		if (!ret[i])
			return -ENOMEM;
	}
	return 0;
}

static int fill(const struct document *document, struct flasher *ret)
{
	uint64_t limit_us = 0;

	memcpy(ret->name, document->name, sizeof(ret->name));
	memcpy(ret->title, document->title, sizeof(ret->title));
	memcpy(ret->driver, document->driver, sizeof(ret->driver));
	ret->system = document->system;
	memcpy(ret->in_process, document->in_process, sizeof(ret->in_process));
	memcpy(ret->progress, document->progress, sizeof(ret->progress));
	memcpy(ret->success_says, document->success.says, sizeof(ret->success_says));
	ret->success_exit = document->success.exit ? *document->success.exit : -1;
	ret->restores_tune = document->restores_tune;
	(void)!quantity_time_us(document->limit, &limit_us);
	ret->limit_ms = (uint32_t)(limit_us / 1000);
	for (unsigned int i = 0; i < document->flow_count; i++)
		ret->flows[document->flows[i]] = true;
	for (unsigned int i = 0; i < document->says_count; i++) {
		ret->says[i].reason = document->says[i].reason;
		memcpy(ret->says[i].text, document->says[i].text, sizeof(ret->says[i].text));
	}
	ret->says_count = document->says_count;
	if (copy_words(ret->command, document->command, document->command_count) < 0)
		return -ENOMEM;
	return copy_words(ret->version, document->version, document->version_count);
}

int flasher_parse(
	const char *path, const uint8_t *data, size_t size, struct flasher *ret, struct why *why)
{
	struct yaml_file file = {.name = path, .schema = &schema, .expected = expected};
	struct flasher flasher = {0};
	void *document = NULL;
	int r = yaml_file_load(&file, data, size, &document, why);

	if (r == 0)
		r = check_document(&file, document, why);
	if (r == 0) {
		r = fill(document, &flasher);
		if (r < 0)
			why_errno(why, r, "%s", path);
	}
	if (r == 0)
		*ret = flasher;
	else
		flasher_done(&flasher);
	yaml_file_free(&file, document);
	yaml_file_done(&file);
	return r;
}

void flasher_done(struct flasher *flasher)
{
	for (size_t i = 0; i < ARRAY_SIZE(flasher->command); i++) {
		free(flasher->command[i]);
		free(flasher->version[i]);
	}
	*flasher = (struct flasher){0};
}

/* ---- command line ---- */

static const char *value_of(const struct flasher_vars *vars, const char *brace, size_t *ret_size)
{
	const struct {
		const char *name, *value;
	} known[] = {
		{"{image}", vars->image},
		{"{serial}", vars->serial},
		{"{flow}", names_text(&flasher_flow_names, vars->flow)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		*ret_size = strlen(known[i].name);
		if (strncmp(brace, known[i].name, *ret_size) == 0)
			return known[i].value ? known[i].value : "";
	}
	return NULL;
}

/* Appends a word with its values, and a NUL. */
static int expand_word(struct buf *out, const char *word, const struct flasher_vars *vars)
{
	while (*word) {
		size_t size = strcspn(word, "{");
		const char *value = NULL;
		int r;

		if (size == 0) {
			value = value_of(vars, word, &size);
			if (!value)
				size = 1;
		}
		r = buf_append(out, value ? value : word, value ? strlen(value) : size);
		if (r < 0)
			return r;
		word += size;
	}
	return buf_append(out, "", 1);
}

int flasher_expand(const struct flasher *flasher, const struct flasher_vars *vars, char ***ret_argv)
{
	char **argv = calloc(FLASHER_WORD_MAX + 1, sizeof(*argv));
	struct buf word;
	int r = argv ? 0 : -ENOMEM;

	buf_init(&word, 64u << 10);
	for (size_t i = 0; r == 0 && flasher->command[i]; i++) {
		word.size = 0;
		r = expand_word(&word, flasher->command[i], vars);
		if (r == 0)
			argv[i] = strdup((char *)word.data);
		if (r == 0 && !argv[i])
			r = -ENOMEM;
	}
	buf_done(&word);
	if (r == 0)
		*ret_argv = argv;
	else
		flasher_argv_free(argv);
	return r < 0 ? -ENOMEM : 0;
}

void flasher_argv_free(char **argv)
{
	for (size_t i = 0; argv && argv[i]; i++)
		free(argv[i]);
	free(argv);
}

/* ---- judgement ---- */

static bool contains(const void *output, size_t size, const char *text)
{
	return size && memmem(output, size, text, strlen(text));
}

/* "dfurig: <reason>: " anywhere in the output, as our own update ends. */
static enum flasher_reason own_reason(const void *output, size_t size)
{
	for (size_t i = 1; i < flasher_reason_names.count; i++) {
		char text[64];

		snprintf(text, sizeof(text), "dfurig: %s: ", names_text(&flasher_reason_names, i));
		if (contains(output, size, text))
			return (enum flasher_reason)i;
	}
	return FLASHER_NO_REASON;
}

static enum flasher_reason reason_of(const struct flasher *flasher, const void *output, size_t size)
{
	enum flasher_reason reason = own_reason(output, size);

	for (size_t i = 0; reason == FLASHER_NO_REASON && i < flasher->says_count; i++)
		if (contains(output, size, flasher->says[i].text))
			reason = flasher->says[i].reason;
	return reason;
}

bool flasher_judge(const struct flasher *flasher, int exit_code, const void *output, size_t size,
	enum flasher_reason *ret_reason)
{
	bool success = (flasher->success_exit < 0 || exit_code == flasher->success_exit) &&
		       (!flasher->success_says[0] || contains(output, size, flasher->success_says));

	*ret_reason = success ? FLASHER_NO_REASON : reason_of(flasher, output, size);
	return success;
}
