/* SPDX-License-Identifier: MIT */
#include "harness/cli/image_file.h"

#include "harness/base/quantity.h"
#include "harness/yaml/yaml_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_MAX            (2u << 20) /* bytes of a made image: the largest flash rusEFI has */
#define ECU_SIZE_DEFAULT     (250u << 10)
#define OPENBLT_SIZE_DEFAULT (24u << 10)

/* The document as libcyaml loads it; what is not given is 0 or NULL. */
struct document {
	char name[DATA_NAME];
	char title[96];
	char source[1024];
	char chip[24];
	uint32_t stack;
	char signature[FIRMWARE_TEXT];
	char size[32], openblt_size[32], openblt_backdoor[32];
	bool *paged;
	uint16_t blocking_factor;
	uint32_t settings_size, settings_version;
	bool *dfu_jump, *mass_storage, *locked;
	char openblt[FIRMWARE_TEXT];
	bool *openblt_dfu_check, *openblt_probes;
};

static const cyaml_strval_t protocols[] = {{"paged", true}, {"unpaged", false}};
/* CYAML_BOOL takes any word for true. */
static const cyaml_strval_t answers[] = {{"yes", true}, {"no", false}, {"true", true},
	{"false", false}, {"on", true}, {"off", false}};

#define OPTIONAL              CYAML_FLAG_OPTIONAL
#define TEXT(key, flag, name) CYAML_FIELD_STRING(key, flag, struct document, name, 1)
#define NUMBER(key, name)     CYAML_FIELD_UINT(key, OPTIONAL, struct document, name)
#define YES_NO(key, name)                                                                          \
	CYAML_FIELD_ENUM_PTR(key, OPTIONAL | CYAML_FLAG_STRICT, struct document, name, answers,    \
		CYAML_ARRAY_LEN(answers))

static const cyaml_schema_field_t fields[] = {
	TEXT("name", CYAML_FLAG_DEFAULT, name),
	TEXT("title", CYAML_FLAG_DEFAULT, title),
	TEXT("chip", CYAML_FLAG_DEFAULT, chip),
	NUMBER("stack", stack),
	TEXT("signature", OPTIONAL, signature),
	TEXT("size", OPTIONAL, size),
	CYAML_FIELD_ENUM_PTR("protocol", OPTIONAL | CYAML_FLAG_STRICT, struct document, paged,
		protocols, CYAML_ARRAY_LEN(protocols)),
	NUMBER("blocking-factor", blocking_factor),
	NUMBER("settings-size", settings_size),
	NUMBER("settings-version", settings_version),
	YES_NO("dfu-jump", dfu_jump),
	YES_NO("mass-storage", mass_storage),
	YES_NO("locked", locked),
	TEXT("openblt", OPTIONAL, openblt),
	TEXT("openblt-size", OPTIONAL, openblt_size),
	YES_NO("openblt-dfu-check", openblt_dfu_check),
	YES_NO("openblt-probes", openblt_probes),
	TEXT("openblt-backdoor", OPTIONAL, openblt_backdoor),
	TEXT("source", CYAML_FLAG_DEFAULT, source),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct document, fields),
};

#define YES_OR_NO "yes or no"

static const struct yaml_expected expected[] = {
	{"name", "1 to 48 lower-case letters, digits, \"-\" and \".\", as the file is called"},
	{"title", "one line of 1 to 95 characters that says what firmware it is"},
	{"chip", "the name of a chip (dfurig list chips), or of another one together with `stack`"},
	{"stack", "the initial stack pointer, such as 0x20020000"},
	{"signature", "rusEFI branch.year.month.day.target.hash"},
	{"size", "a multiple of 4 bytes from 1 KiB to 2 MiB, such as 250 KiB"},
	{"protocol", "one of paged, unpaged"},
	{"blocking-factor", "a number of bytes from 1 to 65535"},
	{"settings-size", "a number of bytes from 4 to 65536"},
	{"settings-version", "a number"},
	{"dfu-jump", YES_OR_NO},
	{"mass-storage", YES_OR_NO},
	{"locked", YES_OR_NO},
	{"openblt", "OpenBLT's version, such as \"1.2\""},
	{"openblt-size", "a multiple of 4 bytes from 1 KiB up to where the application begins"},
	{"openblt-dfu-check", YES_OR_NO},
	{"openblt-probes", YES_OR_NO},
	{"openblt-backdoor", "a time up to 60 s, such as 500 ms"},
	{"source", "1 to 1023 characters that say where this is known from"},
	{NULL, NULL},
};

/* A file that is being read. */
struct reading {
	struct yaml_file *file;
	const struct document *document;
	const struct chip *chip; /* a row, or one of which only name and flash are known */
};

static int bad_value(const struct reading *reading, const char *key, struct why *why)
{
	return yaml_file_bad_value(reading->file, why, key);
}

/* An image for a chip that is not simulated: all that is needed is where its stack and its flash lie. */
static void set_chip(struct reading *reading, struct chip *foreign)
{
	*foreign = (struct chip){
		.name = reading->document->chip,
		.flash.range = {.addr = 0x08000000, .size = IMAGE_MAX},
	};
	reading->chip = chip_find(reading->document->chip);
	if (!reading->chip)
		reading->chip = foreign;
}

static int check_names(const struct reading *reading, struct why *why)
{
	const struct document *document = reading->document;

	if (!data_is_name(document->name))
		return bad_value(reading, "name", why);
	if (strpbrk(document->title, "\n\t"))
		return bad_value(reading, "title", why);
	if (!document->stack && !chip_find(document->chip))
		return yaml_file_bad(reading->file, why, "chip",
			"no chip \"%s\" (dfurig list chips); for another one give `stack`",
			document->chip);
	if (!document->signature[0] && !document->openblt[0])
		return yaml_file_bad(reading->file, why, "",
			"there must be a `signature`, or `openblt`, or both");
	return 0;
}

/* Leaves *size alone when nothing is given. */
static bool read_size(const char *text, uint32_t max, uint32_t *size)
{
	if (!text[0])
		return true;
	return quantity_size(text, size) == 0 && *size % 4 == 0 && *size >= 1024 && *size <= max;
}

/* --- OpenBLT --- */

static int read_openblt(const struct reading *reading, struct firmware *ret, struct why *why)
{
	const struct document *document = reading->document;
	uint32_t start = reading->chip->flash.range.addr;
	struct firmware openblt = {
		.kind = FIRMWARE_OPENBLT,
		.base = start,
		.size = OPENBLT_SIZE_DEFAULT,
		.stack = document->stack,
		.app_base = firmware_defaults(reading->chip, true).base,
		.dfu_check = !document->openblt_dfu_check || *document->openblt_dfu_check,
		.probes = !document->openblt_probes || *document->openblt_probes,
	};
	uint64_t backdoor_us = 0;

	if (document->openblt_backdoor[0] &&
		(quantity_time_us(document->openblt_backdoor, &backdoor_us) < 0 ||
			backdoor_us > 60000000))
		return bad_value(reading, "openblt-backdoor", why);
	openblt.backdoor_ms = (uint16_t)(backdoor_us / 1000);
	memcpy(openblt.signature, document->openblt, sizeof(openblt.signature));
	memcpy(openblt.chip, document->chip, sizeof(openblt.chip));
	*ret = openblt;
	if (!read_size(document->openblt_size, openblt.app_base - start, &ret->size))
		return bad_value(reading, "openblt-size", why);
	return 0;
}

/* --- the ECU --- */

static void set_flag(bool *flag, const bool *given)
{
	if (given)
		*flag = *given;
}

static void set_features(const struct document *document, struct firmware *ecu)
{
	set_flag(&ecu->paged, document->paged);
	set_flag(&ecu->dfu_jump, document->dfu_jump);
	set_flag(&ecu->mass_storage, document->mass_storage);
	set_flag(&ecu->locked, document->locked);
	if (document->blocking_factor)
		ecu->blocking_factor = document->blocking_factor;
	if (document->settings_size)
		ecu->settings_size = document->settings_size;
	if (document->settings_version)
		ecu->settings_version = document->settings_version;
}

static int read_ecu(const struct reading *reading, struct firmware *ret, struct why *why)
{
	const struct document *document = reading->document;
	struct firmware ecu = firmware_defaults(reading->chip, document->openblt[0]);

	if (!firmware_parse_signature(document->signature, NULL))
		return bad_value(reading, "signature", why);
	if (document->settings_size &&
		(document->settings_size < 4 || document->settings_size > 65536))
		return bad_value(reading, "settings-size", why);
	set_features(document, &ecu);
	ecu.size = ECU_SIZE_DEFAULT;
	ecu.stack = document->stack;
	memcpy(ecu.signature, document->signature, sizeof(ecu.signature));
	memcpy(ecu.chip, document->chip, sizeof(ecu.chip));
	*ret = ecu;
	if (!read_size(document->size, IMAGE_MAX, &ret->size))
		return bad_value(reading, "size", why);
	return 0;
}

/* --- the image --- */

static int read_parts(const struct reading *reading, struct image_file *image, struct why *why)
{
	int r = 0;

	if (reading->document->openblt[0])
		r = read_openblt(reading, &image->parts[image->part_count++], why);
	if (r == 0 && reading->document->signature[0]) {
		r = read_ecu(reading, &image->ecu, why);
		image->parts[image->part_count++] = image->ecu;
	}
	return r;
}

/* Appends erased flash up to this offset. */
static int pad_to(struct buf *bytes, size_t offset, struct why *why)
{
	size_t gap = offset - bytes->size;
	uint8_t *fill;
	int r = gap ? buf_grow(bytes, gap, &fill) : 0;

	if (r < 0)
		return why_errno(why, r, "an image");
	if (gap)
		memset(fill, 0xff, gap);
	return 0;
}

/* One behind the other. */
static int make_bytes(struct image_file *image, struct why *why)
{
	int r = 0;

	image->addr = image->parts[0].base;
	buf_init(&image->bytes, 2 * (size_t)IMAGE_MAX);
	for (size_t i = 0; r == 0 && i < image->part_count; i++) {
		r = pad_to(&image->bytes, image->parts[i].base - image->addr, why);
		if (r == 0)
			r = firmware_build(&image->parts[i], &image->bytes, why);
	}
	if (r < 0)
		buf_done(&image->bytes);
	return r;
}

static int read_document(struct yaml_file *file, const struct document *document,
	struct image_file *ret, struct why *why)
{
	struct reading reading = {.file = file, .document = document};
	struct image_file image = {0};
	struct chip foreign;
	int r;

	set_chip(&reading, &foreign);
	r = check_names(&reading, why);
	if (r == 0)
		r = read_parts(&reading, &image, why);
	if (r == 0)
		r = make_bytes(&image, why);
	if (r < 0)
		return r;
	memcpy(image.name, document->name, sizeof(image.name));
	memcpy(image.title, document->title, sizeof(image.title));
	memcpy(image.source, document->source, sizeof(image.source));
	*ret = image;
	return 0;
}

int image_file_parse(
	const char *path, const uint8_t *data, size_t size, struct image_file *ret, struct why *why)
{
	struct yaml_file file = {.name = path, .schema = &schema, .expected = expected};
	void *document = NULL;
	int r;

	r = yaml_file_load(&file, data, size, &document, why);
	if (r == 0)
		r = read_document(&file, document, ret, why);
	yaml_file_free(&file, document);
	yaml_file_done(&file);
	return r;
}

int image_file_load(const char *name, struct image_file *ret, struct why *why)
{
	CLEANUP(data_file_done) struct data_file file;
	struct image_file image;
	int r = data_file_read(&data_images, name, &file, why);

	if (r == 0)
		r = image_file_parse(file.path, file.data, file.size, &image, why);
	if (r < 0)
		return r;
	r = data_check_name(name, file.path, image.name, why);
	if (r < 0)
		image_file_done(&image);
	else
		*ret = image;
	return r;
}

void image_file_done(struct image_file *image)
{
	buf_done(&image->bytes);
	*image = (struct image_file){0};
}
