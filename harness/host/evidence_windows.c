/* SPDX-License-Identifier: MIT */
/* Evidence from Windows' Plug and Play: which driver the board has, and what Device Manager says of it. */
#include "harness/host/evidence_parts.h"

#include <string.h>

#define NODE_MAX    64
#define INSTALL_US  60000000 /* it "takes forever": rusEFI issues 6790 and 6791 */
#define LOOK_GAP_US 200000

/* Of the board at that place of the bus; of any when nobody knows which is meant. */
static bool is_meant(const struct pnp_device *node, const char *path)
{
	return node->present &&
	       (!path[0] || !node->usb_path[0] || strcmp(node->usb_path, path) == 0);
}

/* The bootloader's node before the ECU's. */
static const struct pnp_device *choose(
	const struct pnp_device *nodes, size_t count, const char *path)
{
	static const char *const ids[] = {"VID_0483&PID_DF11", "VID_0483&PID_5740"};

	for (size_t id = 0; id < ARRAY_SIZE(ids); id++)
		for (size_t i = 0; i < count; i++)
			if (is_meant(&nodes[i], path) && strcasestr(nodes[i].instance, ids[id]))
				return &nodes[i];
	return NULL;
}

static void look(struct host_os *os, const char *path, struct evidence_windows *ret)
{
	struct pnp_device nodes[NODE_MAX];
	const struct pnp_device *node;
	size_t count = 0;

	*ret = (struct evidence_windows){0};
	if (os->pnp->ops->devices(os->pnp, nodes, NODE_MAX, &count, NULL) < 0)
		return;
	ret->looked = EVIDENCE_YES;
	node = choose(nodes, count < NODE_MAX ? count : NODE_MAX, path);
	ret->present = evidence_of(node != NULL);
	if (!node)
		return;
	ret->node = *node;
	ret->bootloader = strcasestr(node->instance, "PID_DF11") != NULL;
}

/* Gives Windows the time to install the driver of a device that is new to it. */
void evidence_look_at_windows(struct host_os *os, struct evidence *ret)
{
	uint64_t start_us, passed_us = 0;

	if (!os->pnp)
		return;
	start_us = clock_now_us(os->clock);
	look(os, ret->board.path, &ret->windows);
	while (ret->windows.present == EVIDENCE_YES &&
		ret->windows.node.problem == PNP_NOT_CONFIGURED && passed_us < INSTALL_US) {
		clock_sleep_until_us(os->clock, clock_after_us(os->clock, LOOK_GAP_US));
		passed_us = clock_now_us(os->clock) - start_us;
		look(os, ret->board.path, &ret->windows);
	}
	ret->windows.waited_ms = (uint32_t)(passed_us / 1000);
}
