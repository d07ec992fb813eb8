/* SPDX-License-Identifier: MIT */
/*
 * The file: what has a fixed shape by libcyaml's schema, steps and expectations by words.h.
 */
#include "harness/base/quantity.h"
#include "harness/scenario/model.h"
#include "harness/scenario/start_options.h"
#include "harness/scenario/steps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_BOARD "f407-discovery"

enum document_power {
	DOCUMENT_ON,
	DOCUMENT_OFF,
};

enum document_boot0 {
	DOCUMENT_RELEASED,
	DOCUMENT_HELD,
};

enum document_usb {
	DOCUMENT_PLUGGED,
	DOCUMENT_UNPLUGGED,
};

enum document_flag {
	DOCUMENT_FALSE,
	DOCUMENT_TRUE,
};

struct document_start {
	char board[SCENARIO_NAME];
	char firmware[SCENARIO_NAME];
	enum scenario_tune tune;
	enum document_power power;
	enum document_boot0 boot0;
	enum document_usb usb;
	char torn[16];
	enum document_flag foreign;
};

struct document_late {
	char program[SCENARIO_NAME], time[32];
};

struct document_host {
	char **missing, **drivers;
	uint32_t missing_count, drivers_count;
	enum document_flag port_held, no_permission, new_number;
	enum world_system system;
	char prober[SCENARIO_NAME], kernel_driver[SCENARIO_NAME];
	char install_time[32], failing_service[SCENARIO_NAME];
	enum document_flag no_elevation;
	struct document_late *late;
	char **mute;
	uint32_t late_count, mute_count;
};

struct document_fault {
	struct fault_text text;
	char time[SCENARIO_NAME];
};

/* The document as libcyaml loads it. */
struct document {
	char name[SCENARIO_NAME];
	char title[SCENARIO_TITLE];
	char source[1024];
	enum flasher_flow flow;
	char board[SCENARIO_NAME];
	struct document_start start;
	struct document_start *others;
	uint32_t other_count;
	char image[SCENARIO_NAME];
	struct document_host host;
	char **only;
	uint32_t only_count;
	struct document_fault *faults;
	uint32_t fault_count;
};

static const cyaml_strval_t flows[] = {{"auto", FLASHER_AUTO}, {"manual", FLASHER_MANUAL}};
static const cyaml_strval_t tunes[] = {{"custom", SCENARIO_TUNE_CUSTOM},
	{"default", SCENARIO_TUNE_DEFAULT}, {"none", SCENARIO_TUNE_NONE}};
static const cyaml_strval_t powers[] = {{"on", DOCUMENT_ON}, {"off", DOCUMENT_OFF}};
static const cyaml_strval_t boot0s[] = {{"released", DOCUMENT_RELEASED}, {"held", DOCUMENT_HELD}};
static const cyaml_strval_t usbs[] = {
	{"plugged", DOCUMENT_PLUGGED}, {"unplugged", DOCUMENT_UNPLUGGED}};

static const cyaml_strval_t systems[] = {
	{"linux", WORLD_LINUX}, {"windows", WORLD_WINDOWS}, {"macos", WORLD_MACOS}};

/* libcyaml's own booleans take any word for true. */
static const cyaml_strval_t flags[] = {{"false", DOCUMENT_FALSE}, {"true", DOCUMENT_TRUE}};

#define OPTIONAL    CYAML_FLAG_OPTIONAL
#define STRICT_WORD (CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT)

/* What start and others have in common. */
#define START_FIELDS                                                                               \
	CYAML_FIELD_STRING("firmware", OPTIONAL, struct document_start, firmware, 1),              \
		CYAML_FIELD_ENUM("tune", STRICT_WORD, struct document_start, tune, tunes,          \
			CYAML_ARRAY_LEN(tunes)),                                                   \
		CYAML_FIELD_ENUM("power", STRICT_WORD, struct document_start, power, powers,       \
			CYAML_ARRAY_LEN(powers)),                                                  \
		CYAML_FIELD_ENUM("boot0", STRICT_WORD, struct document_start, boot0, boot0s,       \
			CYAML_ARRAY_LEN(boot0s)),                                                  \
		CYAML_FIELD_ENUM("usb", STRICT_WORD, struct document_start, usb, usbs,             \
			CYAML_ARRAY_LEN(usbs)),                                                    \
		CYAML_FIELD_STRING("torn", OPTIONAL, struct document_start, torn, 1),              \
		CYAML_FIELD_ENUM("foreign", STRICT_WORD, struct document_start, foreign, flags,    \
			CYAML_ARRAY_LEN(flags)),                                                   \
		CYAML_FIELD_IGNORE("options", OPTIONAL), CYAML_FIELD_END

static const cyaml_schema_field_t start_fields[] = {START_FIELDS};
static const cyaml_schema_field_t other_fields[] = {
	CYAML_FIELD_STRING("board", OPTIONAL, struct document_start, board, 1), START_FIELDS};
static const cyaml_schema_value_t other_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct document_start, other_fields)};

static const cyaml_schema_value_t program_schema = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, SCENARIO_NAME - 1)};
static const cyaml_schema_field_t late_fields[] = {
	CYAML_FIELD_STRING("program", CYAML_FLAG_DEFAULT, struct document_late, program, 1),
	CYAML_FIELD_STRING("time", CYAML_FLAG_DEFAULT, struct document_late, time, 1),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t late_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct document_late, late_fields)};
static const cyaml_schema_field_t host_fields[] = {
	CYAML_FIELD_SEQUENCE("missing", CYAML_FLAG_POINTER | OPTIONAL, struct document_host,
		missing, &program_schema, 1, SCENARIO_MISSING_MAX),
	CYAML_FIELD_ENUM("system", STRICT_WORD, struct document_host, system, systems,
		CYAML_ARRAY_LEN(systems)),
	CYAML_FIELD_SEQUENCE("drivers", CYAML_FLAG_POINTER | OPTIONAL, struct document_host,
		drivers, &program_schema, 0, WORLD_DRIVER_MAX),
	CYAML_FIELD_STRING("install-time", OPTIONAL, struct document_host, install_time, 1),
	CYAML_FIELD_STRING("failing-service", OPTIONAL, struct document_host, failing_service, 1),
	CYAML_FIELD_ENUM("no-elevation", STRICT_WORD, struct document_host, no_elevation, flags,
		CYAML_ARRAY_LEN(flags)),
	CYAML_FIELD_SEQUENCE("late", CYAML_FLAG_POINTER | OPTIONAL, struct document_host, late,
		&late_schema, 1, SCENARIO_LATE_MAX),
	CYAML_FIELD_SEQUENCE("mute", CYAML_FLAG_POINTER | OPTIONAL, struct document_host, mute,
		&program_schema, 1, SCENARIO_LATE_MAX),
	CYAML_FIELD_STRING("prober", OPTIONAL, struct document_host, prober, 1),
	CYAML_FIELD_STRING("kernel-driver", OPTIONAL, struct document_host, kernel_driver, 1),
	CYAML_FIELD_ENUM("port-held", STRICT_WORD, struct document_host, port_held, flags,
		CYAML_ARRAY_LEN(flags)),
	CYAML_FIELD_ENUM("no-permission", STRICT_WORD, struct document_host, no_permission, flags,
		CYAML_ARRAY_LEN(flags)),
	CYAML_FIELD_ENUM("new-number", STRICT_WORD, struct document_host, new_number, flags,
		CYAML_ARRAY_LEN(flags)),
	CYAML_FIELD_END,
};

#define FAULT_WORD(key, flags, member)                                                             \
	CYAML_FIELD_STRING(key, flags, struct document_fault, member, 1)

/* What the words mean, who knows the points says. */
static const cyaml_schema_field_t fault_fields[] = {
	FAULT_WORD("at", CYAML_FLAG_DEFAULT, text.at),
	FAULT_WORD("match", OPTIONAL, text.match),
	FAULT_WORD("block", OPTIONAL, text.block),
	FAULT_WORD("addr", OPTIONAL, text.addr),
	FAULT_WORD("nth", OPTIONAL, text.nth),
	FAULT_WORD("times", OPTIONAL, text.times),
	FAULT_WORD("after", OPTIONAL, text.after),
	FAULT_WORD("do", CYAML_FLAG_DEFAULT, text.action),
	FAULT_WORD("time", OPTIONAL, time),
	FAULT_WORD("value", OPTIONAL, text.value),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t fault_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct document_fault, fault_fields)};

static const cyaml_schema_field_t fields[] = {
	CYAML_FIELD_STRING("name", CYAML_FLAG_DEFAULT, struct document, name, 1),
	CYAML_FIELD_STRING("title", CYAML_FLAG_DEFAULT, struct document, title, 1),
	CYAML_FIELD_STRING("source", CYAML_FLAG_DEFAULT, struct document, source, 1),
	CYAML_FIELD_ENUM(
		"flow", CYAML_FLAG_STRICT, struct document, flow, flows, CYAML_ARRAY_LEN(flows)),
	CYAML_FIELD_STRING("board", OPTIONAL, struct document, board, 1),
	CYAML_FIELD_MAPPING("start", OPTIONAL, struct document, start, start_fields),
	CYAML_FIELD_SEQUENCE_COUNT("others", CYAML_FLAG_POINTER | OPTIONAL, struct document, others,
		other_count, &other_schema, 1, WORLD_BOARD_MAX - 1),
	CYAML_FIELD_STRING("image", OPTIONAL, struct document, image, 1),
	CYAML_FIELD_MAPPING("host", OPTIONAL, struct document, host, host_fields),
	CYAML_FIELD_SEQUENCE_COUNT("faults", CYAML_FLAG_POINTER | OPTIONAL, struct document, faults,
		fault_count, &fault_schema, 1, SCENARIO_FAULT_MAX),
	CYAML_FIELD_IGNORE("steps", OPTIONAL),
	CYAML_FIELD_IGNORE("meanwhile", OPTIONAL),
	CYAML_FIELD_IGNORE("expect", CYAML_FLAG_DEFAULT),
	CYAML_FIELD_IGNORE("expect-of", OPTIONAL),
	CYAML_FIELD_SEQUENCE("only", CYAML_FLAG_POINTER | OPTIONAL, struct document, only,
		&program_schema, 1, SCENARIO_ONLY_MAX),
	CYAML_FIELD_IGNORE("skip", OPTIONAL),
	CYAML_FIELD_IGNORE("sweep", OPTIONAL),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct document, fields),
};

#define A_PART     "a part such as 40 %"
#define IDENTIFIER "1 to 48 lower-case letters, digits and \"-\""

static const struct yaml_expected expected[] = {
	{"name", IDENTIFIER ", as the file is called"},
	{"title", "one line of 1 to 159 characters that says what happens"},
	{"source", "1 to 1023 characters that say where this is known from"},
	{"flow", "one of auto, manual"},
	{"board", "the name of a board (dfurig list boards)"},
	{"start.firmware", "the name of an image, or none"},
	{"start.tune", "one of custom, default, none"},
	{"start.power", "one of on, off"},
	{"start.boot0", "one of released, held"},
	{"start.usb", "one of plugged, unplugged"},
	{"start.torn", A_PART},
	{"start.foreign", "true or false"},
	{"others", "a list of 1 to 3 boards"},
	{"others[].board", "the name of a board (dfurig list boards)"},
	{"others[].firmware", "the name of an image, or none"},
	{"others[].tune", "one of custom, default, none"},
	{"others[].power", "one of on, off"},
	{"others[].boot0", "one of released, held"},
	{"others[].usb", "one of plugged, unplugged"},
	{"others[].torn", A_PART},
	{"others[].foreign", "true or false"},
	{"image", "the name of an image"},
	{"host.missing", "a list of 1 to 3 programs"},
	{"host.system", "one of linux, windows, macos"},
	{"host.drivers", "a list of at most 4 driver packages"},
	{"host.install-time", "a time such as 15 s"},
	{"host.failing-service", "the name of a driver's service, such as WinUSB"},
	{"host.no-elevation", "true or false"},
	{"host.late", "a list of 1 or 2 programs: {program: powershell, time: 20 s}"},
	{"host.late[].time", "a time such as 20 s"},
	{"host.mute", "a list of 1 or 2 programs"},
	{"host.prober", "the name of a program"},
	{"host.kernel-driver", "the name of a kernel driver"},
	{"host.port-held", "true or false"},
	{"host.no-permission", "true or false"},
	{"host.new-number", "true or false"},
	{"faults", "a list of 1 to 16 faults: {at: board-reset, do: lose-ram}"},
	{"faults[].at", "the name of a point"},
	{"faults[].do", "what happens there"},
	{"faults[].block", "a number"},
	{"faults[].addr", "an address such as 0x08020000"},
	{"faults[].nth", "a number from 1"},
	{"faults[].times", "a number; 0 is for ever"},
	{"faults[].after", "a time such as 20 ms, or per cent: 50 %"},
	{"faults[].time", "a time such as 2.9 s"},
	{"faults[].value", "what the action needs"},
	{"only", "a list of 1 to 4 flashers"},
	{"expect", "a list of \"outcome: updated\" and other expectations"},
	{NULL, NULL},
};

struct parse {
	struct yaml_file file;
	struct scenario *out;
	struct why *why;
};

static struct words at(struct parse *parse, const char *path)
{
	return words_at(&parse->file, path, parse->why);
}

/* ---- what has a fixed shape ---- */

static void copy(char *to, size_t room, const char *from)
{
	snprintf(to, room, "%s", from);
}

/* A name of an image or a board, when it is there; "none" becomes "". */
static int check_identifier(struct parse *parse, const char *path, char *ret, size_t room)
{
	struct words words = at(parse, path);
	int r = words.mark ? words_identifier(&words, ret, room) : 0;

	if (strcmp(ret, "none") == 0)
		ret[0] = '\0';
	return r;
}

static int parse_percent(const struct words *words, uint32_t *ret)
{
	const char *text = words->mark->text;
	unsigned int percent;
	char end;

	if (!text || sscanf(text, "%3u %%%c", &percent, &end) != 1 || percent > 100 ||
		text[strlen(text) - 1] != '%')
		return words_bad(words, "a part such as 50 %");
	*ret = percent;
	return 0;
}

/* What is in the flash. */
static int take_content(struct parse *parse, const struct document_start *from, const char *path,
	struct start *start)
{
	struct words in = at(parse, path), torn, foreign;
	int r = 0;

	start->board.percent = 100;
	if (!in.mark)
		return 0;
	torn = words_value(&in, "torn");
	foreign = words_value(&in, "foreign");
	start->board.foreign = from->foreign == DOCUMENT_TRUE;
	if (start->board.foreign && start->firmware[0])
		return words_bad_because(&foreign, "there is a firmware already");
	if (torn.mark && !start->firmware[0])
		return words_bad_because(&torn, "there is no firmware");
	if (torn.mark)
		r = parse_percent(&torn, &start->board.percent);
	return r == 0 ? start_options_parse(&in, &start->board.options) : r;
}

static int take_start(
	struct parse *parse, const struct document_start *from, const char *board, const char *path)
{
	struct start *start = &parse->out->starts[parse->out->start_count++];
	char key[64];
	int r;

	*start = (struct start){
		.board.tune = from->tune,
		.power = from->power == DOCUMENT_ON,
		.boot0 = from->boot0 == DOCUMENT_HELD,
		.usb = from->usb == DOCUMENT_PLUGGED,
	};
	copy(start->board_name, sizeof(start->board_name), board[0] ? board : DEFAULT_BOARD);
	snprintf(key, sizeof(key), "%s.firmware", path);
	r = check_identifier(parse, key, start->firmware, sizeof(start->firmware));
	start->board.board = start->board_name;
	start->board.firmware = start->firmware[0] ? start->firmware : NULL;
	if (!start->firmware[0])
		start->board.tune = SCENARIO_TUNE_NONE;
	return r == 0 ? take_content(parse, from, path, start) : r;
}

static int take_starts(struct parse *parse, const struct document *document)
{
	char path[32];
	int r = take_start(parse, &document->start, document->board, "start");

	for (uint32_t i = 0; r == 0 && i < document->other_count; i++) {
		const struct document_start *other = &document->others[i];

		snprintf(path, sizeof(path), "others[%u]", i);
		r = take_start(
			parse, other, other->board[0] ? other->board : document->board, path);
	}
	return r;
}

/* What is wrong with a Windows host's drivers and programs. */
static int take_trouble(struct parse *parse, const struct document_host *host)
{
	struct scenario *out = parse->out;
	char path[32];

	copy(out->failing_service, sizeof(out->failing_service), host->failing_service);
	out->host.failing_service = out->failing_service[0] ? out->failing_service : NULL;
	out->host.no_elevation = host->no_elevation == DOCUMENT_TRUE;
	if (host->install_time[0] &&
		quantity_time_us(host->install_time, &out->host.install_us) < 0)
		return yaml_file_bad_value(&parse->file, parse->why, "host.install-time");
	for (uint32_t i = 0; i < host->mute_count; i++) {
		copy(out->mute_names[i], SCENARIO_NAME, host->mute[i]);
		out->host.mute[i] = out->mute_names[i];
	}
	for (uint32_t i = 0; i < host->late_count; i++) {
		copy(out->late_names[i], SCENARIO_NAME, host->late[i].program);
		out->host.late[i].program = out->late_names[i];
		snprintf(path, sizeof(path), "host.late[%u].time", i);
		if (quantity_time_us(host->late[i].time, &out->host.late[i].time_us) < 0)
			return yaml_file_bad_value(&parse->file, parse->why, path);
	}
	return 0;
}

static void take_host(struct scenario *out, const struct document_host *host)
{
	out->host = (struct world_host){
		.no_permission = host->no_permission == DOCUMENT_TRUE,
		.port_held = host->port_held == DOCUMENT_TRUE,
		.new_number = host->new_number == DOCUMENT_TRUE,
		.system = host->system,
	};
	for (uint32_t i = 0; i < host->missing_count; i++) {
		copy(out->missing_names[i], SCENARIO_NAME, host->missing[i]);
		out->host.missing[i] = out->missing_names[i];
	}
	for (uint32_t i = 0; i < host->drivers_count; i++) {
		copy(out->driver_names[i], SCENARIO_NAME, host->drivers[i]);
		out->host.drivers[i] = out->driver_names[i];
	}
	copy(out->prober, sizeof(out->prober), host->prober);
	copy(out->kernel_driver, sizeof(out->kernel_driver), host->kernel_driver);
	out->host.prober = out->prober[0] ? out->prober : NULL;
	out->host.kernel_driver = out->kernel_driver[0] ? out->kernel_driver : NULL;
}

static void take_only(struct scenario *out, const struct document *document)
{
	for (uint32_t i = 0; i < document->only_count; i++) {
		copy(out->only_names[i], SCENARIO_NAME, document->only[i]);
		out->only[i] = out->only_names[i];
	}
}

static int take_fault(struct parse *parse, const struct document_fault *from, uint32_t i)
{
	struct fault_text *fault = &parse->out->faults[parse->out->fault_count++];
	char path[32];

	*fault = from->text;
	if (!from->time[0])
		return 0;
	snprintf(path, sizeof(path), "faults[%u].time", i);
	if (from->text.value[0])
		return yaml_file_bad(&parse->file, parse->why, path, "either a time or a value");
	copy(fault->value, sizeof(fault->value), from->time);
	return 0;
}

static int take_document(struct parse *parse, const struct document *document)
{
	struct scenario *out = parse->out;
	int r = check_identifier(parse, "name", out->name, sizeof(out->name));

	if (r == 0)
		r = check_identifier(parse, "image", out->image, sizeof(out->image));
	if (r == 0 && strpbrk(document->title, "\n\t"))
		r = yaml_file_bad_value(&parse->file, parse->why, "title");
	if (r < 0)
		return r;
	copy(out->title, sizeof(out->title), document->title);
	out->flow = document->flow;
	take_host(out, &document->host);
	out->host.has_drivers = at(parse, "host.drivers").mark != NULL;
	take_only(out, document);
	r = take_trouble(parse, &document->host);
	if (r == 0)
		r = take_starts(parse, document);
	for (uint32_t i = 0; r == 0 && i < document->fault_count; i++)
		r = take_fault(parse, &document->faults[i], i);
	return r;
}

/* ---- steps ---- */

static int need_image(struct parse *parse, const struct words *words, const struct step *step)
{
	if (!step_is_update(step) || step->image[0] || parse->out->image[0])
		return 0;
	return yaml_file_bad(&parse->file, parse->why, words ? words->mark->path : "",
		"update needs an image: \"image: rusefi-2026\"");
}

static int take_steps(struct parse *parse)
{
	struct scenario *out = parse->out;
	struct words steps = at(parse, "steps");
	struct words entry = words_entry(&steps, 0);
	int r = 0;

	if (!steps.mark) {
		out->steps[out->step_count++] = step_update();
		return need_image(parse, NULL, &out->steps[0]);
	}
	if (steps.mark->text || !strchr(entry.mark ? entry.mark->path : "", '['))
		return words_bad(&steps, "a list of steps");
	for (size_t n = 1; r == 0 && entry.mark; entry = words_entry(&steps, n++)) {
		struct step *step = &out->steps[out->step_count];

		if (out->step_count == SCENARIO_STEP_MAX)
			return words_bad_because(&steps, "at most %d of them", SCENARIO_STEP_MAX);
		out->step_count++;
		r = step_parse(&entry, out->start_count, false, step);
		if (r == 0)
			r = need_image(parse, &entry, step);
	}
	return r;
}

static int parse_addr(const struct words *words, uint32_t *ret)
{
	if (!words->mark->text || quantity_size(words->mark->text, ret) < 0)
		return words_bad(words, "an address such as 0x08020000");
	return 0;
}

/* "write" needs an address, "progress" a percentage, which stand in at. */
static int parse_when(const struct words *when, const struct words *where, struct meanwhile *ret)
{
	const char *text = when->mark->text ? when->mark->text : "";
	bool write = strcmp(text, "write") == 0, progress = strcmp(text, "progress") == 0;
	int face, r;

	if ((write || progress) != (where->mark != NULL))
		return words_bad_because(when,
			"\"write\" needs \"at: 0x08020000\", \"progress\" needs "
			"\"at: 50 %%\", and nothing else has it");
	if (write) {
		ret->moment = MOMENT_WRITE;
		return parse_addr(where, &ret->addr);
	}
	if (progress) {
		ret->moment = MOMENT_PROGRESS;
		return parse_percent(where, &ret->addr);
	}
	if (strcmp(text, "start") == 0)
		return 0;
	r = words_name(when, &face_names, &face);
	if (r < 0)
		return r;
	ret->moment = MOMENT_FACE;
	ret->face = (enum face)face;
	return 0;
}

static int check_meanwhile_keys(const struct words *words)
{
	static const char *const known[] = {"when", "at", "after", "do"};
	static const struct names names = NAMES(known);
	struct words entry = words_entry(words, 0);

	for (size_t n = 1; entry.mark; entry = words_entry(words, n++))
		if (names_value(&names, words_key(&entry)) < 0)
			return words_bad_because(
				&entry, "unknown key; known are when, at, after, do");
	return 0;
}

static int take_meanwhile(struct parse *parse, const struct words *words)
{
	struct meanwhile *meanwhile = &parse->out->meanwhiles[parse->out->meanwhile_count++];
	struct words when = words_value(words, "when"), where = words_value(words, "at");
	struct words after = words_value(words, "after"), what = words_value(words, "do");
	int r = check_meanwhile_keys(words);

	*meanwhile = (struct meanwhile){.moment = MOMENT_START};
	if (r < 0)
		return r;
	if (!when.mark || !what.mark)
		return words_bad(words, "{when: dfu, after: 200 ms, do: {power: off}}");
	r = parse_when(&when, &where, meanwhile);
	if (r == 0 && after.mark)
		r = words_time(&after, &meanwhile->after_us);
	return r == 0 ? step_parse(&what, parse->out->start_count, true, &meanwhile->step) : r;
}

static int take_meanwhiles(struct parse *parse)
{
	struct words list = at(parse, "meanwhile");
	struct words entry = words_entry(&list, 0);
	int r = 0;

	if (!list.mark)
		return 0;
	if (list.mark->text || !strchr(entry.mark ? entry.mark->path : "", '['))
		return words_bad(&list, "a list of {when: dfu, do: {power: off}}");
	for (size_t n = 1; r == 0 && entry.mark; entry = words_entry(&list, n++)) {
		if (parse->out->meanwhile_count == SCENARIO_MEANWHILE_MAX)
			return words_bad_because(
				&list, "at most %d of them", SCENARIO_MEANWHILE_MAX);
		r = take_meanwhile(parse, &entry);
	}
	return r;
}

/* ---- expectations, and for whom ---- */

static int take_key(const struct words *words, char ret[static SCENARIO_NAME])
{
	const char *key = words_key(words);

	if (strlen(key) >= SCENARIO_NAME || strchr(key, '['))
		return words_bad_because(words, "the name of a flasher is expected here");
	copy(ret, SCENARIO_NAME, key);
	return 0;
}

static int take_of(struct parse *parse)
{
	struct scenario *out = parse->out;
	struct words list = at(parse, "expect-of");
	struct words entry = words_entry(&list, 0);
	int r = 0;

	if (list.mark && !entry.mark)
		return words_bad(&list, "a list of \"dfu-util: {exit: 74}\"");
	for (size_t n = 1; r == 0 && entry.mark; entry = words_entry(&list, n++)) {
		if (out->of_count == SCENARIO_OF_MAX)
			return words_bad_because(&list, "at most %d of them", SCENARIO_OF_MAX);
		r = take_key(&entry, out->of[out->of_count].flasher);
		if (r == 0)
			r = expect_parse(&entry, &out->of[out->of_count++].expect);
	}
	return r;
}

static int take_skips(struct parse *parse)
{
	struct scenario *out = parse->out;
	struct words list = at(parse, "skip");
	struct words entry = words_entry(&list, 0);
	int r = 0;

	if (list.mark && !entry.mark)
		return words_bad(&list, "a list of \"dfu-util: why it does not apply\"");
	for (size_t n = 1; r == 0 && entry.mark; entry = words_entry(&list, n++)) {
		if (out->skip_count == SCENARIO_OF_MAX)
			return words_bad_because(&list, "at most %d of them", SCENARIO_OF_MAX);
		r = take_key(&entry, out->skips[out->skip_count].flasher);
		if (r == 0)
			r = words_text(&entry, out->skips[out->skip_count++].reason,
				SCENARIO_REASON, "one line of 1 to 199 characters that says why");
	}
	return r;
}

static int take_expect(struct parse *parse)
{
	struct words expect = at(parse, "expect");
	int r = expect_parse(&expect, &parse->out->expect);

	struct words sweep = at(parse, "sweep");

	if (r == 0)
		r = take_of(parse);
	if (r == 0)
		r = grants_parse(&sweep, parse->out->grants, &parse->out->grant_count);
	return r == 0 ? take_skips(parse) : r;
}

int scenario_parse(
	const char *path, const uint8_t *data, size_t size, struct scenario **ret, struct why *why)
{
	struct parse parse = {
		.file = {.name = path, .schema = &schema, .expected = expected},
		.out = calloc(1, sizeof(*parse.out)),
		.why = why,
	};
	void *document = NULL;
	int r;

	if (!parse.out)
		return why_errno(why, -ENOMEM, "%s", path);
	r = yaml_file_load(&parse.file, data, size, &document, why);
	if (r == 0)
		r = words_check_keys(&parse.file, why);
	if (r == 0)
		r = take_document(&parse, document);
	if (r == 0)
		r = take_steps(&parse);
	if (r == 0)
		r = take_meanwhiles(&parse);
	if (r == 0)
		r = take_expect(&parse);
	yaml_file_free(&parse.file, document);
	yaml_file_done(&parse.file);
	if (r == 0)
		*ret = parse.out;
	else
		scenario_free(parse.out);
	return r;
}
