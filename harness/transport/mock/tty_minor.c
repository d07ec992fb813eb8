/* SPDX-License-Identifier: MIT */
/*
 * Numbers of ttyACM nodes. As the kernel's, a number is free again when its device has left and the last program has closed
 * it. That a program still has a slave open whose master is gone is told by a lock: each slave that programs get has one
 * (of its open file description), at an offset where no program has any business, and it goes with the last close.
 */
#include "harness/transport/mock/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define MINORS     256 /* cdc-acm.h: ACM_TTY_MINORS */
#define LOCK_START ((off_t)1 << 40)

struct lingering {
	struct list link; /* in mock->lingering */
	uint8_t minor;
	int fd;
};

void tty_minor_mark(int slave_fd, uint64_t which, bool writable)
{
	struct flock lock = {.l_type = writable ? F_WRLCK : F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = LOCK_START + (off_t)which,
		.l_len = 1};

	/* Without it the number is free too soon: harmless. */
	(void)!fcntl(slave_fd, F_OFD_SETLK, &lock);
}

static bool is_open(int fd)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_START, .l_len = 0};

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static void forget(struct lingering *lingering)
{
	list_remove(&lingering->link);
	close_fd(&lingering->fd);
	free(lingering);
}

void tty_minor_linger(struct mock *mock, uint8_t minor, int fd)
{
	struct lingering *lingering = fd >= 0 ? calloc(1, sizeof(*lingering)) : NULL;

	if (!lingering) {
		close_fd(&fd);
		return;
	}
	lingering->minor = minor;
	lingering->fd = fd;
	list_append(&mock->lingering, &lingering->link);
}

static bool is_used(struct mock *mock, int minor)
{
	list_for_each (node, &mock->ttys)
		if (LIST_ENTRY(node, struct mock_tty, link)->shown.minor == minor)
			return true;
	list_for_each (node, &mock->lingering)
		if (LIST_ENTRY(node, struct lingering, link)->minor == minor)
			return true;
	return false;
}

int tty_minor_alloc(struct mock *mock)
{
	list_for_each_safe (node, &mock->lingering) {
		struct lingering *lingering = LIST_ENTRY(node, struct lingering, link);

		if (!is_open(lingering->fd))
			forget(lingering);
	}
	for (int minor = mock->new_numbers ? mock->next_minor : 0; minor < MINORS; minor++) {
		if (is_used(mock, minor))
			continue;
		if (minor >= mock->next_minor)
			mock->next_minor = minor + 1;
		return minor;
	}
	return -ENODEV;
}

void tty_minor_forget_all(struct mock *mock)
{
	while (!list_empty(&mock->lingering))
		forget(LIST_ENTRY(mock->lingering.next, struct lingering, link));
}
