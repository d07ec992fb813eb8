/* SPDX-License-Identifier: MIT */
/*
 * Serial ports: what the kernel's cdc_acm driver and its tty do with a device, over a pty whose slave programs get.
 * Source of the behaviour: drivers/usb/class/cdc-acm.c of Linux 6.1, drivers/tty/tty_port.c.
 *
 * cdc_acm.c is the driver (which interfaces, line coding, modem lines, notifications); tty_session.c the port while somebody
 * has it open (pty, data both ways); tty_calls.c what programs ask; tty_minor.c the numbers.
 */
#ifndef DFURIG_TRANSPORT_MOCK_TTY_H
#define DFURIG_TRANSPORT_MOCK_TTY_H

#include "harness/transport/mock/server.h"
#include "harness/transport/mock/tty_termios.h"

#define CDC_LINE_CODING_SIZE 7
#define CDC_NOTIFY_MAX       64
#define TTY_READS            16   /* cdc-acm.h: ACM_NR */
#define TTY_READ_MAX         1024 /* of one bulk IN transfer: twice the packet size */
#define TTY_WRITE_MAX        1280 /* of one bulk OUT transfer: 20 packets of 64 */

/* Where a device's serial port is, from its descriptors. */
struct cdc_function {
	uint8_t control, data; /* interfaces */
	uint8_t notify, in, out;
	uint8_t capabilities; /* bmCapabilities of the ACM descriptor */
	uint16_t notify_size, in_size, out_size;
};

struct mock_tty {
	struct list link; /* in mock->ttys */
	struct mock *mock;
	struct mock_slot *slot;
	struct cdc_function function;
	struct sysfs_tty shown;

	uint8_t line[CDC_LINE_CODING_SIZE]; /* as the device has it */
	uint16_t lines_out;                 /* CDC_DTR, CDC_RTS */
	uint16_t lines_in;                  /* of SERIAL_STATE */
	struct mock_tty_counts counts, counts_waited;
	uint8_t notification[CDC_NOTIFY_MAX]; /* comes in pieces */
	size_t notified;
	uint32_t close_delay, closing_wait; /* 1/100 s */

	struct tty_termios termios;  /* as the driver was told last */
	struct tty_session *session; /* NULL = closed */
	struct list openers;         /* clients that wait until it has been closed */
};

/* --- the driver (cdc_acm.c) --- */

#define CDC_DTR 0x01
#define CDC_RTS 0x02

enum { /* USB CDC 1.2 PSTN, table 31 */
	CDC_DCD = 0x01,
	CDC_DSR = 0x02,
	CDC_BREAK = 0x04,
	CDC_RI = 0x08,
	CDC_FRAMING = 0x10,
	CDC_PARITY = 0x20,
	CDC_OVERRUN = 0x40,
};

/* Offers an interface that no driver has to cdc_acm; true when it has taken it (and its data interface). The tty is shown at
 * once. late: listeners know of the interfaces already, and are told that they are bound. */
bool cdc_acm_bind(struct mock *mock, struct mock_slot *slot, uint8_t interface, bool late);

/* Takes both interfaces of a port away from the driver: hang-up, and the tty is gone. Harmless on other interfaces. */
void cdc_acm_unbind(struct mock *mock, struct mock_slot *slot, uint8_t interface);
void cdc_acm_unbind_all(struct mock *mock, struct mock_slot *slot);

/* False once the device has left, though the port is still shown. */
bool cdc_acm_is_there(const struct mock_tty *tty);

/* Sends what the termios ask for when it is another than the device has. */
void cdc_acm_set_termios(struct mock_tty *tty, const struct tty_termios *termios);

void cdc_acm_set_lines(struct mock_tty *tty, uint16_t lines, struct mock_request_done done);
void cdc_acm_send_break(struct mock_tty *tty, uint16_t value, struct mock_request_done done);

/* A piece of a notification has come. */
void cdc_acm_notified(struct mock_tty *tty, const uint8_t *data, size_t size);

/* TIOCM_ bits. */
uint32_t cdc_acm_modem(const struct mock_tty *tty);

/* --- numbers (tty_minor.c) --- */

/* The lowest free one, or negative errno. */
int tty_minor_alloc(struct mock *mock);

/* The number stays in use until the last program has closed what it opened; fd tells (taken; -1 = nobody has it). */
void tty_minor_linger(struct mock *mock, uint8_t minor, int fd);
void tty_minor_forget_all(struct mock *mock);

/* Marks an open slave, so that tty_minor_linger's fd can tell whether it is open still. */
void tty_minor_mark(int slave_fd, uint64_t which, bool writable);

/* --- an open port (tty_session.c) --- */

struct tty_read {
	struct vusb_transfer transfer;
	struct list link; /* in session->arrived */
	struct tty_session *session;
	size_t given; /* bytes that the pty has taken */
	bool idle;    /* neither pending nor arrived */
	uint8_t data[TTY_READ_MAX];
};

struct tty_session {
	struct mock *mock;
	struct mock_tty *tty; /* NULL = over */
	unsigned int references;
	int master;
	uint32_t pts;
	char path[64];   /* of the slave */
	uint64_t opened; /* how often */
	bool exclusive;  /* TIOCEXCL */
	bool closed;     /* by the last program: what it wrote is still sent */
	bool lowering;   /* and then DTR falls */
	bool pumping;
	uv_poll_t poll;
	uv_timer_t cooldown; /* after an error of bulk IN */
	uv_timer_t linger;   /* of closing */
	bool stalled;
	struct vusb_transfer out, notify;
	bool out_idle, notify_idle;
	uint8_t out_data[TTY_WRITE_MAX];
	uint8_t notify_data[CDC_NOTIFY_MAX];
	struct tty_read reads[TTY_READS];
	struct list arrived; /* reads that the pty has not taken yet, in order */

	/* Clients, by what they wait for. */
	struct list opening; /* DTR to be set */
	struct list setting; /* modem lines or break */
	struct list draining;
	struct list watching; /* modem lines to change */
};

/* Opens the pty and starts reading from the device. 0 or negative errno. */
int tty_session_begin(struct mock_tty *tty);

/* One more open slave: an fd, or negative errno. */
int tty_session_open_slave(struct tty_session *session, int flags);

/* True when the last program has closed it, though nothing has told yet. */
bool tty_session_check_closed(struct tty_session *session);

/* Programs see a hang-up; the session is over. Returns an fd for tty_minor_linger. */
int tty_session_hang_up(struct tty_session *session);

void tty_session_pump(struct tty_session *session);

/* The device gets what it takes at once of what was written, and a port that was closed is: for the end of the rig. */
void tty_session_settle(struct tty_session *session);

/* Bytes written that the device has not. */
size_t tty_session_unsent(const struct tty_session *session);

void tty_session_get(struct tty_session *session);
void tty_session_put(struct tty_session *session);

/* --- what programs ask (tty_calls.c) --- */

/* Answers the first message of a connection, at once or later. */
void tty_call(
	struct mock_client *client, const struct mock_message *message, const uint8_t *payload);

/* Opens that have waited are tried (again). */
void tty_open_waiting(struct mock_tty *tty);

/* Answers all who wait in a list. */
void tty_answer_all(struct list *waiting, int result);

/* The modem lines have changed: who waits for that. */
void tty_answer_watching(struct mock_tty *tty);

/* The device is leaving: the same. */
void tty_answer_gone(struct mock_tty *tty);

#endif
