/* SPDX-License-Identifier: MIT */
/* The bus as events: a tap that emits EVENT_PLUGGED, _UNPLUGGED, _BUS_RESET and _REQUEST. */
#ifndef DFURIG_REPORT_EVENT_TAP_H
#define DFURIG_REPORT_EVENT_TAP_H

#include "harness/report/event.h"
#include "harness/vusb/bus.h"

struct event_tap {
	struct vusb_tap tap;         /* for vusb_bus_add_tap */
	struct event_stream *stream; /* borrowed */
	bool requests;               /* EVENT_REQUEST wanted; costs a few microseconds a transfer */
};

void event_tap_init(struct event_tap *tap, struct event_stream *stream, bool requests);

/* What a host sees of a finished transfer: 0 or the negative errno that Linux gives it. */
int event_tap_status(enum vusb_result result);

#endif
