/* SPDX-License-Identifier: MIT */
#include "simulators/windows/inf.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define OS_VERSION        0x000a0000u /* 10.0 */
#define ASSOCIATED        0x2         /* AddService's SPSVCINST_ASSOCSERVICE */
#define DATE_YEAR_MIN     1980
#define DATE_YEAR_MAX     2099
#define UNDECORATED_SCORE 1

struct read {
	struct inf_text text;
	struct inf *inf;
	struct why *why;
	bool decorated_for_others; /* there were models, none for this Windows */
};

static int bad(const struct read *read, const struct inf_entry *entry, const char *what)
{
	return why_set(read->why, -EBADMSG, "%s:%u: %s", read->text.name, entry->line, what);
}

static int missing(const struct read *read, const char *what)
{
	return why_set(read->why, -EBADMSG, "%s: %s", read->text.name, what);
}

static int expand(const struct read *read, const struct inf_entry *entry, const char *source,
	char ret[static INF_TEXT])
{
	return inf_text_expand(&read->text, entry, source, ret, read->why);
}

static const struct inf_entry *find(const struct read *read, const char *section, const char *key)
{
	return inf_text_next(&read->text, NULL, section, key);
}

static const char *field(const struct inf_entry *entry, size_t index)
{
	return index < entry->field_count ? entry->field[index] : "";
}

/* ---- [Version] ---- */

/* Digits up to a delimiter or the end. Moves *at behind the delimiter. */
static bool number(const char **at, const char *delimiters, uint32_t max, uint32_t *ret)
{
	uint32_t value = 0;
	const char *start = *at;

	for (; isdigit((unsigned char)**at); (*at)++) {
		value = value * 10 + (uint32_t)(**at - '0');
		if (value > max)
			return false;
	}
	if (*at == start || (**at && !strchr(delimiters, **at)))
		return false;
	*ret = value;
	if (**at)
		(*at)++;
	return true;
}

static bool read_date(const char *text, uint32_t *ret)
{
	uint32_t month, day, year;

	if (!number(&text, "/-", 12, &month) || !number(&text, "/-", 31, &day) ||
		!number(&text, "", DATE_YEAR_MAX, &year))
		return false;
	if (!month || !day || year < DATE_YEAR_MIN)
		return false;
	*ret = year * 10000 + month * 100 + day;
	return true;
}

/* "w.x.y.z", the last ones may be missing. */
static bool read_version(const char *text, uint64_t *ret)
{
	uint64_t version = 0;

	for (int i = 0; i < 4; i++) {
		uint32_t part = 0;

		if (*text && !number(&text, i < 3 ? "." : "", UINT16_MAX, &part))
			return false;
		version = version << 16 | part;
	}
	*ret = version;
	return true;
}

static int driver_version(struct read *read)
{
	const struct inf_entry *entry = find(read, "Version", "DriverVer");
	char text[INF_TEXT];
	int r;

	if (!entry)
		return missing(read, "no DriverVer in [Version]; add DriverVer=mm/dd/yyyy,w.x.y.z");
	r = expand(read, entry, field(entry, 0), text);
	if (r < 0)
		return r;
	if (!read_date(text, &read->inf->date))
		return bad(read, entry, "DriverVer's date is none; write mm/dd/yyyy");
	r = expand(read, entry, field(entry, 1), text);
	if (r < 0)
		return r;
	if (!read_version(text, &read->inf->version))
		return bad(read, entry,
			"DriverVer's version is none; write w.x.y.z, each up to 65535");
	return 0;
}

/* One text of a section; 0 and "" when it is not there. */
static int text_of(
	const struct read *read, const char *section, const char *key, char ret[static INF_TEXT])
{
	const struct inf_entry *entry = find(read, section, key);

	ret[0] = '\0';
	return entry ? expand(read, entry, field(entry, 0), ret) : 0;
}

static int signature(const struct read *read)
{
	char text[INF_TEXT];
	int r = text_of(read, "Version", "Signature", text);

	if (r < 0)
		return r;
	if (strcasecmp(text, "$Windows NT$") != 0 && strcasecmp(text, "$Chicago$") != 0)
		return missing(
			read, "no driver's INF: [Version] has no Signature=\"$Windows NT$\"");
	return 0;
}

/* The most special CatalogFile goes. */
static int catalog(const struct read *read)
{
	static const char *const keys[] = {"CatalogFile.NTamd64", "CatalogFile.NT", "CatalogFile"};
	struct inf *inf = read->inf;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(keys) && !inf->catalog[0]; i++)
		r = text_of(read, "Version", keys[i], inf->catalog);
	if (r == 0 && inf->catalog[0])
		r = text_of(read, "dfurig", "Signer", inf->signer);
	return r;
}

static int version_section(struct read *read)
{
	struct inf *inf = read->inf;
	int r = signature(read);

	if (r == 0)
		r = text_of(read, "Version", "Class", inf->class_name);
	if (r == 0)
		r = text_of(read, "Version", "ClassGuid", inf->class_guid);
	if (r == 0)
		r = text_of(read, "Version", "Provider", inf->provider);
	if (r < 0)
		return r;
	if (!inf->class_name[0] || !inf->class_guid[0])
		return missing(read, "no Class or no ClassGuid in [Version]; add both");
	if (!inf->provider[0])
		return missing(read, "no Provider in [Version]; add one");
	r = driver_version(read);
	return r < 0 ? r : catalog(read);
}

/* ---- decorations ---- */

/* How well "NTamd64.10.0" suits a 64-bit Windows 10: the newer and the more special, the more. 0: not at all. */
static uint32_t decoration_score(const char *decoration)
{
	uint32_t major = 0, minor = 0, amd64 = 0;
	const char *at = decoration + 2;

	if (strncasecmp(decoration, "NT", 2) != 0)
		return 0;
	if (strncasecmp(at, "amd64", 5) == 0) {
		amd64 = 1;
		at += 5;
	}
	if (*at && *at++ != '.')
		return 0;
	if (*at && *at != '.' && !number(&at, ".", UINT16_MAX, &major))
		return 0;
	if (*at && *at != '.' && !number(&at, ".", UINT8_MAX, &minor))
		return 0;
	if ((major << 16 | minor) > OS_VERSION)
		return 0;
	return (major << 8 | minor) * 2 + amd64 + UNDECORATED_SCORE + 1;
}

/* The models section that a [Manufacturer] entry means for this Windows. False: none. */
static bool models_section(const struct inf_entry *entry, const char *base, char *ret, size_t room)
{
	const char *best = NULL;
	uint32_t best_score = 0;

	for (size_t i = 1; i < entry->field_count; i++) {
		uint32_t score = decoration_score(entry->field[i]);

		if (score > best_score) {
			best = entry->field[i];
			best_score = score;
		}
	}
	if (entry->field_count > 1 && !best)
		return false;
	snprintf(ret, room, "%s%s%s", base, best ? "." : "", best ? best : "");
	return true;
}

/* The DDInstall section that Windows takes: with its platform, with any, without. */
static bool install_section(const struct read *read, const char *base, char *ret, size_t room)
{
	static const char *const extensions[] = {".NTamd64", ".NT", ""};

	for (size_t i = 0; i < ARRAY_SIZE(extensions); i++) {
		snprintf(ret, room, "%s%s", base, extensions[i]);
		if (inf_text_has_section(&read->text, ret))
			return true;
	}
	return false;
}

/* ---- the service ---- */

/* What Needs= brings in from INF files of Windows. [WinUSB (Winusb.sys) Installation] */
static const struct included {
	const char *needs, *service, *binary;
} included[] = {
	{"WINUSB.NT.Services", "WinUSB", "winusb.sys"},
	{"WINUSB.NT", "WinUSB", "winusb.sys"},
};

static void take_included(const struct read *read, const char *section, struct inf_model *model)
{
	const struct inf_entry *needs = find(read, section, "Needs");

	for (size_t i = 0; needs && i < needs->field_count; i++)
		for (size_t k = 0; k < ARRAY_SIZE(included); k++)
			if (strcasecmp(needs->field[i], included[k].needs) == 0) {
				snprintf(model->service, INF_TEXT, "%s", included[k].service);
				snprintf(model->binary, INF_TEXT, "%s", included[k].binary);
			}
}

/* "%12%\STTub30.sys" -> "STTub30.sys"; the folder's number is no string. */
static int service_binary(const struct read *read, const char *section, char ret[static INF_TEXT])
{
	const struct inf_entry *entry = find(read, section, "ServiceBinary");
	const char *name;

	if (!entry)
		return why_set(read->why, -EBADMSG,
			"%s: no ServiceBinary in [%.60s]; add ServiceBinary=%%12%%\\driver.sys",
			read->text.name, section);
	name = strrchr(field(entry, 0), '\\');
	return expand(read, entry, name ? name + 1 : field(entry, 0), ret);
}

static int service_of(const struct read *read, const char *install, struct inf_model *model)
{
	char section[INF_TEXT + 16], service_section[INF_TEXT];
	const struct inf_entry *add = NULL;
	int r;

	snprintf(section, sizeof(section), "%.*s.Services", INF_TEXT - 1, install);
	take_included(read, section, model);
	while ((add = inf_text_next(&read->text, add, section, "AddService"))) {
		if (!(strtoul(field(add, 1), NULL, 0) & ASSOCIATED))
			continue;
		r = expand(read, add, field(add, 0), model->service);
		if (r == 0)
			r = expand(read, add, field(add, 2), service_section);
		return r < 0 ? r : service_binary(read, service_section, model->binary);
	}
	return 0;
}

/* ---- AddReg ---- */

static int interface_guid(const struct read *read, const char *section, char ret[static INF_TEXT])
{
	const struct inf_entry *entry = NULL;

	while ((entry = inf_text_next(&read->text, entry, section, NULL))) {
		const char *name = field(entry, 2);

		if (strcasecmp(name, "DeviceInterfaceGUIDs") == 0 ||
			strcasecmp(name, "DeviceInterfaceGUID") == 0)
			return expand(read, entry, field(entry, 4), ret);
	}
	return 0;
}

static int registry_of(const struct read *read, const char *install, const char *extension,
	struct inf_model *model)
{
	char section[INF_TEXT + 16];
	const struct inf_entry *add = NULL;
	int r = 0;

	snprintf(section, sizeof(section), "%s%s", install, extension);
	while (r == 0 && (add = inf_text_next(&read->text, add, section, "AddReg")))
		for (size_t i = 0; r == 0 && i < add->field_count; i++)
			r = interface_guid(read, add->field[i], model->interface_guid);
	return r;
}

static int feature_score(const struct read *read, const char *install, struct inf_model *model)
{
	const struct inf_entry *entry = find(read, install, "FeatureScore");
	char *end;
	unsigned long score;

	model->feature_score = 0xff;
	if (!entry)
		return 0;
	score = strtoul(field(entry, 0), &end, 16);
	if (!field(entry, 0)[0] || *end || score > 0xff)
		return bad(read, entry, "FeatureScore is no byte; write 00 to FF");
	model->feature_score = (uint8_t)score;
	return 0;
}

/* ---- models ---- */

static int install_of(
	const struct read *read, const struct inf_entry *entry, struct inf_model *model)
{
	char base[INF_TEXT], install[INF_TEXT + 8];
	int r = expand(read, entry, field(entry, 0), base);

	if (r < 0)
		return r;
	if (!install_section(read, base, install, sizeof(install)))
		return why_set(read->why, -EBADMSG,
			"%s:%u: there is no section [%.60s] nor [%.60s.NT]; add it",
			read->text.name, entry->line, base, base);
	r = feature_score(read, install, model);
	if (r == 0)
		r = service_of(read, install, model);
	if (r == 0)
		r = registry_of(read, install, "", model);
	return r < 0 ? r : registry_of(read, install, ".HW", model);
}

static int ids_of(const struct read *read, const struct inf_entry *entry, struct inf_model *model)
{
	for (size_t i = 1; i < entry->field_count; i++) {
		int r;

		if (model->id_count == INF_ID_MAX)
			return bad(read, entry, "more than 8 IDs of one model");
		r = expand(read, entry, entry->field[i], model->id[model->id_count]);
		if (r < 0)
			return r;
		model->id_count++;
	}
	return 0;
}

static int add_model(struct read *read, const struct inf_entry *entry, const char *manufacturer)
{
	struct inf *inf = read->inf;
	struct inf_model *models;
	struct inf_model *model;
	int r;

	if (!entry->key)
		return bad(
			read, entry, "a model is \"description = install section, hardware ID\"");
	if (inf->model_count == INF_MODEL_MAX)
		return bad(read, entry, "more than 64 models");
	models = realloc(inf->models, (inf->model_count + 1) * sizeof(*models));
	if (!models)
		return why_errno(read->why, -ENOMEM, "%s", read->text.name);
	inf->models = models;
	model = &models[inf->model_count++];
	*model = (struct inf_model){0};
	snprintf(model->manufacturer, sizeof(model->manufacturer), "%s", manufacturer);
	r = expand(read, entry, entry->key, model->description);
	if (r == 0)
		r = ids_of(read, entry, model);
	return r < 0 ? r : install_of(read, entry, model);
}

static int manufacturer(struct read *read, const struct inf_entry *entry)
{
	char name[INF_TEXT], base[INF_TEXT], section[INF_TEXT + 32];
	const struct inf_entry *model = NULL;
	int r = expand(read, entry, entry->key ? entry->key : field(entry, 0), name);

	if (r == 0)
		r = expand(read, entry, field(entry, 0), base);
	if (r < 0)
		return r;
	if (!models_section(entry, base, section, sizeof(section))) {
		read->decorated_for_others = true;
		return 0;
	}
	while (r == 0 && (model = inf_text_next(&read->text, model, section, NULL)))
		r = add_model(read, model, name);
	return r;
}

static int manufacturers(struct read *read)
{
	const struct inf_entry *entry = NULL;
	int r = 0;

	if (!find(read, "Manufacturer", NULL))
		return missing(
			read, "no [Manufacturer] section; add \"%Mfg% = Models,NTamd64\" in one");
	while (r == 0 && (entry = inf_text_next(&read->text, entry, "Manufacturer", NULL)))
		r = manufacturer(read, entry);
	if (r < 0 || read->inf->model_count > 0)
		return r;
	if (read->decorated_for_others)
		return why_set(read->why, -ENOTSUP,
			"%s: no models for 64-bit Windows 10; add \"NTamd64\" in [Manufacturer]",
			read->text.name);
	return missing(read, "no models; each is \"description = install section, hardware ID\"");
}

int inf_read(const char *name, const char *text, size_t size, struct inf *ret, struct why *why)
{
	struct read read = {.inf = ret, .why = why};
	int r = inf_text_read(name, text, size, &read.text, why);

	if (r == 0)
		r = version_section(&read);
	if (r == 0)
		r = manufacturers(&read);
	inf_text_done(&read.text);
	return r;
}

void inf_done(struct inf *inf)
{
	free(inf->models);
	*inf = (struct inf){0};
}

void inf_date_text(uint32_t date, char *ret, size_t room)
{
	snprintf(ret, room, "%02u/%02u/%04u", date / 100 % 100, date % 100, date / 10000);
}

void inf_version_text(uint64_t version, char *ret, size_t room)
{
	snprintf(ret, room, "%" PRIu64 ".%" PRIu64 ".%" PRIu64 ".%" PRIu64, version >> 48,
		version >> 32 & 0xffff, version >> 16 & 0xffff, version & 0xffff);
}
