/* SPDX-License-Identifier: MIT */
#include "harness/cli/ecu_link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PORTS_MAX 64
/* A first short try, so that a port without an ECU does not cost much; then as long as an answer may take. */
#define FIRST_TRY_MS 1000
#define GIVE_UP_US   1100000 /* rusEFI waits 1 s for the rest of a frame [rusEFI tunerstudio.cpp] */

void ecu_link_close(struct ecu_link *link)
{
	ts_client_done(&link->ts);
	if (link->port)
		link->port->ops->close(link->port);
	link->port = NULL;
}

static bool is_openblt(struct ecu_link *link)
{
	struct xcp_client xcp;

	link->port->ops->drop_input(link->port);
	xcp_client_init(&xcp, link->port);
	return xcp_client_probe(&xcp, &link->loader, NULL) == XCP_PROBE_OPENBLT;
}

/* Lets an ECU give the probe up, which it took for the beginning of a frame. */
static void let_give_up(struct ecu_link *link)
{
	struct clock *clock = link->port->host->clock;

	clock_sleep_until_us(clock, clock_after_us(clock, GIVE_UP_US));
	link->port->ops->drop_input(link->port);
}

/* Who answers on the open port: S first, because an ECU that is in sync takes the probe of OpenBLT for the beginning of
 * a long frame; then that probe; then S with all the time that an answer may take. */
static int find_out(struct ecu_link *link, struct why *why)
{
	int r = ts_client_signature(&link->ts, false, FIRST_TRY_MS, link->signature, why);

	link->kind = ECU_LINK_ECU;
	if (r != -ETIMEDOUT && r != -EILSEQ && r != -EREMOTEIO)
		return r;
	if (is_openblt(link)) {
		link->kind = ECU_LINK_OPENBLT;
		return 0;
	}
	let_give_up(link);
	return ts_client_signature(&link->ts, false, 0, link->signature, why);
}

/* Opens a port whose entry is known, and finds out who is there. */
static int open_entry(struct ecu_link *link, struct serial_host *serial,
	const struct serial_port_entry *entry, bool openblt, struct why *why)
{
	int r;

	memset(link, 0, sizeof(*link));
	link->entry = *entry;
	r = serial->ops->open(serial, entry->name, &link->port, why);
	if (r < 0)
		return r;
	ts_client_init(&link->ts, link->port);
	r = find_out(link, why);
	if (r < 0)
		return why_prefix(why, r, "%s", entry->name);
	if (link->kind == ECU_LINK_OPENBLT && !openblt)
		return why_set(why, -ENODEV, "%s: OpenBLT answers there, no ECU", entry->name);
	return 0;
}

static bool is_named(const struct serial_port_entry *entry, const char *name)
{
	return strcmp(entry->name, name) == 0 || strcmp(entry->link, name) == 0;
}

/* The list: at most PORTS_MAX ports. */
struct ports {
	struct serial_port_entry entries[PORTS_MAX];
	size_t count;
};

static int list(struct serial_host *serial, struct ports *ret, struct why *why)
{
	int r = serial->ops->list(serial, ret->entries, PORTS_MAX, &ret->count, why);

	if (ret->count > PORTS_MAX)
		ret->count = PORTS_MAX;
	return r;
}

static int open_named(struct ecu_link *link, struct serial_host *serial, const char *name,
	bool openblt, struct why *why)
{
	struct serial_port_entry entry = {0};
	struct ports ports;
	int r = list(serial, &ports, why);

	if (r < 0)
		return r;
	snprintf(entry.name, sizeof(entry.name), "%.*s", (int)sizeof(entry.name) - 1, name);
	for (size_t i = 0; i < ports.count; i++)
		if (is_named(&ports.entries[i], name))
			entry = ports.entries[i];
	return open_entry(link, serial, &entry, openblt, why);
}

/* What the search over all ports has found. */
struct search {
	size_t found;
	int err;            /* of the first port that was none */
	char answered[256]; /* ", " between them */
	struct why reason;  /* of the first port that was none */
};

static void note_answer(struct search *search, const struct ecu_link *link)
{
	size_t used = strlen(search->answered);

	snprintf(search->answered + used, sizeof(search->answered) - used, "%s%s (%s)",
		used ? ", " : "", link->entry.name,
		*link->entry.serial ? link->entry.serial : "no serial number");
	search->found++;
}

/* Asks one port after the other. The only one that answers stays open in *link. */
static void search_all(struct search *search, struct ecu_link *link, struct serial_host *serial,
	const struct ports *ports, bool openblt)
{
	for (size_t i = 0; i < ports->count; i++) {
		const struct serial_port_entry *entry = &ports->entries[i];
		struct ecu_link other;
		struct why why = {""};
		int r;

		if (entry->vid != ECU_LINK_VID || entry->pid != ECU_LINK_PID)
			continue;
		r = open_entry(&other, serial, entry, openblt, &why);
		if (r == 0)
			note_answer(search, &other);
		if (r == 0 && search->found == 1) {
			*link = other;
			continue;
		}
		ecu_link_close(&other);
		if (r < 0 && !search->err) {
			search->err = r;
			search->reason = why;
		}
	}
}

static int open_auto(
	struct ecu_link *link, struct serial_host *serial, bool openblt, struct why *why)
{
	struct search search = {0};
	struct ports ports;
	int r = list(serial, &ports, why);

	if (r < 0)
		return r;
	search_all(&search, link, serial, &ports, openblt);
	if (search.found == 1)
		return 0;
	if (search.found > 1)
		return why_set(why, -EMLINK, "several ECUs answer: %s; choose one with --port",
			search.answered);
	if (search.err)
		return why_set(why, search.err, "no ECU: %s", why_text(&search.reason));
	return why_set(why, -ENODEV, "no ECU: no serial port of a rusEFI (%04x:%04x) is there",
		ECU_LINK_VID, ECU_LINK_PID);
}

int ecu_link_open(struct ecu_link *ret, struct serial_host *serial, const char *name, bool openblt,
	struct why *why)
{
	memset(ret, 0, sizeof(*ret));
	return strcmp(name, "auto") == 0 ? open_auto(ret, serial, openblt, why)
					 : open_named(ret, serial, name, openblt, why);
}
