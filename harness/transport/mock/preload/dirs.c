/* SPDX-License-Identifier: MIT */
/* Folders: opendir and its kin, scandir, glob. A folder of the rig's is read at once and then walked in memory. */
#include "harness/transport/mock/preload/preload.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Stands for a DIR; the program only ever holds its address. */
struct folder {
	struct folder *next; /* in `folders` */
	int fd;              /* what dirfd() gives; closed with the folder */
	size_t at, count, room;
	struct dirent64 *entries;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct folder *folders; /* open ones */

static_assert(sizeof(struct dirent) == sizeof(struct dirent64), "64-bit file offsets only");

static struct folder *find_folder(const DIR *dir)
{
	struct folder *folder;

	if (!__atomic_load_n(&folders, __ATOMIC_ACQUIRE))
		return NULL;
	pthread_mutex_lock(&lock);
	for (folder = folders; folder && (const void *)folder != (const void *)dir;)
		folder = folder->next;
	pthread_mutex_unlock(&lock);
	return folder;
}

static bool has_entry(const struct folder *folder, const char *name)
{
	for (size_t i = 0; i < folder->count; i++)
		if (strcmp(folder->entries[i].d_name, name) == 0)
			return true;
	return false;
}

static bool add_entry(struct folder *folder, const char *name, unsigned char type, uint64_t ino)
{
	struct dirent64 *entry, *grown;
	size_t length = strlen(name);

	if (length >= sizeof(entry->d_name) || has_entry(folder, name))
		return true;
	if (folder->count == folder->room) {
		folder->room = folder->room ? 2 * folder->room : 16;
		grown = realloc(folder->entries, folder->room * sizeof(*grown));
		if (!grown)
			return false;
		folder->entries = grown;
	}
	entry = &folder->entries[folder->count++];
	memset(entry, 0, sizeof(*entry));
	entry->d_ino = ino;
	entry->d_off = (off_t)folder->count;
	entry->d_reclen = sizeof(*entry);
	entry->d_type = type;
	memcpy(entry->d_name, name, length + 1);
	return true;
}

static unsigned char type_of_letter(char letter)
{
	switch (letter) {
	case 'd':
		return DT_DIR;
	case 'l':
		return DT_LNK;
	case 'c':
		return DT_CHR;
	default:
		return DT_REG;
	}
}

/* "<letter><name>\0" each. */
static bool add_found_entries(struct folder *folder, const struct found *found)
{
	const char *at = (const char *)found->data, *end = at + found->size;
	bool fine = add_entry(folder, ".", DT_DIR, found->file.ino) &&
		    add_entry(folder, "..", DT_DIR, found->file.ino);

	while (fine && at < end) {
		fine = add_entry(
			folder, at + 1, type_of_letter(at[0]), found->file.ino + folder->count);
		at += strlen(at) + 1;
	}
	return fine;
}

static bool add_real_entries(struct folder *folder, const char *path)
{
	DIR *real = REAL(opendir)(path);
	struct dirent64 *entry;
	bool fine = true;

	while (real && fine && (entry = REAL(readdir64)(real)))
		fine = mock_hides(path, entry->d_name) ||
		       add_entry(folder, entry->d_name, entry->d_type, entry->d_ino);
	if (real)
		REAL(closedir)(real);
	return fine;
}

static void folder_free(struct folder *folder)
{
	free(folder->entries);
	free(folder);
}

/* Takes fd on success. */
static DIR *folder_new(const struct found *found, int fd)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	if (!folder)
		return NULL;
	folder->fd = fd;
	if ((found->file.transparent && !add_real_entries(folder, found->path)) ||
		!add_found_entries(folder, found)) {
		folder_free(folder);
		errno = ENOMEM;
		return NULL;
	}
	pthread_mutex_lock(&lock);
	folder->next = folders;
	__atomic_store_n(&folders, folder, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&lock);
	return (DIR *)(void *)folder;
}

static DIR *open_folder(const struct found *found)
{
	DIR *dir = NULL;
	int fd;

	if (found->file.type != MOCK_FILE_DIR) {
		errno = found->file.type == MOCK_FILE_NONE ? ENOENT : ENOTDIR;
		return NULL;
	}
	fd = lookup_open_placeholder(found, false, O_CLOEXEC);
	if (fd >= 0)
		dir = folder_new(found, fd);
	if (!dir && fd >= 0)
		REAL(close)(fd);
	return dir;
}

EXPORT DIR *opendir(const char *path)
{
	struct found found;
	DIR *dir;

	if (!lookup(AT_FDCWD, path, true, &found))
		return REAL(opendir)(path);
	dir = open_folder(&found);
	found_done(&found);
	return dir;
}

EXPORT DIR *fdopendir(int fd)
{
	struct found found;
	DIR *dir;

	/* "" completes to the path of fd itself, be it one that stands for the rig's or a real folder that the rig adds to. */
	if (!lookup(fd, "", true, &found))
		return REAL(fdopendir)(fd);
	if (found.file.type != MOCK_FILE_DIR) {
		errno = ENOTDIR;
		dir = NULL;
	} else {
		dir = folder_new(&found, fd);
	}
	found_done(&found);
	return dir;
}

static struct dirent64 *next_entry(struct folder *folder)
{
	return folder->at < folder->count ? &folder->entries[folder->at++] : NULL;
}

EXPORT struct dirent64 *readdir64(DIR *dir)
{
	struct folder *folder = find_folder(dir);

	return folder ? next_entry(folder) : REAL(readdir64)(dir);
}

EXPORT struct dirent *readdir(DIR *dir)
{
	struct folder *folder = find_folder(dir);

	return folder ? (struct dirent *)next_entry(folder) : REAL(readdir)(dir);
}

/* Deprecated, and in use. */
static int copy_entry(struct dirent64 *from, struct dirent64 *entry, struct dirent64 **ret)
{
	*ret = from ? entry : NULL;
	if (from)
		memcpy(entry, from, sizeof(*entry));
	return 0;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
EXPORT int readdir_r(DIR *dir, struct dirent *entry, struct dirent **ret)
{
	struct folder *folder = find_folder(dir);

	return folder ? copy_entry(next_entry(folder), (struct dirent64 *)entry,
				(struct dirent64 **)ret)
		      : REAL(readdir_r)(dir, entry, ret);
}

EXPORT int readdir64_r(DIR *dir, struct dirent64 *entry, struct dirent64 **ret)
{
	struct folder *folder = find_folder(dir);

	return folder ? copy_entry(next_entry(folder), entry, ret)
		      : REAL(readdir64_r)(dir, entry, ret);
}
#pragma GCC diagnostic pop

EXPORT int closedir(DIR *dir)
{
	struct folder *folder = find_folder(dir), **link;
	int r;

	if (!folder)
		return REAL(closedir)(dir);
	pthread_mutex_lock(&lock);
	for (link = &folders; *link != folder;)
		link = &(*link)->next;
	__atomic_store_n(link, folder->next, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&lock);
	r = REAL(close)(folder->fd);
	folder_free(folder);
	return r;
}

EXPORT void rewinddir(DIR *dir)
{
	struct folder *folder = find_folder(dir);

	if (folder)
		folder->at = 0;
	else
		REAL(rewinddir)(dir);
}

EXPORT int dirfd(DIR *dir)
{
	struct folder *folder = find_folder(dir);

	return folder ? folder->fd : REAL(dirfd)(dir);
}

EXPORT long telldir(DIR *dir)
{
	struct folder *folder = find_folder(dir);

	return folder ? (long)folder->at : REAL(telldir)(dir);
}

EXPORT void seekdir(DIR *dir, long at)
{
	struct folder *folder = find_folder(dir);

	if (folder)
		folder->at = (size_t)at < folder->count ? (size_t)at : folder->count;
	else
		REAL(seekdir)(dir, at);
}

/* --- scandir: glibc's own does not come by opendir --- */

typedef int (*entry_filter)(const struct dirent64 *);
typedef int (*entry_compare)(const struct dirent64 **, const struct dirent64 **);

static int collect(struct folder *folder, struct dirent64 ***ret, entry_filter filter)
{
	struct dirent64 **list = calloc(folder->count + 1, sizeof(*list));
	struct dirent64 *entry;
	int count = 0;

	if (!list)
		return -1;
	while ((entry = next_entry(folder))) {
		if (filter && !filter(entry))
			continue;
		list[count] = malloc(sizeof(*entry));
		if (!list[count])
			break;
		*list[count++] = *entry;
	}
	*ret = list;
	return count;
}

/* -2: not ours. */
static int try_scandir(
	const char *path, struct dirent64 ***ret, entry_filter filter, entry_compare compare)
{
	struct found found;
	DIR *dir;
	int count;

	if (!lookup(AT_FDCWD, path, true, &found))
		return -2;
	dir = open_folder(&found);
	found_done(&found);
	if (!dir)
		return -1;
	count = collect((struct folder *)(void *)dir, ret, filter);
	closedir(dir);
	if (count > 0 && compare)
		qsort(*ret, (size_t)count, sizeof(**ret),
			(int (*)(const void *, const void *))compare);
	return count;
}

EXPORT int scandir(const char *path, struct dirent ***ret, int (*filter)(const struct dirent *),
	int (*compare)(const struct dirent **, const struct dirent **))
{
	int count = try_scandir(
		path, (struct dirent64 ***)ret, (entry_filter)filter, (entry_compare)compare);

	return count == -2 ? REAL(scandir)(path, ret, filter, compare) : count;
}

EXPORT int scandir64(const char *path, struct dirent64 ***ret,
	int (*filter)(const struct dirent64 *),
	int (*compare)(const struct dirent64 **, const struct dirent64 **))
{
	int count = try_scandir(path, ret, filter, compare);

	return count == -2 ? REAL(scandir64)(path, ret, filter, compare) : count;
}

/* --- glob: told to use our functions --- */

static void glob_closedir(void *dir)
{
	closedir(dir);
}

static struct dirent *glob_readdir(void *dir)
{
	return readdir(dir);
}

static void *glob_opendir(const char *path)
{
	return opendir(path);
}

static int glob_stat(const char *path, struct stat *st)
{
	return fstatat(AT_FDCWD, path, st, 0);
}

static int glob_lstat(const char *path, struct stat *st)
{
	return fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

static_assert(sizeof(glob_t) == sizeof(glob64_t), "64-bit file offsets only");

static int use_our_functions(int flags, glob_t *result)
{
	if (!rpc_enabled() || flags & GLOB_ALTDIRFUNC)
		return flags;
	result->gl_closedir = glob_closedir;
	result->gl_readdir = glob_readdir;
	result->gl_opendir = glob_opendir;
	result->gl_stat = glob_stat;
	result->gl_lstat = glob_lstat;
	return flags | GLOB_ALTDIRFUNC;
}

EXPORT int glob(const char *pattern, int flags, int (*failed)(const char *, int), glob_t *result)
{
	return REAL(glob)(pattern, use_our_functions(flags, result), failed, result);
}

EXPORT int glob64(
	const char *pattern, int flags, int (*failed)(const char *, int), glob64_t *result)
{
	return REAL(glob64)(pattern, use_our_functions(flags, (glob_t *)result), failed, result);
}
