/* SPDX-License-Identifier: MIT */
/* close, dup and their kin: keeps track of the numbers that open USB nodes have. Also read and lseek on them. */
#include "harness/transport/mock/preload/preload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

EXPORT int close(int fd)
{
	usbfs_closing(fd);
	return REAL(close)(fd);
}

EXPORT int close_range(unsigned int first, unsigned int last, int flags)
{
	usbfs_closing_range(first, last);
	return REAL(close_range)(first, last, flags);
}

EXPORT void closefrom(int first)
{
	usbfs_closing_range((unsigned int)(first > 0 ? first : 0), ~0u);
	REAL(closefrom)(first);
}

EXPORT int dup(int fd)
{
	int copy = REAL(dup)(fd);

	if (copy >= 0)
		usbfs_duplicated(fd, copy);
	return copy;
}

EXPORT int dup2(int fd, int to)
{
	int copy;

	if (fd != to)
		usbfs_closing(to);
	copy = REAL(dup2)(fd, to);
	if (copy >= 0 && fd != to)
		usbfs_duplicated(fd, copy);
	return copy;
}

EXPORT int dup3(int fd, int to, int flags)
{
	int copy;

	usbfs_closing(to);
	copy = REAL(dup3)(fd, to, flags);
	if (copy >= 0)
		usbfs_duplicated(fd, copy);
	return copy;
}

static int after_fcntl(int fd, int command, int result)
{
	if (result >= 0 && (command == F_DUPFD || command == F_DUPFD_CLOEXEC))
		usbfs_duplicated(fd, result);
	return result;
}

EXPORT int fcntl(int fd, int command, ...)
{
	va_list args;
	void *arg;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	return after_fcntl(fd, command, REAL(fcntl)(fd, command, arg));
}

EXPORT int fcntl64(int fd, int command, ...)
{
	va_list args;
	void *arg;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	return after_fcntl(fd, command, REAL(fcntl64)(fd, command, arg));
}

EXPORT ssize_t read(int fd, void *data, size_t size)
{
	ssize_t n;

	return usbfs_read(fd, data, size, -1, &n) ? n : REAL(read)(fd, data, size);
}

ssize_t __read_chk(int fd, void *data, size_t size, size_t room);

EXPORT ssize_t __read_chk(int fd, void *data, size_t size, size_t room)
{
	ssize_t n;

	return usbfs_read(fd, data, size, -1, &n) ? n : REAL(__read_chk)(fd, data, size, room);
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

EXPORT off_t lseek(int fd, off_t offset, int whence)
{
	off_t at;

	return usbfs_seek(fd, offset, whence, &at) ? at : REAL(lseek)(fd, offset, whence);
}

EXPORT off64_t lseek64(int fd, off64_t offset, int whence)
{
	off_t at;

	return usbfs_seek(fd, offset, whence, &at) ? at : REAL(lseek64)(fd, offset, whence);
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
	return usbfs_ioctl(fd, request, arg, &r) ? r : REAL(ioctl)(fd, request, arg);
}
