/* SPDX-License-Identifier: MIT */
/*
 * What the preload library (in the program under test) and the rig say to each other.
 *
 * Transport: Unix sockets in the abstract name space, so that nothing is left in a file system when either side is
 * killed. A stream socket carries `struct mock_message` + payload in both directions; its first message says what the
 * connection is for. A second, seqpacket socket (name + MOCK_MONITOR_SUFFIX) carries hotplug messages: the client
 * sends one byte, the netlink groups as bits, and then receives a packet for each uevent, exactly as netlink would give it.
 *
 * Both sides come from the same build and run on one machine: host byte order, natural alignment, no compatibility
 * between versions (MOCK_VERSION is checked).
 */
#ifndef DFURIG_TRANSPORT_MOCK_PROTOCOL_H
#define DFURIG_TRANSPORT_MOCK_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MOCK_ENV                                                                                   \
	"DFURIG_MOCK" /* environment variable: the socket's name, without the leading NUL */
#define MOCK_VERSION        3
#define MOCK_MONITOR_SUFFIX ".uevent"
#define MOCK_PATH_MAX       4096
#define MOCK_PAYLOAD_MAX    (1 << 20) /* bytes of one transfer; larger ones are refused with EINVAL */
#define MOCK_SPIN_US        50 /* how long either side looks for the next message before it sleeps */

enum mock_kind {
	/* First message of a stream connection. a = MOCK_VERSION. */
	MOCK_HELLO_FILES = 1, /* for MOCK_LOOKUP; no reply */
	MOCK_HELLO_DEVICE, /* payload: path of a node; an fd comes along: the read end of the pipe whose write end
			       * the program polls; tag = 0, or the owner of the file that a forked process goes on
			       * to use. Reply: MOCK_REPLY, tag = owner of claims, a = devnum, b = speed, c = bus and
			       * (low byte) port; payload: what read() of the node gives (device descriptor, then
			       * configurations) */
	MOCK_HELLO_LIFELINE, /* nothing follows; the connection ends with the rig */
	MOCK_HELLO_TTY, /* one call on a serial port, the only one of its connection: b = enum mock_tty_call, c = flags of
			 * open() or number of the pts, tag = argument; payload: path of a node (MOCK_TTY_OPEN). Reply:
			 * MOCK_REPLY, as the call says; who does not want to wait any longer closes the connection */

	/* Client to rig. */
	MOCK_LOOKUP, /* payload: absolute path; a = 1: follow a link at the end */
	MOCK_SUBMIT, /* tag = the URB; a = vusb_transfer_type, b = endpoint, c = buffer length without the setup packet;
		       * payload: setup packet (control) + data (OUT) */
	MOCK_DISCARD, /* tag */
	MOCK_CALL,    /* a = enum mock_call, b and c = its arguments */
	MOCK_WAKE,    /* make the pipe writable: there is something to reap; no reply */

	/* Rig to client. */
	MOCK_REPLY, /* result = 0 or negative errno, for what was asked last */
	MOCK_COMPLETED, /* tag; result = URB status; a = actual length; b = 1: is also the reply to its MOCK_SUBMIT;
			 * payload: data (IN) */
	MOCK_GONE, /* the device was unplugged; nothing more will come */
};

enum mock_call {
	MOCK_CLAIM,      /* interface */
	MOCK_RELEASE,    /* interface */
	MOCK_SET_CONFIG, /* value */
	MOCK_SET_ALT,    /* interface, alternate */
	MOCK_CLEAR_HALT, /* endpoint */
	MOCK_RESET,
	MOCK_RESET_ENDPOINT, /* endpoint */
	MOCK_GET_DRIVER,     /* interface; result: enum mock_driver, or -ENODATA */
	MOCK_DISCONNECT,     /* interface: whatever driver it has lets go of it */
	MOCK_CONNECT,        /* interface; result: 1 = a driver has taken it, 0 = none wants it */
};

enum mock_driver {
	MOCK_DRIVER_USBFS = 1, /* some program has claimed it */
	MOCK_DRIVER_HUB,
	MOCK_DRIVER_CDC_ACM,
	MOCK_DRIVER_USBTEST,
};

/*
 * A serial port in a program is the slave of a pty whose master the rig has. The rig opens it and passes the fd, so that
 * nothing has to be known of a number: its pts has MOCK_TTY_MARK in its mode.
 */
#define MOCK_TTY_MARK  01000 /* S_ISVTX */
#define MOCK_TTY_MAJOR 166

enum mock_tty_call {
	MOCK_TTY_OPEN = 1,   /* an fd comes with the reply */
	MOCK_TTY_NODE,       /* payload of the reply: path of the node */
	MOCK_TTY_CHANGED,    /* termios were set; tag = c_cflag as the program wanted it */
	MOCK_TTY_CFLAG,      /* a = the bits of c_cflag that a pty does not keep */
	MOCK_TTY_DRAIN,      /* the reply comes when the device has all that was written */
	MOCK_TTY_UNSENT,     /* a = bytes that it has not */
	MOCK_TTY_MODEM_GET,  /* a = TIOCM_ bits */
	MOCK_TTY_MODEM_SET,  /* tag = bits to set, and from bit 32 bits to clear */
	MOCK_TTY_MODEM_WAIT, /* tag = TIOCM_ bits: the reply comes when one of them has changed */
	MOCK_TTY_COUNTS,     /* payload of the reply: struct mock_tty_counts */
	MOCK_TTY_EXCLUSIVE,  /* tag = 1 or 0: set; 2: a = what is set */
	MOCK_TTY_BREAK,      /* tag = wValue of SEND_BREAK */
	MOCK_TTY_GET_SERIAL, /* a = minor, b = close_delay, c = closing_wait; in 1/100 s */
	MOCK_TTY_SET_SERIAL, /* tag = close_delay, and from bit 32 closing_wait */
};

struct mock_tty_counts { /* of changes and errors that the device has notified */
	uint32_t dsr, rng, dcd, frame, overrun, parity, brk;
};

enum mock_file_type {
	MOCK_FILE_NOT_OURS, /* ask the real system */
	MOCK_FILE_NONE,     /* ours, and it is not there: ENOENT */
	MOCK_FILE_DIR, /* payload after the path: "<type letter><name>\0" each; letters d f l c */
	MOCK_FILE_REGULAR, /* payload after the path: content */
	MOCK_FILE_LINK,    /* payload after the path: target */
	MOCK_FILE_DEVICE,  /* no payload after the path */
};

struct mock_message {
	uint32_t kind; /* enum mock_kind */
	uint32_t size; /* bytes of payload that follow */
	uint64_t tag;
	int32_t result;
	uint32_t a, b, c;
};

/*
 * What a folder of the real system has and a program under the mock does not see, even where the rig only adds to the
 * folder: serial ports of real devices, lest a program that tries them all talks to one.
 */
static inline bool mock_hides(const char *dir, const char *name)
{
	if (strcmp(dir, "/dev") != 0 && strcmp(dir, "/sys/class/tty") != 0)
		return false;
	return strncmp(name, "ttyACM", 6) == 0 || strncmp(name, "ttyUSB", 6) == 0 ||
	       (strncmp(name, "serial", 6) == 0 && (!name[6] || name[6] == '/'));
}

/* Payload of the reply to MOCK_LOOKUP: this, then the canonical path with its NUL, then what the type says. */
struct mock_file {
	uint32_t type; /* enum mock_file_type */
	uint32_t mode; /* permission bits */
	uint64_t ino;
	uint32_t major, minor; /* of a device */
	uint32_t transparent;  /* a directory that only adds to the real one */
	uint32_t denied;       /* to the superuser too */
	uint32_t path_size;    /* with NUL */
};

#endif
