/* SPDX-License-Identifier: MIT */
/*
 * The ROM's control endpoint: whatever requests come, while time passes, resets happen and pins move, nothing crashes, an answer
 * never exceeds what was asked for, and the machine stays in its states.
 *
 * Input: a byte of configuration, then steps; see enum step.
 */
#include "harness/base/wire.h"
#include "harness/vusb/enumerate.h"
#include "harness/vusb/wait.h"
#include "simulators/stm32/board.h"

#include <assert.h>
#include <string.h>

#define STEPS_MAX  500
#define CANARY     0xa7
#define TIMEOUT_US 50000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum step {
	STEP_GETSTATUS,
	STEP_DFU,     /* request, block, 16-bit length; data repeats one byte */
	STEP_COMMAND, /* command, place of the address, low byte; bit 7 of the place: no address */
	STEP_WRITE,   /* place, low byte, 16-bit length, one byte for all */
	STEP_READ,    /* place, low byte, 16-bit length */
	STEP_SETUP,   /* eight bytes as they are */
	STEP_WAIT,    /* 16 bits of ms */
	STEP_RESET,   /* of the bus */
	STEP_PIN,     /* bits 1..0 the pin, bit 2 its level */
	STEP_LEAVE,   /* abort, download of nothing, GETSTATUS */
	STEP_CLRSTATUS,
	STEP_COUNT,
};

struct fuzz {
	struct reader in;
	struct vusb_bus *bus;
	struct vusb_port *port;
	struct board *board;
	uint8_t data[UINT16_MAX + 1];
};

static const uint32_t places[] = {0x08000000, 0x0800ff00, 0x080fff00, 0x08100000, 0x1fffc000,
	0x1fff7800, 0x1fff7a00, 0x1fff0000, 0x20003000, 0x2001ff00, 0xffff0000, 0xffffff00, 0};

static int control(struct fuzz *fuzz, const struct usb_setup *setup)
{
	bool in = usb_setup_is_in(setup);
	int n;

	if (in)
		memset(fuzz->data, CANARY, sizeof(fuzz->data));
	n = vusb_port_control(fuzz->port, setup, fuzz->data, TIMEOUT_US);
	assert(n <= setup->wLength);
	if (in)
		assert(fuzz->data[setup->wLength] == CANARY);
	return n;
}

static int dfu(struct fuzz *fuzz, uint8_t request, uint16_t value, uint16_t length)
{
	bool in = request == DFU_UPLOAD || request == DFU_GETSTATUS || request == DFU_GETSTATE;
	struct usb_setup setup = {
		.bmRequestType =
			(uint8_t)((in ? USB_DIR_IN : 0) | USB_TYPE_CLASS | USB_RECIPIENT_INTERFACE),
		.bRequest = request,
		.wValue = value,
		.wLength = length,
	};

	return control(fuzz, &setup);
}

static void getstatus(struct fuzz *fuzz)
{
	struct dfu_getstatus status;
	int n = dfu(fuzz, DFU_GETSTATUS, 0, DFU_STATUS_SIZE);

	if (n < 0)
		return;
	assert(dfu_getstatus_decode(fuzz->data, (size_t)n, &status) == 0);
	assert(status.state >= DFU_IDLE && status.state < DFU_STATE_COUNT);
	assert((status.state == DFU_ERROR) == (status.status != DFU_OK));
	assert(status.string == 0);
}

static void any_dfu(struct fuzz *fuzz)
{
	uint8_t request = reader_u8(&fuzz->in);
	uint16_t block = reader_u8(&fuzz->in);
	uint16_t length = reader_le16(&fuzz->in);
	int n;

	memset(fuzz->data, reader_u8(&fuzz->in), length);
	n = dfu(fuzz, request, block, length);
	assert(request != DFU_UPLOAD || n <= ROM_TRANSFER_MAX);
}

static void wait_ms(struct fuzz *fuzz, uint16_t ms)
{
	vusb_bus_run_until(
		fuzz->bus, clock_after_us(vusb_bus_clock(fuzz->bus), ms * UINT64_C(1000)), NULL);
}

/* What is in data goes out as a block, and whatever it does is waited for. */
static void download(struct fuzz *fuzz, uint16_t block, uint16_t length)
{
	if (dfu(fuzz, DFU_DNLOAD, block, length) < 0)
		return;
	getstatus(fuzz);
	wait_ms(fuzz, 40000);
	getstatus(fuzz);
}

static void command(struct fuzz *fuzz, uint8_t code)
{
	struct writer out = writer_of(fuzz->data, DFUSE_ADDRESS_SIZE);
	uint8_t place = reader_u8(&fuzz->in);

	writer_u8(&out, code);
	writer_le32(&out, places[(place & 0x7f) % ARRAY_SIZE(places)] + reader_u8(&fuzz->in));
	download(fuzz, 0, place & 0x80 ? 1 : DFUSE_ADDRESS_SIZE);
}

static void write_block(struct fuzz *fuzz)
{
	uint16_t length;

	command(fuzz, DFUSE_SET_ADDRESS);
	length = reader_le16(&fuzz->in);
	memset(fuzz->data, reader_u8(&fuzz->in), length);
	download(fuzz, DFUSE_FIRST_BLOCK, length);
}

static void read_block(struct fuzz *fuzz)
{
	command(fuzz, DFUSE_SET_ADDRESS);
	dfu(fuzz, DFU_ABORT, 0, 0);
	dfu(fuzz, DFU_UPLOAD, DFUSE_FIRST_BLOCK, reader_le16(&fuzz->in));
}

static void any_setup(struct fuzz *fuzz)
{
	uint8_t bytes[USB_SETUP_SIZE] = {0};
	const uint8_t *at = reader_take(&fuzz->in, sizeof(bytes));
	struct usb_setup setup;

	if (!at)
		return;
	memcpy(bytes, at, sizeof(bytes));
	setup = usb_setup_decode(bytes);
	control(fuzz, &setup);
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

static void leave(struct fuzz *fuzz)
{
	dfu(fuzz, DFU_ABORT, 0, 0);
	dfu(fuzz, DFU_DNLOAD, 0, 0);
	getstatus(fuzz);
}

static void run_step(struct fuzz *fuzz)
{
	switch ((enum step)(reader_u8(&fuzz->in) % STEP_COUNT)) {
	case STEP_GETSTATUS:
		getstatus(fuzz);
		break;
	case STEP_DFU:
		any_dfu(fuzz);
		break;
	case STEP_COMMAND:
		command(fuzz, reader_u8(&fuzz->in));
		break;
	case STEP_WRITE:
		write_block(fuzz);
		break;
	case STEP_READ:
		read_block(fuzz);
		break;
	case STEP_SETUP:
		any_setup(fuzz);
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
	case STEP_LEAVE:
		leave(fuzz);
		break;
	case STEP_CLRSTATUS:
		dfu(fuzz, DFU_CLRSTATUS, 0, 0);
		break;
	case STEP_COUNT:
		break;
	}
	assert(fuzz->board->ops->mode(fuzz->board) < BOARD_MODE_COUNT);
}

static void check_fact(struct rom_observer *observer, const struct rom_fact *fact)
{
	(void)observer;
	assert(fact->kind < ROM_FACT_KIND_COUNT && fact->state < DFU_STATE_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz fuzz; /* its buffer is too large for a stack */
	struct virtual_clock clock;
	struct rom_observer observer = {.fact = check_fact};
	struct stm32_board_config config = {
		.name = "fuzz", .chip = "stm32f407xg", .observer = &observer};
	uint8_t bits;

	fuzz.in = reader_of(data, size);
	bits = reader_u8(&fuzz.in);
	config.pace = bits & 1 ? ROM_PACE_FAST : ROM_PACE_CHIP;
	config.rom_bcd_device = bits & 2 ? 0x2100 : 0x2200;
	virtual_clock_init(&clock);
	fuzz.bus = vusb_bus_new(&clock.clock, 1);
	assert(fuzz.bus);
	fuzz.port = vusb_bus_port(fuzz.bus, 1);
	if (stm32_board_new(&config, fuzz.bus, fuzz.port, &fuzz.board, NULL) < 0)
		assert(false);
	options_preset_rdp(&stm32_board_memory(fuzz.board)->options, bits & 4 ? 0x55 : 0xaa);
	options_preset_write_protected(
		&stm32_board_memory(fuzz.board)->options, bits & 8 ? 0x15 : 0);
	set_pin(&fuzz, BOARD_BOOT0 | 4);
	set_pin(&fuzz, BOARD_POWER | 4);
	wait_ms(&fuzz, 1000);
	configure(&fuzz);
	for (int i = 0; i < STEPS_MAX && reader_left(&fuzz.in); i++)
		run_step(&fuzz);
	fuzz.board->ops->free(fuzz.board);
	vusb_bus_free(fuzz.bus);
	return 0;
}
