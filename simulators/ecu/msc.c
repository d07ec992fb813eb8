/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/msc.h"

#include <assert.h>
#include <string.h>

#include "harness/base/attr.h"
#include "harness/base/wire.h"
#include "harness/vusb/bus.h"

#define COMMAND_SIGNATURE 0x43425355u
#define COMMAND_SIZE      31
#define BLOCK_SIZE        16 /* of a SCSI command */
#define STATUS_SIGNATURE  0x53425355u
#define STATUS_SIZE       13
#define PACKET            64u /* of the bulk endpoints */

#define FLAGS_IN       0x80
#define FLAGS_RESERVED 0x7f
#define LENGTH_BITS    0x3f

enum class_request {
	GET_MAX_LUN = 0xfe,
	BULK_ONLY_RESET = 0xff,
};

enum scsi_command {
	TEST_UNIT_READY = 0x00,
	REQUEST_SENSE = 0x03,
	INQUIRY = 0x12,
	MODE_SENSE_6 = 0x1a,
	PREVENT_ALLOW = 0x1e,
	READ_FORMAT_CAPACITIES = 0x23,
	READ_CAPACITY_10 = 0x25,
	READ_10 = 0x28,
	WRITE_10 = 0x2a,
	VERIFY_10 = 0x2f,
};

/* SPC-2: sense keys, and additional sense codes. */
static const struct msc_sense no_sense = {0, 0};
static const struct msc_sense no_medium = {2, 0x3a};
static const struct msc_sense invalid_command = {5, 0x20};
static const struct msc_sense out_of_range = {5, 0x21};
static const struct msc_sense invalid_field = {5, 0x24};
static const struct msc_sense write_protected = {7, 0x27};

/* A command of one unit, and the answer that it writes. */
struct call {
	struct msc *msc;
	const struct msc_unit *unit;
	const uint8_t *block;
	struct writer answer;
};

/* 0 = good; else what REQUEST SENSE will say. */
typedef const struct msc_sense *command_fn(struct call *call);

static uint32_t be32_at(const uint8_t *block, size_t offset)
{
	struct reader in = reader_of(block + offset, 4);

	return reader_be32(&in);
}

static uint16_t be16_at(const uint8_t *block, size_t offset)
{
	struct reader in = reader_of(block + offset, 2);

	return reader_be16(&in);
}

/* Padded with NULs, as a C array that is longer than its text. */
static void write_text(struct writer *out, const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	writer_bytes(out, text, length);
	writer_fill(out, 0, size - length);
}

static const struct msc_sense *test_unit_ready(struct call *call)
{
	return call->unit->sectors ? NULL : &no_medium;
}

/* Vital product data: only the serial number's page, and that of ChibiOS' default. */
static const struct msc_sense *inquiry(struct call *call)
{
	static const uint8_t serial[] = {0, 0x80, 0, 8, '0', '0', '0', '0', '0', '0', '0', 0};
	static const uint8_t head[] = {0, 0x80, 4, 2, 0x20, 0, 0, 0}; /* removable, SPC-2 */

	if (call->block[1] & 1 && call->block[2] == 0x80) {
		writer_bytes(&call->answer, serial, sizeof(serial));
		return NULL;
	}
	if (call->block[1] & 3 || call->block[2])
		return &invalid_field;
	writer_bytes(&call->answer, head, sizeof(head));
	write_text(&call->answer, call->unit->vendor, 8);
	write_text(&call->answer, call->unit->product, 16);
	write_text(&call->answer, "v7.0", 4); /* ChibiOS/RT's version; which one is guessed */
	return NULL;
}

/* rusEFI gives all 18 bytes or nothing. */
static const struct msc_sense *request_sense(struct call *call)
{
	const struct msc_sense *sense = &call->msc->sense[call->unit - call->msc->units];

	if (call->block[1] & 1 || call->block[4] != 18)
		return &invalid_field;
	writer_u8(&call->answer, 0x70);
	writer_u8(&call->answer, 0);
	writer_u8(&call->answer, sense->key);
	writer_fill(&call->answer, 0, 4);
	writer_u8(&call->answer, 8);
	writer_fill(&call->answer, 0, 4);
	writer_u8(&call->answer, sense->code);
	writer_fill(&call->answer, 0, 5);
	return NULL;
}

static const struct msc_sense *mode_sense(struct call *call)
{
	writer_u8(&call->answer, 3);
	writer_u8(&call->answer, 0);
	writer_u8(&call->answer, 0x80); /* write-protected */
	writer_u8(&call->answer, 0);
	return NULL;
}

static const struct msc_sense *nothing(struct call *call)
{
	(void)call;
	return NULL;
}

static const struct msc_sense *read_format_capacities(struct call *call)
{
	if (!be16_at(call->block, 7))
		return NULL;
	writer_fill(&call->answer, 0, 3);
	writer_u8(&call->answer, 8);
	writer_be32(&call->answer, call->unit->sectors);
	writer_be32(&call->answer, 0x02000000u | MSC_SECTOR); /* formatted */
	return NULL;
}

/* Without a medium rusEFI of 2026 gives no data; that the reason is this one is guessed. */
static const struct msc_sense *read_capacity(struct call *call)
{
	if (!call->unit->sectors)
		return &no_medium;
	writer_be32(&call->answer, call->unit->sectors - 1);
	writer_be32(&call->answer, MSC_SECTOR);
	return NULL;
}

static const struct msc_sense *check_range(const struct call *call)
{
	if (!call->unit->sectors)
		return &no_medium;
	return (uint64_t)be32_at(call->block, 2) + be16_at(call->block, 7) > call->unit->sectors
		       ? &out_of_range
		       : NULL;
}

static const struct msc_sense *read_10(struct call *call)
{
	const struct msc_sense *sense = check_range(call);

	if (sense)
		return sense;
	call->msc->sectors = true;
	call->msc->sector = be32_at(call->block, 2);
	call->msc->total = (uint64_t)be16_at(call->block, 7) * MSC_SECTOR;
	return NULL;
}

/* The drive is read-only [rusEFI mass_storage_init.cpp]. That the data are taken before they are refused is guessed. */
static const struct msc_sense *write_10(struct call *call)
{
	const struct msc_sense *sense = check_range(call);

	return sense ? sense : &write_protected;
}

static const struct {
	uint8_t code;
	command_fn *run;
} commands[] = {
	{TEST_UNIT_READY, test_unit_ready},
	{REQUEST_SENSE, request_sense},
	{INQUIRY, inquiry},
	{MODE_SENSE_6, mode_sense},
	{PREVENT_ALLOW, nothing},
	{READ_FORMAT_CAPACITIES, read_format_capacities},
	{READ_CAPACITY_10, read_capacity},
	{READ_10, read_10},
	{WRITE_10, write_10},
	{VERIFY_10, nothing},
};

static const struct msc_sense *run(struct call *call)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].code == call->block[0])
			return commands[i].run(call);
	return &invalid_command;
}

/* What the host expects decides how the command goes on when there is nothing to say. */
static enum msc_phase next_phase(const struct msc *msc)
{
	if (msc->total || (msc->expected && msc->expects_in))
		return MSC_DATA_IN;
	return msc->expected ? MSC_DATA_OUT : MSC_STATUS;
}

static void kick(struct msc *msc)
{
	if (msc->device->port)
		vusb_port_kick(msc->device->port);
}

static void execute(struct msc *msc, const uint8_t *block)
{
	struct call call = {
		.msc = msc,
		.unit = &msc->units[msc->unit],
		.block = block,
		.answer = writer_of(msc->answer, sizeof(msc->answer)),
	};
	const struct msc_sense *sense;

	msc->moved = msc->total = 0;
	msc->sectors = false;
	sense = run(&call);
	assert(!call.answer.failed);
	if (!msc->sectors)
		msc->total = call.answer.pos;
	msc->sense[msc->unit] = sense ? *sense : no_sense;
	msc->failed = sense != NULL;
	msc->phase = next_phase(msc);
}

/* Another size, signature, unit or reserved bits: ignored, as if nothing had come [rusEFI mass_storage_device.cpp]. */
static void take_command(struct msc *msc, const uint8_t *data, size_t size)
{
	struct reader in = reader_of(data, size);
	uint32_t signature = reader_le32(&in), tag = reader_le32(&in), expected = reader_le32(&in);
	uint8_t flags = reader_u8(&in), unit = reader_u8(&in), length = reader_u8(&in);
	const uint8_t *block = reader_take(&in, BLOCK_SIZE);

	if (size != COMMAND_SIZE || signature != COMMAND_SIGNATURE || !block)
		return;
	if (flags & FLAGS_RESERVED || unit >= msc->unit_count || length & ~LENGTH_BITS)
		return;
	msc->tag = tag;
	msc->expected = expected;
	msc->expects_in = flags & FLAGS_IN;
	msc->unit = unit;
	execute(msc, block);
	kick(msc);
}

static void take_data(struct msc *msc, size_t size)
{
	msc->moved += size;
	if (msc->moved < msc->expected && size % PACKET == 0 && size)
		return;
	msc->moved = 0; /* none of it was used */
	msc->phase = MSC_STATUS;
	kick(msc);
}

/* Copies bytes of the data phase from `moved` on. */
static void copy_data(struct msc *msc, uint8_t *data, size_t size)
{
	const struct msc_unit *unit = &msc->units[msc->unit];
	uint8_t sector[MSC_SECTOR];

	if (!msc->sectors) {
		memcpy(data, msc->answer + msc->moved, size);
		return;
	}
	for (size_t done = 0; done < size;) {
		uint64_t at = msc->moved + done;
		size_t offset = (size_t)(at % MSC_SECTOR);
		size_t part = MSC_SECTOR - offset < size - done ? MSC_SECTOR - offset : size - done;

		unit->read(unit->user, msc->sector + (uint32_t)(at / MSC_SECTOR), sector);
		memcpy(data + done, sector + offset, part);
		done += part;
	}
}

/* More than the host has asked for goes out all the same: its last packet does not fit. */
static enum vusb_result give_data(struct msc *msc, uint8_t *data, size_t *size)
{
	uint64_t left = msc->total - msc->moved;
	size_t room = *size, packets = (room + PACKET - 1) / PACKET * PACKET;
	size_t take = left < packets ? (size_t)left : packets;
	size_t fits = take < room ? take : room;

	copy_data(msc, data, fits);
	*size = fits;
	msc->moved += take;
	if (msc->moved == msc->total)
		msc->phase = MSC_STATUS;
	return take > room ? VUSB_BABBLE : VUSB_ACK;
}

static uint32_t residue(const struct msc *msc)
{
	if (!msc->failed || msc->moved >= msc->expected)
		return 0; /* nobody counts after a success [rusEFI mass_storage_device.cpp] */
	return msc->expected - (uint32_t)msc->moved;
}

static enum vusb_result give_status(struct msc *msc, uint8_t *data, size_t *size)
{
	struct writer out = writer_of(data, *size);

	msc->phase = MSC_COMMAND;
	if (*size < STATUS_SIZE) {
		*size = 0;
		return VUSB_BABBLE;
	}
	writer_le32(&out, STATUS_SIGNATURE);
	writer_le32(&out, msc->tag);
	writer_le32(&out, residue(msc));
	writer_u8(&out, msc->failed ? 1 : 0);
	*size = STATUS_SIZE;
	return VUSB_ACK;
}

enum vusb_result msc_data(struct msc *msc, uint8_t endpoint, uint8_t *data, size_t *size)
{
	if (endpoint & USB_DIR_IN) {
		if (msc->phase == MSC_DATA_IN)
			return give_data(msc, data, size);
		return msc->phase == MSC_STATUS ? give_status(msc, data, size) : VUSB_NAK;
	}
	if (msc->phase == MSC_DATA_OUT)
		take_data(msc, *size);
	else if (msc->phase == MSC_COMMAND)
		take_command(msc, data, *size);
	else
		return VUSB_NAK;
	return VUSB_ACK;
}

enum vusb_result msc_control(
	struct msc *msc, const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	bool in = setup->bmRequestType & USB_DIR_IN;

	if (setup->bRequest == GET_MAX_LUN && in && setup->wLength) {
		data[0] = (uint8_t)(msc->unit_count - 1);
		*size = 1;
		return VUSB_ACK;
	}
	if (setup->bRequest == BULK_ONLY_RESET && !in) {
		msc->phase = MSC_COMMAND;
		return VUSB_ACK;
	}
	return VUSB_STALL;
}

void msc_reset(struct msc *msc)
{
	msc->phase = MSC_COMMAND;
}

void msc_init(
	struct msc *msc, struct vusb_device *device, const struct msc_unit *units, uint8_t count)
{
	assert(count && count <= MSC_UNIT_MAX);
	*msc = (struct msc){.device = device, .unit_count = count};
	for (uint8_t i = 0; i < count; i++)
		msc->units[i] = units[i];
}
