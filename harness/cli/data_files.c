/* SPDX-License-Identifier: MIT */
#include "harness/cli/data_files.h"

#include "harness/base/buf.h"
#include "harness/base/file.h"
#include "harness/cli/installed.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define YAML        ".yaml"
#define FOLDER_MAX  3
#define NAMES_MAX   1000
#define LOWER_ALNUM "abcdefghijklmnopqrstuvwxyz0123456789"

const struct data_kind data_boards = {"boards", "board", 64u << 10, YAML};
const struct data_kind data_images = {"images", "image", 64u << 10, YAML};
const struct data_kind data_flashers = {"flashers", "flasher", 64u << 10, YAML};
const struct data_kind data_scenarios = {"scenarios", "scenario", 256u << 10, YAML};
const struct data_kind data_drivers = {"drivers", "driver package", 64u << 10, ".inf"};

bool data_is_path(const char *name)
{
	size_t length = strlen(name);

	return strchr(name, '/') ||
	       (length > strlen(YAML) && strcmp(name + length - strlen(YAML), YAML) == 0);
}

bool data_is_name(const char *name)
{
	size_t length = strspn(name, LOWER_ALNUM "-.");

	return length > 0 && length < DATA_NAME && name[length] == '\0' && name[0] != '-' &&
	       name[0] != '.';
}

/* The folders to look in, in order. Returns their number. */
static size_t folders(const struct data_kind *kind, char ret[static FOLDER_MAX][PATH_MAX])
{
	const char *data = getenv("DFURIG_DATA");
	char below[64];
	size_t count = 0;

	if (data && data[0])
		snprintf(ret[count++], PATH_MAX, "%s/%s", data, kind->folder);
	snprintf(below, sizeof(below), "%s/%s", DFURIG_DATA_INSTALLED, kind->folder);
	installed_path(ret[count++], below);
	snprintf(ret[count++], PATH_MAX, "%s/%s", DFURIG_SOURCE_DIR "/fixtures", kind->folder);
	return count;
}

static int read_path(const struct data_kind *kind, struct data_file *file, struct why *why)
{
	CLEANUP(buf_done) struct buf buf;
	int r;

	buf_init(&buf, kind->size_max);
	r = file_read(file->path, &buf, why);
	if (r < 0)
		return r;
	file->data = buf.data;
	file->size = buf.size;
	buf.data = NULL; /* the file's now */
	return 0;
}

static int unknown(const struct data_kind *kind, const char *name, struct why *why)
{
	struct data_names names;
	char known[512] = ""; /* beyond a reason's room, which then ends in "..." */
	size_t used = 0;
	int r = data_names_read(kind, &names, why);

	if (r < 0)
		return r;
	for (size_t i = 0; i < names.count && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
			used ? ", " : "", names.names[i]);
	data_names_done(&names);
	return why_set(why, -ENOENT, "no %s \"%.60s\"; there are: %s", kind->what, name, known);
}

int data_file_read(
	const struct data_kind *kind, const char *name, struct data_file *ret, struct why *why)
{
	char where[FOLDER_MAX][PATH_MAX];
	size_t count;
	int r;

	*ret = (struct data_file){.data = NULL};
	if (data_is_path(name)) {
		snprintf(ret->path, sizeof(ret->path), "%s", name);
		return read_path(kind, ret, why);
	}
	if (!data_is_name(name))
		return unknown(kind, name, why);
	count = folders(kind, where);
	for (size_t i = 0; i < count; i++) {
		if (snprintf(ret->path, sizeof(ret->path), "%.4000s/%s%s", where[i], name,
			    kind->extension) >= (int)sizeof(ret->path))
			continue;
		r = read_path(kind, ret, why);
		if (r != -ENOENT && r != -ENOTDIR)
			return r;
	}
	return unknown(kind, name, why);
}

void data_file_done(struct data_file *file)
{
	free(file->data);
	file->data = NULL;
}

int data_check_name(const char *asked, const char *path, const char *name, struct why *why)
{
	if (data_is_path(asked) || strcmp(asked, name) == 0)
		return 0;
	return why_set(
		why, -EBADMSG, "%s: name: \"%s\" is not what the file is called", path, name);
}

/* --- the names that there are --- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int add_name(struct data_names *names, const char *name)
{
	char(*more)[DATA_NAME];

	if (names->count >= NAMES_MAX)
		return 0;
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->names[i], name) == 0)
			return 0;
	more = realloc(names->names, (names->count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	names->names = more;
	snprintf(more[names->count++], sizeof(*more), "%s", name);
	return 0;
}

/* The name of the thing in a file of this name; false when there is none. */
static bool name_of_file(const char *file, const char *extension, char ret[static DATA_NAME])
{
	size_t length = strlen(file);
	size_t stem = length > strlen(extension) ? length - strlen(extension) : 0;

	if (!stem || stem >= DATA_NAME || strcmp(file + stem, extension) != 0)
		return false;
	memcpy(ret, file, stem);
	ret[stem] = '\0';
	return data_is_name(ret);
}

/* A pipe of such a name would be waited for. */
static bool may_be_file(const struct dirent *entry)
{
	return entry->d_type == DT_REG || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;
}

static int add_folder(struct data_names *names, const char *path, const char *extension)
{
	DIR *dir = opendir(path);
	char name[DATA_NAME];
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return 0; /* not built here, or not installed */
	while (r == 0 && (entry = readdir(dir)))
		if (may_be_file(entry) && name_of_file(entry->d_name, extension, name))
			r = add_name(names, name);
	closedir(dir);
	return r;
}

int data_names_read(const struct data_kind *kind, struct data_names *ret, struct why *why)
{
	char where[FOLDER_MAX][PATH_MAX];
	struct data_names names = {0};
	size_t count = folders(kind, where);

	for (size_t i = 0; i < count; i++) {
		if (add_folder(&names, where[i], kind->extension) == 0)
			continue;
		data_names_done(&names);
		return why_errno(why, -ENOMEM, "%s", where[i]);
	}
	if (names.count)
		qsort(names.names, names.count, sizeof(names.names[0]), compare_names);
	*ret = names;
	return 0;
}

void data_names_done(struct data_names *names)
{
	free(names->names);
	*names = (struct data_names){0};
}
