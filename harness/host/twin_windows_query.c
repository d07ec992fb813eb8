/* SPDX-License-Identifier: MIT */
/*
 * What a console asks Windows about its devices: PowerShell's Get-CimInstance Win32_PnPEntity and Get-PnpDevice, and wmic.
 *
 * Win32_PnPEntity has the devices that are plugged in, with ConfigManagerErrorCode as Device Manager's code [learn.microsoft.com,
 * Win32_PnPEntity]. The shapes of the tables are those of logs in public issues; blank lines and widths are guessed, and no
 * tool looks at them.
 */
#include "harness/host/twin_windows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COLUMN_MAX 8
#define WORD_SIZE  64

/* ---- properties ---- */

static const char *status(const struct pnp_device *device)
{
	if (!device->present)
		return "Unknown";
	return device->problem == PNP_OK ? "OK" : "Error";
}

/* Property of Win32_PnPEntity as text. False: it has none of that name, or this twin does not know it. */
static bool property(const struct pnp_device *device, const char *name, char ret[PNP_TEXT])
{
	const struct {
		const char *name, *text;
	} texts[] = {
		{"Caption", device->caption},
		{"Name", device->caption},
		{"Description", device->caption},
		{"DeviceID", device->instance},
		{"PNPDeviceID", device->instance},
		{"PNPClass", device->class_name},
		{"Manufacturer", device->manufacturer},
		{"Service", device->service},
		{"Status", status(device)},
	};

	if (strcasecmp(name, "ConfigManagerErrorCode") == 0) {
		snprintf(ret, PNP_TEXT, "%u", device->problem);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (strcasecmp(name, texts[i].name) == 0) {
			snprintf(ret, PNP_TEXT, "%s", texts[i].text);
			return true;
		}
	return false;
}

/* ---- WQL ---- */

/* A word of letters, digits and "_" at *at, which moves behind it and what separates it from the next. */
static bool take_word(const char **at, char ret[WORD_SIZE])
{
	size_t size =
		strspn(*at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	if (!size || size >= WORD_SIZE)
		return false;
	memcpy(ret, *at, size);
	ret[size] = '\0';
	*at += size;
	*at += strspn(*at, " ,");
	return true;
}

/* "'%text%'" at *at: any of that text in value; "'text'": that and nothing else. LIKE does not look at the case. */
static int fits_pattern(const char **at, const char *value, bool *ret)
{
	const char *begin = *at + 1, *end = **at == '\'' ? strchr(begin, '\'') : NULL;

	if (!end)
		return -EINVAL;
	*at = end + 1;
	*at += strspn(*at, " ");
	if (end - begin >= 2 && *begin == '%' && end[-1] == '%')
		*ret = windows_contains(value, begin + 1, (size_t)(end - begin) - 2);
	else
		*ret = strlen(value) == (size_t)(end - begin) &&
		       strncasecmp(value, begin, (size_t)(end - begin)) == 0;
	return 0;
}

/* "<property> like '%text%'" or "<property> = '...'". */
static int fits_condition(const char **at, const struct pnp_device *device, bool *ret)
{
	char name[WORD_SIZE], like[WORD_SIZE], value[PNP_TEXT];

	if (!take_word(at, name) || !property(device, name, value))
		return -EINVAL;
	if (**at == '=') {
		*at += 1 + strspn(*at + 1, " ");
		return fits_pattern(at, value, ret);
	}
	if (!take_word(at, like) || strcasecmp(like, "like") != 0)
		return -EINVAL;
	return fits_pattern(at, value, ret);
}

/* Conditions with "and" between them; end is where they end. -EINVAL: not what this twin can read. */
static int fits_filter(
	const struct pnp_device *device, const char *filter, const char *end, bool *ret)
{
	char word[WORD_SIZE];

	*ret = true;
	filter += strspn(filter, " ");
	for (;;) {
		bool fits;
		int r = fits_condition(&filter, device, &fits);

		if (r < 0)
			return r;
		*ret &= fits;
		if (filter >= end)
			return 0;
		if (!take_word(&filter, word) || strcasecmp(word, "and") != 0)
			return -EINVAL;
	}
}

/* ---- a query ---- */

struct query {
	const char *filter, *filter_end; /* NULL: all */
	char columns[COLUMN_MAX][WORD_SIZE];
	size_t column_count;
	void (*print)(struct buf *out, const struct query *query, const struct pnp_device *device);
};

/* Names with commas between them. */
static int take_columns(struct query *query, const char *names)
{
	names += strspn(names, " ");
	while (query->column_count < COLUMN_MAX &&
		take_word(&names, query->columns[query->column_count]))
		query->column_count++;
	return query->column_count ? 0 : -EINVAL;
}

/* Prints the devices that are plugged in and fit. Returns their number, or negative errno. */
static int run_query(struct host_os *os, const struct query *query, struct buf *out)
{
	CLEANUP(windows_devices_done) struct windows_devices devices;
	int found = 0;
	int r = windows_devices_read(os, &devices);

	for (size_t i = 0; r == 0 && i < devices.count; i++) {
		const struct pnp_device *device = &devices.at[i];
		bool fits = true;

		if (device->present && query->filter)
			r = fits_filter(device, query->filter, query->filter_end, &fits);
		if (r < 0 || !device->present || !fits)
			continue;
		query->print(out, query, device);
		found++;
	}
	return r < 0 ? r : found;
}

/* ---- PowerShell ---- */

/* Format-List: names padded to the longest, " : " between. */
static void print_list(struct buf *out, const struct query *query, const struct pnp_device *device)
{
	char value[PNP_TEXT];
	size_t width = 0;

	for (size_t i = 0; i < query->column_count; i++)
		if (strlen(query->columns[i]) > width)
			width = strlen(query->columns[i]);
	SAY(out, "\r\n");
	for (size_t i = 0; i < query->column_count; i++)
		SAY(out, "%-*s : %s\r\n", (int)width, query->columns[i],
			property(device, query->columns[i], value) ? value : "");
	SAY(out, "\r\n");
}

static int cim_query(struct host_os *os, const char *command, struct buf *out)
{
	const char *filter = strstr(command, "-Filter \""),
		   *select = strstr(command, "Select-Object ");
	struct query query = {.print = print_list};

	if (filter) {
		query.filter = filter + strlen("-Filter \"");
		query.filter_end = strchr(query.filter, '"');
	}
	if (!select || !strstr(select, "Format-List") || (filter && !query.filter_end) ||
		take_columns(&query, select + strlen("Select-Object")) < 0)
		return -EINVAL;
	return run_query(os, &query, out);
}

/* Get-PnpDevice without a format: a table of these four columns, a blank at the end. */
static void print_row(
	struct buf *out, const struct query *query UNUSED, const struct pnp_device *device)
{
	SAY(out, "%-10s %-15s %-80s %s \r\n", status(device), device->class_name, device->caption,
		device->instance);
}

static int pnp_device_query(struct host_os *os, struct buf *out)
{
	const struct query query = {.print = print_row};

	SAY(out, "\r\n%-10s %-15s %-80s %s \r\n%-10s %-15s %-80s %s \r\n", "Status", "Class",
		"FriendlyName", "InstanceId", "------", "-----", "------------", "----------");
	return run_query(os, &query, out);
}

static int powershell_main(const struct host_program *program UNUSED, struct host_os *os,
	char *const argv[], struct buf *out)
{
	const char *command = windows_word_with(argv, "Get-");
	int r = -EINVAL;

	if (command && strncmp(command, "Get-CimInstance Win32_PnPEntity", 31) == 0)
		r = cim_query(os, command, out);
	else if (command && strcmp(command, "Get-PnpDevice -PresentOnly") == 0)
		r = pnp_device_query(os, out);
	if (r == -EINVAL)
		SAY(out,
			"powershell: this twin knows Get-CimInstance Win32_PnPEntity -Filter \"... "
			"like ...\" | Select-Object ... | Format-List and Get-PnpDevice "
			"-PresentOnly "
			"only\r\n");
	return r < 0;
}

/* ---- wmic ---- */

/* /format:list */
static void print_pairs(struct buf *out, const struct query *query, const struct pnp_device *device)
{
	char value[PNP_TEXT];

	SAY(out, "\r\n\r\n");
	for (size_t i = 0; i < query->column_count; i++)
		SAY(out, "%s=%s\r\n", query->columns[i],
			property(device, query->columns[i], value) ? value : "");
	SAY(out, "\r\n\r\n");
}

static int wmic_query(struct host_os *os, char *const argv[], struct buf *out)
{
	const char *where = windows_value_of(argv, "where"), *get = windows_value_of(argv, "get");
	struct query query = {.print = print_pairs, .filter = where};

	if (!windows_has_word(argv, "win32_pnpentity") || !where || !get ||
		!windows_has_word(argv, "/format:list") || take_columns(&query, get) < 0)
		return -EINVAL;
	query.filter_end = where + strlen(where);
	return run_query(os, &query, out);
}

static int wmic_main(const struct host_program *program UNUSED, struct host_os *os,
	char *const argv[], struct buf *out)
{
	int found = wmic_query(os, argv, out);

	if (found == 0)
		SAY(out, "No Instance(s) Available.\r\n");
	if (found == -EINVAL)
		SAY(out,
			"wmic: this twin knows path win32_pnpentity where \"... like ...\" get ... "
			"/format:list only\r\n");
	return found < 0;
}

const struct host_program twin_powershell = {
	.name = "powershell",
	.main = powershell_main,
	.source = "rusEFI's DfuFlasher (2026): both commands and what is looked for in their "
		  "answers; "
		  "systeminformation issue 860 for Format-List",
	.on = HOST_ON_WINDOWS,
};

const struct host_program twin_wmic = {
	.name = "wmic",
	.main = wmic_main,
	.source = "rusEFI issues 4626 and 6774: the query and its answers",
	.on = HOST_ON_WINDOWS,
};
