/* SPDX-License-Identifier: MIT */
/*
 * In-process figures: control transfers a second, a whole update by the built-in client on virtual time, memory of an idle
 * board. One JSON object a line, as ci/bench wants it. Each time is the median of several runs.
 */
#include "harness/base/attr.h"
#include "harness/host/dfuse_client.h"
#include "harness/host/usb_host_direct.h"
#include "simulators/stm32/board.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS       7
#define TRANSFERS  1000000
#define BOARDS     100
#define FLASH      0x08000000u
#define FLASH_SIZE (1024u * 1024u)

struct rig {
	struct virtual_clock clock;
	struct vusb_bus *bus;
	struct usb_host *host;
	struct board *board;
};

/* The machine's time in microseconds. */
static uint64_t now_us(void)
{
	return clock_now_us(clock_monotonic());
}

static void fail(const char *what, const struct why *why)
{
	fprintf(stderr, "bench_direct: %s: %s\n", what, why_text(why));
	exit(EXIT_FAILURE);
}

static struct board *board_in_dfu(struct vusb_bus *bus, uint8_t port)
{
	struct stm32_board_config config = {
		.name = "bench",
		.chip = "stm32f407xg",
		.uid = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, port},
		.pace = ROM_PACE_FAST,
	};
	struct why why = {0};
	struct board *board;

	if (stm32_board_new(&config, bus, vusb_bus_port(bus, port), &board, &why) < 0 ||
		board->ops->set_pin(board, BOARD_BOOT0, true, &why) < 0 ||
		board->ops->set_pin(board, BOARD_POWER, true, &why) < 0)
		fail("board", &why);
	return board;
}

static void rig_init(struct rig *rig)
{
	virtual_clock_init(&rig->clock);
	rig->bus = vusb_bus_new(&rig->clock.clock, 1);
	rig->host = rig->bus ? usb_host_direct_new(rig->bus) : NULL;
	if (!rig->host)
		fail("bus", NULL);
	rig->board = board_in_dfu(rig->bus, 1);
	clock_sleep_until_us(rig->host->clock, 1000000);
}

static void rig_done(struct rig *rig)
{
	rig->board->ops->free(rig->board);
	usb_host_direct_free(rig->host);
	vusb_bus_free(rig->bus);
}

static int by_value(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* Sorts the figures of the runs. */
static void print_runs(const char *name, double runs[RUNS], const char *unit, const char *aim)
{
	qsort(runs, RUNS, sizeof(runs[0]), by_value);
	printf("{\"name\": \"%s\", \"value\": %.6g, \"low\": %.6g, \"high\": %.6g, \"runs\": %d, "
	       "\"unit\": \"%s\", \"aim\": \"%s\"}\n",
		name, runs[RUNS / 2], runs[0], runs[RUNS - 1], RUNS, unit, aim);
}

/* GETSTATUS again and again, through the host's handle as a client does it. */
static double transfers_per_second(struct usb_handle *device)
{
	const struct usb_setup setup = {
		.bmRequestType = USB_DIR_IN | USB_TYPE_CLASS | USB_RECIPIENT_INTERFACE,
		.bRequest = DFU_GETSTATUS,
		.wLength = DFU_STATUS_SIZE,
	};
	uint64_t start_us = now_us();
	uint8_t bytes[DFU_STATUS_SIZE];

	for (int i = 0; i < TRANSFERS; i++)
		if (device->ops->control(device, &setup, bytes, 1000) != DFU_STATUS_SIZE)
			fail("GETSTATUS", NULL);
	return TRANSFERS * 1e6 / (double)(now_us() - start_us);
}

static void bench_transfers(void)
{
	CLEANUP(rig_done) struct rig rig;
	struct dfuse_client client;
	struct usb_host_entry entry;
	struct why why = {0};
	double runs[RUNS];

	rig_init(&rig);
	if (dfuse_find(rig.host, &(struct dfuse_filter){0}, &entry, &why) < 0 ||
		dfuse_client_open(&client, rig.host, &entry, &why) < 0)
		fail("open", &why);
	for (int i = 0; i < RUNS; i++)
		runs[i] = transfers_per_second(client.usb);
	dfuse_client_close(&client);
	print_runs("in-process: control transfers (GETSTATUS)", runs, "1/s", "> 5000000");
}

static void check_flash(struct board *board, const uint8_t *data)
{
	CLEANUP(free_ptr) uint8_t *flash = malloc(FLASH_SIZE);

	if (!flash || board->ops->read_flash(board, FLASH, flash, FLASH_SIZE) < 0 ||
		memcmp(flash, data, FLASH_SIZE) != 0)
		fail("the flash is not the image", NULL);
}

/* Erase, write and leave a whole F407, fresh from power-up; milliseconds of the machine. */
static double update_ms(const struct image *image, bool verify)
{
	CLEANUP(rig_done) struct rig rig;
	const struct dfuse_options options = {.verify = verify, .leave = true};
	struct dfuse_result result;
	struct dfuse_client client;
	struct usb_host_entry entry;
	struct why why = {0};
	uint64_t start_us;

	rig_init(&rig);
	start_us = now_us();
	if (dfuse_find(rig.host, &(struct dfuse_filter){0}, &entry, &why) < 0 ||
		dfuse_client_open(&client, rig.host, &entry, &why) < 0 ||
		dfuse_update(&client, image, &options, &result, &why) < 0)
		fail("update", &why);
	start_us = now_us() - start_us;
	dfuse_client_close(&client);
	check_flash(rig.board, image->elements[0].data);
	return (double)start_us / 1000;
}

static void bench_update(const char *name, bool verify)
{
	CLEANUP(free_ptr) uint8_t *data = malloc(FLASH_SIZE);
	CLEANUP(image_done) struct image image = {.addressed = true};
	double runs[RUNS];

	if (!data)
		fail("memory", NULL);
	for (size_t i = 0; i < FLASH_SIZE; i++)
		data[i] = (uint8_t)(i * 2654435761u >> 13);
	if (image_add_target(&image, 0, NULL) < 0 ||
		image_add_element(&image,
			&(struct image_element){.addr = FLASH, .data = data, .size = FLASH_SIZE},
			NULL) < 0)
		fail("image", NULL);
	for (int i = 0; i < RUNS; i++)
		runs[i] = update_ms(&image, verify);
	print_runs(name, runs, "ms", "< 20");
}

/* Boards in their bootloader, enumerated by a host. */
static void bench_memory(void)
{
	struct virtual_clock clock;
	struct vusb_bus *bus;
	struct usb_host *host;
	struct board *boards[BOARDS];
	size_t before, count;

	virtual_clock_init(&clock);
	bus = vusb_bus_new(&clock.clock, BOARDS);
	host = bus ? usb_host_direct_new(bus) : NULL;
	if (!host)
		fail("bus", NULL);
	before = mallinfo2().uordblks + mallinfo2().hblkhd;
	for (uint8_t i = 0; i < BOARDS; i++)
		boards[i] = board_in_dfu(bus, (uint8_t)(i + 1));
	clock_sleep_until_us(host->clock, 1000000);
	if (host->ops->list(host, NULL, 0, &count, NULL) < 0 || count != BOARDS)
		fail("list", NULL);
	printf("{\"name\": \"memory of an idle board\", \"value\": %zu, \"unit\": \"bytes\", "
	       "\"aim\": \"< 65536\", \"note\": \"on the heap; mean of %d in their bootloader\"}\n",
		(mallinfo2().uordblks + mallinfo2().hblkhd - before) / BOARDS, BOARDS);
	for (size_t i = 0; i < BOARDS; i++)
		boards[i]->ops->free(boards[i]);
	usb_host_direct_free(host);
	vusb_bus_free(bus);
}

int main(void)
{
	bench_transfers();
	bench_update("in-process: 1 MiB update by the built-in client", false);
	bench_update("in-process: the same, read back over USB", true);
	bench_memory();
	return EXIT_SUCCESS;
}
