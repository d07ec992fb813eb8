/* SPDX-License-Identifier: MIT */
/*
 * The DfuSe client against a device that lies: whatever comes back, from enumeration to leaving, the client ends within its
 * limits and nothing crashes.
 *
 * Input: one byte a request that says how it ends, with more bytes where needed; see enum lie. When the input is used up the
 * device (a simulated F407) tells the truth.
 */
#include "harness/base/wire.h"
#include "harness/host/dfuse_client.h"
#include "harness/host/usb_host_direct.h"
#include "simulators/stm32/board.h"

#include <assert.h>
#include <string.h>

#define FLASH         0x08000000u
#define IMAGE_SIZE    5000
#define START_US      1000000
#define DEADLINE_MS   60000
#define OPEN_LIMIT_US 60000000u /* enumeration and opening: about ten requests of 5 s */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum lie {
	LIE_NONE, /* so many requests pass: one byte */
	LIE_STALL,
	LIE_NAK,
	LIE_ERROR,
	LIE_BABBLE,
	LIE_BYTES, /* length, bytes: the answer */
	LIE_FLIP,  /* place, mask: the true answer with some bits turned */
	LIE_SHORT, /* length: the true answer cut */
	LIE_PULL,  /* the cable */
	LIE_STATE, /* status, state, poll timeout: a GETSTATUS answer */
	LIE_COUNT,
};

struct liar {
	struct vusb_tap tap;
	struct reader in;
	unsigned truths; /* requests that still pass */
};

static enum vusb_result answer(struct vusb_transfer *transfer, const uint8_t *bytes, size_t size)
{
	transfer->actual = size < transfer->size ? size : transfer->size;
	if (transfer->actual && vusb_transfer_is_in(transfer))
		memcpy(transfer->data, bytes, transfer->actual);
	return VUSB_ACK;
}

static enum vusb_result lie_bytes(struct liar *liar, struct vusb_transfer *transfer)
{
	size_t size = reader_u8(&liar->in);
	const uint8_t *bytes;

	if (size > reader_left(&liar->in))
		size = reader_left(&liar->in);
	bytes = reader_take(&liar->in, size);
	return answer(transfer, bytes, bytes ? size : 0);
}

static enum vusb_result lie_state(struct liar *liar, struct vusb_transfer *transfer)
{
	uint8_t status = reader_u8(&liar->in);
	uint8_t state = reader_u8(&liar->in);
	uint8_t poll = reader_u8(&liar->in);
	const uint8_t bytes[DFU_STATUS_SIZE] = {status, poll, poll, poll & 0x80, state, 0};

	return answer(transfer, bytes, sizeof(bytes));
}

static enum vusb_result bend(struct liar *liar, struct vusb_transfer *transfer, enum lie lie)
{
	enum vusb_result result = vusb_tap_next(&liar->tap, transfer);
	uint8_t place = reader_u8(&liar->in);
	bool in = result == VUSB_ACK && vusb_transfer_is_in(transfer);

	if (lie == LIE_SHORT && in && place < transfer->actual)
		transfer->actual = place;
	if (lie == LIE_FLIP && in && place < transfer->actual)
		transfer->data[place] ^= reader_u8(&liar->in);
	return result;
}

static enum vusb_result liar_attempt(struct vusb_tap *tap, struct vusb_transfer *transfer)
{
	struct liar *liar = CONTAINER_OF(tap, struct liar, tap);
	enum lie lie;

	if (liar->truths) {
		liar->truths--;
		return vusb_tap_next(tap, transfer);
	}
	lie = (enum lie)(reader_u8(&liar->in) % LIE_COUNT);
	switch (lie) {
	case LIE_STALL:
		return VUSB_STALL;
	case LIE_NAK:
		return VUSB_NAK;
	case LIE_ERROR:
		return VUSB_ERROR;
	case LIE_BABBLE:
		return VUSB_BABBLE;
	case LIE_BYTES:
		return lie_bytes(liar, transfer);
	case LIE_STATE:
		return lie_state(liar, transfer);
	case LIE_FLIP:
	case LIE_SHORT:
		return bend(liar, transfer, lie);
	case LIE_PULL:
		vusb_port_unplug(transfer->port);
		return VUSB_GONE;
	case LIE_NONE:
	case LIE_COUNT:
		break;
	}
	liar->truths = reader_u8(&liar->in);
	return vusb_tap_next(tap, transfer);
}

static void run_update(struct usb_host *host, const struct usb_host_entry *entry, bool mass_erase)
{
	uint8_t bytes[IMAGE_SIZE];
	struct image_target target = {0};
	struct image_element element = {.addr = FLASH, .data = bytes, .size = sizeof(bytes)};
	const struct image image = {
		.addressed = true,
		.targets = &target,
		.target_count = 1,
		.elements = &element,
		.element_count = 1,
	};
	const struct dfuse_options options = {.verify = true,
		.leave = true,
		.mass_erase = mass_erase,
		.deadline_ms = DEADLINE_MS};
	struct dfuse_client client;
	struct dfuse_result result;
	struct why why = {0};
	uint64_t start_us;

	if (dfuse_client_open(&client, host, entry, &why) < 0) {
		assert(why.text[0]);
		return;
	}
	memset(bytes, 0x5a, sizeof(bytes));
	start_us = clock_now_us(host->clock);
	if (dfuse_update(&client, &image, &options, &result, &why) < 0)
		assert(why.text[0]);
	/* SET_INTERFACE has a limit of its own. */
	assert(clock_now_us(host->clock) - start_us < (DEADLINE_MS + 20000) * UINT64_C(1000));
	dfuse_client_close(&client);
}

static void run(struct vusb_bus *bus, struct liar *liar, bool mass_erase)
{
	const struct dfuse_filter any = {0};
	struct usb_host *host = usb_host_direct_new(bus);
	struct usb_host_entry entry;
	struct why why = {0};

	assert(host);
	clock_sleep_until_us(host->clock, START_US);
	vusb_bus_add_tap(bus, &liar->tap);
	if (dfuse_find(host, &any, &entry, &why) == 0)
		run_update(host, &entry, mass_erase);
	else
		assert(why.text[0]);
	assert(clock_now_us(host->clock) <
		START_US + 2 * OPEN_LIMIT_US + (DEADLINE_MS + 20000) * UINT64_C(1000));
	vusb_bus_remove_tap(&liar->tap);
	usb_host_direct_free(host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct vusb_tap_ops ops = {.name = "liar", .attempt = liar_attempt};
	struct liar liar = {.tap.ops = &ops, .in = reader_of(data, size)};
	uint8_t flags = reader_u8(&liar.in);
	struct stm32_board_config config = {
		.name = "board",
		.chip = "stm32f407xg",
		.pace = flags & 1 ? ROM_PACE_CHIP : ROM_PACE_FAST,
	};
	struct virtual_clock clock;
	struct vusb_bus *bus;
	struct board *board;

	virtual_clock_init(&clock);
	bus = vusb_bus_new(&clock.clock, 1);
	assert(bus);
	if (stm32_board_new(&config, bus, vusb_bus_port(bus, 1), &board, NULL) < 0)
		assert(false);
	(void)!board->ops->set_pin(board, BOARD_BOOT0, true, NULL);
	(void)!board->ops->set_pin(board, BOARD_POWER, true, NULL);
	run(bus, &liar, flags & 2);
	board->ops->free(board);
	vusb_bus_free(bus);
	return 0;
}
