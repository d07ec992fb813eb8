/* SPDX-License-Identifier: MIT */
/*
 * The operating system as an update tool sees it: its USB devices, its serial ports, and other programs to run.
 *
 * In-process, programs are functions on the same virtual time (struct host_program); on a real system they are
 * processes. The thing under test is always a command line, so that both are started alike.
 */
#ifndef DFURIG_PORTS_HOST_OS_H
#define DFURIG_PORTS_HOST_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/buf.h"
#include "harness/base/clock.h"
#include "harness/base/why.h"
#include "harness/ports/pnp.h"
#include "harness/ports/serial_host.h"
#include "harness/ports/usb_host.h"

#define HOST_OUTPUT_MAX (1u << 20) /* bytes of a program's output that are kept */

/* What became of a program. */
struct host_program_result {
	int exit_code;     /* 128 + signal when a signal ended it, as the shell says it */
	bool timed_out;    /* it took longer than its limit, and was killed */
	struct buf output; /* stdout and stderr as they came; owned by whoever asked (buf_done) */
};

struct host_os;

struct host_os_ops {
	const char *name;

	/* Runs a program to its end, at most limit_ms (0 = no limit). argv ends with NULL. 0: it ran, see *ret (zeroed by the caller); -ENOENT: there is no such program;
	 * -EACCES: it may not be run; other: the rig's failure. */
	int (*run)(struct host_os *os, char *const argv[], uint32_t limit_ms,
		struct host_program_result *ret, struct why *why);
};

struct host_os {
	const struct host_os_ops *ops;
	struct clock *clock;        /* borrowed; waits of a tool are measured on it */
	struct usb_host *usb;       /* borrowed */
	struct serial_host *serial; /* borrowed */
	struct pnp *pnp;            /* borrowed; NULL = not Windows */
	bool macos;                 /* in-process only */
	/* In-process: what a program keeps for its next run, as a system keeps files in memory; freed with the system. Owned;
	 * NULL = nothing. */
	void *kept;
	void (*free_kept)(void *kept);
	bool unelevated; /* Windows: nobody answers UAC's question with yes */
};

/* Which systems have a program. */
enum host_program_on {
	HOST_ON_ALL,
	HOST_ON_WINDOWS, /* where there is Plug and Play as Windows does it */
	HOST_NOT_ON_WINDOWS,
};

/* A program that runs in-process: a twin of a real one, or one of ours. */
struct host_program {
	const char *name; /* argv[0] without folders */
	/* Returns the exit code; writes stdout and stderr to out. Blocks on os->clock. */
	int (*main)(const struct host_program *program, struct host_os *os, char *const argv[],
		struct buf *out);
	const char *source; /* what its behaviour is known from; NULL: it is ours */
	enum host_program_on on;
};

#endif
