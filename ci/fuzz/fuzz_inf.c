/* SPDX-License-Identifier: MIT */
/* INF files: never crashes; either one line says why not, or Windows takes it and binds a device by it. */
#include "simulators/windows/driver_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct usb_ids device = {
	.hardware = {"USB\\VID_0483&PID_DF11&REV_2200", "USB\\VID_0483&PID_DF11"},
	.hardware_count = 2,
	.compatible = {"USB\\Class_FE&SubClass_01&Prot_02", "USB\\Class_FE&SubClass_01",
		"USB\\Class_FE"},
	.compatible_count = 3,
};

static void check_package(const struct driver_package *package)
{
	const struct inf *inf = &package->inf;

	assert(inf->class_name[0] && inf->class_guid[0] && inf->provider[0] && inf->date);
	assert(inf->model_count > 0 && inf->model_count <= INF_MODEL_MAX);
	assert(inf->catalog[0] || !inf->signer[0]);
	for (size_t i = 0; i < inf->model_count; i++)
		assert(inf->models[i].id_count <= INF_ID_MAX);
	assert(strcmp(package->published, "oem0.inf") == 0);
}

/* Its driver goes before those of Windows exactly when it fits. */
static void check_choice(const struct driver_store *store, struct driver_package *package)
{
	size_t model = SIZE_MAX;
	struct rank rank = rank_package(&device, &package->inf, &model);
	struct driver driver;

	driver_store_best(store, &device, &driver);
	assert((rank.value == RANK_NONE) == (driver.package == NULL));
	assert((rank.value == RANK_NONE) == (model == SIZE_MAX));
	if (driver.package)
		assert(driver.package == package && driver.model == &package->inf.models[model]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1); /* of its own, so that reading beyond is found */
	struct driver_store store = {0};
	struct driver_package *package;
	struct driver_source source = {"f.inf", text, size};
	struct why why = {""};

	if (!text || driver_store_init(&store) < 0)
		abort();
	if (size)
		memcpy(text, data, size);
	if (driver_store_add(&store, &source, &package, &why) < 0) {
		assert(strncmp(why.text, "f.inf:", 6) == 0 && !strchr(why.text, '\n'));
	} else {
		check_package(package);
		check_choice(&store, package);
	}
	driver_store_done(&store);
	free(text);
	return 0;
}
