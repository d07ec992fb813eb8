/* SPDX-License-Identifier: MIT */
/*
 * What installs and removes drivers: pnputil, and what the "Install Drivers" button of rusEFI's console starts.
 *
 * pnputil's sentences are those of Windows 10 in public logs: pl2303-legacy issue 5 (/enum-devices), the tests of
 * PrinterManagementDsc (/add-driver, /delete-driver), learn.microsoft.com "PnPUtil command syntax". The lines with GUIDs are
 * left out. Exit codes are Windows' error numbers: 5 when nothing was added or it may not be, 259 when /install found nothing
 * to install it on; others are guessed.
 */
#include "harness/host/twin_windows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PACKAGE_MAX 64

/* Windows' error numbers. */
#define ERROR_ACCESS_DENIED 5
#define ERROR_NO_MORE_ITEMS 259
#define ERROR_FAILURE       1

#define LABEL "%-27s " /* of a value in pnputil's lists */

/* ---- packages ---- */

struct packages {
	struct pnp_package *at; /* owned */
	size_t count;
};

static void packages_done(struct packages *packages)
{
	free(packages->at);
}

static int packages_read(struct host_os *os, struct packages *ret)
{
	int r;

	*ret = (struct packages){.at = calloc(PACKAGE_MAX, sizeof(*ret->at))};
	if (!ret->at)
		return -ENOMEM;
	r = os->pnp->ops->packages(os->pnp, ret->at, PACKAGE_MAX, &ret->count, NULL);
	if (ret->count > PACKAGE_MAX)
		ret->count = PACKAGE_MAX;
	return r;
}

static const struct pnp_package *find_package(
	const struct packages *packages, const char *published)
{
	for (size_t i = 0; i < packages->count; i++)
		if (strcasecmp(packages->at[i].published, published) == 0)
			return &packages->at[i];
	return NULL;
}

/* Those that came with Windows are not listed. */
static int enum_drivers(struct host_os *os, struct buf *out)
{
	CLEANUP(packages_done) struct packages packages;
	int r = packages_read(os, &packages);

	for (size_t i = 0; r == 0 && i < packages.count; i++) {
		const struct pnp_package *package = &packages.at[i];

		if (package->inbox)
			continue;
		SAY(out, "%-19s %s\r\n", "Published Name:", package->published);
		SAY(out, "%-19s %s\r\n", "Original Name:", package->original);
		SAY(out, "%-19s %s\r\n", "Provider Name:", package->provider);
		SAY(out, "%-19s %s\r\n", "Class Name:", package->class_name);
		SAY(out, "%-19s %s %s\r\n", "Driver Version:", package->date, package->version);
		SAY(out, "%-19s %s\r\n\r\n", "Signer Name:", package->signer);
	}
	return r < 0 ? ERROR_FAILURE : 0;
}

/* ---- devices ---- */

static const char *problem_name(uint32_t problem)
{
	static const struct {
		uint32_t code;
		const char *name;
	} names[] = {
		{PNP_NOT_CONFIGURED, "CM_PROB_NOT_CONFIGURED"},
		{PNP_CANNOT_START, "CM_PROB_FAILED_START"},
		{PNP_NO_DRIVER, "CM_PROB_FAILED_INSTALL"},
		{PNP_NOT_PRESENT, "CM_PROB_PHANTOM"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].code == problem)
			return names[i].name;
	return "CM_PROB";
}

static const char *or_unknown(const char *text)
{
	return text[0] ? text : "Unknown";
}

static void say_device(struct buf *out, const struct pnp_device *device)
{
	bool problem = device->present && device->problem != PNP_OK;

	SAY(out, LABEL "%s\r\n", "Instance ID:", device->instance);
	SAY(out, LABEL "%s\r\n", "Device Description:", or_unknown(device->caption));
	SAY(out, LABEL "%s\r\n", "Class Name:", or_unknown(device->class_name));
	SAY(out, LABEL "%s\r\n", "Manufacturer Name:", or_unknown(device->manufacturer));
	SAY(out, LABEL "%s\r\n", "Status:",
		!device->present ? "Disconnected"
		: problem        ? "Problem"
				 : "Started");
	if (problem)
		SAY(out, LABEL "%u (0x%X) [%s]\r\n", "Problem Code:", device->problem,
			device->problem, problem_name(device->problem));
	if (device->inf[0])
		SAY(out, LABEL "%s\r\n", "Driver Name:", device->inf);
	SAY(out, "\r\n");
}

static bool is_asked_for(char *const argv[], const struct pnp_device *device)
{
	const char *instance = windows_value_of(argv, "/instanceid");

	if (instance && strcasecmp(instance, device->instance) != 0)
		return false;
	if (windows_has_word(argv, "/problem") && (!device->present || device->problem == PNP_OK))
		return false;
	if (windows_has_word(argv, "/connected") && !device->present)
		return false;
	return !windows_has_word(argv, "/disconnected") || !device->present;
}

static int enum_devices(struct host_os *os, char *const argv[], struct buf *out)
{
	CLEANUP(windows_devices_done) struct windows_devices devices;
	int r = windows_devices_read(os, &devices);
	size_t said = 0;

	for (size_t i = 0; r == 0 && i < devices.count; i++) {
		if (!is_asked_for(argv, &devices.at[i]))
			continue;
		say_device(out, &devices.at[i]);
		said++;
	}
	if (r == 0 && !said)
		SAY(out, "No devices were found on the system.\r\n");
	return r < 0 ? ERROR_FAILURE : 0;
}

/* ---- changes ---- */

/* What Windows says to an error, and its number. */
static int refuse(struct buf *out, const char *what, int r, const struct why *why)
{
	SAY(out, "%s: %s\r\n", what, r == -EPERM ? "Access is denied." : why_text(why));
	return r == -EPERM ? ERROR_ACCESS_DENIED : ERROR_FAILURE;
}

/* What there is: to tell what an installation has changed. */
struct state {
	struct windows_devices devices;
	struct packages packages;
};

static void state_done(struct state *state)
{
	windows_devices_done(&state->devices);
	packages_done(&state->packages);
}

/* CLEANUP(state_done) in all cases. */
static int state_read(struct host_os *os, struct state *ret)
{
	int r;

	*ret = (struct state){0};
	r = windows_devices_read(os, &ret->devices);
	return r < 0 ? r : packages_read(os, &ret->packages);
}

/* The package that is there now and was not before; NULL: it was there already. */
static const struct pnp_package *added_package(
	const struct state *before, const struct state *after)
{
	for (size_t i = 0; i < after->packages.count; i++)
		if (!find_package(&before->packages, after->packages.at[i].published))
			return &after->packages.at[i];
	return NULL;
}

static bool had_driver(const struct state *before, const struct pnp_device *device)
{
	for (size_t i = 0; i < before->devices.count; i++)
		if (strcmp(before->devices.at[i].instance, device->instance) == 0 &&
			strcmp(before->devices.at[i].inf, device->inf) == 0)
			return true;
	return false;
}

/* Devices with a driver that they did not have before. Returns their number. */
static size_t say_installed(struct buf *out, const struct state *before, const struct state *after)
{
	size_t installed = 0;

	for (size_t i = 0; i < after->devices.count; i++) {
		const struct pnp_device *device = &after->devices.at[i];

		if (!device->inf[0] || had_driver(before, device))
			continue;
		SAY(out, "Driver package installed on device: %s\r\n", device->instance);
		installed++;
	}
	return installed;
}

static const char *file_name(const char *path)
{
	const char *name = path;

	for (; *path; path++)
		if (*path == '/' || *path == '\\')
			name = path + 1;
	return name;
}

/* It was added, or had been before. Returns the exit code. */
static int say_added(
	const struct state *before, const struct state *after, bool install, struct buf *out)
{
	const struct pnp_package *added = added_package(before, after);
	size_t installed;

	SAY(out, "Driver package added successfully.%s\r\n",
		added ? "" : " (Already exists in the system)");
	if (added)
		SAY(out, "Published Name:         %s\r\n", added->published);
	installed = install ? say_installed(out, before, after) : 1;
	SAY(out, "\r\nTotal driver packages:  1\r\nAdded driver packages:  %d\r\n", added ? 1 : 0);
	if (!installed)
		return ERROR_NO_MORE_ITEMS;
	return added ? 0 : ERROR_ACCESS_DENIED;
}

static int add_driver(struct host_os *os, const char *source, bool install, struct buf *out)
{
	CLEANUP(state_done) struct state before, after = {0};
	struct why why = {0};
	int r = state_read(os, &before);

	if (r < 0)
		return ERROR_FAILURE;
	SAY(out, "Adding driver package:  %s\r\n", file_name(source));
	r = os->pnp->ops->add_driver(os->pnp, source, install, !os->unelevated, &why);
	if (r < 0) {
		(void)refuse(out, "Failed to add driver package", r, &why);
		SAY(out, "\r\nTotal driver packages:  1\r\nAdded driver packages:  0\r\n");
		return ERROR_ACCESS_DENIED;
	}
	return state_read(os, &after) < 0 ? ERROR_FAILURE
					  : say_added(&before, &after, install, out);
}

static int delete_driver(struct host_os *os, const char *published, bool uninstall, struct buf *out)
{
	struct why why = {0};
	int r = os->pnp->ops->delete_driver(os->pnp, published, uninstall, !os->unelevated, &why);

	if (r == -EBUSY)
		why_set(&why, r,
			"One or more devices are presently installed using the specified INF.");
	if (r < 0)
		return refuse(out, "Failed to delete driver package", r, &why);
	if (uninstall)
		SAY(out, "Driver package uninstalled.\r\n");
	SAY(out, "Driver package deleted successfully.\r\n");
	return 0;
}

static int remove_device(struct host_os *os, const char *instance, struct buf *out)
{
	struct why why = {0};
	int r;

	SAY(out, "Removing device:        %s\r\n\r\n", instance);
	r = os->pnp->ops->remove_device(os->pnp, instance, false, !os->unelevated, &why);
	if (r < 0)
		return refuse(out, "Failed to remove device", r, &why);
	SAY(out, "Device removed successfully.\r\n");
	return 0;
}

static int scan_devices(struct host_os *os, struct buf *out)
{
	struct why why = {0};
	int r;

	SAY(out, "Scanning for device hardware changes.\r\n\r\n");
	if (os->unelevated)
		return refuse(out, "Failed to scan for device hardware changes", -EPERM, &why);
	r = os->pnp->ops->scan(os->pnp, &why);
	if (r < 0)
		return refuse(out, "Failed to scan for device hardware changes", r, &why);
	SAY(out, "Scan complete.\r\n");
	return 0;
}

static int pnputil_main(const struct host_program *program UNUSED, struct host_os *os,
	char *const argv[], struct buf *out)
{
	const char *command = argv[1] ? argv[1] : "", *what = argv[1] ? argv[2] : NULL;

	SAY(out, "Microsoft PnP Utility\r\n\r\n");
	if (strcasecmp(command, "/enum-drivers") == 0)
		return enum_drivers(os, out);
	if (strcasecmp(command, "/enum-devices") == 0)
		return enum_devices(os, argv, out);
	if (strcasecmp(command, "/scan-devices") == 0)
		return scan_devices(os, out);
	if (what && strcasecmp(command, "/add-driver") == 0)
		return add_driver(os, what, windows_has_word(argv, "/install"), out);
	if (what && strcasecmp(command, "/delete-driver") == 0)
		return delete_driver(os, what, windows_has_word(argv, "/uninstall"), out);
	if (what && strcasecmp(command, "/remove-device") == 0)
		return remove_device(os, what, out);
	SAY(out, "PNPUTIL [/add-driver <...> | /delete-driver <...> | /enum-drivers |\r\n"
		 "         /enum-devices [<...>] | /remove-device <...> | /scan-devices]\r\n");
	return ERROR_FAILURE;
}

/* ---- "Install Drivers" ---- */

/* An archive that unpacks itself; -y: without asking. */
static int unpack_main(const struct host_program *program UNUSED, struct host_os *os UNUSED,
	char *const argv[] UNUSED, struct buf *out)
{
	SAY(out, "Extracting silent_st_drivers\r\n");
	return 0;
}

/* The batch file asks for an administrator's rights and starts itself once more with them; the first one ends at once and
 * knows nothing of the second. So nothing tells a person who said no, or was not asked, that no driver was installed [rusEFI
 * issue 4313]. The other drivers that it installs (VCP, ST-LINK) have no part here. */
static int install_main(const struct host_program *program UNUSED, struct host_os *os,
	char *const argv[] UNUSED, struct buf *out)
{
	SAY(out, "Requesting administrative privileges...\r\n");
	if (!os->unelevated)
		(void)!os->pnp->ops->add_driver(os->pnp, "st-bootloader", true, true, NULL);
	return 0;
}

const struct host_program twin_pnputil = {
	.name = "pnputil",
	.main = pnputil_main,
	.source = "learn.microsoft.com, PnPUtil; pl2303-legacy issue 5; tests of "
		  "PrinterManagementDsc",
	.on = HOST_ON_WINDOWS,
};

const struct host_program twin_st_drivers = {
	.name = "silent_st_drivers2",
	.main = unpack_main,
	.source = "rusEFI's DriverInstall: silent_st_drivers2.exe -y",
	.on = HOST_ON_WINDOWS,
};

const struct host_program twin_install_drivers = {
	.name = "silent_install_windows8",
	.main = install_main,
	.source = "rusEFI's silent_install_windows8.bat; rusEFI issues 4313, 4475 and 4476",
	.on = HOST_ON_WINDOWS,
};
