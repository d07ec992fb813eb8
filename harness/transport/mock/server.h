/* SPDX-License-Identifier: MIT */
/* Inside the mock's server: what its parts share. */
#ifndef DFURIG_TRANSPORT_MOCK_SERVER_H
#define DFURIG_TRANSPORT_MOCK_SERVER_H

#include <uv.h>

#include "harness/base/buf.h"
#include "harness/base/list.h"
#include "harness/transport/mock/mock.h"
#include "harness/transport/mock/protocol.h"
#include "harness/transport/mock/root_hub.h"
#include "harness/transport/mock/sysfs.h"
#include "harness/transport/mock/tree.h"
#include "harness/vusb/wait.h"

struct usbfs_file;

/* What is shown of one port; number 0 is the root hub. */
struct mock_slot {
	struct vusb_port *port;
	bool shown;
	bool changed;                          /* it came out of a reset as another device */
	struct sysfs_device device;            /* as shown; valid while shown */
	uint64_t claims[VUSB_INTERFACE_MAX];   /* the owner of an interface, or 0 */
	uint8_t alternate[VUSB_INTERFACE_MAX]; /* that programs have set */
	uint8_t tried;                         /* devnum of a device that could not be enumerated */
};

struct mock {
	uv_loop_t *loop;
	struct vusb_bus *bus;
	struct vusb_tap tap;
	struct root_hub *hub;
	struct tree *tree;
	char name[64];
	int listen_fd, monitor_fd;
	uv_poll_t listen_poll, monitor_poll;
	uv_prepare_t prepare;
	uv_timer_t timer, accept_timer;
	int open_handles; /* uv handles of clients and monitors included */
	struct list clients;
	struct list monitors;
	struct list farewells;    /* of usbfs_claims.c */
	uint64_t last_owner;      /* of claims */
	size_t urb_bytes;         /* of all programs' URBs in flight */
	uint64_t seqnum;          /* of hotplug messages */
	bool changed;             /* something was plugged or unplugged since mock_update */
	uint8_t *scratch;         /* MOCK_SCRATCH bytes, for reading */
	struct mock_slot slots[]; /* [0 .. port count] */
};

#define MOCK_SCRATCH 65536

/* --- clients: stream connections (client.c) --- */

struct mock_client {
	struct list link;
	struct mock *mock;
	uv_poll_t poll;
	int fd;
	int passed_fd; /* came with the first message, -1 = none or taken */
	enum mock_kind role;
	bool closing;
	struct buf in;           /* a message that is not complete yet */
	struct buf out;          /* what the socket did not take at once */
	struct usbfs_file *file; /* of a MOCK_HELLO_DEVICE connection */
};

void mock_client_accept(struct mock *mock, int fd);

/* Sends or queues; a client that takes nothing for too long is dropped. */
void mock_client_send(
	struct mock_client *client, struct mock_message message, const void *payload, size_t size);
void mock_client_close(struct mock_client *client);

/* --- usbfs files (usbfs.c) --- */

/* Answers the hello, and sets client->file unless it is refused; owner as in MOCK_HELLO_DEVICE. Takes pipe_fd. */
void usbfs_file_open(struct mock_client *client, const char *path, uint64_t owner, int pipe_fd);
void usbfs_file_close(struct usbfs_file *file);
void usbfs_file_message(
	struct usbfs_file *file, const struct mock_message *message, const uint8_t *payload);
/* The device behind the file is no longer there. */
void usbfs_file_gone(struct usbfs_file *file);
bool usbfs_file_is_of(const struct usbfs_file *file, const struct mock_slot *slot);

/* Ends the requests that nobody waits for. */
void mock_cancel_farewells(struct mock *mock);

/* Resets the port and reads the device again; false: it is gone, or another one now. */
bool mock_slot_reread(struct mock *mock, struct mock_slot *slot);

/* --- hotplug monitors (monitor.c) --- */

void mock_monitor_accept(struct mock *mock, int fd);
void mock_monitor_send_all(
	struct mock *mock, enum sysfs_group group, const uint8_t *data, size_t size);
void mock_monitor_close_all(struct mock *mock);

#endif
