/* SPDX-License-Identifier: MIT */
#include "harness/fault/fault_effects.h"

#define NRST_US 100 /* a reset without a time */

static uint64_t now_us(const struct fault_effects *self)
{
	return clock_now_us(vusb_bus_clock(self->bus));
}

/* When something is to be done next: what is pending, and rules at a time. */
static void look_ahead(struct fault_effects *self)
{
	uint64_t timed_us = fault_time_next_us(self->plan);

	self->known_count = self->plan->count;
	self->next_us = timed_us == CLOCK_NEVER ? CLOCK_NEVER : self->start_us + timed_us;
	for (size_t i = 0; i < FAULT_PENDING_MAX; i++)
		if (self->pending[i].action && self->pending[i].at_us < self->next_us)
			self->next_us = self->pending[i].at_us;
}

static void add(struct fault_effects *self, const struct fault_pending *pending)
{
	for (size_t i = 0; i < FAULT_PENDING_MAX; i++)
		if (!self->pending[i].action) {
			self->pending[i] = *pending;
			break;
		}
	look_ahead(self);
}

/* How long it lasts; 0 = it does not end by itself. */
static uint64_t lasts_us(enum fault_action action, uint64_t value)
{
	if (action == FAULT_RESET)
		return value ? value : NRST_US;
	return action == FAULT_CUT_POWER || action == FAULT_UNPLUG ? value : 0;
}

static void perform(struct fault_effects *self, const struct fault_pending *what)
{
	uint64_t last_us = what->end ? 0 : lasts_us(what->action, what->value);

	if (self->act)
		self->act(self->user, what->action, !what->end);
	if (last_us)
		add(self, &(struct fault_pending){.action = what->action,
				  .end = true,
				  .at_us = clock_after_us(vusb_bus_clock(self->bus), last_us)});
}

static void on_effect(struct fault_plan *plan, const struct fault_rule *rule,
	const struct fault_occasion *occasion, uint64_t delay_us)
{
	struct fault_effects *self = plan->effects;
	struct fault_pending what = {
		.action = rule->action,
		.value = rule->value,
		.at_us = clock_after_us(vusb_bus_clock(self->bus), delay_us),
	};
	bool at_once = occasion->point == FAULT_REQUEST || occasion->point == FAULT_ANSWER ||
		       occasion->point == FAULT_TIME;

	if (at_once && !delay_us)
		perform(self, &what);
	else
		add(self, &what);
}

/* Takes out the earliest that is due. */
static bool take_due(struct fault_effects *self, uint64_t time_us, struct fault_pending *ret)
{
	struct fault_pending *first = NULL;

	for (size_t i = 0; i < FAULT_PENDING_MAX; i++) {
		struct fault_pending *pending = &self->pending[i];

		if (pending->action && pending->at_us <= time_us &&
			(!first || pending->at_us < first->at_us))
			first = pending;
	}
	if (!first)
		return false;
	*ret = *first;
	first->action = FAULT_NOTHING;
	return true;
}

static void tick(struct vusb_ticker *ticker, uint64_t time_us)
{
	struct fault_effects *self = CONTAINER_OF(ticker, struct fault_effects, ticker);
	struct fault_pending what;

	fault_time_pass(self->plan, time_us - self->start_us);
	while (take_due(self, time_us, &what))
		perform(self, &what);
	look_ahead(self);
}

static uint64_t deadline_us(const struct vusb_ticker *ticker)
{
	struct fault_effects *self =
		CONTAINER_OF((struct vusb_ticker *)ticker, struct fault_effects, ticker);

	if (self->known_count != self->plan->count)
		look_ahead(self);
	return self->next_us;
}

void fault_effects_begin(
	struct fault_effects *effects, struct vusb_bus *bus, struct fault_plan *plan)
{
	*effects = (struct fault_effects){
		.bus = bus,
		.plan = plan,
		.ticker = {.tick = tick, .deadline_us = deadline_us},
	};
	effects->start_us = now_us(effects);
	plan->effects = effects;
	plan->on_effect = on_effect;
	look_ahead(effects);
	vusb_bus_add_ticker(bus, &effects->ticker);
}

void fault_effects_done(struct fault_effects *effects)
{
	if (!effects->plan)
		return;
	vusb_bus_remove_ticker(&effects->ticker);
	effects->plan->on_effect = NULL;
	effects->plan->effects = NULL;
	effects->plan = NULL;
}
