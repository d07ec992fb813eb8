/* SPDX-License-Identifier: MIT */
/* The kernel's own control requests: sent by drivers and by usbcore, not by a program. They end after 5 s. */
#include "harness/transport/mock/server.h"
#include "harness/transport/mock/usbfs.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct request {
	struct list link; /* in mock->requests */
	struct mock *mock;
	struct vusb_transfer transfer;
	uv_timer_t timer;
	struct mock_request_done done;
	uint8_t data[MOCK_REQUEST_DATA_MAX];
};

static void on_closed(uv_handle_t *handle)
{
	struct request *request = handle->data;

	request->mock->open_handles--;
	free(request);
}

static void completed(struct vusb_transfer *transfer)
{
	struct request *request = CONTAINER_OF(transfer, struct request, transfer);
	int result = transfer->result == VUSB_CANCELLED ? -ETIMEDOUT
							: usbfs_urb_status(transfer->result);

	list_remove(&request->link);
	uv_close((uv_handle_t *)&request->timer, on_closed);
	if (request->done.call)
		request->done.call(request->done.user, result);
}

static void on_timeout(uv_timer_t *timer)
{
	struct request *request = timer->data;

	vusb_bus_cancel(&request->transfer);
}

void mock_request_send(struct mock *mock, struct vusb_port *port, struct usb_setup setup,
	const void *data, struct mock_request_done done)
{
	struct request *request = calloc(1, sizeof(*request));

	assert(setup.wLength <= MOCK_REQUEST_DATA_MAX);
	if (!request) {
		if (done.call)
			done.call(done.user, -ENOMEM);
		return;
	}
	request->mock = mock;
	request->done = done;
	request->transfer = (struct vusb_transfer){.port = port,
		.type = VUSB_CONTROL,
		.setup = setup,
		.data = request->data,
		.size = setup.wLength,
		.complete = completed};
	if (setup.wLength)
		memcpy(request->data, data, setup.wLength);
	list_append(&mock->requests, &request->link);
	uv_timer_init(mock->loop, &request->timer);
	request->timer.data = request;
	mock->open_handles++;
	uv_update_time(mock->loop);
	uv_timer_start(&request->timer, on_timeout, USBFS_TIMEOUT_MS, 0);
	vusb_bus_submit(&request->transfer);
}

void mock_cancel_requests(struct mock *mock)
{
	while (!list_empty(&mock->requests)) {
		struct request *request = LIST_ENTRY(mock->requests.next, struct request, link);

		list_remove(&request->link);
		vusb_bus_cancel(&request->transfer);
	}
}
