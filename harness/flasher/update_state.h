/* SPDX-License-Identifier: MIT */
/* What the parts of the update engine share. Each step returns 0, -ECANCELED when the update has failed (the result says
 * why), or another negative errno when the rig has. */
#ifndef DFURIG_FLASHER_UPDATE_STATE_H
#define DFURIG_FLASHER_UPDATE_STATE_H

#include "harness/flasher/update.h"
#include "harness/host/dfuse_client.h"
#include "harness/host/ts_client.h"

#define UPDATE_PORT_MAX 64
#define UPDATE_USB_MAX  64

#define UPDATE_NUMBER_ROOM 32

/* An ECU on a port that is open. */
struct update_ecu {
	struct serial_port_entry entry;
	struct serial_port *port; /* owned; NULL = not open */
	struct ts_client ts;      /* on port */
	char signature[TS_SIGNATURE_ROOM];
};

struct update {
	struct host_os *os;
	const struct update_options *options;
	const struct update_profile *profile;
	struct buf *out;
	struct update_result *result;
	uint64_t start_us, deadline_us;

	struct update_ecu ecu;
	uint8_t ecu_devnum; /* of its USB device before the reboot; 0 = not known */
	uint8_t *tune;      /* owned; result->tune_size bytes, as they were before */

	struct usb_host_entry dfu; /* the bootloader to flash, when the profile looks by USB */
	unsigned int told_percent; /* of the phase at hand */
};

/* update_say.c */

void update_say_plain(struct update *update, const char *line);
/* One line, with the time. */
void update_say(struct update *update, const char *fmt, ...) PRINTF(2, 3);
/* "22,000" in ret. Returns ret. */
const char *update_number(size_t number, char ret[static UPDATE_NUMBER_ROOM]);
/* Output of a program, line by line, without time. */
void update_quote(struct update *update, const struct buf *output);
/* The update has failed. Returns -ECANCELED. */
int update_fail(struct update *update, enum flasher_reason reason, const char *fmt, ...)
	PRINTF(3, 4);
/* Waits. -ECANCELED when our own time is over. */
MUST_CHECK int update_wait(struct update *update, uint32_t ms);
bool update_is_over(const struct update *update, uint64_t until_us);

/* update_flaw.c */
bool update_has(const struct update *update, enum update_flaw flaw);
/* The image as a careless tool writes it; image_done on it in all cases. 0, -ENOMEM, -EINVAL, -EOVERFLOW. */
MUST_CHECK int update_flawed_image(const struct update *update, struct image *ret);

/* update_flaw_dfu.c: what a careless tool does with a bootloader before it updates, or in place of it. 1: it is done; 0: the
 * update is still to come; or as dfuse_update. */
MUST_CHECK int update_flawed_dfu(struct update *update, struct dfuse_client *client,
	const struct image *image, struct why *why);

/* update_find.c */

/* Finds an ECU by the profile's rules and leaves its port open. */
MUST_CHECK int update_find_ecu(struct update *update);
/* After the update: the same one, or the only one, as the profile says, until until_us. */
MUST_CHECK int update_await_ecu(struct update *update, uint64_t until_us);
/* Closes the port; opens it and asks for the signature. */
void update_close_ecu(struct update_ecu *ecu);
MUST_CHECK int update_reopen_ecu(struct update *update);

/* update_tune.c */
MUST_CHECK int update_read_tune(struct update *update);
MUST_CHECK int update_restore_tune(struct update *update);

/* update_dfu.c */
MUST_CHECK int update_check_tool(struct update *update);
MUST_CHECK int update_look_for_dfu(struct update *update);
MUST_CHECK int update_flash(struct update *update);

#endif
