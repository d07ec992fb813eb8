/* SPDX-License-Identifier: MIT */
/* open, stat, readlink and their kin. */
#include "harness/transport/mock/preload/preload.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

/* One layout for both families is what lets the ...64 functions share these bodies. */
static_assert(sizeof(struct stat) == sizeof(struct stat64), "64-bit file offsets only");
static_assert(sizeof(struct statfs) == sizeof(struct statfs64), "64-bit file offsets only");
static_assert(sizeof(struct statvfs) == sizeof(struct statvfs64), "64-bit file offsets only");

/* --- open --- */

static bool is_write(int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY;
}

static int open_device(const struct found *found, int flags)
{
	if (flags & O_DIRECTORY)
		return preload_fail(ENOTDIR);
	if (flags & O_PATH)
		return lookup_open_placeholder(found, false, flags);
	return found->file.major == MOCK_TTY_MAJOR ? tty_open(found, flags)
						   : usbfs_open(found, flags);
}

static int open_found(const struct found *found, int flags)
{
	switch ((enum mock_file_type)found->file.type) {
	case MOCK_FILE_DIR:
		return is_write(flags) ? preload_fail(EISDIR)
				       : lookup_open_placeholder(found, false, flags);
	case MOCK_FILE_REGULAR:
		if (flags & O_DIRECTORY)
			return preload_fail(ENOTDIR);
		if (is_write(flags) && !(flags & O_PATH))
			return preload_fail(EACCES);
		return lookup_open_placeholder(found, true, flags);
	case MOCK_FILE_LINK: /* only when it was not to be followed */
		return flags & O_PATH ? lookup_open_placeholder(found, false, flags)
				      : preload_fail(ELOOP);
	case MOCK_FILE_DEVICE:
		return open_device(found, flags);
	case MOCK_FILE_NONE:
	case MOCK_FILE_NOT_OURS:
		break;
	}
	return preload_fail(flags & O_CREAT ? EACCES : ENOENT);
}

/* *ret is the result; false: the real open has to do it. A folder that only adds to a real one is opened as the real
 * one where there is one. */
static bool try_open(int dirfd, const char *path, int flags, int *ret)
{
	struct found found;

	if (!lookup(dirfd, path, !(flags & O_NOFOLLOW), &found))
		return false;
	if (found.file.type == MOCK_FILE_DIR && found.file.transparent) {
		*ret = REAL(open)(found.path, flags, 0);
		if (*ret < 0 && errno == ENOENT)
			*ret = open_found(&found, flags);
	} else {
		*ret = open_found(&found, flags);
	}
	found_done(&found);
	return true;
}

static mode_t mode_argument(int flags, va_list args)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

#define DEFINE_OPEN(name)                                                                          \
	EXPORT int name(const char *path, int flags, ...)                                          \
	{                                                                                          \
		va_list args;                                                                      \
		mode_t mode;                                                                       \
		int fd;                                                                            \
                                                                                                   \
		va_start(args, flags);                                                             \
		mode = mode_argument(flags, args);                                                 \
		va_end(args);                                                                      \
		return try_open(AT_FDCWD, path, flags, &fd) ? fd : REAL(name)(path, flags, mode);  \
	}

#define DEFINE_OPENAT(name)                                                                        \
	EXPORT int name(int dirfd, const char *path, int flags, ...)                               \
	{                                                                                          \
		va_list args;                                                                      \
		mode_t mode;                                                                       \
		int fd;                                                                            \
                                                                                                   \
		va_start(args, flags);                                                             \
		mode = mode_argument(flags, args);                                                 \
		va_end(args);                                                                      \
		return try_open(dirfd, path, flags, &fd) ? fd                                      \
							 : REAL(name)(dirfd, path, flags, mode);   \
	}

DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

/* What fortified programs call. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags);
int __openat64_2(int dirfd, const char *path, int flags);

EXPORT int __open_2(const char *path, int flags)
{
	int fd;

	return try_open(AT_FDCWD, path, flags, &fd) ? fd : REAL(__open_2)(path, flags);
}

EXPORT int __open64_2(const char *path, int flags)
{
	int fd;

	return try_open(AT_FDCWD, path, flags, &fd) ? fd : REAL(__open64_2)(path, flags);
}

EXPORT int __openat_2(int dirfd, const char *path, int flags)
{
	int fd;

	return try_open(dirfd, path, flags, &fd) ? fd : REAL(__openat_2)(dirfd, path, flags);
}

EXPORT int __openat64_2(int dirfd, const char *path, int flags)
{
	int fd;

	return try_open(dirfd, path, flags, &fd) ? fd : REAL(__openat64_2)(dirfd, path, flags);
}

/* A stream cannot read from a USB node (its reads do not come by here): it gets a copy of what is to be read. */
static int open_for_stream(const struct found *found, int flags)
{
	if (found->file.type == MOCK_FILE_DEVICE && found->file.major != MOCK_TTY_MAJOR &&
		!is_write(flags))
		return usbfs_open_content(found, flags);
	return open_found(found, flags);
}

/* False: not ours. *ret_fd = -1 and errno: it cannot be opened. */
static bool try_stream(const char *path, const char *mode, int *ret_fd)
{
	int flags = O_CLOEXEC | (mode[0] == 'r' && !strchr(mode, '+') ? O_RDONLY : O_RDWR);
	struct found found;

	if (!path || !lookup(AT_FDCWD, path, true, &found))
		return false;
	if (found.file.type == MOCK_FILE_DIR && found.file.transparent) {
		found_done(&found);
		return false;
	}
	*ret_fd = open_for_stream(&found, flags);
	found_done(&found);
	return true;
}

static FILE *stream_of(int fd, const char *mode)
{
	FILE *file = fd < 0 ? NULL : fdopen(fd, mode);

	if (fd >= 0 && !strchr(mode, 'e'))
		REAL(fcntl)(fd, F_SETFD, 0);
	return file;
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
	int fd;

	return try_stream(path, mode, &fd) ? stream_of(fd, mode) : REAL(fopen)(path, mode);
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
	int fd;

	return try_stream(path, mode, &fd) ? stream_of(fd, mode) : REAL(fopen64)(path, mode);
}

/* What was opened is opened once more under the stream, by its name in /proc. */
static FILE *stream_again(int fd, const char *mode, FILE *stream)
{
	char name[64];

	if (fd < 0) {
		fclose(stream);
		return NULL;
	}
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	stream = REAL(freopen)(name, mode, stream);
	REAL(close)(fd);
	return stream;
}

EXPORT FILE *freopen(const char *path, const char *mode, FILE *stream)
{
	int fd;

	return try_stream(path, mode, &fd) ? stream_again(fd, mode, stream)
					   : REAL(freopen)(path, mode, stream);
}

EXPORT FILE *freopen64(const char *path, const char *mode, FILE *stream)
{
	int fd;

	return try_stream(path, mode, &fd) ? stream_again(fd, mode, stream)
					   : REAL(freopen64)(path, mode, stream);
}

/* --- stat --- */

static mode_t mode_of(const struct mock_file *file)
{
	static const mode_t types[] = {
		[MOCK_FILE_DIR] = S_IFDIR,
		[MOCK_FILE_REGULAR] = S_IFREG,
		[MOCK_FILE_LINK] = S_IFLNK,
		[MOCK_FILE_DEVICE] = S_IFCHR,
	};

	return types[file->type] | file->mode;
}

static void fill_stat(const struct found *found, struct stat *st)
{
	bool is_device = found->file.type == MOCK_FILE_DEVICE;

	memset(st, 0, sizeof(*st));
	st->st_dev = makedev(0, 21);
	st->st_ino = found->file.ino;
	st->st_mode = mode_of(&found->file);
	st->st_nlink = 1;
	st->st_size = found->file.type == MOCK_FILE_REGULAR ? 4096 : 0; /* as sysfs says */
	st->st_blksize = 4096;
	if (is_device)
		st->st_rdev = makedev(found->file.major, found->file.minor);
}

static int stat_found(const struct found *found, struct stat *st)
{
	if (found->file.type == MOCK_FILE_NONE)
		return preload_fail(ENOENT);
	fill_stat(found, st);
	return 0;
}

static bool try_stat(int dirfd, const char *path, int flags, struct stat *st, int *ret)
{
	struct found found;

	if (!lookup(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), &found))
		return false;
	if (found.file.type == MOCK_FILE_DIR && found.file.transparent &&
		REAL(fstatat)(AT_FDCWD, found.path, st, flags & ~AT_EMPTY_PATH) == 0)
		*ret = 0;
	else
		*ret = stat_found(&found, st);
	found_done(&found);
	return true;
}

/* For an fd: only what looks like one that stands for the rig's (a file without a name) or is a USB node costs a question. */
static bool try_fstat(int fd, struct stat *st, int *ret)
{
	char path[MOCK_PATH_MAX];

	*ret = REAL(fstat)(fd, st);
	if (*ret < 0)
		return true;
	if (S_ISCHR(st->st_mode)) {
		/* The port may leave between two questions: then it is the pty's. */
		if (tty_node(st, path) && try_stat(AT_FDCWD, path, 0, st, ret) && *ret < 0)
			*ret = REAL(fstat)(fd, st);
		return true;
	}
	if (S_ISFIFO(st->st_mode))
		return usbfs_node(fd, path) && try_stat(AT_FDCWD, path, 0, st, ret);
	if (!S_ISREG(st->st_mode) || st->st_nlink)
		return true;
	if (lookup_fd_path(fd, path))
		try_stat(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, st, ret);
	return true;
}

static int do_fstatat(int dirfd, const char *path, struct stat *st, int flags)
{
	char node[MOCK_PATH_MAX];
	int r;

	if (path && !path[0] && flags & AT_EMPTY_PATH && dirfd != AT_FDCWD) {
		try_fstat(dirfd, st, &r);
		return r;
	}
	if (try_stat(dirfd, path, flags, st, &r))
		return r;
	r = REAL(fstatat)(dirfd, path, st, flags);
	/* What /proc/PID/fd leads to: so finds fuser(1) who has a port open. */
	if (r == 0 && S_ISCHR(st->st_mode) && tty_node(st, node))
		try_stat(AT_FDCWD, node, 0, st, &r);
	return r;
}

#define DEFINE_STAT(suffix)                                                                        \
	EXPORT int stat##suffix(const char *path, struct stat##suffix *st)                         \
	{                                                                                          \
		return do_fstatat(AT_FDCWD, path, (struct stat *)st, 0);                           \
	}                                                                                          \
	EXPORT int lstat##suffix(const char *path, struct stat##suffix *st)                        \
	{                                                                                          \
		return do_fstatat(AT_FDCWD, path, (struct stat *)st, AT_SYMLINK_NOFOLLOW);         \
	}                                                                                          \
	EXPORT int fstat##suffix(int fd, struct stat##suffix *st)                                  \
	{                                                                                          \
		int r;                                                                             \
                                                                                                   \
		try_fstat(fd, (struct stat *)st, &r);                                              \
		return r;                                                                          \
	}                                                                                          \
	EXPORT int fstatat##suffix(                                                                \
		int dirfd, const char *path, struct stat##suffix *st, int flags)                   \
	{                                                                                          \
		return do_fstatat(dirfd, path, (struct stat *)st, flags);                          \
	}

DEFINE_STAT()
DEFINE_STAT(64)

/* What programs call that were built against glibc before 2.33. */
int __xstat(int version, const char *path, struct stat *st);
int __lxstat(int version, const char *path, struct stat *st);
int __fxstat(int version, int fd, struct stat *st);
int __xstat64(int version, const char *path, struct stat64 *st);
int __lxstat64(int version, const char *path, struct stat64 *st);
int __fxstat64(int version, int fd, struct stat64 *st);

#define DEFINE_XSTAT(suffix)                                                                       \
	EXPORT int __xstat##suffix(int version UNUSED, const char *path, struct stat##suffix *st)  \
	{                                                                                          \
		return stat##suffix(path, st);                                                     \
	}                                                                                          \
	EXPORT int __lxstat##suffix(int version UNUSED, const char *path, struct stat##suffix *st) \
	{                                                                                          \
		return lstat##suffix(path, st);                                                    \
	}                                                                                          \
	EXPORT int __fxstat##suffix(int version UNUSED, int fd, struct stat##suffix *st)           \
	{                                                                                          \
		return fstat##suffix(fd, st);                                                      \
	}

DEFINE_XSTAT()
DEFINE_XSTAT(64)

static void stat_to_statx(const struct stat *st, struct statx *stx)
{
	memset(stx, 0, sizeof(*stx));
	stx->stx_mask = STATX_BASIC_STATS;
	stx->stx_mode = (uint16_t)st->st_mode;
	stx->stx_nlink = 1;
	stx->stx_ino = st->st_ino;
	stx->stx_size = (uint64_t)st->st_size;
	stx->stx_blksize = 4096;
	stx->stx_rdev_major = major(st->st_rdev);
	stx->stx_rdev_minor = minor(st->st_rdev);
	stx->stx_dev_major = major(st->st_dev);
	stx->stx_dev_minor = minor(st->st_dev);
}

/* The path of what an fd of ours stands for. */
static bool node_of_fd(int fd, char ret[static MOCK_PATH_MAX])
{
	struct stat st;

	return lookup_fd_path(fd, ret) || usbfs_node(fd, ret) ||
	       (REAL(fstat)(fd, &st) == 0 && tty_node(&st, ret));
}

/* As in do_fstatat: the result of a real one may be of a port's pty. */
static int port_statx(int result, struct statx *stx)
{
	char node[MOCK_PATH_MAX];
	struct stat st = {0};
	int r;

	if (result != 0)
		return result;
	st.st_mode = stx->stx_mode;
	st.st_rdev = makedev(stx->stx_rdev_major, stx->stx_rdev_minor);
	if (tty_node(&st, node) && try_stat(AT_FDCWD, node, 0, &st, &r) && r == 0)
		stat_to_statx(&st, stx);
	return 0;
}

EXPORT int statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *stx)
{
	char fd_path[MOCK_PATH_MAX];
	struct stat st = {0};
	int r;

	if (!path[0] && flags & AT_EMPTY_PATH) {
		if (dirfd == AT_FDCWD || !node_of_fd(dirfd, fd_path))
			return REAL(statx)(dirfd, path, flags, mask, stx);
		r = do_fstatat(AT_FDCWD, fd_path, &st, AT_SYMLINK_NOFOLLOW);
	} else if (!try_stat(dirfd, path, flags, &st, &r)) {
		return port_statx(REAL(statx)(dirfd, path, flags, mask, stx), stx);
	}
	if (r == 0)
		stat_to_statx(&st, stx);
	return r;
}

/* --- statfs --- */

static void fill_statfs(const char *path, struct statfs *fs)
{
	memset(fs, 0, sizeof(*fs));
	fs->f_type = strncmp(path, "/sys", 4) == 0 ? SYSFS_MAGIC : TMPFS_MAGIC;
	fs->f_bsize = 4096;
	fs->f_namelen = 255;
}

static bool try_statfs(const char *path, struct statfs *fs, int *ret)
{
	struct found found;

	if (!lookup(AT_FDCWD, path, true, &found))
		return false;
	*ret = found.file.type == MOCK_FILE_NONE ? preload_fail(ENOENT) : 0;
	if (*ret == 0)
		fill_statfs(found.path, fs);
	found_done(&found);
	return true;
}

static int do_fstatfs(int fd, struct statfs *fs)
{
	char path[MOCK_PATH_MAX];
	int r = REAL(fstatfs)(fd, fs);

	if (r == 0 && fs->f_type == TMPFS_MAGIC && lookup_fd_path(fd, path))
		fill_statfs(path, fs);
	return r;
}

#define DEFINE_STATFS(suffix)                                                                      \
	EXPORT int statfs##suffix(const char *path, struct statfs##suffix *fs)                     \
	{                                                                                          \
		int r;                                                                             \
                                                                                                   \
		return try_statfs(path, (struct statfs *)fs, &r) ? r                               \
								 : REAL(statfs##suffix)(path, fs); \
	}                                                                                          \
	EXPORT int fstatfs##suffix(int fd, struct statfs##suffix *fs)                              \
	{                                                                                          \
		return do_fstatfs(fd, (struct statfs *)fs);                                        \
	}

DEFINE_STATFS()
DEFINE_STATFS(64)

/* --- statvfs --- */

static void fill_statvfs(const char *path, struct statvfs *fs)
{
	struct statfs other;

	fill_statfs(path, &other);
	memset(fs, 0, sizeof(*fs));
	fs->f_bsize = fs->f_frsize = 4096;
	fs->f_namemax = (unsigned long)other.f_namelen;
}

static bool try_statvfs(const char *path, struct statvfs *fs, int *ret)
{
	struct found found;

	if (!lookup(AT_FDCWD, path, true, &found))
		return false;
	*ret = found.file.type == MOCK_FILE_NONE ? preload_fail(ENOENT) : 0;
	if (*ret == 0)
		fill_statvfs(found.path, fs);
	found_done(&found);
	return true;
}

#define DEFINE_STATVFS(suffix)                                                                     \
	EXPORT int statvfs##suffix(const char *path, struct statvfs##suffix *fs)                   \
	{                                                                                          \
		int r;                                                                             \
                                                                                                   \
		return try_statvfs(path, (struct statvfs *)fs, &r)                                 \
			       ? r                                                                 \
			       : REAL(statvfs##suffix)(path, fs);                                  \
	}                                                                                          \
	EXPORT int fstatvfs##suffix(int fd, struct statvfs##suffix *fs)                            \
	{                                                                                          \
		char path[MOCK_PATH_MAX];                                                          \
		int r = REAL(fstatvfs##suffix)(fd, fs);                                            \
                                                                                                   \
		if (r == 0 && lookup_fd_path(fd, path))                                            \
			fill_statvfs(path, (struct statvfs *)fs);                                  \
		return r;                                                                          \
	}

DEFINE_STATVFS()
DEFINE_STATVFS(64)

/* --- access --- */

/* sysfs files are read-only; the superuser may do all. */
static int access_found(const struct found *found, int mode)
{
	if (found->file.type == MOCK_FILE_NONE)
		return preload_fail(ENOENT);
	if (found->file.denied && mode != F_OK)
		return preload_fail(EACCES);
	if (geteuid() == 0)
		return 0;
	if (((unsigned int)mode & ~found->file.mode & 7u) != 0)
		return preload_fail(EACCES);
	return 0;
}

static bool try_access(int dirfd, const char *path, int mode, int flags, int *ret)
{
	struct found found;

	if (!lookup(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), &found))
		return false;
	*ret = access_found(&found, mode);
	found_done(&found);
	return true;
}

EXPORT int access(const char *path, int mode)
{
	int r;

	return try_access(AT_FDCWD, path, mode, 0, &r) ? r : REAL(access)(path, mode);
}

EXPORT int euidaccess(const char *path, int mode)
{
	int r;

	return try_access(AT_FDCWD, path, mode, 0, &r) ? r : REAL(euidaccess)(path, mode);
}

EXPORT int eaccess(const char *path, int mode)
{
	int r;

	return try_access(AT_FDCWD, path, mode, 0, &r) ? r : REAL(eaccess)(path, mode);
}

EXPORT int faccessat(int dirfd, const char *path, int mode, int flags)
{
	int r;

	return try_access(dirfd, path, mode, flags, &r) ? r
							: REAL(faccessat)(dirfd, path, mode, flags);
}

/* --- links --- */

#define PTS_PREFIX "/dev/pts/"

static ssize_t readlink_found(const struct found *found, char *out, size_t room)
{
	size_t n = found->size < room ? found->size : room;

	if (found->file.type != MOCK_FILE_LINK)
		return preload_fail(found->file.type == MOCK_FILE_NONE ? ENOENT : EINVAL);
	memcpy(out, found->data, n);
	return (ssize_t)n;
}

static bool try_readlink(int dirfd, const char *path, char *out, size_t room, ssize_t *ret)
{
	struct found found;

	if (!lookup(dirfd, path, false, &found))
		return false;
	if (found.file.type == MOCK_FILE_DIR && found.file.transparent)
		*ret = REAL(readlink)(found.path, out, room);
	else
		*ret = readlink_found(&found, out, room);
	if (*ret < 0 && errno == ENOENT && found.file.type == MOCK_FILE_DIR)
		errno = EINVAL; /* the real folder is not there, ours is: it is no link */
	found_done(&found);
	return true;
}

ssize_t __readlink_chk(const char *path, char *out, size_t room, size_t size);
ssize_t __readlinkat_chk(int dirfd, const char *path, char *out, size_t room, size_t size);

/* A real link may be one of /proc to the pty of a port: n bytes, the port's name in their place. */
static ssize_t link_to_port(char *out, ssize_t n, size_t room)
{
	char path[64], node[64];
	struct stat st;
	int saved = errno;

	if (n < (ssize_t)sizeof(PTS_PREFIX) || n >= (ssize_t)sizeof(path) ||
		strncmp(out, PTS_PREFIX, sizeof(PTS_PREFIX) - 1) != 0)
		return n;
	memcpy(path, out, (size_t)n);
	path[n] = '\0';
	if (REAL(fstatat)(AT_FDCWD, path, &st, 0) == 0 && tty_node(&st, node)) {
		n = (ssize_t)(strlen(node) < room ? strlen(node) : room);
		memcpy(out, node, (size_t)n);
	}
	errno = saved;
	return n;
}

EXPORT ssize_t readlink(const char *path, char *out, size_t room)
{
	ssize_t n;

	return try_readlink(AT_FDCWD, path, out, room, &n)
		       ? n
		       : link_to_port(out, REAL(readlink)(path, out, room), room);
}

EXPORT ssize_t readlinkat(int dirfd, const char *path, char *out, size_t room)
{
	ssize_t n;

	return try_readlink(dirfd, path, out, room, &n)
		       ? n
		       : link_to_port(out, REAL(readlinkat)(dirfd, path, out, room), room);
}

EXPORT ssize_t __readlink_chk(const char *path, char *out, size_t room, size_t size)
{
	ssize_t n;

	return try_readlink(AT_FDCWD, path, out, room, &n)
		       ? n
		       : REAL(__readlink_chk)(path, out, room, size);
}

EXPORT ssize_t __readlinkat_chk(int dirfd, const char *path, char *out, size_t room, size_t size)
{
	ssize_t n;

	return try_readlink(dirfd, path, out, room, &n)
		       ? n
		       : REAL(__readlinkat_chk)(dirfd, path, out, room, size);
}

static bool try_realpath(const char *path, char *out, char **ret)
{
	struct found found;

	if (!lookup(AT_FDCWD, path, true, &found))
		return false;
	*ret = NULL;
	if (found.file.type == MOCK_FILE_NONE)
		errno = ENOENT;
	else if (out)
		*ret = memcpy(out, found.path,
			strlen(found.path) + 1); /* room for PATH_MAX: realpath(3) */
	else
		*ret = strdup(found.path);
	found_done(&found);
	return true;
}

char *__realpath_chk(const char *path, char *out, size_t size);

EXPORT char *realpath(const char *path, char *out)
{
	char *result;

	return try_realpath(path, out, &result) ? result : REAL(realpath)(path, out);
}

EXPORT char *__realpath_chk(const char *path, char *out, size_t size)
{
	char *result;

	return try_realpath(path, out, &result) ? result : REAL(__realpath_chk)(path, out, size);
}

EXPORT char *canonicalize_file_name(const char *path)
{
	return realpath(path, NULL);
}

/* --- extended attributes: there are none (ls -l and cp ask) --- */

/* True when it is not for the real system to say; *ret as for an attribute that is not there. */
static bool try_xattr(const char *path, bool follow, ssize_t none, ssize_t *ret)
{
	struct found found;

	if (!lookup(AT_FDCWD, path, follow, &found))
		return false;
	*ret = found.file.type == MOCK_FILE_NONE ? preload_fail(ENOENT)
	       : none < 0                        ? preload_fail(ENODATA)
						 : none;
	found_done(&found);
	return true;
}

#define DEFINE_XATTR(prefix, follow)                                                               \
	EXPORT ssize_t prefix##getxattr(                                                           \
		const char *path, const char *attribute, void *value, size_t size)                 \
	{                                                                                          \
		ssize_t n;                                                                         \
                                                                                                   \
		return try_xattr(path, follow, -1, &n)                                             \
			       ? n                                                                 \
			       : REAL(prefix##getxattr)(path, attribute, value, size);             \
	}                                                                                          \
	EXPORT ssize_t prefix##listxattr(const char *path, char *names, size_t size)               \
	{                                                                                          \
		ssize_t n;                                                                         \
                                                                                                   \
		return try_xattr(path, follow, 0, &n)                                              \
			       ? n                                                                 \
			       : REAL(prefix##listxattr)(path, names, size);                       \
	}

DEFINE_XATTR(, true)
DEFINE_XATTR(l, false)
