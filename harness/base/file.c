/* SPDX-License-Identifier: MIT */
#include "harness/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_CHUNK 65536

static int read_some(int fd, struct buf *buf)
{
	size_t before = buf->size;
	size_t chunk = buf->limit - before < READ_CHUNK ? buf->limit - before + 1 : READ_CHUNK;
	uint8_t stack[1];
	uint8_t *to = stack;
	ssize_t n;

	/* At the limit one more byte decides between "fits exactly" and "too large". */
	if (before == buf->limit) {
		n = read(fd, stack, sizeof(stack));
		return n < 0 ? -errno : n > 0 ? -EFBIG : 0;
	}
	if (chunk > buf->limit - before)
		chunk = buf->limit - before;
	if (buf_grow(buf, chunk, &to) < 0)
		return -ENOMEM;
	n = read(fd, to, chunk);
	buf->size = before + (n > 0 ? (size_t)n : 0);
	return n < 0 ? -errno : (int)n;
}

int file_read(const char *path, struct buf *buf, struct why *why)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return why_errno(why, -errno, "%s", path);
	do
		r = read_some(fd, buf);
	while (r > 0 || r == -EINTR);
	if (r == -EFBIG)
		return why_set(why, r, "%s: larger than %zu bytes", path, buf->limit);
	return r < 0 ? why_errno(why, r, "%s", path) : 0;
}

int file_write_fd(int fd, const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Opening /dev/stdout anew would give a second offset when it is a regular file, and the two would overwrite each
 * other. */
static int open_stream(const char *path)
{
	struct stat st, out;

	if (stat(path, &st) == 0 && fstat(STDOUT_FILENO, &out) == 0 && st.st_dev == out.st_dev &&
		st.st_ino == out.st_ino)
		return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	return open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
}

static int write_in_place(const char *path, const void *data, size_t size)
{
	CLEANUP(close_fd) int fd = open_stream(path);

	return fd < 0 ? -errno : file_write_fd(fd, data, size);
}

/* Where a file, and what is to become it, lie. */
struct places {
	const char *path;
	char dir[PATH_MAX];    /* the same folder */
	char hidden[PATH_MAX]; /* in it, until the content is complete */
};

static int find_places(struct places *places)
{
	const char *path = places->path;
	const char *slash = strrchr(path, '/');
	int dir_len = slash ? (int)(slash - path) + 1 : 0;
	int dir = snprintf(places->dir, sizeof(places->dir), "%.*s.", dir_len, path);
	int hidden = snprintf(places->hidden, sizeof(places->hidden), "%.*s.%s.%d~", dir_len, path,
		path + dir_len, (int)getpid());

	return dir < PATH_MAX && hidden < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Gives a file without a name its name: path at once when nothing is there, else hidden, which has to take its place. */
static int give_name(int fd, const char *path, const char *hidden, bool *ret_done)
{
	char proc[64];

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	*ret_done = linkat(AT_FDCWD, proc, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
	if (*ret_done || linkat(AT_FDCWD, proc, AT_FDCWD, hidden, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	return errno == EEXIST ? -EEXIST : -EOPNOTSUPP;
}

/* An O_TMPFILE vanishes by itself when we are killed; its name comes only with the complete content. */
static int write_unnamed(const struct places *places, const void *data, size_t size, bool *ret_done)
{
	CLEANUP(close_fd) int fd = open(places->dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	int r;

	if (fd < 0)
		return -EOPNOTSUPP;
	r = file_write_fd(fd, data, size);
	return r < 0 ? r : give_name(fd, places->path, places->hidden, ret_done);
}

/* For file systems without O_TMPFILE. */
static int write_named(const char *hidden, const void *data, size_t size)
{
	CLEANUP(close_fd) int fd = open(hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int r;

	if (fd < 0)
		return -errno;
	r = file_write_fd(fd, data, size);
	if (r < 0)
		unlink(hidden);
	return r;
}

static int write_beside(const char *path, const void *data, size_t size)
{
	struct places places = {.path = path};
	bool done = false;
	int r = find_places(&places);

	if (r < 0)
		return r;
	r = write_unnamed(&places, data, size, &done);
	if (r == -EOPNOTSUPP)
		r = write_named(places.hidden, data, size);
	if (r < 0 || done)
		return r;
	if (rename(places.hidden, path) == 0)
		return 0;
	r = -errno;
	unlink(places.hidden);
	return r;
}

/* Streams have no "old content": a pipe, a terminal, and whatever /dev/stdout leads to, a regular file too. */
static bool is_stream(const char *path)
{
	struct stat st;

	return strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0 ||
	       (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
}

/* A symbolic link stays; what it leads to is replaced. */
static int write_behind_link(const char *path, const void *data, size_t size)
{
	CLEANUP(free_ptr) char *real = realpath(path, NULL);

	return write_beside(real ? real : path, data, size);
}

int file_write(const char *path, const void *data, size_t size, struct why *why)
{
	int r = is_stream(path) ? write_in_place(path, data, size)
				: write_behind_link(path, data, size);

	return r < 0 ? why_errno(why, r, "%s", path) : 0;
}
