/* SPDX-License-Identifier: MIT */
/* close, dup and their kin: keeps track of the numbers that open USB nodes have. Also read, write and lseek on them. */
#include "harness/transport/mock/preload/preload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE 4096

/* --- numbers of ours --- */

static struct fd_id guards[FD_COUNT];

struct fd_id fd_id_of(int fd)
{
	struct stat st;
	int saved = errno;
	struct fd_id id = {0};

	if (REAL(fstat)(fd, &st) == 0)
		id = (struct fd_id){.dev = st.st_dev, .ino = st.st_ino};
	errno = saved;
	return id;
}

bool fd_id_equal(struct fd_id a, struct fd_id b)
{
	return a.ino == b.ino && a.dev == b.dev;
}

void fd_guard(int fd)
{
	if (fd >= 0 && fd < FD_COUNT)
		guards[fd] = fd_id_of(fd);
}

void fd_close_guarded(int fd)
{
	if (fd >= 0 && fd < FD_COUNT)
		guards[fd] = (struct fd_id){0};
	REAL(close)(fd);
}

static bool is_guarded(unsigned int fd)
{
	return fd < FD_COUNT && guards[fd].ino && fd_id_equal(fd_id_of((int)fd), guards[fd]);
}

/* --- close --- */

/* What the program cannot know to be open is not, to it. */
EXPORT int close(int fd)
{
	if (is_guarded((unsigned int)fd))
		return preload_fail(EBADF);
	usbfs_closing(fd);
	return REAL(close)(fd);
}

/* The range without our own numbers. */
EXPORT int close_range(unsigned int first, unsigned int last, int flags)
{
	int r;

	if (!((unsigned int)flags & CLOSE_RANGE_CLOEXEC))
		usbfs_closing_range(first, last);
	for (unsigned int fd = first; fd <= last && fd < FD_COUNT; fd++) {
		if (!is_guarded(fd))
			continue;
		r = fd > first ? REAL(close_range)(first, fd - 1, flags) : 0;
		if (r < 0)
			return r;
		first = fd + 1;
	}
	return first <= last ? REAL(close_range)(first, last, flags) : 0;
}

EXPORT void closefrom(int first)
{
	/* The real one falls back on /proc for kernels without the system call. */
	if (close_range((unsigned int)(first > 0 ? first : 0), ~0u, 0) == 0)
		return;
	usbfs_closing_range((unsigned int)(first > 0 ? first : 0), ~0u);
	REAL(closefrom)(first);
}

/* --- dup --- */

EXPORT int dup(int fd)
{
	int copy = REAL(dup)(fd);

	if (copy >= 0)
		usbfs_duplicated(fd, copy);
	return copy;
}

EXPORT int dup2(int fd, int to)
{
	int copy = REAL(dup2)(fd, to);

	if (copy >= 0 && fd != to) {
		usbfs_closing(to);
		usbfs_duplicated(fd, copy);
	}
	return copy;
}

EXPORT int dup3(int fd, int to, int flags)
{
	int copy = REAL(dup3)(fd, to, flags);

	if (copy >= 0) {
		usbfs_closing(to);
		usbfs_duplicated(fd, copy);
	}
	return copy;
}

static int do_fcntl(int fd, int command, void *arg, __typeof__(&fcntl) real)
{
	int r;

	if ((command == F_GETFL || command == F_SETFL) &&
		usbfs_flags(fd, command, (int)(intptr_t)arg, &r))
		return r;
	r = real(fd, command, arg);
	if (r >= 0 && (command == F_DUPFD || command == F_DUPFD_CLOEXEC))
		usbfs_duplicated(fd, r);
	return r;
}

EXPORT int fcntl(int fd, int command, ...)
{
	va_list args;
	void *arg;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	return do_fcntl(fd, command, arg, REAL(fcntl));
}

EXPORT int fcntl64(int fd, int command, ...)
{
	va_list args;
	void *arg;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	return do_fcntl(fd, command, arg, REAL(fcntl64));
}

/* --- read, write, lseek, ioctl --- */

EXPORT ssize_t read(int fd, void *data, size_t size)
{
	ssize_t n;

	return usbfs_read(fd, data, size, -1, &n) ? n
						  : tty_read_end(fd, REAL(read)(fd, data, size));
}

EXPORT ssize_t readv(int fd, const struct iovec *parts, int count)
{
	return tty_read_end(fd, REAL(readv)(fd, parts, count));
}

ssize_t __read_chk(int fd, void *data, size_t size, size_t room);

EXPORT ssize_t __read_chk(int fd, void *data, size_t size, size_t room)
{
	ssize_t n;

	return usbfs_read(fd, data, size, -1, &n)
		       ? n
		       : tty_read_end(fd, REAL(__read_chk)(fd, data, size, room));
}

EXPORT ssize_t pread(int fd, void *data, size_t size, off_t at)
{
	ssize_t n;

	return usbfs_read(fd, data, size, at, &n) ? n : REAL(pread)(fd, data, size, at);
}

EXPORT ssize_t pread64(int fd, void *data, size_t size, off64_t at)
{
	ssize_t n;

	return usbfs_read(fd, data, size, at, &n) ? n : REAL(pread64)(fd, data, size, at);
}

/* The kernel's usbfs has no write: for the real thing the number is a pipe's. */
EXPORT ssize_t write(int fd, const void *data, size_t size)
{
	char node[64];

	return usbfs_node(fd, node) ? preload_fail(EINVAL) : REAL(write)(fd, data, size);
}

/* Where a file of sysfs ends and has holes: it claims to have a page, whatever is in it (fs/kernfs/file.c). */
static bool seek_placeholder(int fd, off_t offset, int whence, off_t *ret)
{
	char path[MOCK_PATH_MAX];
	struct stat st;

	if (whence == SEEK_SET || whence == SEEK_CUR || REAL(fstat)(fd, &st) < 0 ||
		!S_ISREG(st.st_mode) || st.st_nlink || !lookup_fd_path(fd, path) ||
		strncmp(path, "/sys/", 5) != 0)
		return false;
	if (whence != SEEK_END && (offset < 0 || offset >= FILE_SIZE))
		*ret = preload_fail(ENXIO);
	else
		*ret = REAL(lseek)(fd,
			whence == SEEK_END    ? FILE_SIZE + offset
			: whence == SEEK_HOLE ? FILE_SIZE
					      : offset,
			SEEK_SET);
	return true;
}

EXPORT off_t lseek(int fd, off_t offset, int whence)
{
	off_t at;

	return usbfs_seek(fd, offset, whence, &at) || seek_placeholder(fd, offset, whence, &at)
		       ? at
		       : REAL(lseek)(fd, offset, whence);
}

EXPORT off64_t lseek64(int fd, off64_t offset, int whence)
{
	off_t at;

	return usbfs_seek(fd, offset, whence, &at) || seek_placeholder(fd, offset, whence, &at)
		       ? at
		       : REAL(lseek64)(fd, offset, whence);
}

int ioctl(int fd, unsigned long request, ...);

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;
	int r;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	return usbfs_ioctl(fd, request, arg, &r) || tty_ioctl(fd, request, arg, &r)
		       ? r
		       : REAL(ioctl)(fd, request, arg);
}
