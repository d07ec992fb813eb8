/* SPDX-License-Identifier: MIT */
/*
 * Stands between the bus and a device and asks a fault plan at every transfer, once: FAULT_REQUEST before the device sees
 * it, FAULT_ANSWER when the device has answered. It carries out what is done to a transfer: STALL, NAK, short, corrupt.
 *
 * Knows DFU requests by their setup packet, where the device has a DFU interface (DFU 1.1; DfuSe in AN3156). A transfer is
 * called, for a rule's match:
 *     "DNLOAD", "UPLOAD", "GETSTATUS", "CLRSTATUS", "GETSTATE", "ABORT", "DETACH"
 *     what a DNLOAD is for: "erase", "mass-erase", "set-address", "write", "unprotect", "leave"
 *     a GETSTATUS after such a DNLOAD: "GETSTATUS erase" and so on
 *     "control" for other control transfers, "in" and "out" for bulk and interrupt
 * DNLOAD and UPLOAD have a block and an address; GETSTATUS has those of the DNLOAD before it. An erase is about the one
 * address in its command: which sector that is, the device knows, not the bus.
 */
#ifndef DFURIG_FAULT_FAULT_TAP_H
#define DFURIG_FAULT_FAULT_TAP_H

#include "harness/fault/fault.h"
#include "harness/vusb/bus.h"

#define FAULT_TAP_SLOTS 32 /* endpoints: 16 OUT, 16 IN */

/* The transfer at an endpoint that was asked about last. */
struct fault_slot {
	uint64_t id; /* of the transfer; 0 = none */
	uint64_t nak_until_us;
	struct fault_hit request; /* what befell it on its way to the device */
	bool answered; /* the device has, and the host does not get it before nak_until_us */
	enum vusb_result result; /* of it */
	size_t actual;
};

/* What the last DNLOAD was for. */
struct fault_download {
	uint8_t kind; /* index of names, 0 = none */
	uint32_t block, addr, size;
};

struct fault_tap {
	struct vusb_tap tap;
	struct vusb_ticker ticker;
	struct fault_plan *plan; /* borrowed */
	uint8_t port;            /* of the board that is meant; others are left alone */
	uint8_t devnum;          /* the plug that the rest is about */
	uint32_t transfer_size;  /* of its DFU interface; 0 = none */
	uint32_t pointer;        /* Set Address Pointer, as seen from here */
	struct fault_download download;
	uint64_t nak_until_us; /* the next end of a NAK; CLOCK_NEVER = none */
	struct fault_slot slots[FAULT_TAP_SLOTS];
};

/* Adds it to the bus; both borrowed until fault_tap_done. Add it before taps that tell what the host sees. */
void fault_tap_begin(
	struct fault_tap *tap, struct vusb_bus *bus, uint8_t port, struct fault_plan *plan);
void fault_tap_done(struct fault_tap *tap);

#endif
