/* SPDX-License-Identifier: MIT */
/*
 * The update engine: brings an image onto a board by way of a host's operating system, as a profile says.
 *
 * Flow auto: an ECU runs; it is asked for signature and tune, sent into its bootloader, flashed, waited for, and given its
 * tune back. Flow manual: the board is in its bootloader and is flashed. What happens is told line by line, with a time.
 */
#ifndef DFURIG_FLASHER_UPDATE_H
#define DFURIG_FLASHER_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/buf.h"
#include "harness/base/names.h"
#include "harness/base/why.h"
#include "harness/dfu/image.h"
#include "harness/flasher/profiles.h"
#include "harness/ports/host_os.h"
#include "harness/ts/ts.h"

/* What a careless tool gets wrong, for tests of scenarios: each must make one FAIL. Of the profiles that look by USB. */
enum update_flaw {
	UPDATE_FLAW_DONE_AT_ONCE,         /* says that it is done, and does nothing */
	UPDATE_FLAW_IGNORES_FAILURE,      /* says that it is done, whatever came of it */
	UPDATE_FLAW_ASKS_ONCE,            /* one try for each answer of the ECU */
	UPDATE_FLAW_REBOOTS_FIRST,        /* before it knows that it can go on */
	UPDATE_FLAW_FLASHES_WITHOUT_TUNE, /* when it cannot be read */
	UPDATE_FLAW_NO_GUARD,             /* does not look at what the image is for */
	UPDATE_FLAW_ONE_LOOK,             /* for the bootloader, right after the command */
	UPDATE_FLAW_ANY_DEVICE,           /* flashes the first bootloader that it sees */
	UPDATE_FLAW_SKIPS_VERIFY,         /* a byte goes wrong on the way, and nobody looks */
	UPDATE_FLAW_HALF,                 /* writes half of the image */
	UPDATE_FLAW_WRONG_ADDRESS,        /* a sector too high */
	UPDATE_FLAW_MASS_ERASE,           /* erases the settings too */
	UPDATE_FLAW_NO_LEAVE,             /* the board stays in its bootloader */
	UPDATE_FLAW_NO_WAIT,              /* done when it is written */
	UPDATE_FLAW_ANY_ECU,              /* takes the first that answers for the one it updated */
	UPDATE_FLAW_NO_RESTORE,           /* of the tune */
	/* What only an update that is interrupted shows; `dfurig sweep` must find it. */
	UPDATE_FLAW_KEEPS_ERROR,         /* never clears dfuERROR */
	UPDATE_FLAW_NO_ERASE_ON_RETRY,   /* where an update was begun before, as it seems */
	UPDATE_FLAW_LEAVES_UNVERIFIED,   /* nobody reads what was written */
	UPDATE_FLAW_RESUMES_WRONG_BLOCK, /* behind the one that is missing */
	UPDATE_FLAW_COUNT,
};

extern const struct names update_flaw_names; /* "done-at-once", ... */

struct update_options {
	enum flasher_flow flow;
	const struct update_profile *profile; /* borrowed */
	const struct image *image;            /* addressed; borrowed */
	const char *image_path;               /* for programs that are run; absolute */
	const char *port;                     /* of the ECU; NULL = the one that answers */
	const char *serial; /* of the bootloader, flow manual; NULL = the only one */
	bool force; /* whatever the image is for, and without a copy of a tune that cannot be read */
	uint32_t flaws; /* bit per enum update_flaw; 0 = none */

	/* Each line as it is said, without its end; may be NULL. */
	void (*said)(void *user, const char *line);
	void *user;
};

enum update_tune {
	UPDATE_TUNE_UNKNOWN,
	UPDATE_TUNE_SAME,     /* as before, without our doing */
	UPDATE_TUNE_RESTORED, /* written back */
	UPDATE_TUNE_LOST,     /* it differs, and was not written back */
};

struct update_result {
	enum flasher_reason reason; /* FLASHER_NO_REASON: done */
	struct why why;             /* when it is not done */
	bool flashed;               /* the image went in */
	char port[64];              /* the ECU's, at the end */
	char ecu_serial[SERIAL_HOST_TEXT];
	char before[TS_SIGNATURE_ROOM], after[TS_SIGNATURE_ROOM]; /* signatures; "" = not read */
	char image[TS_SIGNATURE_ROOM];                            /* signature in it; "" = none */
	enum update_tune tune;
	size_t tune_size;
	uint64_t took_us;
};

/* Appends what it says to out; the last line of a failure is "dfurig: <reason>: <sentence>". 0: *ret says whether it is done;
 * negative errno: the rig's failure. */
MUST_CHECK int update_run(struct host_os *os, const struct update_options *options, struct buf *out,
	struct update_result *ret);

#endif
