/* SPDX-License-Identifier: MIT */
/*
 * What a scenario acts on: boards, time, and programs on the host. In-process on virtual time, or boards below a mock with
 * real programs: the scenario cannot tell.
 */
#ifndef DFURIG_SCENARIO_WORLD_H
#define DFURIG_SCENARIO_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/buf.h"
#include "harness/base/clock.h"
#include "harness/base/names.h"
#include "harness/base/why.h"
#include "harness/ports/board.h"
#include "harness/ports/flasher.h"
#include "harness/report/event.h"

#define WORLD_BOARD_MAX  4
#define WORLD_DRIVER_MAX 4
#define WORLD_LATE_MAX   2

/* How long ModemManager keeps a port on which nothing answers its AT commands: guessed; reports say "some seconds" to half a
 * minute [its src/mm-port-probe.c has several commands of 3 s each]. */
#define WORLD_PROBE_US 12000000u

enum world_system {
	WORLD_SYSTEM_USUAL, /* the one that the flasher is for */
	WORLD_LINUX,
	WORLD_WINDOWS,
	WORLD_MACOS,
	WORLD_SYSTEM_COUNT,
};

extern const struct names world_system_names; /* "usual", "linux", "windows", "macos" */

/* A program that takes its time before it does anything. */
struct world_late {
	const char *program; /* NULL ends */
	uint64_t time_us;
};

/* What the host's system is like. Texts are borrowed from the scenario. */
struct world_host {
	enum world_system system;
	bool no_permission;     /* USB device nodes may not be opened */
	bool port_held;         /* another program has the ECU's serial port open */
	bool new_number;        /* serial ports that appear get numbers that were not used before */
	const char *missing[4]; /* programs that are not installed; NULL ends */
	/* Windows: driver packages in the store at first, by their names in fixtures/drivers; NULL ends. Without
	 * has_drivers: the one that the flasher wants. */
	bool has_drivers;
	const char *drivers[WORLD_DRIVER_MAX + 1];
	uint64_t install_us; /* Windows: how long it takes to give a new device its driver */
	const char
		*failing_service; /* Windows: this driver does not start (code 10); NULL = none */
	bool no_elevation;        /* Windows: nobody says yes to UAC's question */
	struct world_late late[WORLD_LATE_MAX + 1];
	const char *mute[WORLD_LATE_MAX + 1]; /* programs whose output is lost; NULL ends */
	/* Linux: a service that opens each new serial port for itself, for WORLD_PROBE_US; NULL = none. */
	const char *prober;
	/* Linux: a kernel driver that is bound to the bootloader's interface; NULL = none. */
	const char *kernel_driver;
};

/* What became of a program on the host. */
struct world_program {
	int exit_code;
	bool missing; /* there is no such program */
	bool timed_out;
	unsigned int left_running; /* processes that it left behind; they were killed */
	struct buf output;         /* stdout and stderr; owned by whoever asked (buf_done) */
};

/* What a flasher is to do; borrowed. */
struct flasher_job {
	const struct flasher *flasher;
	enum flasher_flow flow;
	const char *image; /* path */
	uint32_t limit_ms; /* 0 = the flasher's own */
};

/* What became of the flasher. */
struct flasher_result {
	int exit_code;
	bool success;               /* its word, as the flasher's file says how to read it */
	enum flasher_reason reason; /* of a failure, as its output tells it */
	bool missing;               /* the flasher itself is not installed */
	bool timed_out;
	unsigned int left_running; /* processes that it left behind; they were killed */
	struct buf output;         /* stdout and stderr; owned by whoever asked (buf_done) */
};

/* An image that a scenario names. */
struct world_image {
	const char *path;      /* of a file that programs can read */
	const char *signature; /* "" = none */
	uint32_t addr;
	const uint8_t *data;
	size_t size;               /* bytes */
	uint32_t settings_addr[2]; /* of the ECU in it; 0 = none */
};

/* What a person does to Windows' drivers. */
enum world_windows_action {
	WORLD_UNINSTALL_DEVICE,            /* Device Manager: "Uninstall device" */
	WORLD_UNINSTALL_DEVICE_AND_DRIVER, /* with "Attempt to remove the driver for this device" */
	WORLD_SCAN,                        /* "Scan for hardware changes" */
	WORLD_ADD_DRIVER,                  /* installs a package, for what is plugged in too */
	WORLD_STAGE_DRIVER,                /* puts it into the driver store only */
	WORLD_WINDOWS_ACTION_COUNT,
};

struct world_windows {
	enum world_windows_action action;
	struct board *board; /* whose device; borrowed */
	const char *driver;  /* of fixtures/drivers; borrowed */
	bool elevated;       /* with an administrator's rights */
};

struct world;

struct world_ops {
	const char *name; /* "direct", "mock" */

	/* Lets time pass until done(user) or until_us of world->clock. done may be NULL. Returns 0: done; -ETIMEDOUT; other:
	 * the rig's failure. done is asked after everything that happens. */
	int (*run_until)(struct world *world, bool (*done)(void *user), void *user,
		uint64_t until_us, struct why *why);

	/* Runs a program on the host to its end, boards alive meanwhile. 0: see *ret (zeroed by the caller), also when it is
	 * missing; other: the rig's failure. */
	int (*run_program)(struct world *world, char *const argv[], uint32_t limit_ms,
		struct world_program *ret, struct why *why);

	/* Runs the flasher to its end: its command with image, flow and serial filled in; boards alive meanwhile, its limit
	 * kept, nothing of it left running. 0: see *ret (zeroed by the caller), also when it is missing or was stopped;
	 * other: the rig's failure. */
	int (*run_flasher)(struct world *world, const struct flasher_job *job,
		struct flasher_result *ret, struct why *why);

	/* Takes effect at once for whatever is started or opened then. 0; -ENOTSUP: this world cannot (why). */
	int (*set_host)(struct world *world, const struct world_host *host, struct why *why);

	/* 0; -EPERM: Windows does not let this user (why says what it says); -ENOTSUP: it is not Windows, or this world has
	 * none; -ENODEV: there is no such device; other: the rig's failure. NULL: -ENOTSUP. */
	int (*windows)(struct world *world, const struct world_windows *what, struct why *why);

	/* fn(user) when world->clock has reached when_us, while time passes or a program runs. Owned by the world; at most 32
	 * are outstanding. What is left when scenario_run returns must not be called any more. 0 or -ENOSPC. */
	int (*at)(struct world *world, uint64_t when_us, void (*fn)(void *user), void *user);

	/* The image by its name in the scenario. Borrowed for the world's life. 0; -ENOENT, -EBADMSG ... with why. */
	int (*image)(
		struct world *world, const char *name, struct world_image *ret, struct why *why);

	/* What the board's ECU would load as its tune now, from flash, by the second channel: size bytes, owned by the
	 * caller (free). -ENODATA: no valid copy. */
	int (*tune)(struct world *world, struct board *board, uint8_t **ret, size_t *ret_size,
		struct why *why);

	/* The factory's tune of the firmware in the board's flash: as tune. -ENODATA: no firmware that has one. */
	int (*default_tune)(struct world *world, struct board *board, uint8_t **ret,
		size_t *ret_size, struct why *why);

	/* Sector index (from 0) of the board's flash. 0; -ENOENT: it has no more. */
	int (*sector)(struct world *world, const struct board *board, size_t index,
		uint32_t *ret_addr, uint32_t *ret_size);

	/* The first planned fault that has not happened, for people; NULL = all have. Borrowed until the next call. */
	const char *(*unfired)(struct world *world);

	/* The signature of the firmware in the board's flash, "" when none is whole. */
	int (*signature)(
		struct world *world, struct board *board, char *ret, size_t room, struct why *why);
};

struct world {
	const struct world_ops *ops;
	struct clock *clock; /* borrowed */
	/* Borrowed: all that happens. The world emits what boards, USB and programs do, EVENT_MODE and
	 * EVENT_COMMAND_START, _OUTPUT, _END among it; scenario_run emits the pins that it moves, steps and the judgement. */
	struct event_stream *events;
	struct board *boards[WORLD_BOARD_MAX]; /* borrowed; the first is the one to be updated */
	size_t board_count;
};

#endif
