/* SPDX-License-Identifier: MIT */
/*
 * Stands between the bus and the devices and asks a fault plan at every transfer: FAULT_REQUEST before the device sees it,
 * FAULT_ANSWER when the device has answered. Knows DFU requests by their setup packet (DFU 1.1, DfuSe in AN3156).
 */
#ifndef DFURIG_FAULT_FAULT_TAP_H
#define DFURIG_FAULT_FAULT_TAP_H

#include "harness/fault/fault.h"
#include "harness/vusb/bus.h"

struct fault_tap {
	struct vusb_tap tap;
	struct fault_plan *plan; /* borrowed */
	uint8_t port;            /* of the board that is meant; others are left alone */
	uint32_t pointer;        /* Set Address Pointer, as seen from here */
	uint64_t nak_id;         /* the transfer that is NAKed now; 0 = none */
	uint64_t nak_until_us;   /* CLOCK_NEVER = for ever */
};

/* Adds it to the bus; both borrowed until fault_tap_done. */
void fault_tap_begin(
	struct fault_tap *tap, struct vusb_bus *bus, uint8_t port, struct fault_plan *plan);
void fault_tap_done(struct fault_tap *tap);

#endif
