/* SPDX-License-Identifier: MIT */
/*
 * A DfuSe host: talks to ST's ROM bootloader, or to anything that claims to be one, through a usb_host.
 *
 * dfuse_find.c finds and opens, dfuse_client.c carries out one operation at a time, dfuse_update.c a whole update.
 * Every operation ends: a device that stays busy, goes silent or lies is given up after the limits below, which are
 * twice the longest time that a data sheet allows. All waiting is done on the host's clock.
 * Sources: DFU 1.1; ST AN3156 (text of AN2662), chapter on the DFU bootloader; times: DS8626 table 40, DS12110
 * table 43.
 */
#ifndef DFURIG_HOST_DFUSE_CLIENT_H
#define DFURIG_HOST_DFUSE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/dfu/dfu.h"
#include "harness/dfu/image.h"
#include "harness/dfu/layout.h"
#include "harness/ports/usb_host.h"

#define DFUSE_VID           0x0483
#define DFUSE_PID           0xdf11
#define DFUSE_ALTERNATE_MAX 8
#define DFUSE_TEXT_MAX      384 /* bytes of an interface string */
#define DFUSE_BLOCK_MAX                                                                            \
	4096 /* bytes of one transfer, whatever wTransferSize says (usbfs: one page) */
#define DFUSE_COMMAND_LIMIT_MS 2000   /* requests without work; set address pointer */
#define DFUSE_PROGRAM_LIMIT_MS 2000   /* a block: 4096 bytes at 100 us (x8), doubled, rounded up */
#define DFUSE_ERASE_LIMIT_MS   8000   /* a sector: 4 s (128 KiB, x8) */
#define DFUSE_MASS_LIMIT_MS    128000 /* the chip: 32 s a bank of 1 MiB (x8), two banks */

enum dfuse_phase {
	DFUSE_ERASING,
	DFUSE_PROGRAMMING,
	DFUSE_VERIFYING,
	DFUSE_READING,
	DFUSE_PHASE_COUNT,
};

struct dfuse_progress {
	enum dfuse_phase phase;
	size_t done, total; /* bytes; done grows to total within a phase */
};

/* One alternate setting of the DFU interface. */
struct dfuse_alternate {
	uint8_t number;
	char text[DFUSE_TEXT_MAX]; /* the interface string */
	bool has_layout;           /* false: the string names no memory */
	struct dfuse_layout layout;
};

/* Read it, change nothing but on_progress, user and deadline_us. */
struct dfuse_client {
	struct usb_handle *usb; /* owned */
	struct usb_host *host;  /* borrowed */
	uint16_t vid, pid;
	uint8_t interface;
	struct dfu_functional functional;
	struct dfuse_alternate alternates[DFUSE_ALTERNATE_MAX];
	size_t alternate_count;
	uint8_t selected; /* the alternate that is set */

	/* The last answer to GETSTATUS; its state is changed by what was sent since. */
	struct dfu_getstatus last;
	uint64_t
		deadline_us; /* on host->clock, for everything; CLOCK_NEVER = only the limits above */
	uint64_t limit_us;   /* when the operation at hand is given up */
	struct dfuse_progress progress;
	void (*on_progress)(void *user, const struct dfuse_progress *progress); /* or NULL */
	void *user;
};

/* Which device: empty strings and NULL match any. */
struct dfuse_filter {
	const char *serial;
	const char *path; /* as in usb_host_entry */
};

/* The only device in DFU mode that the filter lets through: 0483:df11, or one with a DFU interface. -ENODEV none,
 * -ENOTUNIQ several (why lists them), or an error of the host. */
MUST_CHECK int dfuse_find(struct usb_host *host, const struct dfuse_filter *filter,
	struct usb_host_entry *ret, struct why *why);

/* Opens a device, claims its DFU interface and reads the layout strings. Call dfuse_client_close after success.
 * -EBUSY when another program or a kernel driver has the interface, -ENOTSUP when it does not speak DfuSe, -EBADMSG for descriptors that make no sense, or an error of the host. */
MUST_CHECK int dfuse_client_open(struct dfuse_client *ret, struct usb_host *host,
	const struct usb_host_entry *entry, struct why *why);

/* The same, but claims nothing and sets no alternate: for whoever only looks. */
MUST_CHECK int dfuse_client_look(struct dfuse_client *ret, struct usb_host *host,
	const struct usb_host_entry *entry, struct why *why);
void dfuse_client_close(struct dfuse_client *client);

/* NULL when the device has no such alternate. */
const struct dfuse_alternate *dfuse_client_alternate(
	const struct dfuse_client *client, uint8_t number);

/*
 * Operations. All return 0 or: -EREMOTEIO the device reports an error (client->last says which), -EPIPE it refused,
 * -ETIMEDOUT it stayed busy or silent, -ENODEV it is gone, -EPROTO it answered against the protocol, -EBADMSG too few
 * bytes, -EOVERFLOW too many, -EIO.
 */

/* To dfuIDLE from any state, by CLRSTATUS and ABORT. */
MUST_CHECK int dfuse_client_idle(struct dfuse_client *client, struct why *why);

/* SET_INTERFACE, when it is not set already. */
MUST_CHECK int dfuse_client_select(struct dfuse_client *client, uint8_t alternate, struct why *why);

MUST_CHECK int dfuse_client_set_address(
	struct dfuse_client *client, uint32_t addr, struct why *why);
MUST_CHECK int dfuse_client_erase(struct dfuse_client *client, uint32_t addr, struct why *why);
MUST_CHECK int dfuse_client_mass_erase(struct dfuse_client *client, struct why *why);

/* Takes read protection off: the chip erases itself and resets. Success when it has gone. */
MUST_CHECK int dfuse_client_unprotect(struct dfuse_client *client, struct why *why);

MUST_CHECK int dfuse_client_program(struct dfuse_client *client, uint32_t addr, const uint8_t *data,
	size_t size, struct why *why);

/* The most bytes of one block: wTransferSize, and not more than DFUSE_BLOCK_MAX. */
size_t dfuse_client_block_size(const struct dfuse_client *client);

/* One block after which the chip resets without a word (option bytes). Success when it has gone. -E2BIG more than a
 * block. */
MUST_CHECK int dfuse_client_program_and_reset(struct dfuse_client *client, uint32_t addr,
	const uint8_t *data, size_t size, struct why *why);

MUST_CHECK int dfuse_client_read(struct dfuse_client *client, uint32_t addr, uint8_t *ret_data,
	size_t size, struct why *why);

struct dfuse_comparison {
	const uint8_t *expected; /* borrowed */
	size_t size;
	size_t same;   /* returned: so many bytes from the start are as expected */
	uint8_t found; /* returned: the first one that is not */
};

/* dfuse_client_read, to the end whatever comes, without keeping it. */
MUST_CHECK int dfuse_client_compare(struct dfuse_client *client, uint32_t addr,
	struct dfuse_comparison *comparison, struct why *why);

/* Jumps to the vector table at addr. A device that disappears instead of an answer has left. */
MUST_CHECK int dfuse_client_leave(struct dfuse_client *client, uint32_t addr, struct why *why);

struct dfuse_options {
	bool verify;     /* read back and compare */
	bool leave;      /* start what was written, at the address of the first element */
	bool mass_erase; /* the whole chip, in place of the sectors that are needed */
	/* The device resets after the last element (option bytes); verify and leave make no sense then. */
	bool will_reset;
	uint32_t deadline_ms; /* for the whole update; 0 = only the limits above */
};

struct dfuse_result {
	size_t erased_sectors; /* 0 after a mass erase */
	size_t erased_bytes; /* in those sectors; after a mass erase all that the layouts call erasable */
	size_t programmed_bytes;
	size_t verified_bytes;
	bool left;
	bool reset; /* gone after the last element, as will_reset says */
};

/* Erases each sector that the image needs once, programs, verifies, leaves. Nothing is erased before the whole
 * image is known to fit. *ret_result says what was done, on failure too. Besides the errors above: -EINVAL an image
 * without addresses or for another product, -EFAULT bytes outside of the device's memory, -EILSEQ the memory
 * differs afterwards, -E2BIG, -ENOMEM. */
MUST_CHECK int dfuse_update(struct dfuse_client *client, const struct image *image,
	const struct dfuse_options *options, struct dfuse_result *ret_result, struct why *why);

const char *dfuse_phase_text(enum dfuse_phase phase);

#endif
