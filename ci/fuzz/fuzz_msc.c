/* SPDX-License-Identifier: MIT */
/*
 * Mass storage: whatever the host sends and asks for, no answer exceeds its room, sectors are read within the medium
 * only, and after a reset the next command is answered.
 *
 * Input: steps, see enum step.
 */
#include "harness/base/attr.h"
#include "harness/base/wire.h"
#include "simulators/ecu/msc.h"

#include <assert.h>
#include <string.h>

#define SECTORS 224u
#define ROOM    8192
#define CANARY  0xa7
#define IN_EP   0x81
#define OUT_EP  0x01

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum step {
	STEP_COMMAND, /* expected (16 bits), flags, unit, 10 bytes of a SCSI command */
	STEP_OUT,     /* length, bytes */
	STEP_IN,      /* 16 bits of room */
	STEP_STATUS,
	STEP_RESET,
	STEP_CONTROL, /* bmRequestType, bRequest, wLength */
	STEP_COUNT,
};

struct fuzz {
	struct vusb_device device;
	struct msc msc;
	struct reader in;
	uint8_t data[ROOM + 1];
};

static void read_sector(void *user, uint32_t sector, uint8_t *ret_data)
{
	(void)user;
	assert(sector < SECTORS);
	memset(ret_data, (int)sector, MSC_SECTOR);
}

static enum vusb_result out(struct fuzz *fuzz, const uint8_t *data, size_t size)
{
	memcpy(fuzz->data, data, size);
	return msc_data(&fuzz->msc, OUT_EP, fuzz->data, &size);
}

static enum vusb_result in(struct fuzz *fuzz, size_t room, size_t *ret_size)
{
	enum vusb_result result;

	*ret_size = room;
	memset(fuzz->data, CANARY, sizeof(fuzz->data));
	result = msc_data(&fuzz->msc, IN_EP, fuzz->data, ret_size);
	assert(*ret_size <= room && fuzz->data[room] == CANARY);
	assert(result == VUSB_ACK || result == VUSB_NAK || result == VUSB_BABBLE);
	return result;
}

static void command(struct fuzz *fuzz)
{
	uint8_t bytes[31];
	struct writer wrapper = writer_of(bytes, sizeof(bytes));
	const uint8_t *block;

	writer_le32(&wrapper, 0x43425355);
	writer_le32(&wrapper, 1);
	writer_le32(&wrapper, reader_le16(&fuzz->in));
	writer_u8(&wrapper, reader_u8(&fuzz->in));
	writer_u8(&wrapper, reader_u8(&fuzz->in));
	writer_u8(&wrapper, 10);
	block = reader_take(&fuzz->in, 10);
	if (!block)
		return;
	writer_bytes(&wrapper, block, 10);
	writer_fill(&wrapper, 0, 6);
	(void)out(fuzz, bytes, sizeof(bytes));
}

static void control(struct fuzz *fuzz)
{
	struct usb_setup setup = {
		.bmRequestType = reader_u8(&fuzz->in), .bRequest = reader_u8(&fuzz->in)};
	size_t size;

	setup.wLength = reader_u8(&fuzz->in);
	size = setup.wLength;
	memset(fuzz->data, CANARY, sizeof(fuzz->data));
	(void)msc_control(&fuzz->msc, &setup, fuzz->data, &size);
	assert(fuzz->data[setup.wLength] == CANARY);
}

static void run_step(struct fuzz *fuzz)
{
	size_t size;

	switch ((enum step)(reader_u8(&fuzz->in) % STEP_COUNT)) {
	case STEP_COMMAND:
		command(fuzz);
		break;
	case STEP_OUT:
		size = reader_u8(&fuzz->in);
		if (size > reader_left(&fuzz->in))
			size = reader_left(&fuzz->in);
		if (size)
			(void)out(fuzz, reader_take(&fuzz->in, size), size);
		break;
	case STEP_IN:
		(void)in(fuzz, reader_le16(&fuzz->in) % (ROOM + 1), &size);
		break;
	case STEP_STATUS:
		(void)in(fuzz, 13, &size);
		break;
	case STEP_RESET:
		msc_reset(&fuzz->msc);
		break;
	case STEP_CONTROL:
		control(fuzz);
		break;
	case STEP_COUNT:
		break;
	}
}

/* A host that starts anew is served. */
static void check_alive(struct fuzz *fuzz)
{
	static const uint8_t ready[31] = {'U', 'S', 'B', 'C', [14] = 6};
	size_t size;

	msc_reset(&fuzz->msc);
	assert(out(fuzz, ready, sizeof(ready)) == VUSB_ACK);
	assert(in(fuzz, 13, &size) == VUSB_ACK && size == 13 && fuzz->data[12] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz fuzz;
	static const struct msc_unit units[] = {
		{"rusEFI", "INI Drive", SECTORS, read_sector, NULL},
		{"rusEFI", "SD Card", 0, NULL, NULL},
	};

	memset(&fuzz.device, 0, sizeof(fuzz.device));
	msc_init(&fuzz.msc, &fuzz.device, units, ARRAY_SIZE(units));
	fuzz.in = reader_of(data, size);
	while (reader_left(&fuzz.in) && !fuzz.in.failed)
		run_step(&fuzz);
	check_alive(&fuzz);
	return 0;
}
