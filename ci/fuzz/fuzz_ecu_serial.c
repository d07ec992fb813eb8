/* SPDX-License-Identifier: MIT */
/*
 * The ECU's port: whatever bytes and class requests come, while time passes, resets happen and the host reads or does not,
 * nothing crashes, and what is read in frames is whole.
 *
 * Input: a byte of configuration, then steps; see enum step.
 */
#include "harness/base/wire.h"
#include "harness/ts/ts.h"
#include "harness/vusb/enumerate.h"
#include "harness/vusb/wait.h"
#include "simulators/ecu/cdc_acm.h"
#include "simulators/ecu/ecu.h"
#include "simulators/firmware/firmware.h"
#include "simulators/stm32/board.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define STEPS_MAX   300
#define TIMEOUT_US  50000
#define PAYLOAD_MAX 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum step {
	STEP_BYTES,   /* a length, so many bytes as they are */
	STEP_FRAME,   /* the same as the payload of a good frame */
	STEP_READ,    /* 16 bits of room */
	STEP_WAIT,    /* 16 bits of ms */
	STEP_RESET,   /* of the bus */
	STEP_PIN,     /* bits 1..0 the pin, bit 2 its level */
	STEP_CONTROL, /* eight bytes as they are */
	STEP_NOTIFY,
	STEP_MSC, /* a length, so many bytes to mass storage; then what it answers */
	STEP_COUNT,
};

struct fuzz {
	struct reader in;
	struct vusb_bus *bus;
	struct vusb_port *port;
	struct board *board;
	struct fault_plan faults;
	uint8_t data[UINT16_MAX + 1];
};

static void ended(struct vusb_transfer *transfer)
{
	*(bool *)transfer->user = true;
}

/* Bytes moved; -1: not taken, refused or gone. */
static int transfer(struct fuzz *fuzz, uint8_t endpoint, uint8_t *data, size_t size)
{
	bool end = false;
	struct vusb_transfer transfer = {.port = fuzz->port,
		.type = endpoint == CDC_ACM_NOTIFY ? VUSB_INTERRUPT : VUSB_BULK,
		.endpoint = endpoint,
		.data = data,
		.size = size,
		.complete = ended,
		.user = &end};

	vusb_bus_submit(&transfer);
	vusb_bus_run_until(fuzz->bus, clock_after_us(vusb_bus_clock(fuzz->bus), TIMEOUT_US), &end);
	vusb_bus_cancel(&transfer);
	assert(end);
	assert(transfer.actual <= size);
	return transfer.result == VUSB_ACK ? (int)transfer.actual : -1;
}

static const uint8_t *take(struct fuzz *fuzz, size_t *ret_size)
{
	size_t size = reader_u8(&fuzz->in), left = reader_left(&fuzz->in);

	*ret_size = size < left ? size : left;
	return reader_take(&fuzz->in, *ret_size);
}

static void send_bytes(struct fuzz *fuzz, uint8_t endpoint)
{
	size_t size;
	const uint8_t *bytes = take(fuzz, &size);

	if (size)
		memcpy(fuzz->data, bytes, size);
	transfer(fuzz, endpoint, fuzz->data, size);
}

static void send_frame(struct fuzz *fuzz)
{
	CLEANUP(buf_done) struct buf frame;
	size_t size;
	const uint8_t *payload = take(fuzz, &size);

	buf_init(&frame, PAYLOAD_MAX + TS_FRAME_OVERHEAD);
	if (ts_frame_append(&frame, payload, size) == 0)
		transfer(fuzz, CDC_ACM_DATA_OUT, frame.data, frame.size);
}

static void wait_ms(struct fuzz *fuzz, uint16_t ms)
{
	vusb_bus_run_until(
		fuzz->bus, clock_after_us(vusb_bus_clock(fuzz->bus), ms * UINT64_C(1000)), NULL);
}

static void set_pin(struct fuzz *fuzz, uint8_t bits)
{
	(void)!fuzz->board->ops->set_pin(fuzz->board, bits & 3, bits & 4, NULL);
}

static void configure(struct fuzz *fuzz)
{
	struct vusb_identity identity;

	vusb_port_reset(fuzz->port);
	(void)!vusb_enumerate(fuzz->port, &identity, NULL);
}

static void any_setup(struct fuzz *fuzz)
{
	const uint8_t *at = reader_take(&fuzz->in, USB_SETUP_SIZE);
	struct usb_setup setup;
	int n;

	if (!at)
		return;
	setup = usb_setup_decode(at);
	n = vusb_port_control(fuzz->port, &setup, fuzz->data, TIMEOUT_US);
	assert(n <= setup.wLength);
}

static void run_step(struct fuzz *fuzz)
{
	switch ((enum step)(reader_u8(&fuzz->in) % STEP_COUNT)) {
	case STEP_BYTES:
		send_bytes(fuzz, CDC_ACM_DATA_OUT);
		break;
	case STEP_FRAME:
		send_frame(fuzz);
		break;
	case STEP_READ:
		transfer(fuzz, CDC_ACM_DATA_IN, fuzz->data, reader_le16(&fuzz->in));
		break;
	case STEP_WAIT:
		wait_ms(fuzz, reader_le16(&fuzz->in));
		break;
	case STEP_RESET:
		configure(fuzz);
		break;
	case STEP_PIN:
		set_pin(fuzz, reader_u8(&fuzz->in));
		break;
	case STEP_CONTROL:
		any_setup(fuzz);
		break;
	case STEP_NOTIFY:
		transfer(fuzz, CDC_ACM_NOTIFY, fuzz->data, 8);
		break;
	case STEP_MSC:
		send_bytes(fuzz, CDC_ACM_MSC_OUT);
		transfer(fuzz, CDC_ACM_MSC_IN, fuzz->data, 4096);
		break;
	case STEP_COUNT:
		break;
	}
	assert(fuzz->board->ops->mode(fuzz->board) < BOARD_MODE_COUNT);
}

/* Bits: 0 fast, 1 the older protocol, 2 without mass storage, 3 locked, 4 behind OpenBLT (which is not there), 5 without a DFU
 * jump, 6..7 what goes wrong with the second answer. */
static int new_board(struct fuzz *fuzz, uint8_t bits)
{
	static const enum fault_action actions[] = {
		FAULT_NOTHING, FAULT_BYTEWISE, FAULT_BAD_CRC, FAULT_CODE};
	struct firmware firmware = firmware_defaults(chip_find("stm32f407xg"), false);
	CLEANUP(buf_done) struct buf image;
	struct fault_rule rule = {.points = 1u << FAULT_ECU_REPLY,
		.nth = 2,
		.action = actions[bits >> 6],
		.value = 300};
	struct stm32_board_config config = {
		.name = "fuzz",
		.chip = "stm32f407xg",
		.pace = bits & 1 ? ROM_PACE_FAST : ROM_PACE_CHIP,
		.loaders = ecu_loaders,
		.faults = &fuzz->faults,
	};

	firmware.size = 0x1000;
	firmware.settings_size = 300;
	firmware.paged = !(bits & 2);
	firmware.mass_storage = !(bits & 4);
	firmware.locked = bits & 8;
	firmware.behind_openblt = bits & 16;
	firmware.dfu_jump = !(bits & 32);
	snprintf(firmware.signature, sizeof(firmware.signature), "rusEFI main.2026.07.14.f4.1");
	fuzz->faults = (struct fault_plan){.count = 0};
	assert(fault_add(&fuzz->faults, &rule) == 0);
	buf_init(&image, 1u << 20);
	assert(firmware_build(&firmware, &image, NULL) == 0);
	config.flash = image.data;
	config.flash_size = image.size;
	return stm32_board_new(&config, fuzz->bus, fuzz->port, &fuzz->board, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz fuzz; /* its buffer is too large for a stack */
	struct virtual_clock clock;

	fuzz.in = reader_of(data, size);
	virtual_clock_init(&clock);
	fuzz.bus = vusb_bus_new(&clock.clock, 1);
	assert(fuzz.bus);
	fuzz.port = vusb_bus_port(fuzz.bus, 1);
	if (new_board(&fuzz, reader_u8(&fuzz.in)) < 0)
		assert(false);
	set_pin(&fuzz, BOARD_POWER | 4);
	wait_ms(&fuzz, 1000);
	assert(fuzz.board->ops->mode(fuzz.board) == BOARD_ECU);
	configure(&fuzz);
	for (int i = 0; i < STEPS_MAX && reader_left(&fuzz.in); i++)
		run_step(&fuzz);
	fuzz.board->ops->free(fuzz.board);
	vusb_bus_free(fuzz.bus);
	return 0;
}
