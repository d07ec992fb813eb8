/* SPDX-License-Identifier: MIT */
/* Evidence that takes a try: the board is asked into its bootloader, and told to leave it again. */
#include "harness/host/evidence_parts.h"

#include "harness/host/dfuse_client.h"
#include "harness/host/ts_client.h"

#include <errno.h>
#include <string.h>

#define LOOK_GAP_US 50000
#define STAY_US     4000000 /* an ECU that is still there then has not jumped */
#define INTO_LIMIT_US                                                                              \
	30000000 /* until the bootloader must have shown up; what is later than 20 s was never reported */
#define OUT_LIMIT_US 10000000 /* until the ECU must have */
#define SETTLE_US    500000   /* an ECU that is new on USB has time to come up */
#define FLASH_START  0x08000000u
#define ENTRY_MAX    64

static void sleep_us(struct host_os *os, uint64_t us)
{
	clock_sleep_until_us(os->clock, clock_after_us(os->clock, us));
}

static uint32_t since_ms(struct host_os *os, uint64_t start_us)
{
	return (uint32_t)((clock_now_us(os->clock) - start_us) / 1000);
}

/* The board as it shows itself now. */
struct look {
	enum evidence_face face;
	struct usb_host_entry entry;
};

static struct look look_at(struct host_os *os, const struct evidence_device *board)
{
	struct look look = {.face = EVIDENCE_NOTHING};

	look.face = evidence_find(os, board, &look.entry);
	return look;
}

/* ---- into the bootloader ---- */

static int send_reboot(struct host_os *os, const struct evidence *e, struct why *why)
{
	struct serial_port *port;
	struct ts_client ts;
	int r = os->serial->ops->open(os->serial, e->ecu.port, &port, why);

	if (r < 0)
		return r;
	ts_client_init(&ts, port);
	r = ts_client_execute(&ts, "reboot_dfu", false, why);
	ts_client_done(&ts);
	if (r == 0)
		sleep_us(os, LOOK_GAP_US);
	port->ops->close(port);
	return r;
}

/* Who is on the serial port now. */
static enum evidence_answer who_answers(struct host_os *os, const struct evidence *e)
{
	struct evidence copy = *e;

	evidence_ask_ecu(os, NULL, &copy);
	return copy.ecu.answer;
}

/* It is on USB with its serial port. */
static enum evidence_try judge_serial(struct host_os *os, const struct evidence *e, bool left)
{
	if (left)
		sleep_us(os, SETTLE_US);
	switch (who_answers(os, e)) {
	case EVIDENCE_ANSWERS_ECU:
		return left ? EVIDENCE_TRY_CAME_BACK : EVIDENCE_TRY_STAYED;
	case EVIDENCE_ANSWERS_OPENBLT:
		return EVIDENCE_TRY_OPENBLT;
	case EVIDENCE_ANSWER_UNKNOWN:
	case EVIDENCE_NO_PORT:
	case EVIDENCE_PORT_BUSY:
	case EVIDENCE_PORT_DENIED:
	case EVIDENCE_PORT_FAILED:
	case EVIDENCE_SILENT:
	case EVIDENCE_ANSWERS_BADLY:
	case EVIDENCE_ANSWER_COUNT:
		break;
	}
	return left ? EVIDENCE_TRY_CAME_BACK : EVIDENCE_TRY_HANGS;
}

/* Until it is clear what became of the board. devnum: of the ECU before. */
static enum evidence_try await_dfu(
	struct host_os *os, const struct evidence *e, uint8_t devnum, uint32_t *ret_ms)
{
	uint64_t start_us = clock_now_us(os->clock);
	bool left = false;

	for (;;) {
		struct look look = look_at(os, &e->board);
		uint64_t passed_us = clock_now_us(os->clock) - start_us;

		*ret_ms = (uint32_t)(passed_us / 1000);
		left |= look.face != EVIDENCE_SERIAL || look.entry.devnum != devnum;
		if (look.face == EVIDENCE_DFU)
			return EVIDENCE_TRY_DFU;
		if (look.face == EVIDENCE_SERIAL && (left || passed_us > STAY_US))
			return judge_serial(os, e, left);
		if (passed_us > INTO_LIMIT_US)
			return EVIDENCE_TRY_GONE;
		sleep_us(os, LOOK_GAP_US);
	}
}

static int try_into(
	struct host_os *os, const struct evidence_options *options, struct evidence *ret)
{
	struct evidence_trial *trial = &ret->trial;
	struct look look = look_at(os, &ret->board);
	struct why why = {""};

	evidence_tell(options, "asking it into its bootloader");
	if (send_reboot(os, ret, &why) < 0) {
		evidence_copy(trial->why, sizeof(trial->why), why_text(&why));
		return 0;
	}
	trial->into_dfu = await_dfu(os, ret, look.entry.devnum, &trial->into_dfu_ms);
	if (trial->into_dfu != EVIDENCE_TRY_DFU)
		return 0;
	evidence_tell(options, "reading the bootloader and the flash");
	evidence_look_at_windows(os, ret);
	trial->into_dfu_ms += ret->windows.waited_ms;
	return evidence_ask_dfu(os, ret);
}

/* ---- out of it ---- */

/* What has no firmware is left where it is. */
static bool may_leave(const struct evidence *e)
{
	return e->dfu.open == EVIDENCE_OPENED && e->dfu.rests == EVIDENCE_YES &&
	       e->flash.starts == EVIDENCE_YES && e->flash.whole != EVIDENCE_NO;
}

static int leave(struct host_os *os, const struct look *look, struct why *why)
{
	struct dfuse_client client;
	int r = dfuse_client_open(&client, os->usb, &look->entry, why);

	if (r < 0)
		return r;
	r = dfuse_client_leave(&client, FLASH_START, why);
	dfuse_client_close(&client);
	return r;
}

static void await_start(struct host_os *os, struct evidence *e, uint8_t devnum)
{
	struct evidence_trial *trial = &e->trial;
	uint64_t start_us = clock_now_us(os->clock);
	struct look look;

	do {
		sleep_us(os, LOOK_GAP_US);
		look = look_at(os, &e->board);
		if (look.face == EVIDENCE_SERIAL)
			trial->starts = EVIDENCE_YES;
		if (look.face == EVIDENCE_DFU && look.entry.devnum != devnum)
			trial->dfu_again = EVIDENCE_YES;
	} while (trial->starts != EVIDENCE_YES && trial->dfu_again != EVIDENCE_YES &&
		 clock_now_us(os->clock) - start_us < OUT_LIMIT_US);
	trial->starts_ms = since_ms(os, start_us);
	if (trial->starts != EVIDENCE_YES)
		trial->starts = EVIDENCE_NO;
}

static void try_out(
	struct host_os *os, const struct evidence_options *options, struct evidence *ret)
{
	struct look look = look_at(os, &ret->board);
	struct why why = {""};
	int r;

	if (look.face != EVIDENCE_DFU || !may_leave(ret))
		return;
	evidence_tell(options, "starting its firmware");
	r = leave(os, &look, &why);
	ret->trial.left = evidence_of(r == 0);
	if (r < 0)
		evidence_copy(ret->trial.why, sizeof(ret->trial.why), why_text(&why));
	else
		await_start(os, ret, look.entry.devnum);
}

/* One that was in its bootloader from the beginning is another thing to ask when its firmware runs. */
static void ask_who_came(
	struct host_os *os, const struct evidence_options *options, struct evidence *ret)
{
	struct evidence copy = *ret;

	if (ret->board.face != EVIDENCE_DFU || ret->trial.starts != EVIDENCE_YES)
		return;
	sleep_us(os, SETTLE_US);
	copy.board.vid = EVIDENCE_SERIAL_VID;
	copy.board.pid = EVIDENCE_SERIAL_PID;
	evidence_ask_ecu(os, options->root, &copy);
	ret->ecu = copy.ecu;
}

int evidence_try_board(
	struct host_os *os, const struct evidence_options *options, struct evidence *ret)
{
	int r = 0;

	if (ret->ecu.answer == EVIDENCE_ANSWERS_ECU)
		r = try_into(os, options, ret);
	if (r < 0)
		return r;
	if (ret->board.face == EVIDENCE_DFU || ret->trial.into_dfu == EVIDENCE_TRY_DFU)
		try_out(os, options, ret);
	ask_who_came(os, options, ret);
	return 0;
}
