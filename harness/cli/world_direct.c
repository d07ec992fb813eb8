/* SPDX-License-Identifier: MIT */
#include "harness/cli/run_world.h"

#include "harness/cli/command_line.h"
#include "harness/cli/host_programs.h"
#include "harness/cli/world_windows.h"

#include "harness/flasher/flasher_file.h"
#include "harness/host/host_os_direct.h"
#include "harness/host/serial_host_direct.h"
#include "harness/host/usb_host_direct.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct world_direct {
	struct run_world base;
	struct virtual_clock clock;
	struct usb_host *usb;       /* owned */
	struct serial_host *serial; /* owned */
	struct host_os *os;         /* owned */
	struct world_windows_host windows;
	struct host_trouble troubles[2 * WORLD_LATE_MAX];
};

static struct world_direct *direct_of(struct world *world)
{
	return CONTAINER_OF(world, struct world_direct, base.world);
}

static int run_until(struct world *world, bool (*done)(void *user), void *user, uint64_t until_us,
	struct why *why UNUSED)
{
	struct vusb_bus *bus = direct_of(world)->base.rig.bus;

	vusb_bus_tick(bus);
	while (!done || !done(user)) {
		uint64_t next_us = vusb_bus_deadline_us(bus);

		if (clock_now_us(world->clock) >= until_us)
			return -ETIMEDOUT;
		clock_sleep_until_us(world->clock, next_us < until_us ? next_us : until_us);
		vusb_bus_tick(bus);
	}
	return 0;
}

/* Output comes in one piece, when the program has ended: it has no time of its own. */
static void tell_output(struct run_world *self, const struct buf *output)
{
	const char *text = (const char *)output->data;
	size_t rest = output->size ? run_world_output(self, text, output->size) : 0;

	if (rest)
		run_world_output_rest(self, text + output->size - rest, rest);
}

static void set_dead(struct world_direct *self, bool dead)
{
	usb_host_direct_set_dead(self->usb, dead);
	serial_host_direct_set_dead(self->serial, dead);
}

static void kill_program(void *user)
{
	struct world_direct *self = user;

	host_os_direct_kill(self->os);
	set_dead(self, true);
}

static int run_program(struct world *world, char *const argv[], uint32_t limit_ms,
	struct world_program *ret, struct why *why)
{
	struct world_direct *self = direct_of(world);
	CLEANUP(free_ptr) char *line = command_line_text(argv);
	struct host_program_result result = {0};
	int r;

	world_windows_tell(&self->windows);
	EVENT_EMIT(world->events, .kind = EVENT_COMMAND_START, .text = line ? line : argv[0]);
	self->base.rig.kill = kill_program;
	self->base.rig.kill_user = self;
	r = self->os->ops->run(self->os, argv, limit_ms, &result, why);
	self->base.rig.kill = NULL;
	world_windows_tell(&self->windows);
	set_dead(self, false);
	if (r < 0 && r != -ENOENT && r != -EACCES)
		return r;
	*ret = (struct world_program){
		.exit_code = r < 0 ? 127 : result.exit_code,
		.missing = r < 0,
		.timed_out = result.timed_out,
		.output = result.output,
	};
	tell_output(&self->base, &ret->output);
	EVENT_EMIT(world->events, .kind = EVENT_COMMAND_END, .text = argv[0],
		.status = ret->exit_code);
	return 0;
}

static void set_troubles(struct world_direct *self, const struct world_host *host)
{
	size_t count = 0;

	for (size_t i = 0; host->late[i].program; i++)
		self->troubles[count++] = (struct host_trouble){
			.program = host->late[i].program,
			.late_ms = (uint32_t)(host->late[i].time_us / 1000),
		};
	for (size_t i = 0; host->mute[i]; i++)
		self->troubles[count++] =
			(struct host_trouble){.program = host->mute[i], .mute = true};
	host_os_direct_set_troubles(self->os, self->troubles, count);
}

static int set_host(struct world *world, const struct world_host *host, struct why *why)
{
	struct world_direct *self = direct_of(world);
	const struct run_request *request = self->base.request;

	self->base.host = *host;
	usb_host_direct_set_permission(self->usb, !host->no_permission);
	serial_host_direct_set_held(self->serial, host->port_held);
	serial_host_direct_set_new_numbers(self->serial, host->new_number);
	serial_host_direct_set_prober(self->serial, host->prober ? WORLD_PROBE_US : 0);
	usb_host_direct_set_kernel_driver(self->usb, host->kernel_driver);
	host_os_direct_set_missing(self->os, self->base.host.missing);
	set_troubles(self, host);
	self->os->macos = scenario_system(request->scenario, request->flasher) == WORLD_MACOS;
	if (scenario_system(request->scenario, request->flasher) != WORLD_WINDOWS)
		return 0;
	self->windows.rig = &self->base.rig;
	self->windows.os = self->os;
	return world_windows_make(&self->windows, host, request->flasher, why);
}

static int do_windows(struct world *world, const struct world_windows *what, struct why *why)
{
	return world_windows_do(&direct_of(world)->windows, what, why);
}

static const struct world_ops ops = {
	.name = "direct",
	.run_until = run_until,
	.run_program = run_program,
	.run_flasher = run_world_flasher,
	.set_host = set_host,
	.windows = do_windows,
	.at = run_world_at,
	.image = run_world_image,
	.tune = run_world_tune,
	.default_tune = run_world_default_tune,
	.sector = run_world_sector,
	.unfired = run_world_unfired,
	.signature = run_world_signature,
};

static int make_host(struct world_direct *self, struct why *why)
{
	self->usb = usb_host_direct_new(self->base.rig.bus);
	self->serial = self->usb ? serial_host_direct_new(self->base.rig.bus, self->usb) : NULL;
	self->os = self->serial ? host_os_direct_new(self->usb, self->serial, host_programs) : NULL;
	return self->os ? 0 : why_errno(why, -ENOMEM, "host");
}

int world_direct_new(const struct run_request *request, struct run_world **ret, struct why *why)
{
	struct world_direct *self = calloc(1, sizeof(*self));
	int r;

	if (!self)
		return why_errno(why, -ENOMEM, "world");
	virtual_clock_init(&self->clock);
	r = run_world_begin(&self->base, request, &ops, &self->clock.clock, why);
	if (r < 0) {
		free(self);
		return r;
	}
	r = make_host(self, why);
	if (r < 0) {
		world_direct_free(&self->base);
		return r;
	}
	*ret = &self->base;
	return 0;
}

void world_direct_free(struct run_world *world)
{
	struct world_direct *self = CONTAINER_OF(world, struct world_direct, base);

	world_windows_done(&self->windows);
	host_os_direct_free(self->os);
	serial_host_direct_free(self->serial);
	usb_host_direct_free(self->usb);
	run_world_done(world);
	free(self);
}
