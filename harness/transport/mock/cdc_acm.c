/* SPDX-License-Identifier: MIT */
#include "harness/base/wire.h"
#include "harness/transport/mock/tty.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

/* USB CDC 1.2 and its subclass for PSTN devices. */
#define CLASS_COMM         0x02
#define SUBCLASS_ACM       0x02
#define PROTOCOL_LAST      6 /* what cdc_acm's table of ids goes up to: the AT command sets */
#define CLASS_DATA         0x0a
#define CS_INTERFACE       0x24
#define SUBTYPE_ACM        0x02
#define SUBTYPE_UNION      0x06
#define SET_LINE_CODING    0x20
#define SET_CONTROL_LINES  0x22
#define SEND_BREAK         0x23
#define NOTIFY_TYPE        0xa1
#define SERIAL_STATE       0x20
#define NOTIFY_HEADER      8
#define ENDPOINT_BULK      2
#define ENDPOINT_INTERRUPT 3

/* --- which interfaces --- */

/* Calls fn for the descriptors behind an interface descriptor, up to the next interface. */
static void walk_interface(const struct sysfs_device *device, const uint8_t *interface,
	void (*fn)(struct cdc_function *function, const uint8_t *desc),
	struct cdc_function *function)
{
	const uint8_t *end = device->identity.config + device->identity.config_size;

	for (const uint8_t *at = interface + interface[0];
		end - at >= 2 && at[0] >= 2 && at[0] <= end - at; at += at[0]) {
		if (at[1] == USB_DESC_INTERFACE)
			return;
		fn(function, at);
	}
}

static uint16_t packet_size(const uint8_t *endpoint)
{
	return (uint16_t)((endpoint[4] | endpoint[5] << 8) & 0x7ff);
}

static void look_at_control(struct cdc_function *function, const uint8_t *desc)
{
	if (desc[1] == CS_INTERFACE && desc[0] >= 5 && desc[2] == SUBTYPE_UNION)
		function->data = desc[4];
	if (desc[1] == CS_INTERFACE && desc[0] >= 4 && desc[2] == SUBTYPE_ACM)
		function->capabilities = desc[3];
	if (desc[1] == USB_DESC_ENDPOINT && desc[0] >= 7 && (desc[3] & 3) == ENDPOINT_INTERRUPT &&
		desc[2] & USB_DIR_IN) {
		function->notify = desc[2];
		function->notify_size = packet_size(desc);
	}
}

static void look_at_data(struct cdc_function *function, const uint8_t *desc)
{
	if (desc[1] != USB_DESC_ENDPOINT || desc[0] < 7 || (desc[3] & 3) != ENDPOINT_BULK)
		return;
	if (desc[2] & USB_DIR_IN) {
		function->in = desc[2];
		function->in_size = packet_size(desc);
	} else {
		function->out = desc[2];
		function->out_size = packet_size(desc);
	}
}

static uint16_t at_most(size_t size, size_t most)
{
	return (uint16_t)(size < most ? size : most);
}

/* True when the interface is the control interface of a port that the driver takes (acm_probe). */
static bool find_function(
	const struct sysfs_device *device, uint8_t interface, struct cdc_function *ret)
{
	const uint8_t *control = sysfs_find_alternate(device, interface, 0), *data;

	*ret = (struct cdc_function){.control = interface, .data = interface};
	if (!control || control[5] != CLASS_COMM || control[6] != SUBCLASS_ACM ||
		control[7] > PROTOCOL_LAST)
		return false;
	walk_interface(device, control, look_at_control, ret);
	data = sysfs_find_alternate(device, ret->data, 0);
	if (!data || data[5] != CLASS_DATA || ret->data == interface ||
		ret->data >= VUSB_INTERFACE_MAX)
		return false;
	walk_interface(device, data, look_at_data, ret);
	ret->notify_size = at_most(ret->notify_size, CDC_NOTIFY_MAX);
	ret->in_size = at_most(2u * ret->in_size, TTY_READ_MAX);
	ret->out_size = at_most(20u * ret->out_size, TTY_WRITE_MAX);
	return ret->notify && ret->in && ret->out && ret->in_size && ret->out_size;
}

/* --- requests --- */

bool cdc_acm_is_there(const struct mock_tty *tty)
{
	const struct mock_slot *slot = tty->slot;

	return slot->port->device && slot->port->devnum == slot->device.devnum;
}

static struct usb_setup setup_of(
	const struct mock_tty *tty, uint8_t request, uint16_t value, uint16_t size)
{
	return (struct usb_setup){.bmRequestType = USB_TYPE_CLASS | USB_RECIPIENT_INTERFACE,
		.bRequest = request,
		.wValue = value,
		.wIndex = tty->function.control,
		.wLength = size};
}

static void send_request(struct mock_tty *tty, struct usb_setup setup, const void *data,
	struct mock_request_done done)
{
	if (cdc_acm_is_there(tty))
		mock_request_send(tty->mock, tty->slot->port, setup, data, done);
	else if (done.call)
		done.call(done.user, -ENODEV);
}

static void send_line(struct mock_tty *tty)
{
	send_request(tty, setup_of(tty, SET_LINE_CODING, 0, CDC_LINE_CODING_SIZE), tty->line,
		(struct mock_request_done){.call = NULL});
}

void cdc_acm_set_lines(struct mock_tty *tty, uint16_t lines, struct mock_request_done done)
{
	tty->lines_out = lines;
	send_request(tty, setup_of(tty, SET_CONTROL_LINES, lines, 0), NULL, done);
}

void cdc_acm_send_break(struct mock_tty *tty, uint16_t value, struct mock_request_done done)
{
	send_request(tty, setup_of(tty, SEND_BREAK, value, 0), NULL, done);
}

static uint8_t data_bits(uint32_t cflag)
{
	switch (cflag & CSIZE) {
	case CS5:
		return 5;
	case CS6:
		return 6;
	case CS7:
		return 7;
	default:
		return 8;
	}
}

static uint8_t parity(uint32_t cflag)
{
	if (!(cflag & PARENB))
		return 0;
	return (uint8_t)((cflag & PARODD ? 1 : 2) + (cflag & CMSPAR ? 2 : 0));
}

/* acm_tty_set_termios(): a speed of 0 hangs up (DTR falls) and leaves the line coding's. */
void cdc_acm_set_termios(struct mock_tty *tty, const struct tty_termios *termios)
{
	uint8_t line[CDC_LINE_CODING_SIZE];
	struct writer out = writer_of(line, sizeof(line));
	uint16_t lines = tty->lines_out;
	uint32_t cflag = termios->cflag;

	if (cflag & CBAUD) {
		writer_le32(&out, termios->speed);
		lines = !(tty->termios.cflag & CBAUD) ? lines | CDC_DTR : lines;
	} else {
		writer_bytes(&out, tty->line, 4);
		lines &= (uint16_t)~CDC_DTR;
	}
	writer_u8(&out, cflag & CSTOPB ? 2 : 0);
	writer_u8(&out, parity(cflag));
	writer_u8(&out, data_bits(cflag));
	tty->termios = *termios;
	if (lines != tty->lines_out)
		cdc_acm_set_lines(tty, lines, (struct mock_request_done){.call = NULL});
	if (memcmp(line, tty->line, sizeof(line)) == 0)
		return;
	memcpy(tty->line, line, sizeof(line));
	send_line(tty);
}

/* --- notifications --- */

static void count_changes(struct mock_tty *tty, uint16_t state)
{
	uint16_t changed = state ^ tty->lines_in;

	tty->counts.dsr += (changed & CDC_DSR) != 0;
	tty->counts.dcd += (changed & CDC_DCD) != 0;
	tty->counts.rng += (state & CDC_RI) != 0;
	tty->counts.brk += (state & CDC_BREAK) != 0;
	tty->counts.frame += (state & CDC_FRAMING) != 0;
	tty->counts.parity += (state & CDC_PARITY) != 0;
	tty->counts.overrun += (state & CDC_OVERRUN) != 0;
}

/* Without CLOCAL the port hangs up when the carrier is lost. */
static void set_state(struct mock_tty *tty, uint16_t state)
{
	bool lost = tty->lines_in & ~state & CDC_DCD;

	count_changes(tty, state);
	tty->lines_in = state;
	tty_answer_watching(tty);
	if (!lost || tty->termios.cflag & CLOCAL || !tty->session)
		return;
	tty_minor_linger(tty->mock, tty->shown.minor, tty_session_hang_up(tty->session));
	tty_open_waiting(tty);
}

void cdc_acm_notified(struct mock_tty *tty, const uint8_t *data, size_t size)
{
	const uint8_t *at = tty->notification;
	size_t wanted;

	if (!size || tty->notified + size > sizeof(tty->notification)) {
		tty->notified = 0;
		return;
	}
	memcpy(tty->notification + tty->notified, data, size);
	tty->notified += size;
	if (tty->notified < NOTIFY_HEADER)
		return;
	wanted = NOTIFY_HEADER + (size_t)(at[6] | at[7] << 8);
	if (tty->notified < wanted && wanted <= sizeof(tty->notification))
		return;
	tty->notified = 0;
	if (at[0] == NOTIFY_TYPE && at[1] == SERIAL_STATE && wanted == NOTIFY_HEADER + 2)
		set_state(tty, (uint16_t)(at[8] | at[9] << 8));
}

uint32_t cdc_acm_modem(const struct mock_tty *tty)
{
	uint32_t bits = TIOCM_CTS; /* the driver says so always */

	bits |= tty->lines_out & CDC_DTR ? TIOCM_DTR : 0;
	bits |= tty->lines_out & CDC_RTS ? TIOCM_RTS : 0;
	bits |= tty->lines_in & CDC_DSR ? TIOCM_DSR : 0;
	bits |= tty->lines_in & CDC_RI ? TIOCM_RI : 0;
	bits |= tty->lines_in & CDC_DCD ? TIOCM_CD : 0;
	return bits;
}

/* --- bind and unbind --- */

/* tty_std_termios with cdc_acm's c_cflag. */
static const struct tty_termios first_termios = {
	.iflag = ICRNL | IXON,
	.oflag = OPOST | ONLCR,
	.cflag = B9600 | CS8 | CREAD | HUPCL | CLOCAL,
	.lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.cc = {[VINTR] = 3,
		[VQUIT] = 28,
		[VERASE] = 127,
		[VKILL] = 21,
		[VEOF] = 4,
		[VMIN] = 1,
		[VSTART] = 17,
		[VSTOP] = 19,
		[VSUSP] = 26,
		[VREPRINT] = 18,
		[VDISCARD] = 15,
		[VWERASE] = 23,
		[VLNEXT] = 22},
	.speed = 9600,
};

static struct mock_tty *tty_new(
	struct mock *mock, struct mock_slot *slot, const struct cdc_function *function)
{
	static const uint8_t line[CDC_LINE_CODING_SIZE] = {
		0x80, 0x25, 0, 0, 0, 0, 8}; /* 9600 8N1 */
	int minor = tty_minor_alloc(mock);
	struct mock_tty *tty = minor < 0 ? NULL : calloc(1, sizeof(*tty));

	if (!tty)
		return NULL;
	tty->mock = mock;
	tty->slot = slot;
	tty->function = *function;
	tty->shown = (struct sysfs_tty){.interface = function->control,
		.minor = (uint8_t)minor,
		.capabilities = function->capabilities};
	memcpy(tty->line, line, sizeof(line));
	tty->close_delay = 50; /* tty_port_init */
	tty->closing_wait = 3000;
	tty->termios = first_termios;
	list_init(&tty->openers);
	list_append(&mock->ttys, &tty->link);
	return tty;
}

static void set_driver(struct mock *mock, struct mock_slot *slot, uint8_t interface, bool bound)
{
	slot->claims[interface] = bound ? MOCK_OWNER_CDC_ACM : 0;
	slot->device.driver[interface] = bound ? "cdc_acm" : NULL;
	/* Out of memory: sysfs tells the old one. */
	(void)!sysfs_set_driver(mock->tree, &slot->device, interface);
}

bool cdc_acm_bind(struct mock *mock, struct mock_slot *slot, uint8_t interface, bool late)
{
	struct cdc_function function;
	struct mock_tty *tty;

	if (!slot->port->device || !find_function(&slot->device, interface, &function) ||
		slot->claims[function.control] || slot->claims[function.data])
		return false;
	tty = tty_new(mock, slot, &function);
	if (!tty)
		return false;
	send_line(tty);
	set_driver(mock, slot, function.control, true);
	set_driver(mock, slot, function.data, true);
	if (late)
		mock_send_uevents(mock, &slot->device, function.data, "bind");
	if (sysfs_add_tty(mock->tree, &slot->device, &tty->shown) == 0)
		mock_send_tty_uevents(mock, &slot->device, &tty->shown, "add");
	if (late)
		mock_send_uevents(mock, &slot->device, function.control, "bind");
	return true;
}

static struct mock_tty *find_tty(struct mock *mock, const struct mock_slot *slot, uint8_t interface)
{
	list_for_each (node, &mock->ttys) {
		struct mock_tty *tty = LIST_ENTRY(node, struct mock_tty, link);

		if (tty->slot == slot &&
			(tty->function.control == interface || tty->function.data == interface))
			return tty;
	}
	return NULL;
}

/* The driver lets go of the other interface before the one that it is taken away from (acm_disconnect). */
void cdc_acm_unbind(struct mock *mock, struct mock_slot *slot, uint8_t interface)
{
	struct mock_tty *tty = find_tty(mock, slot, interface);
	uint8_t other;

	if (!tty)
		return;
	tty_answer_gone(tty);
	other = tty->function.control == interface ? tty->function.data : tty->function.control;
	if (tty->session)
		tty_minor_linger(mock, tty->shown.minor, tty_session_hang_up(tty->session));
	list_remove(&tty->link);
	tty_answer_all(&tty->openers, -ENODEV);
	sysfs_remove_tty(mock->tree, &slot->device, &tty->shown);
	mock_send_tty_uevents(mock, &slot->device, &tty->shown, "remove");
	set_driver(mock, slot, other, false);
	mock_send_uevents(mock, &slot->device, other, "unbind");
	set_driver(mock, slot, interface, false);
	mock_send_uevents(mock, &slot->device, interface, "unbind");
	free(tty);
}

void cdc_acm_unbind_all(struct mock *mock, struct mock_slot *slot)
{
	for (uint8_t i = 0; i < VUSB_INTERFACE_MAX; i++)
		cdc_acm_unbind(mock, slot, i);
}
