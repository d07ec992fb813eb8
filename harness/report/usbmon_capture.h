/* SPDX-License-Identifier: MIT */
/*
 * The bus as a capture: a tap that writes each transfer's submission and completion as Linux's usbmon would have
 * (Documentation/usb/usbmon.rst, the 64-byte header; link type 220), into a pcapng file with one interface a board.
 *
 * It stands between bus and devices, so that every transport and the in-process host leave the same capture, their
 * enumeration included. Wireshark does not attach its DFU dissector to ST's product by itself:
 * -d usb.product==75751185,usbdfu.
 */
#ifndef DFURIG_REPORT_USBMON_CAPTURE_H
#define DFURIG_REPORT_USBMON_CAPTURE_H

#include "harness/base/attr.h"
#include "harness/base/why.h"
#include "harness/vusb/bus.h"

/* What makes Wireshark and tshark decode DFU for 0483:df11: an argument for -d. */
#define USBMON_CAPTURE_DECODE_AS "usb.product==75751185,usbdfu"

/*
 * What Wireshark's DFU dissector (4.0, and its source since) calls malformed in anybody's captures, the kernel's
 * too: it wants data in every download (leaving DFU has none), forgets that request and takes its completion for
 * the one before, and wants data in every answer (one that failed has none). As a display filter: frames whose
 * "malformed" means nothing.
 */
#define USBMON_CAPTURE_FALSE_ALARM                                                                 \
	"(usbdfu.command == 1 && usbdfu.length == 0) || (usb.urb_type == 'C' && usb.urb_len == 0)"

struct usbmon_capture;

/* Creates or empties path (see pcapng.h) and puts the tap on the bus; boards plugged in already and later ones are both
 * captured. wall_us: the wall clock, microseconds since 1970, at time 0 of the bus's clock. *ret is owned by the
 * caller. Returns 0 or negative errno; why names the path. */
MUST_CHECK int usbmon_capture_start(struct vusb_bus *bus, const char *path, uint64_t wall_us,
	struct usbmon_capture **ret, struct why *why);

/* Writes what is gathered. By itself that happens each 32 KiB, and when a transfer comes a tenth of a second of bus
 * time after the last write; call it where the rig waits for something to happen. */
void usbmon_capture_flush(struct usbmon_capture *capture);

/* Takes the tap off and closes the file. Returns 0, or the first error of all the writes. NULL is fine. */
int usbmon_capture_stop(struct usbmon_capture *capture, struct why *why);

#endif
