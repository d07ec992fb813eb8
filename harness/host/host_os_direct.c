/* SPDX-License-Identifier: MIT */
#include "harness/host/host_os_direct.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 8 /* programs that run programs */

struct direct_os {
	struct host_os os;
	const struct host_program *const *programs;
	const char *const *missing;
	const struct host_trouble *troubles;
	size_t trouble_count;
	uint64_t deadline_us; /* of the program that runs now */
	bool killed;
	struct buf *output; /* of the program that all others run for; borrowed */
	size_t said;        /* bytes of it when it was killed */
	unsigned int depth;
};

static struct direct_os *direct_of(const struct host_os *os)
{
	return CONTAINER_OF((struct host_os *)os, struct direct_os, os);
}

const char *host_os_direct_name(const char *path, size_t *ret_size)
{
	const char *name = path;
	size_t size;

	for (const char *at = path; *at; at++)
		if (*at == '/' || *at == '\\')
			name = at + 1;
	size = strlen(name);
	if (size > 4 && (strcasecmp(name + size - 4, ".exe") == 0 ||
				strcasecmp(name + size - 4, ".bat") == 0))
		size -= 4;
	*ret_size = size;
	return name;
}

static bool is_called(const char *argv0, const char *name)
{
	size_t size;
	const char *called = host_os_direct_name(argv0, &size);

	return strlen(name) == size && strncmp(called, name, size) == 0;
}

static bool is_missing(const struct direct_os *self, const char *argv0)
{
	for (size_t i = 0; self->missing && self->missing[i]; i++)
		if (is_called(argv0, self->missing[i]))
			return true;
	return false;
}

static bool has(const struct direct_os *self, const struct host_program *program)
{
	switch (program->on) {
	case HOST_ON_ALL:
		return true;
	case HOST_ON_WINDOWS:
		return self->os.pnp != NULL;
	case HOST_NOT_ON_WINDOWS:
		return self->os.pnp == NULL;
	}
	return false;
}

static const struct host_program *find_program(const struct direct_os *self, const char *argv0)
{
	if (is_missing(self, argv0))
		return NULL;
	for (size_t i = 0; self->programs[i]; i++)
		if (is_called(argv0, self->programs[i]->name) && has(self, self->programs[i]))
			return self->programs[i];
	return NULL;
}

static struct host_trouble find_trouble(const struct direct_os *self, const char *argv0)
{
	for (size_t i = 0; i < self->trouble_count; i++)
		if (is_called(argv0, self->troubles[i].program))
			return self->troubles[i];
	return (struct host_trouble){0};
}

/* A program cannot have more time than the one that started it. */
static uint64_t deadline(const struct direct_os *self, uint32_t limit_ms)
{
	uint64_t own_us =
		limit_ms ? clock_after_us(self->os.clock, limit_ms * UINT64_C(1000)) : CLOCK_NEVER;

	return own_us < self->deadline_us ? own_us : self->deadline_us;
}

/* With its trouble, if it has any. Returns the exit code. */
static int run_program(struct direct_os *self, const struct host_program *program,
	char *const argv[], struct buf *out)
{
	struct host_trouble trouble = find_trouble(self, argv[0]);
	uint64_t ready_us = clock_after_us(self->os.clock, trouble.late_ms * UINT64_C(1000));
	int code;

	if (trouble.late_ms)
		clock_sleep_until_us(self->os.clock,
			ready_us < self->deadline_us ? ready_us : self->deadline_us);
	if (clock_now_us(self->os.clock) >= self->deadline_us)
		return HOST_OS_KILLED;
	code = program->main(program, &self->os, argv, out);
	if (trouble.mute)
		out->size = 0;
	return code;
}

static int direct_run(struct host_os *os, char *const argv[], uint32_t limit_ms,
	struct host_program_result *ret, struct why *why)
{
	struct direct_os *self = direct_of(os);
	const struct host_program *program = find_program(self, argv[0]);
	uint64_t outer_us = self->deadline_us;

	if (!program)
		return why_set(why, -ENOENT, "%s: there is no such program", argv[0]);
	if (self->killed)
		return why_set(why, -EIO, "%s: who runs it was killed", argv[0]);
	if (self->depth == DEPTH_MAX)
		return why_set(why, -ELOOP, "%s: programs run each other without end", argv[0]);
	buf_init(&ret->output, HOST_OUTPUT_MAX);
	self->deadline_us = deadline(self, limit_ms);
	if (!self->depth)
		self->output = &ret->output;
	self->depth++;
	ret->exit_code = run_program(self, program, argv, &ret->output);
	self->depth--;
	ret->timed_out = !self->killed && clock_now_us(os->clock) >= self->deadline_us;
	if (ret->timed_out || self->killed)
		ret->exit_code = HOST_OS_KILLED;
	if (!self->depth && self->killed) {
		ret->output.size = self->said < ret->output.size ? self->said : ret->output.size;
		self->killed = false;
	}
	self->deadline_us = outer_us;
	return 0;
}

static const struct host_os_ops direct_ops = {
	.name = "direct",
	.run = direct_run,
};

struct host_os *host_os_direct_new(struct usb_host *usb, struct serial_host *serial,
	const struct host_program *const *programs)
{
	struct direct_os *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->os = (struct host_os){
		.ops = &direct_ops,
		.clock = usb->clock,
		.usb = usb,
		.serial = serial,
	};
	self->programs = programs;
	self->deadline_us = CLOCK_NEVER;
	return &self->os;
}

void host_os_direct_free(struct host_os *os)
{
	if (!os)
		return;
	if (os->free_kept)
		os->free_kept(os->kept);
	free(direct_of(os));
}

void host_os_direct_set_missing(struct host_os *os, const char *const *names)
{
	direct_of(os)->missing = names;
}

void host_os_direct_set_troubles(
	struct host_os *os, const struct host_trouble *troubles, size_t count)
{
	struct direct_os *self = direct_of(os);

	self->troubles = troubles;
	self->trouble_count = count;
}

void host_os_direct_kill(struct host_os *os)
{
	struct direct_os *self = direct_of(os);

	if (!self->depth || self->killed)
		return;
	self->killed = true;
	self->said = self->output->size;
}

uint64_t host_os_direct_deadline_us(const struct host_os *os)
{
	return os->ops == &direct_ops ? direct_of(os)->deadline_us : CLOCK_NEVER;
}
