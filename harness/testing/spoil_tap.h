/* SPDX-License-Identifier: MIT */
/* A tap that spoils answers: the n-th request of a kind is refused, answered wrongly, or ends with the cable pulled. */
#ifndef DFURIG_TESTING_SPOIL_TAP_H
#define DFURIG_TESTING_SPOIL_TAP_H

#include "harness/vusb/bus.h"

#define SPOIL_ANY     (-1)
#define SPOIL_FOREVER UINT32_MAX

/* What is spoiled; set it at any time. */
struct spoil_rule {
	int request;             /* bRequest of class requests, or SPOIL_ANY of them */
	int value;               /* wValue, or SPOIL_ANY */
	uint32_t skip;           /* so many matching requests pass first */
	uint32_t count;          /* then so many are spoiled; 0 = none */
	bool pull;               /* pull the cable */
	enum vusb_result result; /* ACK: the device is not asked, `bytes` are its answer */
	uint8_t bytes[64];
	size_t size;
};

struct spoil_tap {
	struct vusb_tap tap;
	struct spoil_rule rule;
	uint32_t seen, fired; /* matching requests since spoil_tap_set */
};

/* Puts it on the bus, spoiling nothing. spoil_tap_remove before the bus is freed. */
void spoil_tap_add(struct spoil_tap *spoil, struct vusb_bus *bus);
void spoil_tap_remove(struct spoil_tap *spoil);

void spoil_tap_set(struct spoil_tap *spoil, const struct spoil_rule *rule);

#endif
