/* SPDX-License-Identifier: MIT */
/* The sync machine, by a table: bytes and pauses in, what it did with them out. */
#include "simulators/ecu/ts_server.h"

#include "harness/base/attr.h"
#include "harness/base/clock.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PAYLOAD 100

struct rig {
	struct ts_server server;
	uint64_t now_us;
	char did[200]; /* a word each: "plain:S", "request:L", "error:82", "dropped:3" */
};

static void did(struct rig *rig, const char *word)
{
	size_t used = strlen(rig->did);

	snprintf(rig->did + used, sizeof(rig->did) - used, "%s%s", used ? " " : "", word);
}

static bool is_plain(const struct ts_server *server, uint8_t byte)
{
	(void)server;
	return byte == 'S';
}

static void plain(struct ts_server *server, uint8_t byte)
{
	char word[16];

	snprintf(word, sizeof(word), "plain:%c", byte);
	did(server->owner, word);
}

static bool is_known(const struct ts_server *server, uint8_t command)
{
	(void)server;
	return command == 'L' || command == 'S';
}

static void request(struct ts_server *server, const uint8_t *payload, size_t size)
{
	char word[16];

	(void)size;
	snprintf(word, sizeof(word), "request:%c", payload[0]);
	did(server->owner, word);
}

static void error(struct ts_server *server, enum ts_code code)
{
	char word[16];

	snprintf(word, sizeof(word), "error:%02x", code);
	did(server->owner, word);
}

static void dropped(struct ts_server *server, size_t size, const char *reason)
{
	char word[32];

	(void)reason;
	snprintf(word, sizeof(word), "dropped:%zu", size);
	did(server->owner, word);
}

static const struct ts_server_ops ops = {
	.is_plain = is_plain,
	.plain = plain,
	.is_known = is_known,
	.request = request,
	.error = error,
	.dropped = dropped,
};

static void init(struct rig *rig)
{
	*rig = (struct rig){.now_us = 5000000};
	ts_server_init(&rig->server, &ops, rig, MAX_PAYLOAD);
}

static void done(struct rig *rig)
{
	ts_server_done(&rig->server);
}

static void wait_ms(struct rig *rig, uint32_t ms)
{
	uint64_t end_us = rig->now_us + ms * UINT64_C(1000);

	while (ts_server_deadline_us(&rig->server) <= end_us) {
		rig->now_us = ts_server_deadline_us(&rig->server);
		ts_server_tick(&rig->server, rig->now_us);
	}
	rig->now_us = end_us;
}

/* "00 01 4c", "+20" for a pause in ms. */
static void play(struct rig *rig, const char *script)
{
	char *end;

	for (const char *at = script; *at; at = end + strspn(end, " ")) {
		uint8_t byte;

		if (*at == '+') {
			wait_ms(rig, (uint32_t)strtoul(at + 1, &end, 10));
			continue;
		}
		byte = (uint8_t)strtoul(at, &end, 16);
		cr_assert(end > at);
		ts_server_feed(&rig->server, &byte, 1, rig->now_us);
	}
}

#define L     "00 01 4c ad 68 e2 36"
#define L_BAD "00 01 4c ad 68 e2 37"
#define W     "00 01 57 27 0d 2b da"

struct row {
	const char *name;
	const char *script, *did;
	bool older;
};

static const struct row rows[] = {
	{"a good frame out of sync", L, "request:L", false},
	{"two frames at once", L " " L, "request:L request:L", false},
	{"a plain command", "53", "plain:S", false},
	{"plain commands at once", "53 53", "plain:S plain:S", false},
	{"a plain command leaves it in sync", L " 53 " L_BAD, "request:L plain:S error:82", false},
	{"bad CRC out of sync", L_BAD, "dropped:7", false},
	{"bad CRC in sync", L " " L_BAD, "request:L error:82", false},
	{"an error ends the sync", L " " L_BAD " " L_BAD, "request:L error:82 dropped:7", false},
	{"unknown out of sync: the rest is looked at anew", W, "dropped:3 dropped:2 dropped:2",
		false},
	{"unknown in sync", L " " W, "request:L error:83", false},
	{"bad length out of sync", "ff ff", "dropped:2", false},
	{"bad length in sync", L " ff ff", "request:L error:84", false},
	{"length 0 in sync", L " 00 00", "request:L error:84", false},
	{"the largest length", L " 00 64 +1001", "request:L error:80", false},
	{"one more is too long", L " 00 65", "request:L error:84", false},
	{"a second byte is late", "00 +11", "dropped:1", false},
	{"a second byte is late in sync", L " 00 +11 " L_BAD, "request:L dropped:1 dropped:7",
		false},
	{"a second byte in time", "00 +9 01 4c ad 68 e2 36", "request:L", false},
	{"the command byte is late", "00 01 +11 " L, "dropped:2 request:L", false},
	{"the rest is late", "00 01 4c ad +1001 " L, "dropped:4 request:L", false},
	{"the rest in time", "00 01 4c +990 ad 68 e2 36", "request:L", false},
	{"the whole frame is late in sync", L " 00 01 +1001", "request:L error:80", false},
	{"the whole frame in time", L " 00 01 +990 4c ad 68 e2 36", "request:L request:L", false},
	{"idle for less than a second", L " +990 " L_BAD, "request:L error:82", false},
	{"idle for a second", L " +1001 " L_BAD, "request:L dropped:7", false},
	{"an XCP probe to a fresh one", "02 ff 00 +1001", "dropped:2 dropped:1", false},
	{"an XCP probe to one in sync", L " 02 ff 00 +1001", "request:L error:84 dropped:1", false},

	{"older: a plain command after a gap", "53 +11", "plain:S", true},
	{"older: no gap, a length", "53 00", "dropped:2", true},
	{"older: a frame", L " " L_BAD, "request:L error:82", true},
	{"older: bad length", L " ff ff", "request:L error:80", true},
};

Test(ts_server, does_with_bytes_and_pauses_what_the_table_says)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rig rig;

		init(&rig);
		rig.server.older = rows[i].older;
		play(&rig, rows[i].script);
		cr_expect_str_eq(rig.did, rows[i].did, "%s: %s", rows[i].name, rig.did);
		done(&rig);
	}
}

Test(ts_server, a_stopped_one_looks_at_nothing_until_it_is_resumed)
{
	struct rig rig;

	init(&rig);
	ts_server_stop(&rig.server);
	play(&rig, L " +5000 " L_BAD);
	cr_expect_str_eq(rig.did, "");
	cr_expect_eq(ts_server_deadline_us(&rig.server), CLOCK_NEVER);
	ts_server_resume(&rig.server, rig.now_us);
	cr_expect_str_eq(rig.did, "request:L error:82");
	done(&rig);
}

Test(ts_server, a_reset_forgets_what_came)
{
	struct rig rig;

	init(&rig);
	play(&rig, L " 00 01");
	ts_server_reset(&rig.server);
	play(&rig, L_BAD);
	cr_expect_str_eq(rig.did, "request:L dropped:7");
	done(&rig);
}

Test(ts_server, more_than_it_can_hold_is_lost)
{
	static uint8_t much[TS_SERVER_IN_MAX];
	struct rig rig;

	init(&rig);
	ts_server_stop(&rig.server);
	ts_server_feed(&rig.server, much, sizeof(much), rig.now_us);
	ts_server_feed(&rig.server, much, 1, rig.now_us);
	cr_expect_str_eq(rig.did, "dropped:1");
	done(&rig);
}
