/* SPDX-License-Identifier: MIT */
/*
 * Control transfers a second of a plain libusb program: one after the other, each checked. It knows nothing of the mock
 * and measures whatever shows it a 0483:df11: ours, umockdev's, or a real board.
 * Usage: usb_rate MILLISECONDS. Prints "18 RATE" (GET_DESCRIPTOR) and "2048 RATE" (DFU UPLOAD), transfers a second.
 */
#include "harness/base/attr.h"
#include "harness/base/clock.h"

#include <libusb.h>
#include <stdio.h>
#include <stdlib.h>

#define ST_VID                 0x0483
#define DFU_PID                0xdf11
#define DFU_UPLOAD             2
#define DFU_CLRSTATUS          4
#define CLASS_IN               0xa1 /* class request to an interface */
#define CLASS_OUT              0x21
#define FIRST_BLOCK            2 /* DfuSe: where the memory begins */
#define TIMEOUT_MS             1000
#define AT_ONCE                16 /* transfers for each look at the clock */
#define SIZE_MAX_OF_A_TRANSFER 2048

struct request {
	uint8_t type;
	uint8_t request;
	uint16_t value;
	uint16_t size;
};

static void fail(const char *what, int got)
{
	fprintf(stderr, "usb_rate: %s: %d (%s)\n", what, got, libusb_error_name(got));
	exit(EXIT_FAILURE);
}

static void transfer(libusb_device_handle *device, const struct request *request)
{
	uint8_t data[SIZE_MAX_OF_A_TRANSFER];
	int got = libusb_control_transfer(device, request->type, request->request, request->value,
		0, data, request->size, TIMEOUT_MS);

	if (got != request->size)
		fail("transfer", got);
}

static double rate(libusb_device_handle *device, const struct request *request, uint64_t length_us)
{
	uint64_t start_us = clock_now_us(clock_monotonic());
	uint64_t took_us = 0;
	unsigned int count = 0;

	while (took_us < length_us) {
		for (int i = 0; i < AT_ONCE; i++)
			transfer(device, request);
		count += AT_ONCE;
		took_us = clock_now_us(clock_monotonic()) - start_us;
	}
	return count * 1e6 / (double)took_us;
}

int main(int argc, char **argv)
{
	static const struct request requests[] = {
		{LIBUSB_ENDPOINT_IN, LIBUSB_REQUEST_GET_DESCRIPTOR, LIBUSB_DT_DEVICE << 8,
			LIBUSB_DT_DEVICE_SIZE},
		{CLASS_IN, DFU_UPLOAD, FIRST_BLOCK, SIZE_MAX_OF_A_TRANSFER},
	};
	/* A fresh bootloader is in dfuERROR. */
	static const struct request clear = {CLASS_OUT, DFU_CLRSTATUS, 0, 0};
	libusb_device_handle *device;
	uint64_t length_us;
	int r = libusb_init(NULL);

	length_us = argc == 2 ? strtoul(argv[1], NULL, 10) * 1000 : 0;
	if (r < 0)
		fail("libusb_init", r);
	device = libusb_open_device_with_vid_pid(NULL, ST_VID, DFU_PID);
	if (!device)
		fail("no 0483:df11 to open", LIBUSB_ERROR_NO_DEVICE);
	r = libusb_claim_interface(device, 0);
	if (r < 0)
		fail("claim", r);
	transfer(device, &clear);
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		printf("%d %.0f\n", requests[i].size, rate(device, &requests[i], length_us));
	libusb_close(device);
	libusb_exit(NULL);
	return EXIT_SUCCESS;
}
