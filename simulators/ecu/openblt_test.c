/* SPDX-License-Identifier: MIT */
/* What OpenBLT decides after a reset, on a machine that is none. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/wire.h"
#include "simulators/ecu/cdc_acm.h"
#include "simulators/ecu/ecu.h"
#include "simulators/ecu/fake_machine_test.h"
#include "simulators/ecu/shared_params.h"
#include "simulators/firmware/firmware.h"

#define BASE     0x08000000u
#define APP_BASE 0x08008000u
#define MAGIC    0x2001fff0u

struct rig {
	struct fake_machine fake;
	struct program *program; /* NULL = something else was started */
};

static void put(struct rig *rig, const struct firmware *firmware)
{
	struct buf image;
	struct why why = {""};

	buf_init(&image, 1u << 20);
	cr_assert_eq(firmware_build(firmware, &image, &why), 0, "%s", why.text);
	fake_machine_put_or_fail(&rig->fake, firmware->base, image.data, image.size);
	buf_done(&image);
}

static struct firmware openblt(void)
{
	return (struct firmware){
		.kind = FIRMWARE_OPENBLT,
		.base = BASE,
		.size = 0x4000,
		.signature = "1.2.3",
		.chip = "stm32f407xg",
		.app_base = APP_BASE,
		.dfu_check = true,
		.probes = true,
	};
}

static void put_app(struct rig *rig)
{
	const struct chip *chip = rig->fake.machine.chip;
	struct firmware app = firmware_defaults(chip, true);

	app.size = 0x10000;
	snprintf(app.signature, sizeof(app.signature),
		"rusEFI main.2026.07.14.f407-discovery.3461352391");
	put(rig, &app);
}

/* OpenBLT and an application, after power-up. */
static void init(struct rig *rig, const struct firmware *loader)
{
	*rig = (struct rig){0};
	fake_machine_init_or_fail(&rig->fake);
	put(rig, loader);
	put_app(rig);
}

static void unload(struct rig *rig)
{
	if (rig->program)
		rig->program->ops->free(rig->program);
	rig->program = NULL;
}

static void done(struct rig *rig)
{
	unload(rig);
	fake_machine_done(&rig->fake);
}

static void reset(struct rig *rig, enum reset_cause cause)
{
	unload(rig);
	rig->fake.machine.cause = cause;
	rig->fake.connected = false;
	rig->fake.jumps = 0;
	rig->fake.note[0] = '\0';
	cr_assert_eq(openblt_loader.load(&rig->fake.machine, BASE, &rig->program), 0);
}

static void poke(struct rig *rig, uint32_t addr, uint32_t value)
{
	struct machine *machine = &rig->fake.machine;
	uint8_t word[4];
	struct writer out = writer_of(word, sizeof(word));

	writer_le32(&out, value);
	cr_assert_eq(machine->ops->write_ram(machine, addr, word, sizeof(word)), 0);
}

/* Lets the program have its time up to now + delay_us. */
static void pass(struct rig *rig, uint64_t delay_us)
{
	uint64_t end = rig->fake.machine.now_us + delay_us;

	while (rig->program->ops->deadline_us(rig->program) <= end && !rig->fake.jumps) {
		rig->fake.machine.now_us = rig->program->ops->deadline_us(rig->program);
		rig->program->device->now_us = rig->fake.machine.now_us;
		rig->program->ops->tick(rig->program);
	}
	rig->fake.machine.now_us = end;
	rig->program->device->now_us = end;
}

static bool starts_app(const struct rig *rig)
{
	return rig->fake.jumps == 1 && rig->fake.jump_addr == APP_BASE && !rig->fake.connected;
}

Test(openblt, a_good_application_is_started_at_once)
{
	struct firmware loader = openblt();
	struct rig rig;

	init(&rig, &loader);
	reset(&rig, RESET_POWER);
	cr_assert_null(rig.program);
	cr_assert(starts_app(&rig));
	done(&rig);
}

Test(openblt, the_magic_word_leads_into_the_rom_once)
{
	struct firmware loader = openblt();
	struct rig rig;

	init(&rig, &loader);
	poke(&rig, MAGIC, 0xdeadbeef);
	reset(&rig, RESET_SOFTWARE);
	cr_assert_eq(rig.fake.jump_addr, rig.fake.machine.chip->identity.system.addr);
	reset(&rig, RESET_SOFTWARE);
	cr_assert(starts_app(&rig));
	done(&rig);
}

Test(openblt, older_ones_do_not_look_for_the_magic_word_and_destroy_it)
{
	struct firmware loader = openblt();
	struct rig rig;
	uint8_t word[4];

	loader.dfu_check = false;
	init(&rig, &loader);
	poke(&rig, MAGIC, 0xdeadbeef);
	reset(&rig, RESET_SOFTWARE);
	cr_assert(starts_app(&rig));
	cr_assert_eq(rig.fake.machine.ops->read(&rig.fake.machine, MAGIC, word, 4), 0);
	cr_assert_neq(word[0], 0xef);
	done(&rig);
}

Test(openblt, it_stays_once_when_asked_to_and_shows_the_ecus_identity)
{
	struct firmware loader = openblt();
	struct machine *machine;
	struct rig rig;

	init(&rig, &loader);
	machine = &rig.fake.machine;
	cr_assert_eq(shared_params_init(machine), 0);
	cr_assert_eq(shared_params_set(machine, SHARED_PARAM_STAY, 1), 0);
	reset(&rig, RESET_SOFTWARE);
	cr_assert_not_null(rig.program);
	cr_assert_eq(rig.program->mode, BOARD_OPENBLT);
	cr_assert_eq(rig.program->device->desc->vid, CDC_ACM_VID);
	cr_assert_eq(rig.program->device->desc->pid, CDC_ACM_PID);
	cr_assert_str_eq(rig.fake.note, "OpenBLT stays: it was asked to");
	pass(&rig, 249999);
	cr_assert(!rig.fake.connected);
	pass(&rig, 1);
	cr_assert(rig.fake.connected);
	pass(&rig, 1000000000);
	cr_assert_eq(rig.fake.jumps, 0);
	reset(&rig, RESET_SOFTWARE);
	cr_assert(starts_app(&rig));
	done(&rig);
}

/* Resets of one cause in a row, from which one on it stays; 0 = never. */
static const struct loop {
	const char *name;
	enum reset_cause cause;
	unsigned int stays_at;
} loops[] = {
	{"watchdog", RESET_WATCHDOG, 11},
	{"software", RESET_SOFTWARE, 16},
	{"NRST", RESET_PIN, 0},
	{"power", RESET_POWER, 0},
};

Test(openblt, it_stays_after_too_many_resets_that_nobody_wanted)
{
	for (size_t i = 0; i < ARRAY_SIZE(loops); i++) {
		struct firmware loader = openblt();
		struct rig rig;

		init(&rig, &loader);
		for (unsigned int n = 1; n <= 20; n++) {
			reset(&rig, loops[i].cause);
			cr_assert_eq(rig.program != NULL,
				loops[i].stays_at && n >= loops[i].stays_at, "%s, reset %u",
				loops[i].name, n);
		}
		reset(&rig, RESET_PIN);
		cr_assert(starts_app(&rig), "%s: NRST ends it", loops[i].name);
		done(&rig);
	}
}

Test(openblt, the_counters_do_not_wrap)
{
	struct firmware loader = openblt();
	struct rig rig;

	init(&rig, &loader);
	for (unsigned int n = 0; n < 300; n++)
		reset(&rig, RESET_WATCHDOG);
	cr_assert_not_null(rig.program);
	cr_assert_str_eq(rig.fake.note, "OpenBLT stays: the watchdog has bitten too often");
	done(&rig);
}

Test(openblt, a_half_written_application_is_not_started)
{
	struct firmware loader = openblt();
	struct rig rig;
	uint8_t blank[256];

	init(&rig, &loader);
	memset(blank, 0xff, sizeof(blank));
	fake_machine_put_or_fail(&rig.fake, APP_BASE + 0x8000, blank, sizeof(blank));
	reset(&rig, RESET_PIN);
	cr_assert_not_null(rig.program);
	cr_assert_str_eq(rig.fake.note, "OpenBLT stays: the application's checksum is wrong");
	put_app(&rig);
	reset(&rig, RESET_PIN);
	cr_assert(starts_app(&rig));
	done(&rig);
}

/* What a real chip would find in the words, not in our header. */
Test(openblt, a_size_that_makes_no_sense_is_no_application)
{
	static const uint8_t sizes[][4] = {
		{0xff, 0xff, 0xff, 0xff}, {0x01, 0x00, 0x10, 0x00}, {0x23, 0, 0, 0}, {0}};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct firmware loader = openblt();
		struct rig rig;

		init(&rig, &loader);
		fake_machine_put_or_fail(&rig.fake, APP_BASE + 0x20, sizes[i], 4);
		reset(&rig, RESET_PIN);
		cr_assert_str_eq(
			rig.fake.note, "OpenBLT stays: the application's size makes no sense");
		done(&rig);
	}
}

Test(openblt, a_size_that_reaches_out_of_the_flash_is_a_wrong_checksum)
{
	static const uint8_t size[4] = {0, 0, 0x10, 0};
	struct firmware loader = openblt();
	struct rig rig;

	init(&rig, &loader);
	fake_machine_put_or_fail(&rig.fake, APP_BASE + 0x20, size, 4);
	reset(&rig, RESET_PIN);
	cr_assert_str_eq(rig.fake.note, "OpenBLT stays: the application's checksum is wrong");
	done(&rig);
}

Test(openblt, without_an_application_it_stays)
{
	struct firmware loader = openblt();
	struct rig rig;

	rig = (struct rig){0};
	fake_machine_init_or_fail(&rig.fake);
	put(&rig, &loader);
	reset(&rig, RESET_POWER);
	cr_assert_not_null(rig.program);
	cr_assert_str_eq(rig.fake.note, "OpenBLT stays: there is no application");
	done(&rig);
}

Test(openblt, it_hangs_when_it_is_damaged_or_for_another_chip)
{
	struct firmware loader = openblt();
	uint8_t zeros[16] = {0};
	struct rig rig;

	init(&rig, &loader);
	fake_machine_put_or_fail(&rig.fake, BASE + 0x3000, zeros, sizeof(zeros));
	cr_assert_eq(openblt_loader.load(&rig.fake.machine, BASE, &rig.program), -ENODATA);
	done(&rig);

	snprintf(loader.chip, sizeof(loader.chip), "stm32f405xg");
	if (!firmware_is_for(&loader, chip_find("stm32f407xg"))) {
		init(&rig, &loader);
		cr_assert_eq(openblt_loader.load(&rig.fake.machine, BASE, &rig.program), -ENODATA);
		done(&rig);
	}
}

Test(openblt, what_is_no_openblt_is_left_to_others)
{
	struct firmware loader = openblt();
	struct rig rig;

	init(&rig, &loader);
	cr_assert_eq(openblt_loader.load(&rig.fake.machine, APP_BASE, &rig.program), -ENOEXEC);
	cr_assert_eq(openblt_loader.load(&rig.fake.machine, 0x08080000, &rig.program), -ENOEXEC);
	done(&rig);
}

static void hear(struct rig *rig, const char *data, size_t size)
{
	struct cdc_acm *cdc = CONTAINER_OF(rig->program->device, struct cdc_acm, device);

	cdc->ops->received(cdc, (const uint8_t *)data, size);
}

Test(openblt, the_back_door_is_open_for_its_time)
{
	struct firmware loader = openblt();
	struct rig rig;

	loader.backdoor_ms = 500;
	init(&rig, &loader);
	reset(&rig, RESET_POWER);
	cr_assert_not_null(rig.program);
	pass(&rig, 499999);
	cr_assert(rig.fake.connected);
	cr_assert_eq(rig.fake.jumps, 0);
	pass(&rig, 1);
	cr_assert(starts_app(&rig));
	done(&rig);
}

Test(openblt, a_host_that_connects_in_time_keeps_the_back_door_open_for_good)
{
	struct firmware loader = openblt();
	struct rig rig;

	loader.backdoor_ms = 500;
	init(&rig, &loader);
	reset(&rig, RESET_POWER);
	pass(&rig, 400000);
	hear(&rig, "\x02\xff\x00\x01\xfe", 5); /* CONNECT, DISCONNECT */
	pass(&rig, 100000000);
	cr_assert_eq(rig.fake.jumps, 0);
	cr_assert(rig.fake.connected);
	done(&rig);
}

Test(openblt, noise_does_not_keep_the_back_door_open)
{
	struct firmware loader = openblt();
	struct rig rig;

	loader.backdoor_ms = 500;
	init(&rig, &loader);
	reset(&rig, RESET_POWER);
	pass(&rig, 400000);
	hear(&rig, "\x00\x01S", 3);
	pass(&rig, 100000);
	cr_assert(starts_app(&rig));
	done(&rig);
}
