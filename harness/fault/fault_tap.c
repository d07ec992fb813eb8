/* SPDX-License-Identifier: MIT */
#include "harness/fault/fault_tap.h"

#include "harness/base/wire.h"
#include "harness/dfu/dfu.h"

#include <string.h>

#define ON_BUS ((UINT32_C(1) << FAULT_REQUEST) | (UINT32_C(1) << FAULT_ANSWER))

#define DEFAULT_POINTER 0x08000000u /* AN3156: where a download goes without Set Address Pointer */

/* What a DNLOAD may be for. */
enum download_kind {
	DOWNLOAD_NONE,
	DOWNLOAD_ERASE,
	DOWNLOAD_MASS_ERASE,
	DOWNLOAD_SET_ADDRESS,
	DOWNLOAD_WRITE,
	DOWNLOAD_UNPROTECT,
	DOWNLOAD_LEAVE,
};

static const char *const download_text[] = {
	NULL, "erase", "mass-erase", "set-address", "write", "unprotect", "leave"};
static const char *const status_text[] = {NULL, "GETSTATUS erase", "GETSTATUS mass-erase",
	"GETSTATUS set-address", "GETSTATUS write", "GETSTATUS unprotect", "GETSTATUS leave"};
static const char *const request_text[DFU_REQUEST_COUNT] = {
	[DFU_DETACH] = "DETACH",
	[DFU_DNLOAD] = "DNLOAD",
	[DFU_UPLOAD] = "UPLOAD",
	[DFU_GETSTATUS] = "GETSTATUS",
	[DFU_CLRSTATUS] = "CLRSTATUS",
	[DFU_GETSTATE] = "GETSTATE",
	[DFU_ABORT] = "ABORT",
};

static struct fault_tap *self_of(struct vusb_tap *tap)
{
	return CONTAINER_OF(tap, struct fault_tap, tap);
}

/* --- what a transfer is --- */

static uint32_t transfer_size_of(const struct vusb_device *device)
{
	uint8_t bytes[VUSB_CONFIG_MAX];
	struct writer out = writer_of(bytes, sizeof(bytes));
	struct dfu_functional functional;

	vusb_desc_write_config(&device->desc->configs[0], &out);
	return dfu_functional_find(bytes, out.pos, &functional) == 0 ? functional.transfer_size : 0;
}

/* A device that is new here. */
static void meet(struct fault_tap *self, const struct vusb_port *port)
{
	self->devnum = port->devnum;
	self->transfer_size = transfer_size_of(port->device);
	self->pointer = DEFAULT_POINTER;
	self->download.kind = DOWNLOAD_NONE;
}

static bool is_dfu(const struct fault_tap *self, const struct vusb_transfer *transfer)
{
	return self->transfer_size && transfer->type == VUSB_CONTROL &&
	       (transfer->setup.bmRequestType & USB_TYPE_MASK) == USB_TYPE_CLASS &&
	       transfer->setup.bRequest < DFU_REQUEST_COUNT;
}

/* AN3156: the address of a data block. */
static uint32_t block_addr(const struct fault_tap *self, uint32_t block)
{
	return self->pointer + (block - DFUSE_FIRST_BLOCK) * self->transfer_size;
}

static uint32_t command_addr(const struct vusb_transfer *transfer)
{
	struct reader in = reader_of(transfer->data + 1, DFUSE_ADDRESS_SIZE - 1);

	return reader_le32(&in);
}

/* A DNLOAD of block 0. */
static struct fault_download command_of(const struct vusb_transfer *transfer)
{
	uint16_t size = transfer->setup.wLength;
	struct fault_download download = {.kind = DOWNLOAD_NONE};

	if (size == DFUSE_ADDRESS_SIZE) {
		if (transfer->data[0] == DFUSE_SET_ADDRESS)
			download.kind = DOWNLOAD_SET_ADDRESS;
		if (transfer->data[0] == DFUSE_ERASE)
			download.kind = DOWNLOAD_ERASE;
		download.addr = command_addr(transfer);
		download.size = 1;
	} else if (transfer->data[0] == DFUSE_ERASE) {
		download.kind = DOWNLOAD_MASS_ERASE;
	} else if (transfer->data[0] == DFUSE_READ_UNPROTECT) {
		download.kind = DOWNLOAD_UNPROTECT;
	}
	return download;
}

static struct fault_download download_of(
	const struct fault_tap *self, const struct vusb_transfer *transfer)
{
	const struct usb_setup *setup = &transfer->setup;
	struct fault_download download = {.block = setup->wValue, .size = setup->wLength};

	if (!setup->wLength) {
		download.kind = DOWNLOAD_LEAVE;
		return download;
	}
	if (setup->wValue == 0)
		return command_of(transfer);
	if (setup->wValue >= DFUSE_FIRST_BLOCK) {
		download.kind = DOWNLOAD_WRITE;
		download.addr = block_addr(self, setup->wValue);
	}
	return download;
}

static void put_download(
	struct fault_occasion *occasion, const struct fault_download *download, const char *also)
{
	occasion->also = also;
	occasion->has_block = true;
	occasion->block = download->block;
	occasion->addr = download->addr;
	occasion->size = download->size;
}

static void describe_dfu(const struct fault_tap *self, const struct vusb_transfer *transfer,
	struct fault_occasion *ret)
{
	const struct usb_setup *setup = &transfer->setup;
	struct fault_download download;

	ret->match = request_text[setup->bRequest];
	if (setup->bRequest == DFU_DNLOAD) {
		download = download_of(self, transfer);
		put_download(ret, &download, download_text[download.kind]);
	} else if (setup->bRequest == DFU_UPLOAD) {
		download = (struct fault_download){.block = setup->wValue};
		if (setup->wValue >= DFUSE_FIRST_BLOCK) {
			download.addr = block_addr(self, setup->wValue);
			download.size = setup->wLength;
		}
		put_download(ret, &download, NULL);
	} else if (setup->bRequest == DFU_GETSTATUS && self->download.kind) {
		put_download(ret, &self->download, status_text[self->download.kind]);
	}
}

static struct fault_occasion describe(
	const struct fault_tap *self, const struct vusb_transfer *transfer)
{
	struct fault_occasion occasion = {.point = FAULT_REQUEST};

	if (is_dfu(self, transfer))
		describe_dfu(self, transfer, &occasion);
	else if (transfer->type == VUSB_CONTROL)
		occasion.match = "control";
	else
		occasion.match = transfer->endpoint & USB_DIR_IN ? "in" : "out";
	return occasion;
}

/* Keeps in mind what the device has taken. */
static void note(
	struct fault_tap *self, const struct vusb_transfer *transfer, enum vusb_result result)
{
	if (result != VUSB_ACK || !is_dfu(self, transfer) ||
		transfer->setup.bRequest == DFU_GETSTATUS ||
		transfer->setup.bRequest == DFU_GETSTATE)
		return;
	self->download.kind = DOWNLOAD_NONE;
	if (transfer->setup.bRequest != DFU_DNLOAD)
		return;
	self->download = download_of(self, transfer);
	if (self->download.kind == DOWNLOAD_SET_ADDRESS)
		self->pointer = self->download.addr;
}

/* --- what befalls it --- */

static uint64_t now_us(const struct fault_tap *self)
{
	return clock_now_us(vusb_bus_clock(self->tap.bus));
}

static enum vusb_result hold(struct fault_tap *self, struct fault_slot *slot, uint64_t for_us)
{
	slot->nak_until_us =
		for_us ? clock_after_us(vusb_bus_clock(self->tap.bus), for_us) : CLOCK_NEVER;
	if (slot->nak_until_us < self->nak_until_us)
		self->nak_until_us = slot->nak_until_us;
	return VUSB_NAK;
}

static void invert(const struct vusb_transfer *transfer, size_t size, uint64_t index)
{
	if (size)
		transfer->data[index % size] ^= 0xff;
}

/* The device's own answer. Data that are spoiled on their way are so for the device only. */
static enum vusb_result ask_device(
	struct fault_tap *self, const struct fault_slot *slot, struct vusb_transfer *transfer)
{
	bool spoiled = slot->request.action == FAULT_CORRUPT && !vusb_transfer_is_in(transfer);
	enum vusb_result result;

	if (spoiled)
		invert(transfer, transfer->size, slot->request.value);
	result = vusb_tap_next(&self->tap, transfer);
	if (spoiled)
		invert(transfer, transfer->size, slot->request.value);
	return result;
}

/* What the host gets of an answer. */
static enum vusb_result change_answer(struct fault_tap *self, struct fault_slot *slot,
	struct vusb_transfer *transfer, enum vusb_result result, struct fault_hit hit)
{
	if (hit.action == FAULT_STALL) {
		transfer->actual = 0;
		return VUSB_STALL;
	}
	if (hit.action == FAULT_NAK) {
		slot->answered = true;
		slot->result = result;
		slot->actual = transfer->actual;
		return hold(self, slot, hit.value);
	}
	if (hit.action == FAULT_SHORT && hit.value < transfer->actual)
		transfer->actual = (size_t)hit.value;
	if (hit.action == FAULT_CORRUPT && vusb_transfer_is_in(transfer))
		invert(transfer, transfer->actual, hit.value);
	return result;
}

/* The transfer may have ended while the plan was asked: an effect. */
static bool is_over(const struct vusb_transfer *transfer, struct fault_hit hit)
{
	return transfer->ended || hit.effect == FAULT_KILL;
}

static enum vusb_result answer(
	struct fault_tap *self, struct fault_slot *slot, struct vusb_transfer *transfer)
{
	struct fault_occasion occasion = describe(self, transfer);
	enum vusb_result result = ask_device(self, slot, transfer);
	struct fault_hit hit;

	if (transfer->ended || (result != VUSB_ACK && result != VUSB_STALL))
		return result;
	note(self, transfer, result);
	occasion.point = FAULT_ANSWER;
	hit = fault_ask(self->plan, &occasion);
	if (is_over(transfer, hit))
		return VUSB_CANCELLED;
	return change_answer(self, slot, transfer, result, hit);
}

/* GETSTATUS, answered from here. */
static enum vusb_result say_state(struct vusb_transfer *transfer, uint64_t state)
{
	struct dfu_getstatus status = {.status = DFU_OK, .state = (uint8_t)state};
	uint8_t bytes[DFU_STATUS_SIZE];

	dfu_getstatus_encode(&status, bytes);
	transfer->actual = transfer->size < sizeof(bytes) ? transfer->size : sizeof(bytes);
	memcpy(transfer->data, bytes, transfer->actual);
	return VUSB_ACK;
}

static enum vusb_result request(
	struct fault_tap *self, struct fault_slot *slot, struct vusb_transfer *transfer)
{
	struct fault_occasion occasion = describe(self, transfer);
	struct fault_hit hit = fault_ask(self->plan, &occasion);

	*slot = (struct fault_slot){.id = transfer->id, .request = hit};
	if (is_over(transfer, hit))
		return VUSB_CANCELLED;
	if (hit.action == FAULT_STALL)
		return VUSB_STALL;
	if (hit.action == FAULT_NAK)
		return hold(self, slot, hit.value);
	if (hit.action == FAULT_SAY && is_dfu(self, transfer) &&
		transfer->setup.bRequest == DFU_GETSTATUS)
		return say_state(transfer, hit.value);
	return answer(self, slot, transfer);
}

/* A transfer that was asked about before: NAKed from here, or by the device. */
static enum vusb_result again(
	struct fault_tap *self, struct fault_slot *slot, struct vusb_transfer *transfer)
{
	if (slot->nak_until_us > now_us(self))
		return VUSB_NAK;
	if (!slot->answered)
		return answer(self, slot, transfer);
	transfer->actual = slot->actual;
	return slot->result;
}

static enum vusb_result tap_attempt(struct vusb_tap *tap, struct vusb_transfer *transfer)
{
	struct fault_tap *self = self_of(tap);
	struct fault_slot *slot;

	if (transfer->port->number != self->port)
		return vusb_tap_next(tap, transfer);
	if (self->devnum != transfer->port->devnum)
		meet(self, transfer->port);
	if (!fault_listens(self->plan, ON_BUS)) {
		enum vusb_result result = vusb_tap_next(tap, transfer);

		note(self, transfer, result);
		return result;
	}
	slot = &self->slots[(transfer->endpoint & 15) + (transfer->endpoint & USB_DIR_IN ? 16 : 0)];
	return slot->id == transfer->id ? again(self, slot, transfer)
					: request(self, slot, transfer);
}

static void tap_reset(struct vusb_tap *tap, struct vusb_port *port)
{
	struct fault_tap *self = self_of(tap);

	if (port->number == self->port)
		meet(self, port);
}

/* --- the end of a NAK --- */

static void tick(struct vusb_ticker *ticker, uint64_t time_us)
{
	struct fault_tap *self = CONTAINER_OF(ticker, struct fault_tap, ticker);
	struct vusb_port *port = vusb_bus_port(self->tap.bus, self->port);

	self->nak_until_us = CLOCK_NEVER;
	for (size_t i = 0; i < FAULT_TAP_SLOTS; i++)
		if (self->slots[i].nak_until_us > time_us &&
			self->slots[i].nak_until_us < self->nak_until_us)
			self->nak_until_us = self->slots[i].nak_until_us;
	vusb_port_kick(port);
}

static uint64_t deadline_us(const struct vusb_ticker *ticker)
{
	return CONTAINER_OF((struct vusb_ticker *)ticker, const struct fault_tap, ticker)
		->nak_until_us;
}

void fault_tap_begin(
	struct fault_tap *tap, struct vusb_bus *bus, uint8_t port, struct fault_plan *plan)
{
	static const struct vusb_tap_ops ops = {
		.name = "fault", .attempt = tap_attempt, .reset = tap_reset};

	*tap = (struct fault_tap){
		.tap.ops = &ops,
		.ticker = {.tick = tick, .deadline_us = deadline_us},
		.plan = plan,
		.port = port,
		.nak_until_us = CLOCK_NEVER,
	};
	vusb_bus_add_tap(bus, &tap->tap);
	vusb_bus_add_ticker(bus, &tap->ticker);
}

void fault_tap_done(struct fault_tap *tap)
{
	vusb_bus_remove_tap(&tap->tap);
	vusb_bus_remove_ticker(&tap->ticker);
}
