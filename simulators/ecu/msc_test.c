/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/msc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/wire.h"
#include "harness/testing/run.h"
#include "harness/testing/temp.h"
#include "harness/testing/usb_rig.h"
#include "simulators/ecu/cdc_acm.h"
#include "simulators/ecu/msc_ini_drive.h"

#define SECTORS 100u
#define IN      0x80
#define OUT     0x00
#define ROOM    4096u

struct rig {
	struct vusb_device device;
	struct msc msc;
	uint8_t data[ROOM];
	size_t size;
};

/* Each sector begins with its number. */
static void read_sector(void *user, uint32_t sector, uint8_t *ret_data)
{
	struct writer out = writer_of(ret_data, MSC_SECTOR);

	(void)user;
	cr_assert_lt(sector, SECTORS);
	writer_le32(&out, sector);
	writer_fill(&out, (uint8_t)(sector + 1), MSC_SECTOR - 4);
}

static void init(struct rig *rig)
{
	static const struct msc_unit units[] = {
		{"rusEFI", "INI Drive", SECTORS, read_sector, NULL},
		{"rusEFI", "SD Card", 0, NULL, NULL},
	};

	memset(rig, 0, sizeof(*rig));
	msc_init(&rig->msc, &rig->device, units, ARRAY_SIZE(units));
}

static size_t from_hex(const char *hex, uint8_t *ret_data)
{
	size_t size = strlen(hex) / 2;

	for (size_t i = 0; i < size; i++) {
		unsigned int byte;

		cr_assert_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
		ret_data[i] = (uint8_t)byte;
	}
	return size;
}

/* A command block wrapper; tag 7. */
struct command {
	const char *block; /* hex */
	uint32_t expected;
	uint8_t flags, unit;
};

static void wrap(const struct command *command, uint8_t ret_data[31])
{
	struct writer out = writer_of(ret_data, 31);
	uint8_t block[16] = {0};
	size_t size = from_hex(command->block, block);

	writer_le32(&out, 0x43425355);
	writer_le32(&out, 7);
	writer_le32(&out, command->expected);
	writer_u8(&out, command->flags);
	writer_u8(&out, command->unit);
	writer_u8(&out, (uint8_t)size);
	writer_bytes(&out, block, sizeof(block));
}

static void send(struct rig *rig, const struct command *command)
{
	uint8_t data[31];
	size_t size = sizeof(data);

	wrap(command, data);
	cr_assert_eq(msc_data(&rig->msc, CDC_ACM_MSC_OUT, data, &size), VUSB_ACK);
}

static enum vusb_result receive(struct rig *rig, size_t room)
{
	rig->size = room;
	return msc_data(&rig->msc, CDC_ACM_MSC_IN, rig->data, &rig->size);
}

static void expect_status(struct rig *rig, const char *name, bool failed, uint32_t residue)
{
	struct reader in = reader_of(rig->data, 13);

	cr_assert_eq(receive(rig, 13), VUSB_ACK, "%s", name);
	cr_assert_eq(rig->size, 13, "%s", name);
	cr_assert_eq(reader_le32(&in), 0x53425355, "%s", name);
	cr_assert_eq(reader_le32(&in), 7, "%s", name);
	cr_assert_eq(reader_le32(&in), residue, "%s", name);
	cr_assert_eq(reader_u8(&in), failed, "%s", name);
	cr_assert_eq(receive(rig, 13), VUSB_NAK, "%s: nothing more", name);
}

/* Commands with data for the host or none. sense: what REQUEST SENSE says then, key and code. */
static const struct in_case {
	const char *name;
	struct command command;
	const char *data; /* hex */
	bool failed;
	uint32_t residue;
	const char *sense;
} in_cases[] = {
	{"INQUIRY", {"120000002400", 36, IN, 0},
		"0080040220000000"
		"7275734546490000"
		"494e492044726976650000000000000076372e30",
		false, 0, "0000"},
	{"INQUIRY of the other unit", {"120000002400", 36, IN, 1},
		"0080040220000000"
		"7275734546490000"
		"5344204361726400000000000000000076372e30",
		false, 0, "0000"},
	{"the serial number's page", {"12018000ff00", 255, IN, 0}, "008000083030303030303000",
		false, 0, "0000"},
	{"another page", {"12018300ff00", 255, IN, 0}, "", true, 255, "0524"},
	{"TEST UNIT READY", {"000000000000", 0, OUT, 0}, NULL, false, 0, "0000"},
	{"TEST UNIT READY without a medium", {"000000000000", 0, OUT, 1}, NULL, true, 0, "023a"},
	{"READ CAPACITY", {"25000000000000000000", 8, IN, 0}, "0000006300000200", false, 0, "0000"},
	{"READ CAPACITY without a medium", {"25000000000000000000", 8, IN, 1}, "", true, 8, "023a"},
	{"READ FORMAT CAPACITIES", {"2300000000000000fc00", 252, IN, 0}, "000000080000006402000200",
		false, 0, "0000"},
	{"READ FORMAT CAPACITIES of nothing", {"23000000000000000000", 0, IN, 0}, NULL, false, 0,
		"0000"},
	{"MODE SENSE says write-protected", {"1a003f00c000", 192, IN, 0}, "03008000", false, 0,
		"0000"},
	{"PREVENT", {"1e0000000100", 0, OUT, 0}, NULL, false, 0, "0000"},
	{"VERIFY", {"2f000000000000000100", 0, OUT, 0}, NULL, false, 0, "0000"},
	{"an unknown command", {"a8000000000000000000", 0, OUT, 0}, NULL, true, 0, "0520"},
	{"an unknown command that promises data", {"5a000000000000000000", 64, IN, 0}, "", true, 64,
		"0520"},
	{"READ beyond the end", {"28000000006400000100", 512, IN, 0}, "", true, 512, "0521"},
	{"READ across the end", {"28000000006300000200", 1024, IN, 0}, "", true, 1024, "0521"},
	{"READ of a number that wraps", {"2800ffffffff00000100", 512, IN, 0}, "", true, 512,
		"0521"},
	{"READ without a medium", {"28000000000000000100", 512, IN, 1}, "", true, 512, "023a"},
	{"READ of nothing", {"28000000000000000000", 0, IN, 0}, NULL, false, 0, "0000"},
};

static void expect_sense(struct rig *rig, const char *name, uint8_t unit, const char *sense)
{
	uint8_t code[2];

	send(rig, &(struct command){"030000001200", 18, IN, unit});
	cr_assert_eq(receive(rig, 18), VUSB_ACK, "%s", name);
	cr_assert_eq(rig->size, 18);
	(void)from_hex(sense, code);
	cr_assert_eq(rig->data[0], 0x70);
	cr_assert_eq(rig->data[2], code[0], "%s: key %02x", name, rig->data[2]);
	cr_assert_eq(rig->data[12], code[1], "%s: code %02x", name, rig->data[12]);
	expect_status(rig, name, false, 0);
}

Test(msc, commands_are_answered_as_rusefi_does)
{
	for (size_t i = 0; i < ARRAY_SIZE(in_cases); i++) {
		const struct in_case *c = &in_cases[i];
		struct rig rig;

		init(&rig);
		send(&rig, &c->command);
		if (c->data) {
			uint8_t expected[64];
			size_t size = from_hex(c->data, expected);

			cr_assert_eq(receive(&rig, c->command.expected), VUSB_ACK, "%s", c->name);
			cr_assert_eq(rig.size, size, "%s: %zu", c->name, rig.size);
			cr_assert_eq(memcmp(rig.data, expected, size), 0, "%s", c->name);
		}
		expect_status(&rig, c->name, c->failed, c->residue);
		expect_sense(&rig, c->name, c->command.unit, c->sense);
		expect_sense(&rig, "told once", c->command.unit, "0000");
	}
}

Test(msc, read_gives_sectors_in_transfers_of_any_size)
{
	static const size_t rooms[] = {64, 512, 1024, 1536};

	for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
		struct rig rig;
		uint8_t all[1536], sector[MSC_SECTOR];
		size_t have = 0;

		init(&rig);
		send(&rig, &(struct command){"28000000000500000300", sizeof(all), IN, 0});
		while (have < sizeof(all)) {
			cr_assert_eq(receive(&rig, rooms[i]), VUSB_ACK);
			cr_assert(rig.size && have + rig.size <= sizeof(all));
			memcpy(all + have, rig.data, rig.size);
			have += rig.size;
		}
		expect_status(&rig, "read", false, 0);
		for (uint32_t n = 0; n < 3; n++) {
			read_sector(NULL, 5 + n, sector);
			cr_assert_arr_eq(all + n * MSC_SECTOR, sector, MSC_SECTOR);
		}
	}
}

Test(msc, a_write_takes_the_data_and_is_refused)
{
	struct rig rig;
	uint8_t data[512] = {0};
	size_t size;

	init(&rig);
	send(&rig, &(struct command){"2a000000000000000200", 1024, OUT, 0});
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(receive(&rig, 13), VUSB_NAK);
		size = sizeof(data);
		cr_assert_eq(msc_data(&rig.msc, CDC_ACM_MSC_OUT, data, &size), VUSB_ACK);
	}
	expect_status(&rig, "write", true, 1024);
	expect_sense(&rig, "write", 0, "0727");
}

Test(msc, more_than_the_host_has_room_for_babbles)
{
	struct rig rig;

	init(&rig);
	send(&rig, &(struct command){"120000000500", 5, IN, 0});
	cr_assert_eq(receive(&rig, 5), VUSB_BABBLE);
	expect_status(&rig, "INQUIRY", false, 0);
	send(&rig, &(struct command){"000000000000", 0, OUT, 0});
	cr_assert_eq(receive(&rig, 12), VUSB_BABBLE);
}

/* Byte of a TEST UNIT READY's wrapper that is spoilt, and with what. */
static const struct spoilt {
	const char *name;
	size_t at;
	uint8_t value;
} spoilt[] = {
	{"signature", 0, 'X'},
	{"flags", 12, 0x81},
	{"unit", 13, 2},
	{"length", 14, 0x46},
};

Test(msc, what_is_no_command_is_ignored)
{
	struct rig rig;
	uint8_t data[32];
	size_t size;

	init(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(spoilt); i++) {
		wrap(&(struct command){"000000000000", 0, OUT, 0}, data);
		data[spoilt[i].at] = spoilt[i].value;
		size = 31;
		cr_assert_eq(msc_data(&rig.msc, CDC_ACM_MSC_OUT, data, &size), VUSB_ACK);
		cr_assert_eq(receive(&rig, 13), VUSB_NAK, "%s", spoilt[i].name);
	}
	for (size = 0; size <= 32; size++) {
		size_t taken = size;

		wrap(&(struct command){"000000000000", 0, OUT, 0}, data);
		cr_assert_eq(msc_data(&rig.msc, CDC_ACM_MSC_OUT, data, &taken), VUSB_ACK);
		cr_assert_eq(
			receive(&rig, 13), size == 31 ? VUSB_ACK : VUSB_NAK, "%zu bytes", size);
	}
}

Test(msc, the_class_requests_are_answered)
{
	static const struct usb_setup luns = {0xa1, 0xfe, 0, 0, 1}, reset = {0x21, 0xff, 0, 0, 0};
	static const struct usb_setup other = {0xa1, 0xfd, 0, 0, 1};
	struct rig rig;
	uint8_t data[1];
	size_t size = 1;

	init(&rig);
	cr_assert_eq(msc_control(&rig.msc, &luns, data, &size), VUSB_ACK);
	cr_assert_eq(data[0], 1);
	cr_assert_eq(msc_control(&rig.msc, &other, data, &size), VUSB_STALL);
	send(&rig, &(struct command){"120000002400", 36, IN, 0});
	size = 0;
	cr_assert_eq(msc_control(&rig.msc, &reset, data, &size), VUSB_ACK);
	cr_assert_eq(receive(&rig, 36), VUSB_NAK, "the command is forgotten");
	send(&rig, &(struct command){"000000000000", 0, OUT, 0});
	msc_reset(&rig.msc);
	cr_assert_eq(receive(&rig, 13), VUSB_NAK, "as by a bus reset");
}

/* --- the drive, on a bus --- */

struct drive_rig {
	struct usb_rig usb;
	struct cdc_acm cdc;
	struct msc_ini_drive drive;
	struct vusb_transfer in, out;
	uint8_t in_data[65536], out_data[31];
	bool in_done;
};

static enum vusb_result drive_data(
	struct cdc_acm *cdc, uint8_t endpoint, uint8_t *data, size_t *size)
{
	struct drive_rig *rig = cdc->owner;

	return msc_data(&rig->drive.msc, endpoint, data, size);
}

static const struct cdc_acm_ops drive_ops = {.msc_data = drive_data};

static void complete_in(struct vusb_transfer *transfer)
{
	*(bool *)transfer->user = true;
}

static void complete_out(struct vusb_transfer *transfer)
{
	cr_assert_eq(transfer->result, VUSB_ACK);
}

static const struct firmware firmware = {
	.kind = FIRMWARE_ECU,
	.signature = "rusEFI main.2026.07.14.f407-discovery.3461352391",
	.settings_size = 22000,
	.blocking_factor = 1400,
	.paged = true,
};

static void drive_init(struct drive_rig *rig)
{
	static const uint8_t uid[CHIP_UID_SIZE] = {1};

	memset(rig, 0, sizeof(*rig));
	usb_rig_init_or_fail(&rig->usb);
	cdc_acm_init(&rig->cdc,
		&(struct cdc_acm_config){
			.ops = &drive_ops, .owner = rig, .uid = uid, .mass_storage = true});
	cr_assert_eq(msc_ini_drive_init(&rig->drive, &rig->cdc.device, &firmware), 0);
	usb_rig_plug(&rig->usb, 1, &rig->cdc.device);
	(void)usb_rig_list_or_fail(&rig->usb, NULL);
}

static void drive_done(struct drive_rig *rig)
{
	usb_rig_done(&rig->usb);
	msc_ini_drive_done(&rig->drive);
	cdc_acm_done(&rig->cdc);
}

static void submit_in(struct drive_rig *rig, size_t size)
{
	rig->in_done = false;
	rig->in = (struct vusb_transfer){
		.port = vusb_bus_port(rig->usb.bus, 1),
		.type = VUSB_BULK,
		.endpoint = CDC_ACM_MSC_IN,
		.data = rig->in_data,
		.size = size,
		.complete = complete_in,
		.user = &rig->in_done,
	};
	vusb_bus_submit(&rig->in);
}

static void submit_command(struct drive_rig *rig, const struct command *command)
{
	wrap(command, rig->out_data);
	rig->out = (struct vusb_transfer){
		.port = vusb_bus_port(rig->usb.bus, 1),
		.type = VUSB_BULK,
		.endpoint = CDC_ACM_MSC_OUT,
		.data = rig->out_data,
		.size = sizeof(rig->out_data),
		.complete = complete_out,
	};
	vusb_bus_submit(&rig->out);
}

/* The host may wait for data before it asks. */
Test(msc, a_transfer_that_waits_is_woken)
{
	struct drive_rig *rig = calloc(1, sizeof(*rig));

	cr_assert_not_null(rig);
	drive_init(rig);
	submit_in(rig, 36);
	cr_assert_not(rig->in_done);
	submit_command(rig, &(struct command){"120000002400", 36, IN, 0});
	cr_assert(rig->in_done);
	cr_assert_eq(rig->in.actual, 36);
	cr_assert_arr_eq(rig->in_data + 16, "INI Drive", 9);
	drive_done(rig);
	free(rig);
}

/* Reads the whole volume, 64 sectors a command, into ret. */
static size_t read_volume(struct drive_rig *rig, uint8_t *ret, size_t room)
{
	char block[32];
	size_t done = 0, sectors = rig->drive.msc.units[0].sectors;

	cr_assert_leq(sectors * MSC_SECTOR, room);
	for (size_t at = 0; at < sectors; at += 32) {
		snprintf(block, sizeof(block), "2800%08x00%04x00", (unsigned int)at, 32);
		submit_command(rig, &(struct command){block, 32 * MSC_SECTOR, IN, 0});
		submit_in(rig, 32 * MSC_SECTOR);
		cr_assert(rig->in_done && rig->in.actual == 32 * MSC_SECTOR);
		memcpy(ret + done, rig->in_data, rig->in.actual);
		done += rig->in.actual;
		submit_in(rig, 13);
		cr_assert(rig->in_done && rig->in.actual == 13 && !rig->in_data[12]);
	}
	return done;
}

Test(msc, the_drive_holds_the_ini_of_the_firmware)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	CLEANUP(run_done) struct run type = {0};
	struct drive_rig *rig = calloc(1, sizeof(*rig));
	uint8_t *volume = malloc(1u << 20);
	size_t size;

	need_tool("mtype");
	cr_assert(rig && volume);
	drive_init(rig);
	size = read_volume(rig, volume, 1u << 20);
	type = RUN_OR_FAIL(
		"mtype", "-i", temp_file_or_fail(&dir, "volume", volume, size), "::rusefi.ini");
	cr_assert_eq(type.code, 0, "%s", type.err);
	cr_assert(strstr(type.out, "signature       = \"rusEFI main.2026.07.14.f407-discovery."
				   "3461352391\"\r\n"),
		"%s", type.out);
	cr_assert(strstr(type.out, "pageSize                = 22000\r\n"));
	cr_assert(strstr(type.out, "blockingFactor          = 1400\r\n"));
	cr_assert(strstr(type.out, "\"R%2i%2o%2c\""));
	cr_assert(strstr(type.out, "msEnvelope_1.0"));
	drive_done(rig);
	free(rig);
	free(volume);
}
