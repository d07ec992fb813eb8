/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/conformance_rig_test.h"

#include "harness/base/file.h"
#include "harness/base/wire.h"
#include "harness/host/usb_host_direct.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 60000

/* SP = end of RAM, PC = 0x08000004, Thumb: what lies there is not erased, and nobody executes it. */
const uint8_t rig_vectors[8] = {0x00, 0x00, 0x02, 0x20, 0x05, 0x00, 0x00, 0x08};

/* Half-words 0x1111, 0x3100, -, 0xb956, 0x1785, 0x005a: 3100 + 005a, 1111 + 1785 + 0a, b956. */
struct stm32_board_config rig_config(void)
{
	return (struct stm32_board_config){
		.name = "board",
		.chip = "stm32f407xg",
		.uid = {0x11, 0x11, 0x00, 0x31, 0x77, 0x77, 0x56, 0xb9, 0x85, 0x17, 0x5a, 0x00},
	};
}

void rig_new(struct rig *rig, const struct stm32_board_config *config)
{
	struct stm32_board_config ours = rig_config();
	struct why why = {""};

	*rig = (struct rig){0};
	virtual_clock_init(&rig->clock);
	rig->bus = vusb_bus_new(&rig->clock.clock, 4);
	cr_assert_not_null(rig->bus);
	rig->host = usb_host_direct_new(rig->bus);
	cr_assert_not_null(rig->host);
	cr_assert_eq(stm32_board_new(config ? config : &ours, rig->bus, vusb_bus_port(rig->bus, 1),
			     &rig->board, &why),
		0, "%s", why_text(&why));
	rig->memory = stm32_board_memory(rig->board);
}

void rig_start(struct rig *rig, const struct stm32_board_config *config)
{
	rig_new(rig, config);
	rig_pin(rig, BOARD_BOOT0, true);
	rig_pin(rig, BOARD_POWER, true);
	rig_wait_ms(rig, 1000);
	rig_open(rig);
}

void rig_start_idle(struct rig *rig, const struct stm32_board_config *config)
{
	rig_start(rig, config);
	cr_assert_eq(rig_clrstatus(rig), 0);
	cr_assert_eq(rig_getstate(rig), DFU_IDLE);
}

void rig_stop(struct rig *rig)
{
	rig_close(rig);
	rig->board->ops->free(rig->board);
	usb_host_direct_free(rig->host);
	vusb_bus_free(rig->bus);
}

void rig_pin(struct rig *rig, enum board_pin pin, bool high)
{
	cr_assert_eq(rig->board->ops->set_pin(rig->board, pin, high, NULL), 0);
}

void rig_wait_ms(struct rig *rig, uint32_t ms)
{
	clock_sleep_until_us(rig->host->clock, rig_now_us(rig) + ms * UINT64_C(1000));
}

uint64_t rig_now_us(const struct rig *rig)
{
	return clock_now_us(&rig->clock.clock);
}

size_t rig_devices(struct rig *rig)
{
	size_t count = 0;

	cr_assert_eq(rig->host->ops->list(rig->host, NULL, 0, &count, NULL), 0);
	return count;
}

void rig_open(struct rig *rig)
{
	struct usb_host_entry entry;
	size_t count = 0;
	struct why why = {""};

	cr_assert_null(rig->device);
	cr_assert_eq(rig->host->ops->list(rig->host, &entry, 1, &count, &why), 0, "%s", why.text);
	cr_assert_eq(count, 1, "%zu devices", count);
	cr_assert_eq(
		rig->host->ops->open(rig->host, &entry, &rig->device, &why), 0, "%s", why.text);
}

void rig_close(struct rig *rig)
{
	if (rig->device)
		rig->device->ops->close(rig->device);
	rig->device = NULL;
}

int rig_control(struct rig *rig, struct usb_setup setup, void *data)
{
	return rig->device->ops->control(rig->device, &setup, data, TIMEOUT_MS);
}

int rig_request(struct rig *rig, enum dfu_request request, uint16_t value, void *data, size_t size)
{
	bool in = request == DFU_UPLOAD || request == DFU_GETSTATUS || request == DFU_GETSTATE;

	return rig_control(rig,
		(struct usb_setup){
			.bmRequestType =
				(in ? USB_DIR_IN : 0) | USB_TYPE_CLASS | USB_RECIPIENT_INTERFACE,
			.bRequest = request,
			.wValue = value,
			.wLength = size,
		},
		data);
}

int rig_dnload(struct rig *rig, uint16_t block, const void *data, size_t size)
{
	uint8_t copy[UINT16_MAX];

	if (size)
		memcpy(copy, data, size);
	return rig_request(rig, DFU_DNLOAD, block, copy, size);
}

int rig_upload(struct rig *rig, uint16_t block, void *data, size_t size)
{
	return rig_request(rig, DFU_UPLOAD, block, data, size);
}

int rig_clrstatus(struct rig *rig)
{
	return rig_request(rig, DFU_CLRSTATUS, 0, NULL, 0);
}

int rig_abort(struct rig *rig)
{
	return rig_request(rig, DFU_ABORT, 0, NULL, 0);
}

struct dfu_getstatus rig_getstatus(struct rig *rig)
{
	struct dfu_getstatus status;
	uint8_t bytes[DFU_STATUS_SIZE];
	int n = rig_request(rig, DFU_GETSTATUS, 0, bytes, sizeof(bytes));

	cr_assert_eq(n, DFU_STATUS_SIZE, "GETSTATUS: %d", n);
	cr_assert_eq(dfu_getstatus_decode(bytes, sizeof(bytes), &status), 0);
	return status;
}

uint8_t rig_getstate(struct rig *rig)
{
	uint8_t state;
	int n = rig_request(rig, DFU_GETSTATE, 0, &state, 1);

	cr_assert_eq(n, 1, "GETSTATE: %d", n);
	return state;
}

void rig_expect(struct rig *rig, enum dfu_state state, enum dfu_status status,
	uint32_t poll_timeout_ms, const char *where)
{
	struct dfu_getstatus got = rig_getstatus(rig);

	cr_expect_eq(got.state, state, "%s: %s", where, dfu_state_text(got.state));
	cr_expect_eq(got.status, status, "%s: %s", where, dfu_status_text(got.status));
	cr_expect_eq(
		got.poll_timeout_ms, poll_timeout_ms, "%s: poll %u ms", where, got.poll_timeout_ms);
	cr_expect_eq(got.string, 0, "%s: iString %u", where, got.string);
}

struct dfu_getstatus rig_run(struct rig *rig, uint16_t block, const void *data, size_t size)
{
	int n = rig_dnload(rig, block, data, size);
	struct dfu_getstatus status;

	cr_assert_eq(n, (int)size, "DNLOAD of block %u, %zu bytes: %d", block, size, n);
	status = rig_getstatus(rig);
	cr_assert_eq(status.state, DFU_DNBUSY, "%s", dfu_state_text(status.state));
	rig_wait_ms(rig, status.poll_timeout_ms);
	return rig_getstatus(rig);
}

static void expect_done(struct dfu_getstatus status)
{
	cr_assert_eq(status.state, DFU_DNLOAD_IDLE, "%s, %s", dfu_state_text(status.state),
		dfu_status_text(status.status));
}

void rig_run_or_fail(struct rig *rig, uint16_t block, const void *data, size_t size)
{
	expect_done(rig_run(rig, block, data, size));
}

struct dfu_getstatus rig_command(struct rig *rig, enum dfuse_command command, uint32_t addr)
{
	uint8_t bytes[DFUSE_ADDRESS_SIZE];
	struct writer out = writer_of(bytes, sizeof(bytes));

	writer_u8(&out, command);
	writer_le32(&out, addr);
	return rig_run(rig, 0, bytes, sizeof(bytes));
}

void rig_set_address(struct rig *rig, uint32_t addr)
{
	expect_done(rig_command(rig, DFUSE_SET_ADDRESS, addr));
}

void rig_erase(struct rig *rig, uint32_t addr)
{
	expect_done(rig_command(rig, DFUSE_ERASE, addr));
}

void rig_program(struct rig *rig, uint32_t addr, const void *data, size_t size)
{
	rig_set_address(rig, addr);
	rig_run_or_fail(rig, DFUSE_FIRST_BLOCK, data, size);
}

void rig_read(struct rig *rig, uint32_t addr, void *ret_data, size_t size)
{
	uint8_t *data = ret_data;
	uint16_t block = DFUSE_FIRST_BLOCK;

	rig_set_address(rig, addr);
	cr_assert_eq(rig_abort(rig), 0);
	while (size) {
		size_t part = size < XFER ? size : XFER;
		int n = rig_upload(rig, block, data, part);

		cr_assert_eq(n, (int)part, "UPLOAD of block %u: %d", block, n);
		block++;
		data += part;
		size -= part;
	}
	cr_assert_eq(rig_abort(rig), 0);
}

void rig_enter(struct rig *rig, enum dfu_state state)
{
	uint8_t byte = 0xff;

	cr_assert_eq(rig_getstate(rig), DFU_IDLE);
	if (state == DFU_DNLOAD_SYNC)
		rig_dnload(rig, 2, &byte, 1);
	else if (state == DFU_DNLOAD_IDLE)
		rig_set_address(rig, FLASH);
	else if (state == DFU_MANIFEST_SYNC)
		rig_dnload(rig, 0, NULL, 0);
	else if (state == DFU_UPLOAD_IDLE)
		rig_upload(rig, 2, &byte, 1);
	else if (state == DFU_ERROR)
		rig_clrstatus(rig);
	cr_assert_eq(rig_getstate(rig), state, "on the way to %s", dfu_state_text(state));
}

void rig_peek(struct rig *rig, uint32_t addr, void *ret_data, size_t size)
{
	cr_assert_eq(rig->board->ops->read_flash(rig->board, addr, ret_data, size), 0);
}

void rig_poke(struct rig *rig, uint32_t addr, const void *data, size_t size)
{
	cr_assert_eq(rig->board->ops->write_flash(rig->board, addr, data, size), 0);
}

void rig_pattern(uint8_t *data, size_t size, uint64_t seed)
{
	struct rng rng = {.state = seed};

	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)rng_u64(&rng);
}

void rig_golden(const char *name, const struct buf *text)
{
	char path[512];
	struct buf golden;
	struct why why = {""};

	snprintf(path, sizeof(path), "%s/golden/%s", DFURIG_FIXTURES, name);
	if (getenv("DFURIG_UPDATE_GOLDEN")) {
		cr_assert_eq(file_write(path, text->data, text->size, &why), 0, "%s", why.text);
		return;
	}
	buf_init(&golden, 1 << 20);
	cr_assert_eq(file_read(path, &golden, &why), 0, "%s", why.text);
	cr_expect(golden.size == text->size && !memcmp(golden.data, text->data, text->size),
		"%s differs; is that meant? DFURIG_UPDATE_GOLDEN=1 writes it anew. Now:\n%.*s",
		path, (int)text->size, (const char *)text->data);
	buf_done(&golden);
}
