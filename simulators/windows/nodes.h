/* SPDX-License-Identifier: MIT */
/*
 * The device nodes of the Plug and Play manager: one for each USB device that was ever seen, and one for each function of a
 * composite device. A node keeps its driver and its COM port while the device is away.
 *
 * A device is known again by its serial number; without one, by the socket that it is in. [Microsoft, "Device Instance IDs";
 * "USB device with a serial number keeps its driver in every port"]
 */
#ifndef DFURIG_WINDOWS_NODES_H
#define DFURIG_WINDOWS_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/clock.h"
#include "harness/base/why.h"
#include "harness/ports/pnp.h"
#include "harness/ports/usb_host.h"
#include "simulators/windows/driver_store.h"
#include "simulators/windows/usb_ids.h"

#define NODE_MAX         64
#define NODE_FAILING_MAX 8

struct node {
	char instance[PNP_TEXT];
	char product
		[USB_HOST_TEXT]; /* what the device says of itself: its caption while it has no driver */
	struct usb_ids ids;
	struct usb_host_entry entry;    /* as it was seen last */
	struct usb_functions functions; /* of a device; empty for a function */
	struct node *parent;            /* borrowed; NULL = a device, else its function */
	struct driver driver;           /* package NULL = none */
	uint64_t ready_us;              /* when its driver is installed */
	unsigned int com_port;          /* 0 = none */
	bool present;
	bool removed; /* by a person, while plugged in: not shown until it is plugged in anew or scanned */
	bool seen; /* in the look that is going on */
};

struct nodes {
	struct usb_host *usb;        /* borrowed */
	struct clock *clock;         /* borrowed */
	struct driver_store *store;  /* borrowed */
	uint64_t install_us;         /* for drivers that Windows does not bring */
	bool new_com_ports;          /* a port that is plugged in again gets another number */
	unsigned int com_ports_used; /* the highest number that was given */
	uint64_t plugged_us[UINT8_MAX + 1];       /* by device number; CLOCK_NEVER = nobody told */
	char failing[NODE_FAILING_MAX][INF_TEXT]; /* services that do not start; "" = free */
	struct node *list[NODE_MAX];              /* owned, in the order in which they were made */
	size_t count;
};

void nodes_init(
	struct nodes *nodes, struct usb_host *usb, struct clock *clock, struct driver_store *store);
void nodes_done(struct nodes *nodes);

/* Looks at what is plugged in now. 0 or negative errno. */
MUST_CHECK int nodes_look(struct nodes *nodes, struct why *why);

/* Device Manager's code, PNP_... */
uint32_t nodes_problem(const struct nodes *nodes, const struct node *node);

void nodes_describe(const struct nodes *nodes, const struct node *node, struct pnp_device *ret);

/* By its instance, without regard to case; NULL: there is none, or it was removed. */
struct node *nodes_find(const struct nodes *nodes, const char *instance);

/* Finds a driver for a node that is present, best of the store, which takes its time from now. */
void nodes_install(struct nodes *nodes, struct node *node);

bool nodes_use(const struct nodes *nodes, const struct driver_package *package);

/* "Uninstall device": the node and its functions. */
void nodes_remove(struct nodes *nodes, struct node *node);

/* "Scan for hardware changes": devices that were removed are new, and those without a driver are tried again. */
void nodes_scan(struct nodes *nodes);

#endif
