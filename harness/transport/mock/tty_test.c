/* SPDX-License-Identifier: MIT */
/* Serial ports on the server's side, as drivers/usb/class/cdc-acm.c and the kernel's tty would have them. */
#include "harness/transport/mock/tty_rig_test.h"

#include <stdint.h>
#include <sys/ioctl.h>

/* --- open and close --- */

Test(tty, opening_raises_the_lines_and_closing_lowers_them)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	char text[64];
	int fd;

	tty_rig_init_or_fail(&rig);
	cr_expect_str_eq(requests(&rig, text, sizeof(text)), "20", "when it is plugged: %s", text);
	cr_expect_eq(rig.cdc.reads, 0, "a closed port reads nothing");
	fd = open_port(&rig, TTY, O_RDWR);
	cr_assert_geq(fd, 0, "open: %d", fd);
	cr_expect_str_eq(requests(&rig, text, sizeof(text)), "22:3", "%s", text);
	cr_expect_gt(rig.cdc.reads, 0);
	close(fd);
	cr_expect_str_eq(requests_from(&rig, 1, text, sizeof(text)), "22:0", "%s", text);
	rig.cdc.reads = 0;
	vusb_port_kick(rig.port);
	cr_expect_eq(rig.cdc.reads, 0, "a closed port reads nothing");
	turns(&rig.server, 3);
	cr_expect_eq(count_fds(), rig.server.fds, "%d fds left", count_fds() - rig.server.fds);
}

/* Only the last close counts, of copies and of a second open. */
Test(tty, is_closed_by_who_closes_last)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	char text[64];
	int first, second, copy;

	tty_rig_init_or_fail(&rig);
	first = open_port(&rig, TTY, O_RDWR);
	second = open_port(&rig, TTY, O_WRONLY);
	copy = dup(first);
	cr_expect_str_eq(requests(&rig, text, sizeof(text)), "20 22:3 22:3", "%s", text);
	close(first);
	close(second);
	cr_expect_str_eq(requests(&rig, text, sizeof(text)), "", "%s", text);
	close(copy);
	cr_expect_str_eq(requests_from(&rig, 1, text, sizeof(text)), "22:0", "%s", text);
}

Test(tty, without_hupcl_the_lines_stay)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	struct termios termios;
	char text[64];
	int fd;

	tty_rig_init_or_fail(&rig);
	fd = open_raw_or_fail(&rig);
	cr_assert_eq(tcgetattr(fd, &termios), 0);
	termios.c_cflag &= ~(tcflag_t)HUPCL;
	cr_assert_eq(tcsetattr(fd, TCSANOW, &termios), 0);
	asked_or_fail(&rig, fd, MOCK_TTY_CHANGED, termios.c_cflag);
	close(fd);
	cr_expect_str_eq(requests(&rig, text, sizeof(text)), "20 22:3", "%s", text);
}

Test(tty, starts_as_a_terminal_and_keeps_what_was_set)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	struct termios termios;
	int fd;

	tty_rig_init_or_fail(&rig);
	fd = open_port(&rig, TTY, O_RDWR);
	cr_assert_eq(tcgetattr(fd, &termios), 0);
	cr_expect_eq(cfgetospeed(&termios), B9600);
	cr_expect_eq(termios.c_lflag & (ICANON | ECHO | ISIG), ICANON | ECHO | ISIG);
	cr_expect_eq(termios.c_cflag & (CLOCAL | HUPCL), CLOCAL | HUPCL);
	cfmakeraw(&termios);
	cfsetspeed(&termios, B115200);
	cr_assert_eq(tcsetattr(fd, TCSANOW, &termios), 0);
	asked_or_fail(&rig, fd, MOCK_TTY_CHANGED, termios.c_cflag);
	close(fd);
	turns(&rig.server, 3);
	fd = open_port(&rig, TTY, O_RDWR);
	cr_assert_eq(tcgetattr(fd, &termios), 0);
	cr_expect_eq(cfgetospeed(&termios), B115200);
	cr_expect_eq(termios.c_lflag & ICANON, 0);
	close(fd);
}

Test(tty, an_open_is_refused_with_a_reason)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	int fd;

	tty_rig_init_or_fail(&rig);
	cr_expect_eq(open_port(&rig, "/dev/ttyACM1", O_RDWR), -ENODEV);
	cr_expect_eq(open_port(&rig, "", O_RDWR), -ENODEV);
	fd = open_port(&rig, TTY, O_RDWR);
	cr_expect_eq(asked_or_fail(&rig, fd, MOCK_TTY_EXCLUSIVE, 1).result, 0);
	cr_expect_eq(asked_or_fail(&rig, fd, MOCK_TTY_EXCLUSIVE, 2).a, 1);
	cr_expect_eq(open_port(&rig, TTY, O_RDWR), -EBUSY);
	asked_or_fail(&rig, fd, MOCK_TTY_EXCLUSIVE, 0);
	close(open_port(&rig, TTY, O_RDWR));
	asked_or_fail(&rig, fd, MOCK_TTY_EXCLUSIVE, 1);
	close(fd);
	turns(&rig.server, 3);
	fd = open_port(&rig, TTY, O_RDWR);
	cr_expect_geq(fd, 0, "who had it for himself has closed it: %d", fd);
	close(fd);
	mock_hold_ports(rig.server.mock, true);
	cr_expect_eq(open_port(&rig, TTY, O_RDWR), -EBUSY);
	mock_hold_ports(rig.server.mock, false);
	mock_probe_ports(rig.server.mock, 60000000);
	cr_expect_eq(open_port(&rig, TTY, O_RDWR), -EBUSY, "it is new, and somebody looks at it");
	mock_probe_ports(rig.server.mock, 0);
	fd = open_port(&rig, TTY, O_RDWR);
	cr_expect_geq(fd, 0);
	close(fd);
}

/* The device has not answered yet: open() waits, and may be given up. */
Test(tty, an_open_waits_for_the_device)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	CLEANUP(peer_free) struct peer *given_up = NULL, *patient = NULL;
	int fd;

	tty_rig_init_or_fail(&rig);
	rig.cdc.naks_control = true;
	given_up = asking_peer_or_fail(&rig, MOCK_TTY_OPEN, O_RDWR, 0, TTY);
	patient = asking_peer_or_fail(&rig, MOCK_TTY_OPEN, O_RDWR | O_NONBLOCK, 0, TTY);
	cr_expect_eq(opened(&rig, patient, &fd).result, -EAGAIN);
	peer_close(given_up);
	turns(&rig.server, 3);
	rig.cdc.naks_control = false;
	vusb_port_kick(rig.port);
	cr_expect_eq(opened(&rig, patient, &fd).result, 0);
	cr_assert_geq(fd, 0);
	cr_expect_eq(write(fd, "x\n", 2), 2);
	cr_expect(receives(&rig, 3), "a newline becomes two");
	close(fd);
}

/* --- data --- */

Test(tty, bytes_go_both_ways)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	char text[64];
	int fd;

	tty_rig_init_or_fail(&rig);
	fd = open_raw_or_fail(&rig);
	cr_assert_eq(write(fd, "ping", 4), 4);
	cr_expect(receives(&rig, 4));
	cr_expect_arr_eq(rig.cdc.in, "ping", 4);
	memcpy(rig.cdc.out, "pong", 4);
	rig.cdc.out_size = 4;
	vusb_port_kick(rig.port);
	cr_expect_str_eq(read_text(&rig, fd, text, 4), "pong", "%s", text);
	close(fd);
}

/* A program that writes and closes at once: all of it arrives, and DTR falls behind it. */
Test(tty, what_was_written_before_the_close_arrives)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	char bytes[3000], text[64];
	int fd;

	tty_rig_init_or_fail(&rig);
	memset(bytes, 'x', sizeof(bytes));
	fd = open_raw_or_fail(&rig);
	requests(&rig, text, sizeof(text));
	rig.cdc.naks = true;
	cr_assert_eq(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	close(fd);
	cr_expect_str_eq(requests(&rig, text, sizeof(text)), "", "%s", text);
	rig.cdc.naks = false;
	vusb_port_kick(rig.port);
	cr_expect_str_eq(requests_from(&rig, 1, text, sizeof(text)), "22:0", "%s", text);
	cr_expect_eq(rig.cdc.in_size, sizeof(bytes));
}

/* And who opens it meanwhile waits until it is closed. */
Test(tty, an_open_behind_a_close_waits_for_it)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	char text[64];
	int fd;

	tty_rig_init_or_fail(&rig);
	fd = open_raw_or_fail(&rig);
	rig.cdc.naks = true;
	cr_assert_eq(write(fd, "one", 3), 3);
	close(fd);
	peer = asking_peer_or_fail(&rig, MOCK_TTY_OPEN, O_RDWR | O_NONBLOCK, 0, TTY);
	cr_expect_eq(opened(&rig, peer, &fd).result, -EAGAIN);
	rig.cdc.naks = false;
	vusb_port_kick(rig.port);
	cr_expect_eq(opened(&rig, peer, &fd).result, 0);
	cr_assert_geq(fd, 0);
	cr_expect_str_eq(requests(&rig, text, sizeof(text)), "20 22:3 22:0 22:3", "%s", text);
	close(fd);
}

Test(tty, a_device_that_takes_nothing_stops_the_program)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	CLEANUP(peer_free) struct peer *drain = NULL;
	char bytes[4096];
	size_t written = 0;
	ssize_t n = 0;
	int fd;

	tty_rig_init_or_fail(&rig);
	memset(bytes, 'x', sizeof(bytes));
	fd = open_raw_or_fail(&rig);
	rig.cdc.naks = true;
	for (int i = 0; i < 500 && n >= 0; i++) {
		turn(&rig.server);
		n = write(fd, bytes, sizeof(bytes));
		written += n > 0 ? (size_t)n : 0;
	}
	cr_expect_lt(n, 0, "the pty takes all: %zu", written);
	cr_expect_gt(asked_or_fail(&rig, fd, MOCK_TTY_UNSENT, 0).a, 0);
	drain = asking_peer_or_fail(&rig, MOCK_TTY_DRAIN, pts_of(fd), 0, NULL);
	cr_expect(is_silent(&rig.server, drain));
	rig.cdc.naks = false;
	for (size_t got = 0; got < written; rig.cdc.in_size = 0) {
		vusb_port_kick(rig.port);
		turn(&rig.server);
		got += rig.cdc.in_size;
	}
	cr_expect_eq(receive_or_fail(&rig.server, drain).result, 0);
	cr_expect_eq(asked_or_fail(&rig, fd, MOCK_TTY_UNSENT, 0).a, 0);
	close(fd);
}

/* Each byte has the value of its place, modulo 251. */
static size_t fill(struct tty_rig *rig, size_t from)
{
	while (rig->cdc.out_size < sizeof(rig->cdc.out))
		rig->cdc.out[rig->cdc.out_size++] = (uint8_t)(from++ % 251);
	vusb_port_kick(rig->port);
	return from;
}

Test(tty, a_program_that_does_not_read_stops_the_device)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	size_t given = 0, got = 0, wrong = 0;
	uint8_t bytes[4096];
	ssize_t n;
	int fd;

	tty_rig_init_or_fail(&rig);
	fd = open_raw_or_fail(&rig);
	for (int i = 0; i < 20; i++) {
		given = fill(&rig, given);
		turns(&rig.server, 20);
	}
	cr_expect_gt(rig.cdc.out_size, sizeof(rig.cdc.out) - 4096, "it has to wait");
	for (int i = 0; i < 100 * TURNS_MAX && got < given; i++) {
		n = read(fd, bytes, sizeof(bytes));
		for (ssize_t k = 0; k < n; k++)
			wrong += bytes[k] != got++ % 251;
		turn(&rig.server);
	}
	cr_expect_eq(got, given, "%zu of %zu", got, given);
	cr_expect_eq(wrong, 0);
	close(fd);
}

Test(tty, a_device_that_stalls_is_left_in_peace)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	int fd;

	tty_rig_init_or_fail(&rig);
	rig.cdc.stalls_in = true;
	fd = open_raw_or_fail(&rig);
	turns(&rig.server, 100);
	cr_expect_leq(rig.cdc.reads, 64, "%u times", rig.cdc.reads);
	close(fd);
}

/* --- settings --- */

struct line_case {
	const char *name;
	speed_t speed;
	tcflag_t cflag;
	uint8_t line[7];
};

Test(tty, settings_are_sent_as_line_coding)
{
	static const struct line_case cases[] = {
		{"usual", B115200, CS8, {0x00, 0xc2, 0x01, 0x00, 0, 0, 8}},
		{"old", B1200, CS7 | PARENB | CSTOPB, {0xb0, 0x04, 0, 0, 2, 2, 7}},
		{"odd", B57600, CS8 | PARENB | PARODD, {0x00, 0xe1, 0, 0, 0, 1, 8}},
		{"space", B9600, CS5 | PARENB | CMSPAR, {0x80, 0x25, 0, 0, 0, 4, 5}},
		{"mark", B9600, CS6 | PARENB | PARODD | CMSPAR, {0x80, 0x25, 0, 0, 0, 3, 6}},
	};
	CLEANUP(tty_rig_done) struct tty_rig rig;
	struct termios termios;
	char text[64];
	int fd;

	tty_rig_init_or_fail(&rig);
	fd = open_raw_or_fail(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cr_assert_eq(tcgetattr(fd, &termios), 0);
		termios.c_cflag = (termios.c_cflag & (CLOCAL | HUPCL)) | CREAD | CS8 |
				  (cases[i].cflag & (CSTOPB | PARODD | CMSPAR));
		cfsetspeed(&termios, cases[i].speed);
		cr_assert_eq(tcsetattr(fd, TCSANOW, &termios), 0);
		requests(&rig, text, sizeof(text));
		asked_or_fail(&rig, fd, MOCK_TTY_CHANGED, cases[i].cflag | CREAD);
		cr_expect_str_eq(
			requests(&rig, text, sizeof(text)), "20", "%s: %s", cases[i].name, text);
		cr_expect_arr_eq(rig.cdc.line, cases[i].line, 7, "%s", cases[i].name);
		cr_expect_eq(asked_or_fail(&rig, fd, MOCK_TTY_CFLAG, 0).a & (CSIZE | PARENB),
			cases[i].cflag & (CSIZE | PARENB), "%s", cases[i].name);
		asked_or_fail(&rig, fd, MOCK_TTY_CHANGED, cases[i].cflag | CREAD);
		cr_expect_str_eq(requests(&rig, text, sizeof(text)), "", "%s: the same again",
			cases[i].name);
	}
	close(fd);
}

/* B0 is the old way to hang up. */
Test(tty, no_speed_lowers_dtr)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	struct termios termios;
	char text[64];
	int fd;

	tty_rig_init_or_fail(&rig);
	fd = open_raw_or_fail(&rig);
	cr_assert_eq(tcgetattr(fd, &termios), 0);
	cfsetspeed(&termios, B0);
	cr_assert_eq(tcsetattr(fd, TCSANOW, &termios), 0);
	requests(&rig, text, sizeof(text));
	asked_or_fail(&rig, fd, MOCK_TTY_CHANGED, CS8 | CREAD);
	cr_expect_str_eq(requests(&rig, text, sizeof(text)), "22:2", "%s", text);
	cfsetspeed(&termios, B9600);
	cr_assert_eq(tcsetattr(fd, TCSANOW, &termios), 0);
	asked_or_fail(&rig, fd, MOCK_TTY_CHANGED, CS8 | CREAD);
	cr_expect_str_eq(requests(&rig, text, sizeof(text)), "22:3", "%s", text);
	close(fd);
}

/* --- modem lines --- */

#define SET(bits)   ((uint64_t)(bits))
#define CLEAR(bits) ((uint64_t)(bits) << 32)

Test(tty, modem_lines_are_cdc_acms)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	char text[64];
	int fd;

	tty_rig_init_or_fail(&rig);
	fd = open_raw_or_fail(&rig);
	cr_expect_eq(asked_or_fail(&rig, fd, MOCK_TTY_MODEM_GET, 0).a,
		TIOCM_DTR | TIOCM_RTS | TIOCM_CTS);
	requests(&rig, text, sizeof(text));
	asked_or_fail(&rig, fd, MOCK_TTY_MODEM_SET, CLEAR(TIOCM_DTR));
	asked_or_fail(&rig, fd, MOCK_TTY_MODEM_SET, CLEAR(TIOCM_DTR));
	asked_or_fail(&rig, fd, MOCK_TTY_MODEM_SET, SET(TIOCM_DTR) | CLEAR(TIOCM_RTS));
	cr_expect_str_eq(requests(&rig, text, sizeof(text)), "22:2 22:1", "%s", text);
	cr_expect_eq(asked_or_fail(&rig, fd, MOCK_TTY_MODEM_GET, 0).a, TIOCM_DTR | TIOCM_CTS);
	notify_state(&rig, 0x03);
	cr_expect_eq(asked_or_fail(&rig, fd, MOCK_TTY_MODEM_GET, 0).a,
		TIOCM_DTR | TIOCM_CTS | TIOCM_CD | TIOCM_DSR);
	close(fd);
}

Test(tty, a_change_of_the_lines_can_be_waited_for)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	CLEANUP(peer_free) struct peer *dsr = NULL, *carrier = NULL, *ring = NULL;
	int fd;

	tty_rig_init_or_fail(&rig);
	fd = open_raw_or_fail(&rig);
	dsr = asking_peer_or_fail(&rig, MOCK_TTY_MODEM_WAIT, pts_of(fd), TIOCM_DSR, NULL);
	carrier = asking_peer_or_fail(&rig, MOCK_TTY_MODEM_WAIT, pts_of(fd), TIOCM_CD, NULL);
	cr_expect(is_silent(&rig.server, dsr));
	notify_state(&rig, 0x02);
	cr_expect_eq(receive_or_fail(&rig.server, dsr).result, 0);
	cr_expect(is_silent(&rig.server, carrier));
	ring = asking_peer_or_fail(&rig, MOCK_TTY_MODEM_WAIT, pts_of(fd), TIOCM_RI, NULL);
	turns(&rig.server, 3);
	vusb_port_unplug(rig.port);
	cr_expect_eq(receive_or_fail(&rig.server, carrier).result, 0, "it has gone with it");
	cr_expect_eq(receive_or_fail(&rig.server, ring).result, -ENODEV);
	close(fd);
}

Test(tty, errors_are_counted)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	struct mock_tty_counts counts;
	int fd;

	tty_rig_init_or_fail(&rig);
	fd = open_raw_or_fail(&rig);
	notify_state(&rig, 0x74);
	notify_state(&rig, 0x09);
	peer = asking_peer_or_fail(&rig, MOCK_TTY_COUNTS, pts_of(fd), 0, NULL);
	cr_assert_eq(receive_or_fail(&rig.server, peer).size, sizeof(counts));
	memcpy(&counts, peer->in + sizeof(struct mock_message), sizeof(counts));
	cr_expect(counts.brk == 1 && counts.frame == 1 && counts.parity == 1 &&
		  counts.overrun == 1 && counts.dcd == 1 && counts.rng == 1 && counts.dsr == 0);
	close(fd);
}

static bool is_hung_up(int fd)
{
	struct pollfd port = {.fd = fd, .events = POLLIN};
	char byte;

	return poll(&port, 1, 0) == 1 && port.revents & POLLHUP && read(fd, &byte, 1) == 0 &&
	       write(fd, "x", 1) < 0 && errno == EIO;
}

Test(tty, without_clocal_the_loss_of_the_carrier_hangs_up)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	struct termios termios;
	int fd;

	tty_rig_init_or_fail(&rig);
	fd = open_raw_or_fail(&rig);
	notify_state(&rig, 0x01);
	notify_state(&rig, 0x00);
	cr_expect_not(is_hung_up(fd));
	cr_assert_eq(tcgetattr(fd, &termios), 0);
	termios.c_cflag &= ~(tcflag_t)CLOCAL;
	cr_assert_eq(tcsetattr(fd, TCSANOW, &termios), 0);
	asked_or_fail(&rig, fd, MOCK_TTY_CHANGED, termios.c_cflag);
	notify_state(&rig, 0x01);
	cr_expect_not(is_hung_up(fd));
	notify_state(&rig, 0x00);
	cr_expect(is_hung_up(fd));
	close(fd);
	fd = open_port(&rig, TTY, O_RDWR);
	cr_expect_geq(fd, 0, "it can be opened again: %d", fd);
	close(fd);
}

/* A request that the device refuses: the ioctl says so. */
Test(tty, a_break_that_the_device_does_not_know_fails)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	int fd;

	tty_rig_init_or_fail(&rig);
	fd = open_raw_or_fail(&rig);
	cr_expect_eq(asked_or_fail(&rig, fd, MOCK_TTY_BREAK, 0xffff).result, -EPIPE);
	cr_expect_eq(rig.cdc.log[rig.cdc.requests - 1].bRequest, 0x23);
	cr_expect_eq(rig.cdc.log[rig.cdc.requests - 1].wIndex, 1);
	close(fd);
}

/* --- nonsense --- */

Test(tty, nonsense_is_refused)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	CLEANUP(peer_free) struct peer *unknown = NULL, *stranger = NULL, *twice = NULL;
	int fd;

	tty_rig_init_or_fail(&rig);
	fd = open_raw_or_fail(&rig);
	unknown = asking_peer_or_fail(&rig, 99, pts_of(fd), 0, NULL);
	cr_expect(is_closed(&rig.server, unknown));
	stranger = asking_peer_or_fail(&rig, MOCK_TTY_DRAIN, 12345678, 0, NULL);
	cr_expect_eq(receive_or_fail(&rig.server, stranger).result, -EIO);
	twice = asking_peer_or_fail(&rig, MOCK_TTY_MODEM_WAIT, pts_of(fd), TIOCM_CD, NULL);
	send_or_fail(&rig.server, twice, (struct mock_message){.kind = MOCK_LOOKUP}, NULL, 0);
	cr_expect(is_closed(&rig.server, twice));
	close(fd);
}

/* A program that writes and ends, and with it the rig. */
Test(tty, what_was_written_arrives_before_the_rig_ends)
{
	struct tty_rig rig;
	char bytes[3000];
	int fd;

	tty_rig_init_or_fail(&rig);
	memset(bytes, 'x', sizeof(bytes));
	fd = open_raw_or_fail(&rig);
	cr_assert_eq(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	close(fd);
	tty_rig_done(&rig);
	cr_expect_eq(rig.cdc.in_size, sizeof(bytes));
	cr_expect_eq(rig.cdc.log[rig.cdc.requests - 1].bRequest, SET_CONTROL);
	cr_expect_eq(rig.cdc.log[rig.cdc.requests - 1].wValue, 0);
}

Test(tty, stops_while_ports_are_open_and_programs_wait)
{
	CLEANUP(tty_rig_done) struct tty_rig rig;
	CLEANUP(peer_free) struct peer *waits = NULL, *drains = NULL, *opens = NULL;
	int fd;

	tty_rig_init_or_fail(&rig);
	fd = open_raw_or_fail(&rig);
	rig.cdc.naks = rig.cdc.naks_control = true;
	cr_assert_eq(write(fd, "x", 1), 1);
	waits = asking_peer_or_fail(&rig, MOCK_TTY_MODEM_WAIT, pts_of(fd), TIOCM_CD, NULL);
	drains = asking_peer_or_fail(&rig, MOCK_TTY_DRAIN, pts_of(fd), 0, NULL);
	opens = asking_peer_or_fail(&rig, MOCK_TTY_OPEN, O_RDWR, 0, TTY);
	turns(&rig.server, 3);
	close(fd);
}
