/* SPDX-License-Identifier: MIT */
/* Which port has the ECU. */
#include "harness/flasher/update_state.h"

#include "harness/dfu/stm32_serial.h"
#include "harness/ts/xcp.h"

#include <errno.h>
#include <string.h>

#define ECU_VID 0x0483 /* rusEFI usbcfg.cpp; OpenBLT has the same */
#define ECU_PID 0x5740

/* What came of looking at one port, the worse the higher: what is told when there is no ECU. */
struct finding {
	enum flasher_reason reason;
	struct why why;
	bool openblt; /* on one of the ports; asking it again changes nothing */
};

struct round {
	struct serial_port_entry entries[UPDATE_PORT_MAX];
	size_t count;
	size_t ecus; /* ports with one that answered */
	struct finding worst;
};

void update_close_ecu(struct update_ecu *ecu)
{
	if (!ecu->port)
		return;
	ts_client_done(&ecu->ts);
	ecu->port->ops->close(ecu->port);
	ecu->port = NULL;
}

static int list(struct update *update, struct round *round, struct why *why)
{
	struct serial_host *host = update->os->serial;
	int r;

	*round = (struct round){.worst.reason = FLASHER_NO_REASON};
	if (!host)
		return 0;
	r = host->ops->list(host, round->entries, UPDATE_PORT_MAX, &round->count, why);
	if (round->count > UPDATE_PORT_MAX)
		round->count = UPDATE_PORT_MAX;
	return r;
}

/* The console leaves the machine's own UARTs alone. */
static bool is_candidate(const struct update *update, const struct serial_port_entry *entry)
{
	const char *port = update->options->port;

	if (port)
		return strcmp(port, entry->name) == 0 || strcmp(port, entry->link) == 0;
	if (update->profile->find.usb_only)
		return entry->vid == ECU_VID && entry->pid == ECU_PID;
	return strncmp(entry->name, "/dev/ttyS", 9) != 0;
}

static void keep_worst(struct finding *worst, enum flasher_reason reason, const struct why *why)
{
	if (worst->reason != FLASHER_NO_REASON && worst->reason >= reason)
		return;
	worst->reason = reason;
	worst->why = *why;
}

/* ---- one port ---- */

static enum flasher_reason open_reason(int r)
{
	if (r == -EBUSY)
		return FLASHER_PORT_HELD;
	if (r == -EACCES || r == -EPERM)
		return FLASHER_NO_PERMISSION;
	return FLASHER_NO_ECU;
}

static int open_port(struct update *update, const struct serial_port_entry *entry,
	struct update_ecu *ret, struct why *why)
{
	int r = update->os->serial->ops->open(update->os->serial, entry->name, &ret->port, why);

	if (r < 0) {
		ret->port = NULL;
		return r;
	}
	ret->entry = *entry;
	ts_client_init(&ret->ts, ret->port);
	return 0;
}

/* True when OpenBLT answers CONNECT. An ECU drops it, or takes it for the beginning of a long frame. */
static bool is_openblt(struct update *update, struct serial_port *port)
{
	static const uint8_t connect[] = {2, XCP_CONNECT, 0};
	uint32_t ms = update->profile->find.xcp_probe_ms ? update->profile->find.xcp_probe_ms : 250;
	uint8_t answer[16];
	int n;

	if (port->ops->write(port, connect, sizeof(connect), ms) < 0)
		return false;
	n = port->ops->read(port, answer, sizeof(answer), ms);
	return n >= 2 && answer[1] == XCP_PID_RESPONSE;
}

static int probe_openblt_first(struct update *update, struct update_ecu *ecu, bool *ret_openblt)
{
	int r;

	*ret_openblt = false;
	if (!update->profile->find.xcp_probe_ms)
		return 0;
	*ret_openblt = is_openblt(update, ecu->port);
	r = update_wait(update, update->profile->find.xcp_pause_ms);
	ecu->port->ops->drop_input(ecu->port);
	return r;
}

static uint32_t answer_ms(const struct update *update, uint64_t until_us)
{
	uint64_t now_us = clock_now_us(update->os->clock);
	uint64_t left_ms = until_us > now_us ? (until_us - now_us) / 1000 + 1 : 1;

	return left_ms < update->profile->find.signature_ms ? (uint32_t)left_ms
							    : update->profile->find.signature_ms;
}

/* Asks until the attempts or the port's time are over. *ret_r is what the last attempt came to; -EOPNOTSUPP: OpenBLT. */
static int ask_signature(struct update *update, struct update_ecu *ecu, int *ret_r, struct why *why)
{
	const struct update_find *find = &update->profile->find;
	uint64_t until_us = clock_after_us(update->os->clock, find->port_ms * UINT64_C(1000));

	for (unsigned int i = 0;;) {
		int r;

		*ret_r = ts_client_signature(
			&ecu->ts, false, answer_ms(update, until_us), ecu->signature, why);
		if (*ret_r == -ETIMEDOUT && find->usb_only && i == 0 &&
			is_openblt(update, ecu->port))
			*ret_r = -EOPNOTSUPP;
		if (*ret_r == 0 || *ret_r == -ENODEV || *ret_r == -EOPNOTSUPP)
			return 0;
		if (++i >= find->attempts || update_has(update, UPDATE_FLAW_ASKS_ONCE) ||
			update_is_over(update, until_us))
			return 0;
		r = update_wait(update, find->attempt_gap_ms);
		if (r < 0)
			return r;
		ecu->port->ops->drop_input(ecu->port);
	}
}

static enum flasher_reason signature_reason(int r)
{
	return r == -ETIMEDOUT || r == -ENODEV || r == -EIO || r == -EOPNOTSUPP
		       ? FLASHER_NO_ECU
		       : FLASHER_BAD_ANSWER;
}

/* An open port. *ret_r 0: an ECU, its signature read. */
static int probe_open(
	struct update *update, struct update_ecu *ecu, struct finding *worst, int *ret_r)
{
	bool openblt;
	struct why why = {0};
	int r = probe_openblt_first(update, ecu, &openblt);

	if (r < 0)
		return r;
	*ret_r = -EOPNOTSUPP;
	if (!openblt)
		r = ask_signature(update, ecu, ret_r, &why);
	if (r < 0 || *ret_r == 0)
		return r;
	if (*ret_r == -EOPNOTSUPP) {
		worst->openblt = true;
		why_set(&why, 0, "OpenBLT answers, not an ECU");
	}
	why_prefix(&why, 0, "%s", ecu->entry.name);
	keep_worst(worst, signature_reason(*ret_r), &why);
	return 0;
}

/* *ret_r 0: *ret is open and an ECU. Else nothing is open, and worst knows. */
static int probe_port(struct update *update, const struct serial_port_entry *entry,
	struct update_ecu *ret, struct finding *worst, int *ret_r)
{
	struct update_ecu ecu = {0};
	struct why why = {0};
	int r;

	*ret_r = open_port(update, entry, &ecu, &why);
	if (*ret_r < 0) {
		if (strncmp(why_text(&why), entry->name, strlen(entry->name)) != 0)
			why_prefix(&why, 0, "%s", entry->name);
		keep_worst(worst, open_reason(*ret_r), &why);
		return 0;
	}
	r = probe_open(update, &ecu, worst, ret_r);
	if (r < 0 || *ret_r < 0) {
		update_close_ecu(&ecu);
		return r;
	}
	*ret = ecu;
	return 0;
}

/* ---- a round over all ports ---- */

/* What is looked for. */
struct search {
	/* Whether a port is one to be asked. */
	bool (*wanted)(const struct update *update, const struct serial_port_entry *entry);
	bool first;      /* no further when one is found */
	bool no_openblt; /* not again when OpenBLT is there */
	uint32_t gap_ms;
	uint64_t until_us;
	uint64_t held_until_us; /* as long as nothing but a port that is held stands in the way */
};

/* The first ECU stays open in update->ecu; the others are only counted. */
static int look_round(struct update *update, const struct search *search, struct round *round)
{
	for (size_t i = 0; i < round->count; i++) {
		struct update_ecu ecu = {0};
		int found, r;

		if (!search->wanted(update, &round->entries[i]))
			continue;
		r = probe_port(update, &round->entries[i], &ecu, &round->worst, &found);
		if (r < 0)
			return r;
		if (found < 0)
			continue;
		if (round->ecus++ == 0)
			update->ecu = ecu;
		else
			update_close_ecu(&ecu);
		if (search->first)
			return 0;
	}
	return 0;
}

static int several(struct update *update, const struct round *round)
{
	update_close_ecu(&update->ecu);
	return update_fail(update, FLASHER_SEVERAL_ECUS, "%zu ECUs answer; say which with --port",
		round->ecus);
}

/* Rounds until an ECU is there. *round is the last one. */
static int look_until(struct update *update, const struct search *search, struct round *round)
{
	struct why why = {0};

	bool told = false;

	for (;;) {
		uint64_t until_us;
		int r = list(update, round, &why);

		if (r < 0)
			return update_fail(update, FLASHER_NO_ECU, "%s", why_text(&why));
		r = look_round(update, search, round);
		until_us = round->worst.reason == FLASHER_PORT_HELD ? search->held_until_us
								    : search->until_us;
		if (r < 0 || round->ecus || update_is_over(update, until_us) ||
			(round->worst.openblt && search->no_openblt))
			return r;
		if (!told && round->worst.reason == FLASHER_PORT_HELD &&
			search->held_until_us > search->until_us)
			update_say(update, "%s; waiting for it", why_text(&round->worst.why));
		told |= round->worst.reason == FLASHER_PORT_HELD;
		r = update_wait(update, search->gap_ms);
		if (r < 0)
			return r;
	}
}

static int none_found(struct update *update, const struct finding *worst)
{
	if (worst->reason == FLASHER_NO_REASON)
		return update_fail(update, FLASHER_NO_ECU, "%s%s",
			update->options->port ? update->options->port : "there is no port",
			update->options->port ? " is no port of an ECU" : " of an ECU");
	return update_fail(update, worst->reason, "%s", why_text(&worst->why));
}

/* The number that its USB device has now: another one later is another life of it. */
static uint8_t find_devnum(struct update *update)
{
	struct usb_host_entry entries[UPDATE_USB_MAX];
	struct usb_host *usb = update->os->usb;
	size_t count = 0;

	if (!usb || !update->ecu.entry.usb_path[0] ||
		usb->ops->list(usb, entries, UPDATE_USB_MAX, &count, NULL) < 0)
		return 0;
	for (size_t i = 0; i < count && i < UPDATE_USB_MAX; i++)
		if (strcmp(entries[i].path, update->ecu.entry.usb_path) == 0)
			return entries[i].devnum;
	return 0;
}

int update_find_ecu(struct update *update)
{
	const struct update_find *find = &update->profile->find;
	uint32_t limit_ms = update_has(update, UPDATE_FLAW_ASKS_ONCE) ? 0 : find->limit_ms;
	struct search search = {
		.wanted = is_candidate,
		.first = find->first_wins,
		.no_openblt = find->usb_only,
		.gap_ms = find->round_gap_ms,
		.until_us = clock_after_us(update->os->clock, limit_ms * UINT64_C(1000)),
		.held_until_us = clock_after_us(update->os->clock,
			(limit_ms ? limit_ms + find->held_ms : 0) * UINT64_C(1000)),
	};
	struct update_result *result = update->result;
	struct round round;
	int r = look_until(update, &search, &round);

	if (r < 0)
		return r;
	if (!round.ecus)
		return none_found(update, &round.worst);
	if (round.ecus > 1)
		return several(update, &round);
	update->ecu_devnum = find_devnum(update);
	memcpy(result->port, update->ecu.entry.name, sizeof(result->port));
	memcpy(result->ecu_serial, update->ecu.entry.serial, sizeof(result->ecu_serial));
	memcpy(result->before, update->ecu.signature, sizeof(result->before));
	update_say(update, "ECU on %s: %s%s%s", result->port, result->before,
		result->ecu_serial[0] ? ", serial " : "", result->ecu_serial);
	return 0;
}

int update_reopen_ecu(struct update *update)
{
	struct finding worst = {0};
	struct serial_port_entry entry = update->ecu.entry;
	int found = 0, r;

	update_close_ecu(&update->ecu);
	r = probe_port(update, &entry, &update->ecu, &worst, &found);
	if (r < 0)
		return r;
	return found < 0 ? none_found(update, &worst) : 0;
}

/* ---- after the update ---- */

/* The very ECU; when only its bootloader was seen, the one of the same chip. */
static bool is_same_ecu(const struct update *update, const struct serial_port_entry *entry)
{
	const char *serial = update->result->ecu_serial;

	if (entry->vid != ECU_VID || entry->pid != ECU_PID)
		return false;
	if (update_has(update, UPDATE_FLAW_ANY_ECU))
		return true;
	if (serial[0])
		return strcmp(serial, entry->serial) == 0;
	return stm32_serial_match(entry->serial, update->dfu.serial) != STM32_SERIAL_OTHER;
}

static bool is_any_port(const struct update *update UNUSED, const struct serial_port_entry *entry)
{
	return strncmp(entry->name, "/dev/ttyS", 9) != 0;
}

int update_await_ecu(struct update *update, uint64_t until_us)
{
	const struct update_after *after = &update->profile->after;
	struct search search = {
		.wanted = after->same_serial ? is_same_ecu : is_any_port,
		.first = after->same_serial,
		.gap_ms = after->gap_ms,
		.until_us = until_us,
		.held_until_us = until_us,
	};
	struct round round;
	int r = look_until(update, &search, &round);

	if (r < 0)
		return r;
	if (round.ecus > 1)
		return several(update, &round);
	if (round.ecus) {
		memcpy(update->result->port, update->ecu.entry.name, sizeof(update->result->port));
		memcpy(update->result->after, update->ecu.signature, sizeof(update->result->after));
		update_say(update, "ECU is back on %s: %s", update->result->port,
			update->result->after);
		return 0;
	}
	if (round.worst.reason != FLASHER_NO_REASON)
		return update_fail(update, FLASHER_NO_ECU_AFTER,
			"the image is in, but no ECU came back: %s", why_text(&round.worst.why));
	return update_fail(
		update, FLASHER_NO_ECU_AFTER, "the image is in, but no ECU came back on USB");
}
