/* SPDX-License-Identifier: MIT */
/* What programs ask of serial ports: one call a connection, answered at once or when it is so. */
#include "harness/transport/mock/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define KEPT_BY_US (CSIZE | PARENB | CREAD) /* pty_set_termios() changes them */
#define LINES      (TIOCM_DTR | TIOCM_RTS)

static void answer(struct mock_client *client, int result)
{
	mock_client_send(
		client, (struct mock_message){.kind = MOCK_REPLY, .result = result}, NULL, 0);
}

static void answer_number(struct mock_client *client, uint32_t number)
{
	mock_client_send(client, (struct mock_message){.kind = MOCK_REPLY, .a = number}, NULL, 0);
}

static struct mock_client *first_of(struct list *waiting)
{
	struct mock_client *client = LIST_ENTRY(waiting->next, struct mock_client, waiting);

	list_remove(&client->waiting);
	return client;
}

void tty_answer_all(struct list *waiting, int result)
{
	while (!list_empty(waiting))
		answer(first_of(waiting), result);
}

/* --- open --- */

/* The device has DTR: who asked first has its port. */
static void on_raised(void *user, int result UNUSED)
{
	struct tty_session *session = user;

	if (session->tty && !list_empty(&session->opening)) {
		struct mock_client *client = first_of(&session->opening);

		mock_client_send_fd(
			client, (struct mock_message){.kind = MOCK_REPLY}, client->slave_fd);
		close_fd(&client->slave_fd);
		client->slave_fd = -1;
	}
	tty_session_put(session);
}

/* acm_port_activate() and what tty_port_open() does behind it; the driver looks at no result. */
static void activate(struct mock_client *client, struct mock_tty *tty, bool first)
{
	struct tty_session *session = tty->session;
	struct tty_termios termios = tty->termios;

	list_append(&session->opening, &client->waiting);
	if (first)
		cdc_acm_set_termios(tty, &termios);
	if (first)
		tty_session_pump(session);
	tty_session_get(session);
	if (termios.cflag & CBAUD)
		cdc_acm_set_lines(tty, CDC_DTR | CDC_RTS,
			(struct mock_request_done){.call = on_raised, .user = session});
	else
		on_raised(session, 0);
}

/* Somebody else opened it when it appeared. */
static bool is_probed(const struct mock_tty *tty)
{
	uint64_t now_us = clock_now_us(vusb_bus_clock(tty->mock->bus));

	return now_us - tty->slot->device.plugged_us < tty->mock->probe_us;
}

static void open_tty(struct mock_client *client, struct mock_tty *tty)
{
	bool first = !tty->session;
	int r = 0;

	if (tty->mock->ports_held || is_probed(tty) || (tty->session && tty->session->exclusive)) {
		answer(client, -EBUSY);
		return;
	}
	if (tty->session && tty_session_check_closed(tty->session)) {
		list_append(&tty->openers, &client->waiting);
		return;
	}
	if (first)
		r = tty_session_begin(tty);
	if (r == 0)
		r = client->slave_fd = tty_session_open_slave(tty->session, (int)client->asked.c);
	if (r < 0)
		answer(client, r);
	else
		activate(client, tty, first);
}

void tty_open_waiting(struct mock_tty *tty)
{
	struct list waiting;

	list_init(&waiting);
	while (!list_empty(&tty->openers)) {
		struct list *node = tty->openers.next;

		list_remove(node);
		list_append(&waiting, node);
	}
	while (!list_empty(&waiting))
		open_tty(first_of(&waiting), tty);
}

static void call_open(
	struct mock_client *client, const struct mock_message *message, const uint8_t *payload)
{
	list_for_each (node, &client->mock->ttys) {
		struct mock_tty *tty = LIST_ENTRY(node, struct mock_tty, link);
		char path[32];

		sysfs_tty_node(&tty->shown, path);
		if (strlen(path) != message->size || memcmp(path, payload, message->size) != 0)
			continue;
		open_tty(client, tty);
		return;
	}
	answer(client, -ENODEV);
}

/* --- calls on an open port --- */

static void call_node(struct mock_client *client, struct tty_session *session)
{
	char path[32];

	sysfs_tty_node(&session->tty->shown, path);
	mock_client_send(client, (struct mock_message){.kind = MOCK_REPLY}, path, strlen(path));
}

static void call_changed(struct mock_client *client, struct tty_session *session)
{
	struct tty_termios termios;
	uint32_t kept = (uint32_t)client->asked.tag & KEPT_BY_US;

	if (tty_termios_get(session->master, &termios) == 0) {
		termios.cflag = (termios.cflag & ~(uint32_t)KEPT_BY_US) | kept;
		cdc_acm_set_termios(session->tty, &termios);
	}
	answer(client, 0);
}

static void call_drain(struct mock_client *client, struct tty_session *session)
{
	list_append(&session->draining, &client->waiting);
	tty_session_pump(session);
}

/* A request has been answered by the device. */
static void on_set(void *user, int result)
{
	struct tty_session *session = user;

	if (!list_empty(&session->setting))
		answer(first_of(&session->setting), result);
	tty_session_put(session);
}

static struct mock_request_done answer_when_set(
	struct mock_client *client, struct tty_session *session)
{
	list_append(&session->setting, &client->waiting);
	tty_session_get(session);
	return (struct mock_request_done){.call = on_set, .user = session};
}

static uint16_t lines_of(uint64_t bits)
{
	return (uint16_t)((bits & TIOCM_DTR ? CDC_DTR : 0) | (bits & TIOCM_RTS ? CDC_RTS : 0));
}

static void call_modem_set(struct mock_client *client, struct tty_session *session)
{
	uint16_t set = lines_of(client->asked.tag), clear = lines_of(client->asked.tag >> 32);
	uint16_t lines = session->tty->lines_out;

	lines = (uint16_t)((lines & ~clear) | set);
	if (lines == session->tty->lines_out)
		answer(client, 0);
	else
		cdc_acm_set_lines(session->tty, lines, answer_when_set(client, session));
}

/* wait_serial_change(): what has changed since the last look counts too. */
static bool has_changed(struct mock_tty *tty, uint32_t bits)
{
	const struct mock_tty_counts old = tty->counts_waited, *new = &tty->counts;

	tty->counts_waited = *new;
	return (bits & TIOCM_DSR && old.dsr != new->dsr) ||
	       (bits & TIOCM_CD && old.dcd != new->dcd) || (bits & TIOCM_RI && old.rng != new->rng);
}

static void call_modem_wait(struct mock_client *client, struct tty_session *session)
{
	if (has_changed(session->tty, (uint32_t)client->asked.tag))
		answer(client, 0);
	else
		list_append(&session->watching, &client->waiting);
}

void tty_answer_watching(struct mock_tty *tty)
{
	const struct mock_tty_counts before = tty->counts_waited;

	if (!tty->session)
		return;
	list_for_each_safe (node, &tty->session->watching) {
		struct mock_client *client = LIST_ENTRY(node, struct mock_client, waiting);

		tty->counts_waited = before;
		if (!has_changed(tty, (uint32_t)client->asked.tag))
			continue;
		list_remove(node);
		answer(client, 0);
	}
}

/* acm_disconnect(): who waits for the carrier has seen it go. */
void tty_answer_gone(struct mock_tty *tty)
{
	while (tty->session && !list_empty(&tty->session->watching)) {
		struct mock_client *client = first_of(&tty->session->watching);

		answer(client, client->asked.tag & TIOCM_CD ? 0 : -ENODEV);
	}
}

static void call_exclusive(struct mock_client *client, struct tty_session *session)
{
	if (client->asked.tag < 2)
		session->exclusive = client->asked.tag;
	answer_number(client, session->exclusive);
}

static void call_counts(struct mock_client *client, struct tty_session *session)
{
	mock_client_send(client, (struct mock_message){.kind = MOCK_REPLY}, &session->tty->counts,
		sizeof(session->tty->counts));
}

static void call_get_serial(struct mock_client *client, struct tty_session *session)
{
	const struct mock_tty *tty = session->tty;

	mock_client_send(client,
		(struct mock_message){.kind = MOCK_REPLY,
			.a = tty->shown.minor,
			.b = tty->close_delay,
			.c = tty->closing_wait},
		NULL, 0);
}

static void call_set_serial(struct mock_client *client, struct tty_session *session)
{
	session->tty->close_delay = (uint32_t)client->asked.tag & UINT16_MAX;
	session->tty->closing_wait = (uint32_t)(client->asked.tag >> 32) & UINT16_MAX;
	answer(client, 0);
}

/* The open port with this pts; NULL: none, or it was hung up. */
static struct tty_session *find_session(struct mock *mock, uint32_t pts)
{
	list_for_each (node, &mock->ttys) {
		struct tty_session *session = LIST_ENTRY(node, struct mock_tty, link)->session;

		if (session && session->pts == pts)
			return session;
	}
	return NULL;
}

static void call_on_session(struct mock_client *client, struct tty_session *session)
{
	switch ((enum mock_tty_call)client->asked.b) {
	case MOCK_TTY_NODE:
		call_node(client, session);
		return;
	case MOCK_TTY_CHANGED:
		call_changed(client, session);
		return;
	case MOCK_TTY_CFLAG:
		answer_number(client, session->tty->termios.cflag & KEPT_BY_US);
		return;
	case MOCK_TTY_DRAIN:
		call_drain(client, session);
		return;
	case MOCK_TTY_UNSENT:
		answer_number(client, (uint32_t)tty_session_unsent(session));
		return;
	case MOCK_TTY_MODEM_GET:
		answer_number(client, cdc_acm_modem(session->tty));
		return;
	case MOCK_TTY_MODEM_SET:
		call_modem_set(client, session);
		return;
	case MOCK_TTY_MODEM_WAIT:
		call_modem_wait(client, session);
		return;
	case MOCK_TTY_COUNTS:
		call_counts(client, session);
		return;
	case MOCK_TTY_EXCLUSIVE:
		call_exclusive(client, session);
		return;
	case MOCK_TTY_BREAK:
		cdc_acm_send_break(session->tty, (uint16_t)client->asked.tag,
			answer_when_set(client, session));
		return;
	case MOCK_TTY_GET_SERIAL:
		call_get_serial(client, session);
		return;
	case MOCK_TTY_SET_SERIAL:
		call_set_serial(client, session);
		return;
	case MOCK_TTY_OPEN:
		break;
	}
	mock_client_close(client);
}

void tty_call(
	struct mock_client *client, const struct mock_message *message, const uint8_t *payload)
{
	struct tty_session *session;

	client->asked = *message;
	if (message->b == MOCK_TTY_OPEN) {
		call_open(client, message, payload);
		return;
	}
	session = find_session(client->mock, message->c);
	if (session)
		call_on_session(client, session);
	else
		answer(client, -EIO); /* hung up */
}
