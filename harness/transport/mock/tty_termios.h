/* SPDX-License-Identifier: MIT */
/* The settings of a terminal as the kernel keeps them. */
#ifndef DFURIG_TRANSPORT_MOCK_TTY_TERMIOS_H
#define DFURIG_TRANSPORT_MOCK_TTY_TERMIOS_H

#include <stdint.h>

#include "harness/base/attr.h"

#define TTY_TERMIOS_CHARS 19

struct tty_termios { /* flags as in termios(3) */
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t cc[TTY_TERMIOS_CHARS];
	uint32_t speed; /* bits per second, any */
};

/* Of a pty's master: those of its slave. 0 or negative errno. */
MUST_CHECK int tty_termios_get(int fd, struct tty_termios *ret);
MUST_CHECK int tty_termios_set(int fd, const struct tty_termios *from);

#endif
