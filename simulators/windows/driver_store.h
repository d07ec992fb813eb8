/* SPDX-License-Identifier: MIT */
/*
 * Windows' driver store: the packages that devices may get, those that come with Windows among them.
 *
 * A package that is added gets a published name, oem<N>.inf, with the first number that is free.
 */
#ifndef DFURIG_WINDOWS_DRIVER_STORE_H
#define DFURIG_WINDOWS_DRIVER_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/attr.h"
#include "harness/base/why.h"
#include "simulators/windows/inf.h"
#include "simulators/windows/rank.h"

#define DRIVER_STORE_MAX 64

/* An INF; all borrowed. */
struct driver_source {
	const char *name; /* "st-bootloader.inf" */
	const char *text;
	size_t size;
};

struct driver_package {
	char published[INF_TEXT]; /* "oem12.inf"; of an inbox driver its own name */
	char original[INF_TEXT];
	bool inbox;
	struct inf inf;
};

/* A driver for a device: one model of one package. */
struct driver {
	struct driver_package *package; /* borrowed from the store; NULL = none */
	const struct inf_model *model;
};

struct driver_store {
	struct driver_package
		*packages[DRIVER_STORE_MAX]; /* owned; inbox first, then as they were added */
	size_t count;
};

/* With the inbox drivers. store is zeroed by the caller; driver_store_done it in any case. 0 or -ENOMEM. */
MUST_CHECK int driver_store_init(struct driver_store *store);
void driver_store_done(struct driver_store *store);

/* Adds a package from its text; the same INF (by its original name, date and version) is not added twice. *ret is borrowed
 * from the store. 0; -ENOSPC; what inf_read returns. */
MUST_CHECK int driver_store_add(struct driver_store *store, const struct driver_source *source,
	struct driver_package **ret, struct why *why);

/* By the published name, without regard to case. NULL: there is none. */
struct driver_package *driver_store_find(const struct driver_store *store, const char *published);

/* No driver of it may be in use any more. */
void driver_store_remove(struct driver_store *store, struct driver_package *package);

/* The driver that Windows takes for a device; ret->package NULL: none fits. */
void driver_store_best(
	const struct driver_store *store, const struct usb_ids *device, struct driver *ret);

#endif
