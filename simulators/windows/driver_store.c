/* SPDX-License-Identifier: MIT */
#include "simulators/windows/driver_store.h"

#include "simulators/windows/inbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void package_free(struct driver_package *package)
{
	if (!package)
		return;
	inf_done(&package->inf);
	free(package);
}

static int package_new(
	const struct driver_source *source, struct driver_package **ret, struct why *why)
{
	struct driver_package *package = calloc(1, sizeof(*package));
	int r;

	if (!package)
		return why_errno(why, -ENOMEM, "%s", source->name);
	snprintf(package->original, sizeof(package->original), "%s", source->name);
	r = inf_read(source->name, source->text, source->size, &package->inf, why);
	if (r < 0) {
		package_free(package);
		return r;
	}
	*ret = package;
	return 0;
}

int driver_store_init(struct driver_store *store)
{
	for (size_t i = 0; i < inbox_driver_count; i++) {
		const struct inbox_driver *driver = &inbox_drivers[i];
		const struct driver_source source = {
			driver->name, driver->text, strlen(driver->text)};
		struct driver_package *package = NULL;
		int r = package_new(&source, &package, NULL);

		if (r < 0)
			return r;
		package->inbox = true;
		snprintf(package->published, sizeof(package->published), "%s", driver->name);
		store->packages[store->count++] = package;
	}
	return 0;
}

void driver_store_done(struct driver_store *store)
{
	for (size_t i = 0; i < store->count; i++)
		package_free(store->packages[i]);
	store->count = 0;
}

struct driver_package *driver_store_find(const struct driver_store *store, const char *published)
{
	for (size_t i = 0; i < store->count; i++)
		if (strcasecmp(store->packages[i]->published, published) == 0)
			return store->packages[i];
	return NULL;
}

static struct driver_package *same_package(
	const struct driver_store *store, const struct driver_package *package)
{
	for (size_t i = 0; i < store->count; i++) {
		struct driver_package *other = store->packages[i];

		if (strcasecmp(other->original, package->original) == 0 &&
			other->inf.date == package->inf.date &&
			other->inf.version == package->inf.version)
			return other;
	}
	return NULL;
}

static void publish(const struct driver_store *store, struct driver_package *package)
{
	unsigned int number = 0;

	do
		snprintf(package->published, sizeof(package->published), "oem%u.inf", number++);
	while (driver_store_find(store, package->published));
}

int driver_store_add(struct driver_store *store, const struct driver_source *source,
	struct driver_package **ret, struct why *why)
{
	struct driver_package *package = NULL;
	int r = package_new(source, &package, why);

	if (r < 0)
		return r;
	*ret = same_package(store, package);
	if (*ret) {
		package_free(package);
		return 0;
	}
	if (store->count == DRIVER_STORE_MAX) {
		package_free(package);
		return why_set(why, -ENOSPC,
			"the driver store has no room for more than %d packages", DRIVER_STORE_MAX);
	}
	publish(store, package);
	store->packages[store->count++] = *ret = package;
	return 0;
}

void driver_store_remove(struct driver_store *store, struct driver_package *package)
{
	for (size_t i = 0; i < store->count; i++) {
		if (store->packages[i] != package)
			continue;
		store->count--;
		memmove(&store->packages[i], &store->packages[i + 1],
			(store->count - i) * sizeof(store->packages[0]));
		package_free(package);
		return;
	}
}

void driver_store_best(
	const struct driver_store *store, const struct usb_ids *device, struct driver *ret)
{
	struct rank best = {.value = RANK_NONE};

	*ret = (struct driver){0};
	for (size_t i = 0; i < store->count; i++) {
		struct driver_package *package = store->packages[i];
		size_t model = 0;
		struct rank rank = rank_package(device, &package->inf, &model);

		if (rank.value == RANK_NONE || (ret->package && rank_compare(&rank, &best) >= 0))
			continue;
		best = rank;
		*ret = (struct driver){package, &package->inf.models[model]};
	}
}
