/* SPDX-License-Identifier: MIT */
#include "simulators/stm32/rom_dfu.h"

#include "harness/base/names.h"
#include "harness/base/wire.h"

#include <assert.h>
#include <string.h>

#define INTERFACE    0
#define CONFIG_VALUE 1
#define FAST_POLL_MS 1
/* From the answer that announces it to the disconnect: the host must get the answer. Guessed; ST's class has no wait. */
#define GOODBYE_US 1000

enum string_index {
	STRING_MANUFACTURER = 1,
	STRING_PRODUCT,
	STRING_SERIAL,
};

static struct rom_dfu *rom_of(struct vusb_device *device)
{
	return CONTAINER_OF(device, struct rom_dfu, device);
}

static void tell(struct rom_dfu *rom, struct rom_fact fact)
{
	fact.time_us = rom->device.now_us;
	rom->config.observer->fact(rom->config.observer, &fact);
}

static bool observed(const struct rom_dfu *rom)
{
	return rom->config.observer != NULL;
}

/* The only place where the state changes. */
static void enter(struct rom_dfu *rom, enum dfu_state state, enum dfu_status status)
{
	bool moved = state != rom->state;
	bool changed = moved || status != rom->status;

	rom->state = state;
	rom->status = status;
	rom->stuck = rom->stuck && state == DFU_DNBUSY;
	if (changed && observed(rom))
		tell(rom, (struct rom_fact){
				  .kind = ROM_FACT_STATE, .state = state, .status = status});
	if (moved)
		fault_at(rom->config.faults, FAULT_DFU_STATE, dfu_state_text((uint8_t)state));
}

static void fail(struct rom_dfu *rom, enum dfu_status status)
{
	rom->block.stored = false;
	enter(rom, DFU_ERROR, status);
}

static uint32_t poll_ms(const struct rom_dfu *rom, uint32_t chip_ms)
{
	return rom->config.pace == ROM_PACE_FAST ? FAST_POLL_MS : chip_ms;
}

/* Nothing is answered any more until the event. */
static void schedule(struct rom_dfu *rom, enum rom_event event, uint64_t at_us)
{
	rom->event = event;
	rom->event_at_us = at_us;
	rom->device.nak_until_us = at_us;
}

/* Of a data block: always the transfer size, however short the blocks are. AN2662 says "length of the requested data
 * buffer"; dfu-util and betaflight number a short last block on and work with real chips, as ST's usbd_dfu.c does. */
static uint32_t block_address(const struct rom_dfu *rom, uint16_t number)
{
	return rom->pointer +
	       (uint32_t)(number - DFUSE_FIRST_BLOCK) * rom->chip->dfu.functional.transfer_size;
}

static enum dfu_status status_of(enum memory_result result)
{
	switch (result) {
	case MEMORY_OK:
		return DFU_OK;
	case MEMORY_BAD_ADDRESS:
		return DFU_ERR_TARGET;
	case MEMORY_PROTECTED:
		return DFU_ERR_VENDOR;
	case MEMORY_OUT_OF_MEMORY: /* no fault of a chip has this name */
	case MEMORY_RESULT_COUNT:
		break;
	}
	return DFU_ERR_UNKNOWN;
}

static enum memory_result set_pointer(struct rom_dfu *rom, uint32_t addr)
{
	const struct memory *memory = rom->config.memory;

	if (rom->chip->dfu.protected_set_address_fails &&
		options_level(&memory->options) != OPTIONS_OPEN)
		return MEMORY_PROTECTED;
	if (memory_region_at(memory, addr) == MEMORY_NOWHERE)
		return MEMORY_BAD_ADDRESS;
	rom->pointer = addr;
	if (observed(rom))
		tell(rom, (struct rom_fact){.kind = ROM_FACT_POINTER, .addr = addr});
	return MEMORY_OK;
}

static void tell_erase(struct rom_dfu *rom, uint32_t addr)
{
	struct chip_sector sector;

	if (chip_sector_at(rom->config.memory->flash.chip, addr, &sector))
		tell(rom, (struct rom_fact){.kind = ROM_FACT_ERASE,
				  .addr = sector.addr,
				  .size = sector.size,
				  .index = sector.index});
}

static enum memory_result erase(struct rom_dfu *rom, uint32_t addr)
{
	enum memory_result result =
		memory_start_erase(rom->config.memory, addr, rom->device.now_us);

	if (result == MEMORY_OK && observed(rom))
		tell_erase(rom, addr);
	return result;
}

static enum memory_result mass_erase(struct rom_dfu *rom)
{
	enum memory_result result = memory_start_mass_erase(rom->config.memory, rom->device.now_us);

	if (result == MEMORY_OK && observed(rom))
		tell(rom, (struct rom_fact){.kind = ROM_FACT_MASS_ERASE,
				  .addr = rom->chip->flash.range.addr,
				  .size = rom->chip->flash.range.size});
	return result;
}

static uint64_t goodbye_us(const struct rom_dfu *rom)
{
	uint64_t soon = rom->device.now_us + GOODBYE_US;
	uint64_t busy = memory_busy_until_us(rom->config.memory);

	return busy > soon ? busy : soon;
}

static enum memory_result unprotect(struct rom_dfu *rom)
{
	enum memory_result result = memory_start_unprotect(rom->config.memory, rom->device.now_us);

	if (result != MEMORY_OK)
		return result;
	schedule(rom, ROM_EVENT_RESET_UNPROTECT, goodbye_us(rom));
	if (observed(rom))
		tell(rom, (struct rom_fact){.kind = ROM_FACT_UNPROTECT});
	return MEMORY_OK;
}

static enum memory_result write_block(struct rom_dfu *rom)
{
	const struct rom_block *block = &rom->block;
	struct memory *memory = rom->config.memory;
	uint32_t addr = block_address(rom, block->number);
	bool options = memory_region_at(memory, addr) == MEMORY_OPTIONS;
	enum memory_result result =
		memory_start_write(memory, addr, block->data, block->size, rom->device.now_us);

	if (result != MEMORY_OK)
		return result;
	if (options)
		schedule(rom, ROM_EVENT_RESET_OPTIONS, goodbye_us(rom));
	if (observed(rom))
		tell(rom, (struct rom_fact){.kind = options ? ROM_FACT_OPTIONS : ROM_FACT_PROGRAM,
				  .addr = addr,
				  .size = block->size});
	return MEMORY_OK;
}

static bool is_erase(const struct rom_block *block)
{
	return block->number == 0 && block->data[0] == DFUSE_ERASE;
}

/* Block 0. What is no command is errSTALLEDPKT [AN2662, figure 55]; a length that is neither of the two is refused
 * as by ST's usbd_dfu.c, which also takes "get commands" here and does nothing. */
static enum dfu_status run_command(struct rom_dfu *rom)
{
	const struct rom_block *block = &rom->block;
	struct reader in = reader_of(block->data, block->size);
	uint8_t command = reader_u8(&in);
	uint32_t addr = reader_le32(&in);

	if (block->size == DFUSE_ADDRESS_SIZE && command == DFUSE_SET_ADDRESS)
		return status_of(set_pointer(rom, addr));
	if (block->size == DFUSE_ADDRESS_SIZE && command == DFUSE_ERASE)
		return status_of(erase(rom, addr));
	if (block->size == 1 && command == DFUSE_ERASE)
		return status_of(mass_erase(rom));
	if (block->size == 1 && command == DFUSE_READ_UNPROTECT)
		return status_of(unprotect(rom));
	if (block->size == 1 && command == DFUSE_GET_COMMANDS)
		return DFU_OK;
	return DFU_ERR_STALLEDPKT;
}

/* What the block is for, as FAULT_DFU_EXECUTE knows it; NULL = nothing with a name. */
static const char *purpose(const struct rom_block *block)
{
	bool addressed = block->size == DFUSE_ADDRESS_SIZE;

	if (block->number)
		return "write";
	switch (block->data[0]) {
	case DFUSE_SET_ADDRESS:
		return addressed ? "set-address" : NULL;
	case DFUSE_ERASE:
		return addressed ? "erase" : block->size == 1 ? "mass-erase" : NULL;
	case DFUSE_READ_UNPROTECT:
		return block->size == 1 ? "unprotect" : NULL;
	default:
		return NULL;
	}
}

/* What it is about: a sector for an erase, one byte for a pointer, all of the flash without an address. */
static struct chip_range block_range(const struct rom_dfu *rom)
{
	const struct rom_block *block = &rom->block;
	struct reader in = reader_of(block->data, block->size);
	bool erases = reader_u8(&in) == DFUSE_ERASE;
	uint32_t addr = reader_le32(&in);
	struct chip_sector sector;

	if (block->number)
		return (struct chip_range){block_address(rom, block->number), block->size};
	if (block->size != DFUSE_ADDRESS_SIZE)
		return rom->chip->flash.range;
	if (erases && chip_sector_at(&rom->chip->flash, addr, &sector))
		return (struct chip_range){sector.addr, sector.size};
	return (struct chip_range){addr, 1};
}

/* The named point before something is carried out. */
static struct fault_hit ask(struct rom_dfu *rom, const char *match, struct chip_range about)
{
	return fault_ask(rom->config.faults, &(struct fault_occasion){
						     .point = FAULT_DFU_EXECUTE,
						     .match = match,
						     .has_block = true,
						     .block = rom->block.number,
						     .addr = about.addr,
						     .size = about.size,
					     });
}

/* Carries out the stored block: the one place where anything is done to the memory. */
static void run_block(struct rom_dfu *rom)
{
	enum dfu_status status =
		rom->block.number == 0 ? run_command(rom) : status_of(write_block(rom));
	uint64_t busy_until_us = memory_busy_until_us(rom->config.memory);

	rom->block.stored = false;
	if (status != DFU_OK)
		fail(rom, status);
	else if (busy_until_us > rom->device.nak_until_us)
		/* The CPU waits for its flash; EP0 NAKs (MicroPython's pydfu relies on it). */
		rom->device.nak_until_us = busy_until_us;
}

static void begin_block(struct rom_dfu *rom)
{
	struct fault_hit hit = ask(rom, purpose(&rom->block), block_range(rom));

	if (hit.action == FAULT_DELAY) {
		schedule(rom, ROM_EVENT_EXECUTE, rom->device.now_us + hit.value);
	} else if (hit.action == FAULT_DFU_ERROR) {
		fail(rom, (enum dfu_status)hit.value);
	} else if (hit.action == FAULT_NO_SHOW) {
		rom->block.stored = false;
		rom->stuck = true;
	} else {
		run_block(rom);
	}
}

/* After an operation the machine waits in dfuDNLOAD-SYNC for the GETSTATUS that fetches the result [usbd_dfu.c]. */
static void settle(struct rom_dfu *rom)
{
	struct memory *memory = rom->config.memory;

	if (memory_busy(memory))
		memory_settle(memory, rom->device.now_us);
	if (rom->state == DFU_DNBUSY && !rom->stuck && !memory_busy(memory) &&
		rom->event != ROM_EVENT_EXECUTE)
		enter(rom, DFU_DNLOAD_SYNC, DFU_OK);
}

static enum vusb_result refuse(struct rom_dfu *rom, enum dfu_status status)
{
	fail(rom, status);
	return VUSB_STALL;
}

static enum vusb_result do_store(struct rom_dfu *rom, const struct dfu_rule *rule, uint16_t number,
	const uint8_t *data, size_t size)
{
	if (size == 0 && rule->empty == DFU_ERROR)
		return refuse(rom, DFU_ERR_STALLEDPKT);
	if (size == 0) {
		rom->block.stored = false;
		enter(rom, rule->empty, DFU_OK);
		return VUSB_ACK;
	}
	if (size > rom->chip->dfu.functional.transfer_size)
		return VUSB_STALL; /* guessed: nothing that a host tool sends */
	if (number > 0 && number < DFUSE_FIRST_BLOCK)
		return refuse(rom, DFU_ERR_STALLEDPKT);
	rom->block.stored = true;
	rom->block.number = number;
	rom->block.size = (uint16_t)size;
	memcpy(rom->block.data, data, size);
	enter(rom, rule->next, DFU_OK);
	return VUSB_ACK;
}

/* The state afterwards: usbd_dfu.c takes a host that asked for more than three bytes to have all of them. */
static enum vusb_result upload_commands(
	struct rom_dfu *rom, const struct dfu_rule *rule, uint8_t *data, size_t *size)
{
	static const uint8_t commands[] = {
		DFUSE_GET_COMMANDS, DFUSE_SET_ADDRESS, DFUSE_ERASE, DFUSE_READ_UNPROTECT};

	enter(rom, *size > 3 ? DFU_IDLE : rule->next, DFU_OK);
	if (*size > sizeof(commands))
		*size = sizeof(commands);
	memcpy(data, commands, *size);
	return VUSB_ACK;
}

/* Never gives more than wTransferSize. A range that is not readable to its end is refused whole (guessed). */
static enum vusb_result do_upload(struct rom_dfu *rom, const struct dfu_rule *rule,
	const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	uint16_t room = rom->chip->dfu.functional.transfer_size;
	uint32_t addr = block_address(rom, setup->wValue);
	enum memory_result result;

	*size = setup->wLength < room ? setup->wLength : room;
	if (*size == 0) {
		enter(rom, rule->empty, DFU_OK);
		return VUSB_ACK;
	}
	if (setup->wValue == 0)
		return upload_commands(rom, rule, data, size);
	if (setup->wValue < DFUSE_FIRST_BLOCK)
		return refuse(rom, DFU_ERR_STALLEDPKT);
	result = memory_read(rom->config.memory, addr, data, *size);
	if (result != MEMORY_OK)
		return refuse(rom, status_of(result));
	if (observed(rom))
		tell(rom, (struct rom_fact){
				  .kind = ROM_FACT_UPLOAD, .addr = addr, .size = (uint32_t)*size});
	enter(rom, rule->next, DFU_OK);
	return VUSB_ACK;
}

static enum vusb_result answer_status(const struct rom_dfu *rom, uint32_t poll_timeout_ms,
	const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	struct dfu_getstatus status = {
		.status = (uint8_t)rom->status,
		.poll_timeout_ms = poll_timeout_ms,
		.state = (uint8_t)rom->state,
	};
	uint8_t bytes[DFU_STATUS_SIZE];

	dfu_getstatus_encode(&status, bytes);
	*size = setup->wLength < sizeof(bytes) ? setup->wLength : sizeof(bytes);
	if (*size)
		memcpy(data, bytes, *size);
	return VUSB_ACK;
}

static enum vusb_result do_begin(struct rom_dfu *rom, const struct dfu_rule *rule,
	const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	const struct chip_dfu *dfu = &rom->chip->dfu;
	enum vusb_result result;

	if (!rom->block.stored) {
		enter(rom, rule->empty, DFU_OK);
		return answer_status(rom, 0, setup, data, size);
	}
	enter(rom, rule->next, DFU_OK);
	result = answer_status(rom,
		poll_ms(rom, is_erase(&rom->block) ? dfu->poll_erase_ms : dfu->poll_other_ms),
		setup, data, size);
	begin_block(rom);
	return result;
}

static enum vusb_result do_leave(struct rom_dfu *rom, const struct dfu_rule *rule,
	const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	struct fault_hit hit = ask(rom, "leave", (struct chip_range){rom->pointer, 1});
	uint64_t late_us = hit.action == FAULT_DELAY ? hit.value : 0;

	if (hit.action == FAULT_DFU_ERROR || hit.action == FAULT_NO_SHOW) {
		bool fails = hit.action == FAULT_DFU_ERROR;

		enter(rom, fails ? DFU_ERROR : DFU_IDLE,
			fails ? (enum dfu_status)hit.value : DFU_OK);
		return answer_status(rom, 0, setup, data, size);
	}
	enter(rom, rule->next, DFU_OK);
	schedule(rom, ROM_EVENT_LEAVE, rom->device.now_us + GOODBYE_US + late_us);
	return answer_status(rom, poll_ms(rom, rom->chip->dfu.poll_manifest_ms), setup, data, size);
}

static enum vusb_result do_state(
	const struct rom_dfu *rom, const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	*size = setup->wLength ? 1 : 0;
	if (*size)
		data[0] = (uint8_t)rom->state;
	return VUSB_ACK;
}

static enum vusb_result do_detach(struct rom_dfu *rom, const struct dfu_rule *rule)
{
	rom->block.stored = false;
	enter(rom, rule->next, rom->status);
	schedule(rom, ROM_EVENT_DETACH, rom->device.now_us + GOODBYE_US);
	return VUSB_ACK;
}

static enum vusb_result apply(
	struct rom_dfu *rom, const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	const struct dfu_rule *rule = &rom->rules.rule[rom->state][setup->bRequest];

	switch ((enum dfu_action)rule->action) {
	case DFU_DO_REFUSE:
		return refuse(rom, rule->status);
	case DFU_DO_STALL:
	case DFU_ACTION_COUNT:
		return VUSB_STALL;
	case DFU_DO_IGNORE:
		return VUSB_ACK;
	case DFU_DO_STORE:
		return do_store(rom, rule, setup->wValue, data, *size);
	case DFU_DO_UPLOAD:
		return do_upload(rom, rule, setup, data, size);
	case DFU_DO_STATUS:
		return answer_status(rom, 0, setup, data, size);
	case DFU_DO_BEGIN:
		return do_begin(rom, rule, setup, data, size);
	case DFU_DO_LEAVE:
		return do_leave(rom, rule, setup, data, size);
	case DFU_DO_STATE:
		return do_state(rom, setup, data, size);
	case DFU_DO_SET:
		rom->block.stored = false;
		enter(rom, rule->next, rule->status);
		return VUSB_ACK;
	case DFU_DO_DETACH:
		return do_detach(rom, rule);
	}
	return VUSB_STALL;
}

static bool wants_in(uint8_t request)
{
	return request == DFU_UPLOAD || request == DFU_GETSTATUS || request == DFU_GETSTATE;
}

static bool asks_for_functional(const struct usb_setup *setup)
{
	return setup->bmRequestType == (USB_DIR_IN | USB_TYPE_STANDARD | USB_RECIPIENT_INTERFACE) &&
	       setup->bRequest == USB_GET_DESCRIPTOR && setup->wValue >> 8 == DFU_FUNCTIONAL_TYPE &&
	       setup->wIndex == INTERFACE;
}

static enum vusb_result answer_functional(
	const struct rom_dfu *rom, const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	*size = setup->wLength < DFU_FUNCTIONAL_SIZE ? setup->wLength : DFU_FUNCTIONAL_SIZE;
	if (*size)
		memcpy(data, rom->functional, *size);
	return VUSB_ACK;
}

static enum vusb_result rom_control(
	struct vusb_device *device, const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	struct rom_dfu *rom = rom_of(device);

	if (rom->event != ROM_EVENT_NONE)
		return VUSB_NAK;
	if (rom->chip->dfu.functional_alone && device->configuration && asks_for_functional(setup))
		return answer_functional(rom, setup, data, size);
	if ((setup->bmRequestType & (USB_TYPE_MASK | USB_RECIPIENT_MASK)) !=
			(USB_TYPE_CLASS | USB_RECIPIENT_INTERFACE) ||
		setup->wIndex != INTERFACE || setup->bRequest >= DFU_REQUEST_COUNT ||
		usb_setup_is_in(setup) != wants_in(setup->bRequest) || !device->configuration)
		return VUSB_STALL;
	settle(rom);
	return apply(rom, setup, data, size);
}

/* The bus reset ends in the state of a fresh start, with the pointer at its default (guessed: usbd_dfu.c initialises
 * itself with each configuration). An operation in hand goes on, and with it the NAKs; so does an event. */
static void rom_reset(struct vusb_device *device)
{
	struct rom_dfu *rom = rom_of(device);

	rom->block.stored = false;
	rom->pointer = rom->chip->dfu.fresh_address;
	enter(rom, rom->chip->dfu.fresh_state, rom->chip->dfu.fresh_status);
}

static void reset_chip(struct rom_dfu *rom, enum rom_reset_reason reason)
{
	if (observed(rom))
		tell(rom, (struct rom_fact){.kind = ROM_FACT_RESET, .reason = reason});
	rom->config.owner_ops->system_reset(rom->config.owner, reason);
}

static void run_event(struct rom_dfu *rom)
{
	const struct rom_owner_ops *ops = rom->config.owner_ops;
	enum rom_event event = rom->event;
	uint32_t addr = rom->pointer;

	rom->event = ROM_EVENT_NONE;
	switch (event) {
	case ROM_EVENT_NONE:
		return;
	case ROM_EVENT_EXECUTE:
		run_block(rom);
		return;
	case ROM_EVENT_LEAVE:
		if (observed(rom))
			tell(rom, (struct rom_fact){.kind = ROM_FACT_LEAVE, .addr = addr});
		ops->leave(rom->config.owner, addr);
		return;
	case ROM_EVENT_DETACH:
		if (observed(rom))
			tell(rom, (struct rom_fact){.kind = ROM_FACT_DETACH});
		ops->detach(rom->config.owner);
		return;
	case ROM_EVENT_RESET_OPTIONS:
		reset_chip(rom, ROM_RESET_OPTIONS);
		return;
	case ROM_EVENT_RESET_UNPROTECT:
		reset_chip(rom, ROM_RESET_UNPROTECT);
		return;
	}
}

static void rom_tick(struct vusb_device *device)
{
	struct rom_dfu *rom = rom_of(device);

	settle(rom);
	if (rom->event != ROM_EVENT_NONE && rom->event_at_us <= device->now_us)
		run_event(rom);
}

static uint64_t rom_deadline_us(const struct vusb_device *device)
{
	const struct rom_dfu *rom =
		CONTAINER_OF((struct vusb_device *)device, struct rom_dfu, device);

	if (rom->event != ROM_EVENT_NONE)
		return rom->event_at_us;
	if (memory_busy(rom->config.memory))
		return memory_busy_until_us(rom->config.memory);
	return CLOCK_NEVER;
}

static const struct vusb_device_ops rom_ops = {
	.name = "stm32-rom-dfu",
	.reset = rom_reset,
	.control = rom_control,
	.tick = rom_tick,
	.deadline_us = rom_deadline_us,
};

static void init_strings(struct rom_dfu *rom)
{
	const struct memory_config *memory = &rom->config.memory->config;

	chip_serial(memory->rom, memory->uid, rom->serial);
	rom->strings[STRING_MANUFACTURER] = memory->rom->manufacturer;
	rom->strings[STRING_PRODUCT] = memory->rom->product;
	rom->strings[STRING_SERIAL] = rom->serial;
	for (size_t i = 0; i < memory->rom->alt_count; i++)
		rom->strings[ROM_STRING_FIRST + i] = memory->rom->alts[i];
	if (memory->rom->dual_flash && rom->config.memory->flash.chip != &memory->chip->flash)
		rom->strings[ROM_STRING_FIRST] = memory->rom->dual_flash;
}

/* The functional descriptor stands once, behind the last alternate setting [lsusb logs of F4 ROMs]. */
static void init_config_desc(struct rom_dfu *rom)
{
	const struct chip_dfu *dfu = &rom->chip->dfu;
	uint8_t alt_count = rom->config.memory->config.rom->alt_count;

	dfu_functional_encode(&dfu->functional, rom->functional);
	for (uint8_t i = 0; i < alt_count; i++)
		rom->interfaces[i] = (struct vusb_interface_desc){
			.number = INTERFACE,
			.alternate = i,
			.class = USB_CLASS_DFU,
			.subclass = USB_SUBCLASS_DFU,
			.protocol = USB_PROTOCOL_DFU,
			.string = (uint8_t)(ROM_STRING_FIRST + i),
		};
	rom->interfaces[alt_count - 1].extra = rom->functional;
	rom->interfaces[alt_count - 1].extra_size = sizeof(rom->functional);
	rom->config_desc = (struct vusb_config_desc){
		.value = CONFIG_VALUE,
		.attributes = dfu->config_attributes,
		.max_power = dfu->max_power,
		.interfaces = rom->interfaces,
		.interface_count = alt_count,
	};
}

static void init_device_desc(struct rom_dfu *rom)
{
	const struct chip_dfu *dfu = &rom->chip->dfu;

	rom->desc = (struct vusb_device_desc){
		.speed = USB_SPEED_FULL,
		.bcd_usb = dfu->bcd_usb,
		.max_packet0 = dfu->max_packet0,
		.vid = dfu->vid,
		.pid = dfu->pid,
		.bcd_device = rom->config.memory->config.rom->bcd_device,
		.manufacturer = STRING_MANUFACTURER,
		.product = STRING_PRODUCT,
		.serial = STRING_SERIAL,
		.configs = &rom->config_desc,
		.config_count = 1,
	};
}

void rom_dfu_init(struct rom_dfu *rom, const struct rom_config *config)
{
	struct vusb_strings strings = {.text = rom->strings, .count = ROM_STRING_COUNT};

	memset(rom, 0, sizeof(*rom));
	rom->config = *config;
	rom->chip = config->memory->config.chip;
	assert(rom->chip->dfu.functional.transfer_size <= ROM_TRANSFER_MAX);
	dfu_rules_init(&rom->rules);
	dfu_rules_apply(&rom->rules, rom->chip->dfu.rules);
	init_strings(rom);
	init_config_desc(rom);
	init_device_desc(rom);
	vusb_device_init(&rom->device, &rom_ops, &rom->desc, strings);
	rom->pointer = rom->chip->dfu.fresh_address;
	rom->state = rom->chip->dfu.fresh_state;
	rom->status = rom->chip->dfu.fresh_status;
}

const char *rom_reset_reason_text(enum rom_reset_reason reason)
{
	static const char *const text[] = {
		[ROM_RESET_OPTIONS] = "option bytes written",
		[ROM_RESET_UNPROTECT] = "read protection taken off",
	};
	static const struct names names = NAMES(text);

	static_assert(ARRAY_SIZE(text) == ROM_RESET_REASON_COUNT, "a text for each reason");
	return names_text(&names, reason);
}
