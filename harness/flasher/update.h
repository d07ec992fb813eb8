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
#include "harness/base/why.h"
#include "harness/dfu/image.h"
#include "harness/flasher/profiles.h"
#include "harness/ports/host_os.h"
#include "harness/ts/ts.h"

struct update_options {
	enum flasher_flow flow;
	const struct update_profile *profile; /* borrowed */
	const struct image *image;            /* addressed; borrowed */
	const char *image_path;               /* for programs that are run; absolute */
	const char *port;                     /* of the ECU; NULL = the one that answers */
	const char *serial; /* of the bootloader, flow manual; NULL = the only one */
	bool force;         /* no look at what the image is for */

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
