/* SPDX-License-Identifier: MIT */
/* Evidence from Windows' Plug and Play: which driver the board has, and what Device Manager says of it. */
#include "harness/host/evidence_parts.h"

#include <string.h>

#define NODE_MAX 64

/* The bootloader's node before the ECU's. */
static const struct pnp_device *choose(const struct pnp_device *nodes, size_t count)
{
	static const char *const ids[] = {"VID_0483&PID_DF11", "VID_0483&PID_5740"};

	for (size_t id = 0; id < ARRAY_SIZE(ids); id++)
		for (size_t i = 0; i < count; i++)
			if (nodes[i].present && strcasestr(nodes[i].instance, ids[id]))
				return &nodes[i];
	return NULL;
}

void evidence_look_at_windows(struct host_os *os, struct evidence *ret)
{
	struct pnp_device nodes[NODE_MAX];
	const struct pnp_device *node;
	size_t count = 0;

	if (!os->pnp)
		return;
	ret->windows = (struct evidence_windows){0};
	if (os->pnp->ops->devices(os->pnp, nodes, NODE_MAX, &count, NULL) < 0)
		return;
	ret->windows.looked = EVIDENCE_YES;
	node = choose(nodes, count < NODE_MAX ? count : NODE_MAX);
	ret->windows.present = evidence_of(node != NULL);
	if (!node)
		return;
	ret->windows.node = *node;
	ret->windows.bootloader = strcasestr(node->instance, "PID_DF11") != NULL;
}
