/* SPDX-License-Identifier: MIT */
#include "harness/host/toy_dfuse_test.h"

#include "harness/base/attr.h"
#include "harness/base/wire.h"
#include "harness/host/dfuse_client.h"
#include "harness/testing/usb_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *place(struct toy_dfuse *toy, uint16_t block, size_t size)
{
	uint64_t offset = toy->pointer - (uint64_t)TOY_ADDR +
			  (block - DFUSE_FIRST_BLOCK) * (uint64_t)toy->config.transfer_size;

	return offset + size <= TOY_SIZE ? toy->memory + offset : NULL;
}

static enum vusb_result command(struct toy_dfuse *toy, const uint8_t *data, size_t size)
{
	struct reader in = reader_of(data, size);
	uint8_t what = reader_u8(&in);
	uint32_t addr = reader_le32(&in);

	if (in.failed)
		return VUSB_STALL;
	if (what == DFUSE_SET_ADDRESS) {
		toy->pointer = addr;
		toy->set_addresses++;
	}
	if (what == DFUSE_ERASE)
		toy->erases++;
	return VUSB_ACK;
}

static enum vusb_result dnload(
	struct toy_dfuse *toy, uint16_t block, const uint8_t *data, size_t size)
{
	uint8_t *to = block ? place(toy, block, size) : NULL;

	toy->state = DFU_DNLOAD_IDLE;
	if (!block)
		return command(toy, data, size);
	if (!to)
		return VUSB_STALL;
	memcpy(to, data, size);
	toy->written_alternates |= 1u << toy->device.alternate[0];
	return VUSB_ACK;
}

static enum vusb_result upload(struct toy_dfuse *toy, uint16_t block, uint8_t *data, size_t *size)
{
	const uint8_t *from = place(toy, block, *size);

	if (toy->state == DFU_DNLOAD_IDLE || !from)
		return VUSB_STALL;
	memcpy(data, from, *size);
	toy->read_alternates |= 1u << toy->device.alternate[0];
	toy->state = DFU_UPLOAD_IDLE;
	return VUSB_ACK;
}

static enum vusb_result toy_control(
	struct vusb_device *device, const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	struct toy_dfuse *toy = CONTAINER_OF(device, struct toy_dfuse, device);
	struct dfu_getstatus status = {.state = toy->state};

	if (setup->wLength > toy->config.transfer_size && setup->bRequest != DFU_GETSTATUS)
		return VUSB_STALL;
	switch (setup->bRequest) {
	case DFU_DNLOAD:
		return dnload(toy, setup->wValue, data, *size);
	case DFU_UPLOAD:
		*size = setup->wLength;
		return upload(toy, setup->wValue, data, size);
	case DFU_GETSTATUS:
		dfu_getstatus_encode(&status, data);
		*size = DFU_STATUS_SIZE;
		return VUSB_ACK;
	default:
		toy->state = DFU_IDLE;
		return VUSB_ACK;
	}
}

static void describe(struct toy_dfuse *toy)
{
	struct dfu_functional functional = {
		.attributes = DFU_CAN_DNLOAD | DFU_CAN_UPLOAD,
		.transfer_size = toy->config.transfer_size,
		.bcd_dfu = DFUSE_VERSION,
	};

	dfu_functional_encode(&functional, toy->functional);
	for (uint8_t i = 0; i < 2; i++) {
		toy->strings[i + 1] = toy->config.layouts[i];
		toy->interfaces[i] = (struct vusb_interface_desc){
			.alternate = i,
			.class = USB_CLASS_DFU,
			.subclass = USB_SUBCLASS_DFU,
			.protocol = USB_PROTOCOL_DFU,
			.string = i + 1,
			.extra = i ? NULL : toy->functional,
			.extra_size = i ? 0 : sizeof(toy->functional),
		};
	}
	toy->config_desc = (struct vusb_config_desc){
		.value = 1,
		.interfaces = toy->interfaces,
		.interface_count = toy->config.layouts[1] ? 2 : 1,
	};
	toy->desc = (struct vusb_device_desc){
		.speed = USB_SPEED_FULL,
		.max_packet0 = 64,
		.vid = DFUSE_VID,
		.pid = DFUSE_PID,
		.configs = &toy->config_desc,
		.config_count = 1,
	};
}

void toy_dfuse_init_or_fail(struct toy_dfuse *toy, const struct toy_config *config)
{
	static const struct vusb_device_ops ops = {.name = "toy", .control = toy_control};

	*toy = (struct toy_dfuse){.config = *config, .state = DFU_IDLE};
	toy->memory = malloc(TOY_SIZE);
	cr_assert_not_null(toy->memory);
	memset(toy->memory, 0xff, TOY_SIZE);
	describe(toy);
	vusb_device_init(&toy->device, &ops, &toy->desc,
		(struct vusb_strings){.text = toy->strings, .count = 3});
}

void toy_dfuse_done(struct toy_dfuse *toy)
{
	free(toy->memory);
}

/* ---- what only such a device shows ---- */

struct rig {
	struct toy_dfuse toy;
	struct usb_rig usb;
	struct dfuse_client client;
	struct dfuse_result result;
	struct why why;
};

static void rig_init(struct rig *rig, const struct toy_config *config)
{
	const struct dfuse_filter any = {0};
	struct usb_host_entry entry;

	*rig = (struct rig){0};
	toy_dfuse_init_or_fail(&rig->toy, config);
	usb_rig_init_or_fail(&rig->usb);
	usb_rig_plug(&rig->usb, 1, &rig->toy.device);
	cr_assert_eq(dfuse_find(rig->usb.host, &any, &entry, &rig->why), 0, "%s", rig->why.text);
	cr_assert_eq(dfuse_client_open(&rig->client, rig->usb.host, &entry, &rig->why), 0, "%s",
		rig->why.text);
}

static void rig_done(struct rig *rig)
{
	dfuse_client_close(&rig->client);
	usb_rig_done(&rig->usb);
	toy_dfuse_done(&rig->toy);
}

/* One element a part; the n-th is for alternate n. */
static int update(struct rig *rig, const struct image_element *parts, size_t count)
{
	const struct dfuse_options options = {.verify = true};
	CLEANUP(image_done) struct image image = {.addressed = true};

	for (size_t i = 0; i < count; i++) {
		struct image_element part = parts[i];

		part.target = i;
		cr_assert_eq(image_add_target(&image, (uint8_t)i, NULL), 0);
		cr_assert_eq(image_add_element(&image, &part, NULL), 0);
	}
	return dfuse_update(&rig->client, &image, &options, &rig->result, &rig->why);
}

Test(client, keeps_to_any_transfer_size)
{
	static const struct {
		uint16_t transfer_size;
		size_t size;
		unsigned set_addresses; /* writing and reading */
	} rows[] = {
		{2048, 10000, 2},
		{1024, 1024, 2},
		{5, 11, 2},
		{4096, 10000, 2},
		{4097, 10000, 6}, /* more than a transfer carries: each block by its address */
		{65535, 10000, 6},
		{8, 8 * 65534 + 1, 4}, /* block numbers run out after 0xffff */
		{8, 8 * 65534, 2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct toy_config config = {
			rows[i].transfer_size, {"@Toy/0x08000000/01*2Mg", NULL}};
		CLEANUP(free_ptr) uint8_t *data = malloc(rows[i].size);
		CLEANUP(rig_done) struct rig rig;
		struct image_element part = {
			.addr = TOY_ADDR + 1, .data = data, .size = rows[i].size};

		for (size_t j = 0; j < rows[i].size; j++)
			data[j] = (uint8_t)(j * 2654435761u >> 11);
		rig_init(&rig, &config);
		cr_assert_eq(update(&rig, &part, 1), 0, "row %zu: %s", i, rig.why.text);
		cr_expect_eq(memcmp(rig.toy.memory + 1, data, rows[i].size), 0, "row %zu", i);
		cr_expect_eq(rig.toy.memory[0], 0xff, "row %zu", i);
		cr_expect_eq(rig.toy.memory[rows[i].size + 1], 0xff, "row %zu", i);
		cr_expect_eq(rig.toy.set_addresses, rows[i].set_addresses, "row %zu: %u", i,
			rig.toy.set_addresses);
	}
}

Test(client, does_with_a_memory_what_its_layout_allows)
{
	const struct toy_config config = {2048, {"@Toy/0x08000000/2*16Kg,1*16Ka,1*16Ke", NULL}};
	uint8_t data[4] = {1, 2, 3, 4};
	struct image_element part = {.addr = TOY_ADDR + 3 * 0x4000, .data = data, .size = 4};
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig, &config);
	cr_expect_eq(update(&rig, &part, 1), 0, "%s", rig.why.text);
	cr_expect_eq(rig.toy.erases, 0, "type e is readable and writable, not erasable");
	cr_expect_eq(memcmp(rig.toy.memory + 3 * 0x4000, data, 4), 0);
	part.addr = TOY_ADDR + 2 * 0x4000 - 2;
	cr_expect_eq(update(&rig, &part, 1), -EFAULT);
	cr_expect_str_eq(rig.why.text, "image: 0x08008000 of the device's Toy is not writable");
	cr_expect_eq(rig.toy.erases, 0);
}

Test(client, writes_each_target_in_its_alternate)
{
	const struct toy_config config = {
		2048, {"@One/0x08000000/1*16Kg", "@Two/0x08004000/1*16Kg"}};
	uint8_t data[4] = {1, 2, 3, 4};
	const struct image_element parts[] = {
		{.addr = TOY_ADDR, .data = data, .size = 4},
		{.addr = TOY_ADDR + 0x4000, .data = data, .size = 4},
	};
	CLEANUP(rig_done) struct rig rig;

	rig_init(&rig, &config);
	cr_expect_eq(update(&rig, parts, 2), 0, "%s", rig.why.text);
	cr_expect_eq(rig.toy.written_alternates, 3);
	cr_expect_eq(rig.toy.erases, 2);
	cr_expect_eq(rig.toy.read_alternates, 3);
}
