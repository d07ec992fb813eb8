/* SPDX-License-Identifier: MIT */
#include "harness/testing/spoil_tap.h"

#include <string.h>

static bool matches(const struct spoil_rule *rule, const struct vusb_transfer *transfer)
{
	const struct usb_setup *setup = &transfer->setup;

	return transfer->type == VUSB_CONTROL &&
	       (setup->bmRequestType & USB_TYPE_MASK) == USB_TYPE_CLASS &&
	       (rule->request == SPOIL_ANY || rule->request == setup->bRequest) &&
	       (rule->value == SPOIL_ANY || rule->value == setup->wValue);
}

static enum vusb_result spoil_attempt(struct vusb_tap *tap, struct vusb_transfer *transfer)
{
	struct spoil_tap *spoil = CONTAINER_OF(tap, struct spoil_tap, tap);
	const struct spoil_rule *rule = &spoil->rule;

	if (!matches(rule, transfer) || spoil->seen++ < rule->skip || spoil->fired >= rule->count)
		return vusb_tap_next(tap, transfer);
	spoil->fired++;
	if (rule->pull) {
		vusb_port_unplug(transfer->port);
		return VUSB_GONE;
	}
	if (rule->result == VUSB_ACK) {
		transfer->actual = rule->size < transfer->size ? rule->size : transfer->size;
		if (vusb_transfer_is_in(transfer))
			memcpy(transfer->data, rule->bytes, transfer->actual);
	}
	return rule->result;
}

void spoil_tap_add(struct spoil_tap *spoil, struct vusb_bus *bus)
{
	static const struct vusb_tap_ops ops = {.name = "spoil", .attempt = spoil_attempt};

	*spoil = (struct spoil_tap){.tap.ops = &ops};
	vusb_bus_add_tap(bus, &spoil->tap);
}

void spoil_tap_remove(struct spoil_tap *spoil)
{
	vusb_bus_remove_tap(&spoil->tap);
}

void spoil_tap_set(struct spoil_tap *spoil, const struct spoil_rule *rule)
{
	spoil->rule = *rule;
	spoil->seen = spoil->fired = 0;
}
