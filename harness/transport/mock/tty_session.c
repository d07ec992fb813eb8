/* SPDX-License-Identifier: MIT */
/*
 * A serial port that programs have open: bytes between a pty and the device's bulk endpoints, and how it ends.
 *
 * The rig has the pty's master, programs have slaves. Each slave is opened here and handed over, so that the master tells when
 * the last one was closed; then what is still in the pty goes to the device before DTR falls, as the kernel does in close().
 * Backpressure: one write is on its way at a time, and reads that the pty does not take stay with it.
 */
#include "harness/transport/mock/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#define SLAVE_MODE  (MOCK_TTY_MARK | 0600) /* who gets an fd needs no more */
#define SLAVE_FLAGS (O_ACCMODE | O_NONBLOCK | O_APPEND | O_SYNC)
#define COOLDOWN_MS 500 /* acm_read_bulk_callback(): HZ / 2 */
#define CHUNKS_MAX  64  /* moved in a row before the loop has its turn */
#define CENTISECOND 10
#define WAIT_NEVER  65535 /* ASYNC_CLOSING_WAIT_NONE: do not wait */

static void on_poll(uv_poll_t *poll, int status, int events);

/* --- life --- */

void tty_session_get(struct tty_session *session)
{
	session->references++;
}

void tty_session_put(struct tty_session *session)
{
	if (--session->references == 0)
		free(session);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct tty_session *session = handle->data;

	session->mock->open_handles--;
	tty_session_put(session);
}

static void add_handle(struct tty_session *session, uv_handle_t *handle)
{
	handle->data = session;
	session->mock->open_handles++;
	tty_session_get(session);
}

/* Ends what is on its way, the last first: who is cancelled lets the next one be tried. */
static void cancel_transfers(struct tty_session *session)
{
	for (size_t i = TTY_READS; i > 0; i--)
		vusb_bus_cancel(&session->reads[i - 1].transfer);
	vusb_bus_cancel(&session->notify);
	vusb_bus_cancel(&session->out);
}

/* Nothing of it touches the port any more; the master is closed, which hangs up the slaves that are open. */
static void session_end(struct tty_session *session)
{
	struct mock_tty *tty = session->tty;

	session->tty = NULL;
	tty->session = NULL;
	tty->notified = 0;
	uv_close((uv_handle_t *)&session->poll, on_handle_closed);
	uv_close((uv_handle_t *)&session->cooldown, on_handle_closed);
	uv_close((uv_handle_t *)&session->linger, on_handle_closed);
	close_fd(&session->master);
	session->master = -1;
	cancel_transfers(session);
	tty_answer_all(&session->opening, -EIO);
	tty_answer_all(&session->setting, -EIO);
	tty_answer_all(
		&session->draining, 0); /* nothing is left to wait for (tty_wait_until_sent) */
	tty_answer_all(&session->watching, -EIO);
	tty_session_put(session);
}

/* --- from the device --- */

static void submit(struct tty_session *session, struct vusb_transfer *transfer)
{
	tty_session_get(session);
	vusb_bus_submit(transfer);
}

/* The pty takes what it has room for. */
static void give_arrived(struct tty_session *session)
{
	while (!list_empty(&session->arrived)) {
		struct tty_read *read = LIST_ENTRY(session->arrived.next, struct tty_read, link);
		size_t left = read->transfer.actual - read->given;
		ssize_t n = session->closed
				    ? (ssize_t)left
				    : write(session->master, read->data + read->given, left);

		if (n < 0)
			return;
		read->given += (size_t)n;
		if (read->given < read->transfer.actual)
			return;
		list_remove(&read->link);
		read->idle = true;
	}
}

static void on_cooldown(uv_timer_t *timer)
{
	struct tty_session *session = timer->data;

	if (session->tty && session->stalled && cdc_acm_is_there(session->tty))
		mock_request_send(session->mock, session->out.port,
			(struct usb_setup){.bmRequestType = USB_RECIPIENT_ENDPOINT,
				.bRequest = USB_CLEAR_FEATURE,
				.wValue = USB_FEATURE_ENDPOINT_HALT,
				.wIndex = session->tty->function.in},
			NULL, (struct mock_request_done){.call = NULL});
	session->stalled = false;
	tty_session_pump(session);
}

static void read_later(struct tty_session *session, uint64_t delay_ms)
{
	uv_update_time(session->mock->loop);
	uv_timer_start(&session->cooldown, on_cooldown, delay_ms, 0);
}

/* A device that answers with errors is left in peace for a moment. */
static void cool_down(struct tty_session *session, enum vusb_result result)
{
	session->stalled |= result == VUSB_STALL;
	read_later(session, COOLDOWN_MS);
}

static void read_completed(struct vusb_transfer *transfer)
{
	struct tty_read *read = CONTAINER_OF(transfer, struct tty_read, transfer);
	struct tty_session *session = read->session;

	read->given = 0;
	if (session->tty && transfer->result == VUSB_ACK && transfer->actual)
		list_append(&session->arrived, &read->link);
	else
		read->idle = true;
	if (session->tty && transfer->result != VUSB_ACK && transfer->result != VUSB_GONE &&
		transfer->result != VUSB_CANCELLED)
		cool_down(session, transfer->result);
	tty_session_pump(session);
	tty_session_put(session);
}

static void notify_completed(struct vusb_transfer *transfer)
{
	struct tty_session *session = transfer->user;

	session->notify_idle = true;
	if (session->tty && transfer->result == VUSB_ACK)
		cdc_acm_notified(session->tty, session->notify_data, transfer->actual);
	else if (session->tty && transfer->result != VUSB_GONE &&
		 transfer->result != VUSB_CANCELLED)
		cool_down(session, VUSB_ERROR);
	tty_session_pump(session);
	tty_session_put(session);
}

/* All that are idle; false: there was none. */
static bool submit_reads(struct tty_session *session)
{
	bool any = false;

	if (uv_is_active((uv_handle_t *)&session->cooldown) || session->closed ||
		!cdc_acm_is_there(session->tty))
		return false;
	for (size_t i = 0; session->tty && i < TTY_READS; i++) {
		if (!session->reads[i].idle)
			continue;
		session->reads[i].idle = false;
		any = true;
		submit(session, &session->reads[i].transfer);
	}
	if (session->tty && session->notify_idle) {
		session->notify_idle = false;
		any = true;
		submit(session, &session->notify);
	}
	return any;
}

/* --- to the device --- */

static void out_completed(struct vusb_transfer *transfer)
{
	struct tty_session *session = transfer->user;

	session->out_idle = true;
	tty_session_pump(session);
	tty_session_put(session);
}

static void on_lowered(void *user, int result UNUSED)
{
	struct tty_session *session = user;
	struct mock_tty *tty = session->tty;

	if (tty) {
		session_end(session);
		tty_open_waiting(tty);
	}
	tty_session_put(session);
}

/* The last program has closed it and the device has all: DTR and RTS fall, unless HUPCL says no. */
static void lower(struct tty_session *session)
{
	if (session->lowering)
		return;
	session->lowering = true;
	tty_session_get(session);
	if (session->tty->termios.cflag & HUPCL)
		cdc_acm_set_lines(session->tty, 0,
			(struct mock_request_done){.call = on_lowered, .user = session});
	else
		on_lowered(session, 0);
}

static void on_linger(uv_timer_t *timer)
{
	struct tty_session *session = timer->data;

	if (session->tty)
		lower(session);
}

static void note_closed(struct tty_session *session)
{
	uint32_t wait = session->tty->closing_wait;

	session->closed = true;
	if (wait == 0) /* ASYNC_CLOSING_WAIT_INF */
		return;
	uv_update_time(session->mock->loop);
	uv_timer_start(&session->linger, on_linger, wait == WAIT_NEVER ? 0 : wait * CENTISECOND, 0);
}

bool tty_session_check_closed(struct tty_session *session)
{
	struct pollfd master = {.fd = session->master};

	if (!session->closed && poll(&master, 1, 0) == 1 && master.revents & POLLHUP)
		note_closed(session);
	return session->closed;
}

/* The next piece that was written; false: there is none, or one is on its way. */
static bool submit_out(struct tty_session *session)
{
	ssize_t n;

	if (!session->out_idle || session->lowering || !cdc_acm_is_there(session->tty))
		return false;
	n = read(session->master, session->out_data, session->tty->function.out_size);
	if (n <= 0) {
		if (tty_session_check_closed(session))
			lower(session);
		return false;
	}
	session->out_idle = false;
	session->out.size = (size_t)n;
	submit(session, &session->out);
	return true;
}

size_t tty_session_unsent(const struct tty_session *session)
{
	struct pollfd master = {.fd = session->master, .events = POLLIN};
	int waiting = 0;

	/* poll() has the pty hand over what it has in the works. */
	if (poll(&master, 1, 0) < 0 || ioctl(session->master, FIONREAD, &waiting) < 0)
		waiting = 0;
	return (size_t)waiting + (session->out_idle ? 0 : session->out.size);
}

/* --- the pump --- */

static void update_poll(struct tty_session *session)
{
	int events = 0;

	if (!cdc_acm_is_there(session->tty)) {
		uv_poll_stop(&session->poll); /* until it is hung up */
		return;
	}
	if (session->out_idle && !session->lowering)
		events |= UV_READABLE;
	if (!list_empty(&session->arrived) && !session->closed)
		events |= UV_WRITABLE;
	if (events)
		uv_poll_start(&session->poll, events, on_poll);
	else
		uv_poll_stop(&session->poll);
}

void tty_session_pump(struct tty_session *session)
{
	bool moved = true;

	if (session->pumping || !session->tty)
		return;
	session->pumping = true;
	tty_session_get(session);
	for (int i = 0; session->tty && moved && i < CHUNKS_MAX; i++) {
		give_arrived(session);
		moved = submit_reads(session);
		moved |= session->tty && submit_out(session);
	}
	session->pumping = false;
	if (session->tty && !list_empty(&session->draining) && cdc_acm_is_there(session->tty) &&
		!tty_session_unsent(session))
		tty_answer_all(&session->draining, 0);
	/* The loop has its turn, and then it goes on. */
	if (session->tty && moved && !uv_is_active((uv_handle_t *)&session->cooldown))
		read_later(session, 1);
	if (session->tty)
		update_poll(session);
	tty_session_put(session);
}

void tty_session_settle(struct tty_session *session)
{
	tty_session_get(session);
	for (int i = 0; i < CHUNKS_MAX && session->tty; i++) {
		size_t unsent = tty_session_unsent(session);

		if (!unsent && !tty_session_check_closed(session))
			break;
		tty_session_pump(session);
		if (session->tty && unsent && tty_session_unsent(session) >= unsent)
			break; /* the device takes no more */
	}
	tty_session_put(session);
}

static void on_poll(uv_poll_t *poll, int status UNUSED, int events UNUSED)
{
	struct tty_session *session = poll->data;

	if (!session->tty)
		return;
	tty_session_check_closed(session);
	tty_session_pump(session);
}

/* --- open --- */

static int open_pty(struct tty_session *session)
{
	struct stat st;

	session->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (session->master < 0)
		return -errno;
	if (grantpt(session->master) < 0 || unlockpt(session->master) < 0 ||
		ptsname_r(session->master, session->path, sizeof(session->path)) != 0 ||
		stat(session->path, &st) < 0 ||
		tty_termios_set(session->master, &session->tty->termios) < 0)
		return -EIO;
	session->pts = minor(st.st_rdev);
	return 0;
}

static void init_transfers(struct tty_session *session)
{
	const struct cdc_function *function = &session->tty->function;
	struct vusb_transfer transfer = {.port = session->tty->slot->port, .user = session};

	for (size_t i = 0; i < TTY_READS; i++) {
		struct tty_read *read = &session->reads[i];

		read->session = session;
		read->idle = true;
		list_init(&read->link);
		read->transfer = transfer;
		read->transfer.type = VUSB_BULK;
		read->transfer.endpoint = function->in;
		read->transfer.data = read->data;
		read->transfer.size = function->in_size;
		read->transfer.complete = read_completed;
	}
	session->out_idle = session->notify_idle = true;
	session->out = session->notify = transfer;
	session->out.type = VUSB_BULK;
	session->out.endpoint = function->out;
	session->out.data = session->out_data;
	session->out.complete = out_completed;
	session->notify.type = VUSB_INTERRUPT;
	session->notify.endpoint = function->notify;
	session->notify.data = session->notify_data;
	session->notify.size = function->notify_size;
	session->notify.complete = notify_completed;
}

static struct tty_session *session_new(struct mock_tty *tty)
{
	struct tty_session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->mock = tty->mock;
	session->tty = tty;
	session->references = 1;
	session->master = -1;
	list_init(&session->arrived);
	list_init(&session->opening);
	list_init(&session->setting);
	list_init(&session->draining);
	list_init(&session->watching);
	init_transfers(session);
	return session;
}

int tty_session_begin(struct mock_tty *tty)
{
	struct tty_session *session = session_new(tty);
	int r = session ? open_pty(session) : -ENOMEM;

	if (r == 0 && uv_poll_init(tty->mock->loop, &session->poll, session->master) < 0)
		r = -EIO;
	if (r < 0) {
		if (session)
			close_fd(&session->master);
		free(session);
		return r;
	}
	add_handle(session, (uv_handle_t *)&session->poll);
	uv_timer_init(tty->mock->loop, &session->cooldown);
	add_handle(session, (uv_handle_t *)&session->cooldown);
	uv_timer_init(tty->mock->loop, &session->linger);
	add_handle(session, (uv_handle_t *)&session->linger);
	tty->session = session;
	return 0;
}

int tty_session_open_slave(struct tty_session *session, int flags)
{
	int fd = open(session->path, (flags & SLAVE_FLAGS) | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fchmod(fd, SLAVE_MODE) < 0) {
		close(fd);
		return -EIO;
	}
	tty_minor_mark(fd, session->opened++, (flags & O_ACCMODE) != O_RDONLY);
	return fd;
}

int tty_session_hang_up(struct tty_session *session)
{
	int fd = open(session->path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (!session->lowering && session->tty->termios.cflag & HUPCL)
		cdc_acm_set_lines(session->tty, 0, (struct mock_request_done){.call = NULL});
	session_end(session);
	return fd;
}
