/* SPDX-License-Identifier: MIT */
#include "harness/report/request_text.h"

#include "harness/base/names.h"
#include "harness/base/wire.h"
#include "harness/dfu/dfu.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct text {
	char *out;
	size_t size;
	size_t used;
};

static void add(struct text *text, const char *fmt, ...) PRINTF(2, 3);

static void add(struct text *text, const char *fmt, ...)
{
	size_t room = text->size - text->used;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text->out + text->used, room, fmt, args);
	va_end(args);
	text->used += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

static void add_descriptor(struct text *text, const struct usb_setup *setup)
{
	static const char *const types[] = {
		[USB_DESC_DEVICE] = "device",
		[USB_DESC_CONFIG] = "configuration",
		[USB_DESC_STRING] = "string",
		[USB_DESC_QUALIFIER] = "qualifier",
		[USB_DESC_BOS] = "BOS",
	};
	static const struct names names = NAMES(types);
	unsigned int type = setup->wValue >> 8;

	add(text, " %s", names_text(&names, type));
	if (type == USB_DESC_STRING || type == USB_DESC_CONFIG)
		add(text, " %u", setup->wValue & 0xff);
}

static void add_standard(struct text *text, const struct usb_setup *setup)
{
	static const char *const requests[] = {
		[USB_GET_STATUS] = "GET_STATUS",
		[USB_CLEAR_FEATURE] = "CLEAR_FEATURE",
		[USB_SET_FEATURE] = "SET_FEATURE",
		[USB_SET_ADDRESS] = "SET_ADDRESS",
		[USB_GET_DESCRIPTOR] = "GET_DESCRIPTOR",
		[USB_SET_DESCRIPTOR] = "SET_DESCRIPTOR",
		[USB_GET_CONFIGURATION] = "GET_CONFIGURATION",
		[USB_SET_CONFIGURATION] = "SET_CONFIGURATION",
		[USB_GET_INTERFACE] = "GET_INTERFACE",
		[USB_SET_INTERFACE] = "SET_INTERFACE",
	};
	static const struct names names = NAMES(requests);

	add(text, "%s", names_text(&names, setup->bRequest));
	switch (setup->bRequest) {
	case USB_GET_DESCRIPTOR:
		add_descriptor(text, setup);
		break;
	case USB_SET_ADDRESS:
	case USB_SET_CONFIGURATION:
		add(text, " %u", setup->wValue);
		break;
	case USB_SET_INTERFACE:
		add(text, " %u, alternate %u", setup->wIndex, setup->wValue);
		break;
	default:
		break;
	}
}

/* What block 0 of a download orders; other blocks carry data. */
static void add_command(struct text *text, const struct vusb_transfer *transfer)
{
	struct reader in = reader_of(transfer->data, transfer->size);
	uint8_t command = reader_u8(&in);
	uint32_t addr = reader_le32(&in);

	switch (command) {
	case DFUSE_SET_ADDRESS:
		add(text, " set address");
		break;
	case DFUSE_ERASE:
		add(text, transfer->size == 1 ? " mass erase" : " erase");
		break;
	case DFUSE_READ_UNPROTECT:
		add(text, " read unprotect");
		break;
	default:
		add(text, " command 0x%02x", command);
		break;
	}
	if (transfer->size == DFUSE_ADDRESS_SIZE)
		add(text, " 0x%08" PRIx32, addr);
}

static void add_download(struct text *text, const struct vusb_transfer *transfer)
{
	if (transfer->setup.wValue == 0 && transfer->size && transfer->size <= DFUSE_ADDRESS_SIZE)
		add_command(text, transfer);
	else
		add(text, " block %u, %zu bytes", transfer->setup.wValue, transfer->size);
}

static void add_getstatus(struct text *text, const struct vusb_transfer *transfer)
{
	struct dfu_getstatus status;

	if (transfer->result != VUSB_ACK)
		return;
	if (dfu_getstatus_decode(transfer->data, transfer->actual, &status) < 0) {
		add(text, ": %zu bytes", transfer->actual);
		return;
	}
	add(text, ": %s, %s, poll %" PRIu32 " ms", dfu_state_text(status.state),
		dfu_status_text(status.status), status.poll_timeout_ms);
}

static void add_dfu(struct text *text, const struct vusb_transfer *transfer)
{
	const struct usb_setup *setup = &transfer->setup;

	add(text, "%s", dfu_request_text(setup->bRequest));
	switch (setup->bRequest) {
	case DFU_DNLOAD:
		add_download(text, transfer);
		break;
	case DFU_UPLOAD:
		add(text, " block %u, %zu of %u bytes", setup->wValue, transfer->actual,
			setup->wLength);
		break;
	case DFU_GETSTATUS:
		add_getstatus(text, transfer);
		break;
	case DFU_GETSTATE:
		if (transfer->result == VUSB_ACK && transfer->actual == 1)
			add(text, ": %s", dfu_state_text(transfer->data[0]));
		break;
	default:
		break;
	}
}

/* CDC PSTN 1.2, section 6.3: the requests of a modem-like port. */
static bool add_cdc(struct text *text, const struct usb_setup *setup)
{
	static const char *const requests[] = {
		[0x20] = "SET_LINE_CODING",
		[0x21] = "GET_LINE_CODING",
		[0x22] = "SET_CONTROL_LINE_STATE",
		[0x23] = "SEND_BREAK",
	};

	if (setup->bRequest >= ARRAY_SIZE(requests) || !requests[setup->bRequest])
		return false;
	add(text, "%s", requests[setup->bRequest]);
	if (setup->bRequest == 0x22)
		add(text, " DTR %s, RTS %s", setup->wValue & 1 ? "on" : "off",
			setup->wValue & 2 ? "on" : "off");
	return true;
}

static void add_other(struct text *text, const struct usb_setup *setup)
{
	add(text, "request %02x %02x, wValue %04x, wIndex %04x, wLength %u", setup->bmRequestType,
		setup->bRequest, setup->wValue, setup->wIndex, setup->wLength);
}

const char *request_text(const struct vusb_transfer *transfer, bool dfu, char *out, size_t size)
{
	struct text text = {.out = out, .size = size};
	const struct usb_setup *setup = &transfer->setup;
	unsigned int type = setup->bmRequestType & USB_TYPE_MASK;

	out[0] = '\0';
	if (type == USB_TYPE_STANDARD && setup->bRequest <= USB_SET_INTERFACE)
		add_standard(&text, setup);
	else if (type == USB_TYPE_CLASS && dfu && setup->bRequest < DFU_REQUEST_COUNT)
		add_dfu(&text, transfer);
	else if (type != USB_TYPE_CLASS || !add_cdc(&text, setup))
		add_other(&text, setup);
	if (transfer->result != VUSB_ACK)
		add(&text, ": %s", vusb_result_text(transfer->result));
	return out;
}
