/* SPDX-License-Identifier: MIT */
#include "harness/dfu/rules.h"

#include "harness/base/names.h"

#include <assert.h>
#include <string.h>

#define SOURCE_BASE "DFU 1.1, A.2"

#define REFUSE                                                                                     \
	{                                                                                          \
		DFU_DO_REFUSE, DFU_ERROR, DFU_ERROR, DFU_ERR_STALLEDPKT                            \
	}
#define GO(action, next)                                                                           \
	{                                                                                          \
		action, next, next, DFU_OK                                                         \
	}
#define GO_IF(action, next, empty)                                                                 \
	{                                                                                          \
		action, next, empty, DFU_OK                                                        \
	}

/* Every request answered alike. */
#define ROW_OF(rule)                                                                               \
	{                                                                                          \
		[DFU_DETACH] = rule, [DFU_DNLOAD] = rule, [DFU_UPLOAD] = rule,                     \
		[DFU_GETSTATUS] = rule, [DFU_CLRSTATUS] = rule, [DFU_GETSTATE] = rule,             \
		[DFU_ABORT] = rule                                                                 \
	}

/* Designated initialisers, so that a row reads in the order of the requests. */
static const struct dfu_rule base[][DFU_REQUEST_COUNT] = {
	/* The run-time states are no states of a device in DFU mode. */
	[DFU_APP_IDLE] = ROW_OF(GO(DFU_DO_STALL, DFU_APP_IDLE)),
	[DFU_APP_DETACH] = ROW_OF(GO(DFU_DO_STALL, DFU_APP_DETACH)),
	[DFU_IDLE] =
		{
			[DFU_DETACH] = REFUSE,
			[DFU_DNLOAD] = GO_IF(DFU_DO_STORE, DFU_DNLOAD_SYNC, DFU_ERROR),
			[DFU_UPLOAD] = GO(DFU_DO_UPLOAD, DFU_UPLOAD_IDLE),
			[DFU_GETSTATUS] = GO(DFU_DO_STATUS, DFU_IDLE),
			[DFU_CLRSTATUS] = REFUSE,
			[DFU_GETSTATE] = GO(DFU_DO_STATE, DFU_IDLE),
			[DFU_ABORT] = GO(DFU_DO_SET, DFU_IDLE),
		},
	[DFU_DNLOAD_SYNC] =
		{
			[DFU_DETACH] = REFUSE,
			[DFU_DNLOAD] = REFUSE,
			[DFU_UPLOAD] = REFUSE,
			[DFU_GETSTATUS] = GO_IF(DFU_DO_BEGIN, DFU_DNBUSY, DFU_DNLOAD_IDLE),
			[DFU_CLRSTATUS] = REFUSE,
			[DFU_GETSTATE] = GO(DFU_DO_STATE, DFU_DNLOAD_SYNC),
			[DFU_ABORT] = REFUSE,
		},
	[DFU_DNBUSY] = ROW_OF(REFUSE),
	[DFU_DNLOAD_IDLE] =
		{
			[DFU_DETACH] = REFUSE,
			[DFU_DNLOAD] = GO_IF(DFU_DO_STORE, DFU_DNLOAD_SYNC, DFU_MANIFEST_SYNC),
			[DFU_UPLOAD] = REFUSE,
			[DFU_GETSTATUS] = GO(DFU_DO_STATUS, DFU_DNLOAD_IDLE),
			[DFU_CLRSTATUS] = REFUSE,
			[DFU_GETSTATE] = GO(DFU_DO_STATE, DFU_DNLOAD_IDLE),
			[DFU_ABORT] = GO(DFU_DO_SET, DFU_IDLE),
		},
	[DFU_MANIFEST_SYNC] =
		{
			[DFU_DETACH] = REFUSE,
			[DFU_DNLOAD] = REFUSE,
			[DFU_UPLOAD] = REFUSE,
			[DFU_GETSTATUS] = GO(DFU_DO_LEAVE, DFU_MANIFEST),
			[DFU_CLRSTATUS] = REFUSE,
			[DFU_GETSTATE] = GO(DFU_DO_STATE, DFU_MANIFEST_SYNC),
			[DFU_ABORT] = REFUSE,
		},
	[DFU_MANIFEST] = ROW_OF(REFUSE),
	[DFU_MANIFEST_WAIT_RESET] = ROW_OF(GO(DFU_DO_STALL, DFU_MANIFEST_WAIT_RESET)),
	[DFU_UPLOAD_IDLE] =
		{
			[DFU_DETACH] = REFUSE,
			[DFU_DNLOAD] = REFUSE,
			[DFU_UPLOAD] = GO(DFU_DO_UPLOAD, DFU_UPLOAD_IDLE),
			[DFU_GETSTATUS] = GO(DFU_DO_STATUS, DFU_UPLOAD_IDLE),
			[DFU_CLRSTATUS] = REFUSE,
			[DFU_GETSTATE] = GO(DFU_DO_STATE, DFU_UPLOAD_IDLE),
			[DFU_ABORT] = GO(DFU_DO_SET, DFU_IDLE),
		},
	[DFU_ERROR] =
		{
			[DFU_DETACH] = GO(DFU_DO_STALL, DFU_ERROR),
			[DFU_DNLOAD] = GO(DFU_DO_STALL, DFU_ERROR),
			[DFU_UPLOAD] = GO(DFU_DO_STALL, DFU_ERROR),
			[DFU_GETSTATUS] = GO(DFU_DO_STATUS, DFU_ERROR),
			[DFU_CLRSTATUS] = GO(DFU_DO_SET, DFU_IDLE),
			[DFU_GETSTATE] = GO(DFU_DO_STATE, DFU_ERROR),
			[DFU_ABORT] = GO(DFU_DO_STALL, DFU_ERROR),
		},
};

static_assert(ARRAY_SIZE(base) == DFU_STATE_COUNT, "a row for each state");
static_assert(DFU_REQUEST_COUNT == 7, "ROW_OF names each request");

void dfu_rules_init(struct dfu_rules *ret)
{
	memcpy(ret->rule, base, sizeof(base));
	for (size_t state = 0; state < DFU_STATE_COUNT; state++)
		for (size_t request = 0; request < DFU_REQUEST_COUNT; request++)
			ret->source[state][request] = SOURCE_BASE;
}

void dfu_rules_apply(struct dfu_rules *rules, const struct dfu_overlay *overlay)
{
	for (size_t i = 0; overlay && i < overlay->count; i++) {
		const struct dfu_rule_cell *cell = &overlay->cells[i];

		rules->rule[cell->state][cell->request] = cell->rule;
		rules->source[cell->state][cell->request] = cell->source;
	}
}

const char *dfu_action_text(enum dfu_action action)
{
	static const char *const text[] = {
		[DFU_DO_REFUSE] = "refuse",
		[DFU_DO_STALL] = "stall",
		[DFU_DO_IGNORE] = "ignore",
		[DFU_DO_STORE] = "store",
		[DFU_DO_UPLOAD] = "upload",
		[DFU_DO_STATUS] = "status",
		[DFU_DO_BEGIN] = "begin",
		[DFU_DO_LEAVE] = "leave",
		[DFU_DO_STATE] = "state",
		[DFU_DO_SET] = "set",
		[DFU_DO_DETACH] = "detach",
	};
	static const struct names names = NAMES(text);

	static_assert(ARRAY_SIZE(text) == DFU_ACTION_COUNT, "a text for each action");
	return names_text(&names, action);
}

/* "dfuDNBUSY | dfuDNLOAD-IDLE" where data or none makes a difference, "dfuERROR errUNKNOWN" with a status. */
static int dump_next(const struct dfu_rule *rule, struct buf *out)
{
	size_t start = out->size;
	int err = buf_printf(out, "%s", dfu_state_text(rule->next));

	if (!err && rule->empty != rule->next)
		err = buf_printf(out, " | %s", dfu_state_text(rule->empty));
	if (!err && rule->status != DFU_OK)
		err = buf_printf(out, " %s", dfu_status_text(rule->status));
	if (!err)
		err = buf_printf(out, "%*s", (int)(start + 36 - out->size), "");
	return err;
}

int dfu_rules_dump(const struct dfu_rules *rules, struct buf *out)
{
	int err = buf_printf(out, "%-22s %-14s %-7s %-35s %s\n", "# state", "request", "action",
		"next state [| without data] [status]", "source");

	for (uint8_t state = 0; !err && state < DFU_STATE_COUNT; state++) {
		for (uint8_t request = 0; !err && request < DFU_REQUEST_COUNT; request++) {
			const struct dfu_rule *rule = &rules->rule[state][request];

			err = buf_printf(out, "%-22s %-14s %-7s ", dfu_state_text(state),
				dfu_request_text(request), dfu_action_text(rule->action));
			if (!err)
				err = dump_next(rule, out);
			if (!err)
				err = buf_printf(out, "%s\n", rules->source[state][request]);
		}
	}
	return err;
}
