/* SPDX-License-Identifier: MIT */
/* Termios with any speed: the kernel's struct, whose header does not go together with libc's. */
#include "harness/transport/mock/tty_termios.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <string.h>

int ioctl(int fd, unsigned long request, ...);

_Static_assert(NCCS == TTY_TERMIOS_CHARS, "as many characters");

int tty_termios_get(int fd, struct tty_termios *ret)
{
	struct termios2 termios;

	if (ioctl(fd, TCGETS2, &termios) < 0)
		return -errno;
	ret->iflag = termios.c_iflag;
	ret->oflag = termios.c_oflag;
	ret->cflag = termios.c_cflag;
	ret->lflag = termios.c_lflag;
	memcpy(ret->cc, termios.c_cc, sizeof(ret->cc));
	ret->speed = termios.c_ospeed;
	return 0;
}

int tty_termios_set(int fd, const struct tty_termios *from)
{
	struct termios2 termios = {
		.c_iflag = from->iflag,
		.c_oflag = from->oflag,
		.c_cflag = from->cflag,
		.c_lflag = from->lflag,
		.c_ispeed = from->speed,
		.c_ospeed = from->speed,
	};

	memcpy(termios.c_cc, from->cc, sizeof(from->cc));
	return ioctl(fd, TCSETS2, &termios) < 0 ? -errno : 0;
}
