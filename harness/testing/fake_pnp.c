/* SPDX-License-Identifier: MIT */
#include "harness/testing/fake_pnp.h"

#include "harness/base/why.h"

#include <stdio.h>
#include <string.h>

#define ENTRY_MAX 16

const struct fake_driver fake_driver_new = {
	"STM32  BOOTLOADER", "WinUSB", "oem12.inf", PNP_ROUTE_WINUSB, PNP_OK};
const struct fake_driver fake_driver_old = {
	"STM Device in DFU Mode", "STTub30", "oem7.inf", PNP_ROUTE_STTUB30, PNP_OK};

static struct fake_pnp *fake_of(struct pnp *pnp)
{
	return CONTAINER_OF(pnp, struct fake_pnp, pnp);
}

static struct pnp_device make_device(
	const struct usb_host_entry *entry, const struct fake_driver *driver)
{
	struct pnp_device device = {
		.problem = driver->problem,
		.present = true,
		.route = driver->route,
	};

	snprintf(device.instance, PNP_TEXT, "USB\\VID_%04X&PID_%04X\\%.60s", entry->vid, entry->pid,
		entry->serial);
	snprintf(device.caption, PNP_TEXT, "%s", driver->caption);
	snprintf(device.class_name, PNP_TEXT, "%s", driver->inf[0] ? "USBDevice" : "");
	snprintf(device.manufacturer, PNP_TEXT, "STMicroelectronics");
	snprintf(device.service, PNP_TEXT, "%s", driver->service);
	snprintf(device.inf, PNP_TEXT, "%s", driver->inf);
	snprintf(device.usb_path, sizeof(device.usb_path), "%.31s", entry->path);
	return device;
}

static int fake_devices(
	struct pnp *pnp, struct pnp_device *ret, size_t room, size_t *ret_count, struct why *why)
{
	struct fake_pnp *fake = fake_of(pnp);
	struct usb_host_entry entries[ENTRY_MAX];
	size_t count, found = 0;
	int r = fake->usb->ops->list(fake->usb, entries, ENTRY_MAX, &count, why);

	for (size_t i = 0; r == 0 && i < count && i < ENTRY_MAX; i++) {
		if (entries[i].vid != 0x0483 || entries[i].pid != 0xdf11)
			continue;
		if (found < room)
			ret[found] = make_device(&entries[i], fake->drivers[found ? 1 : 0]);
		found++;
	}
	*ret_count = found;
	return r;
}

static int fake_packages(struct pnp *pnp UNUSED, struct pnp_package *ret, size_t room,
	size_t *ret_count, struct why *why UNUSED)
{
	if (room)
		*ret = (struct pnp_package){
			.published = "oem12.inf",
			.original = "stm32bootloader.inf",
			.provider = "STMicroelectronics",
			.class_name = "Universal Serial Bus devices",
			.date = "11/28/2025",
			.version = "1.3.0.0",
			.signer = "STMicroelectronics International NV",
		};
	*ret_count = 1;
	return 0;
}

static int answer(struct fake_pnp *fake, struct why *why)
{
	return fake->answer < 0 ? why_set(why, fake->answer, "the fake was told so") : 0;
}

static int fake_add(
	struct pnp *pnp, const char *source, bool install, bool elevated, struct why *why)
{
	struct fake_pnp *fake = fake_of(pnp);

	snprintf(fake->did, sizeof(fake->did), "add %s%s%s", source, install ? " install" : "",
		elevated ? " elevated" : "");
	return answer(fake, why);
}

static int fake_delete(
	struct pnp *pnp, const char *published, bool uninstall, bool elevated, struct why *why)
{
	struct fake_pnp *fake = fake_of(pnp);

	snprintf(fake->did, sizeof(fake->did), "delete %s%s%s", published,
		uninstall ? " uninstall" : "", elevated ? " elevated" : "");
	return answer(fake, why);
}

static int fake_remove(
	struct pnp *pnp, const char *instance, bool delete_driver, bool elevated, struct why *why)
{
	struct fake_pnp *fake = fake_of(pnp);

	snprintf(fake->did, sizeof(fake->did), "remove %s%s%s", instance,
		delete_driver ? " driver" : "", elevated ? " elevated" : "");
	return answer(fake, why);
}

static int fake_scan(struct pnp *pnp, struct why *why)
{
	struct fake_pnp *fake = fake_of(pnp);

	snprintf(fake->did, sizeof(fake->did), "scan");
	return answer(fake, why);
}

static const struct pnp_ops ops = {
	.name = "fake",
	.devices = fake_devices,
	.packages = fake_packages,
	.add_driver = fake_add,
	.delete_driver = fake_delete,
	.remove_device = fake_remove,
	.scan = fake_scan,
};

void fake_pnp_init(struct fake_pnp *fake, struct usb_host *usb)
{
	*fake = (struct fake_pnp){
		.pnp.ops = &ops,
		.usb = usb,
		.drivers = {&fake_driver_new, &fake_driver_new},
	};
}
