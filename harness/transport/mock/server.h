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
struct mock_tty;

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
	struct list requests;                    /* of requests.c */
	struct list ttys;                        /* struct mock_tty: serial ports that are shown */
	struct list lingering;                   /* of tty_minor.c */
	int next_minor;                          /* with new_numbers */
	bool new_numbers, ports_held, forbidden; /* see mock.h */
	bool usbtest;                            /* it takes the interfaces of bootloaders */
	uint64_t probe_us;                       /* for how long a new port is somebody's */
	uint64_t last_owner;                     /* of claims */
	size_t urb_bytes;                        /* of all programs' URBs in flight */
	uint64_t seqnum;                         /* of hotplug messages */
	bool changed;             /* something was plugged or unplugged since mock_update */
	uint8_t *scratch;         /* MOCK_SCRATCH bytes, for reading */
	struct mock_slot slots[]; /* [0 .. port count] */
};

#define MOCK_SCRATCH 65536

/* In mock_slot.claims, where programs have the numbers from 1. */
#define MOCK_OWNER_CDC_ACM UINT64_MAX
#define MOCK_OWNER_USBTEST (UINT64_MAX - 1)

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

	/* Of a MOCK_HELLO_TTY connection. */
	struct list waiting; /* in the list of those who wait for the same */
	struct mock_message asked;
	int slave_fd; /* that it will get; -1 = none */
};

void mock_client_accept(struct mock *mock, int fd);

/* Sends or queues; a client that takes nothing for too long is dropped. */
void mock_client_send(
	struct mock_client *client, struct mock_message message, const void *payload, size_t size);
void mock_client_close(struct mock_client *client);

/* The same with an fd, which stays the caller's. For the first message of a connection only. */
void mock_client_send_fd(struct mock_client *client, struct mock_message message, int fd);

/* --- usbfs files (usbfs.c) --- */

/* Answers the hello, and sets client->file unless it is refused; owner as in MOCK_HELLO_DEVICE. Takes pipe_fd. */
void usbfs_file_open(struct mock_client *client, const char *path, uint64_t owner, int pipe_fd);
void usbfs_file_close(struct usbfs_file *file);
void usbfs_file_message(
	struct usbfs_file *file, const struct mock_message *message, const uint8_t *payload);
/* The device behind the file is no longer there. */
void usbfs_file_gone(struct usbfs_file *file);
bool usbfs_file_is_of(const struct usbfs_file *file, const struct mock_slot *slot);

/* --- the kernel's own control requests (requests.c) --- */

#define MOCK_REQUEST_DATA_MAX 16

struct mock_request_done {
	void (*call)(void *user, int result); /* 0 or negative errno; NULL = nobody wants to know */
	void *user;
};

/* Sends a request without data or with setup.wLength bytes of it (OUT), behind those that are pending already. done may
 * be called before this returns. */
void mock_request_send(struct mock *mock, struct vusb_port *port, struct usb_setup setup,
	const void *data, struct mock_request_done done);
void mock_cancel_requests(struct mock *mock);

/* --- usbtest (usbtest.c) --- */

/* Takes the interface when the driver is told to, it is a bootloader's and nobody's. late: tells so. */
bool usbtest_bind(struct mock *mock, struct mock_slot *slot, uint8_t interface, bool late);
/* Lets go, when it has it. */
void usbtest_unbind(struct mock *mock, struct mock_slot *slot, uint8_t interface);

/* --- what is shown (mock.c) --- */

/* Tells listeners of a device or interface (sysfs.h), and of the tty of a serial port. */
void mock_send_uevents(
	struct mock *mock, const struct sysfs_device *device, int interface, const char *action);
void mock_send_tty_uevents(struct mock *mock, const struct sysfs_device *device,
	const struct sysfs_tty *tty, const char *action);

/* Resets the port and reads the device again; false: it is gone, or another one now. */
bool mock_slot_reread(struct mock *mock, struct mock_slot *slot);

/* --- hotplug monitors (monitor.c) --- */

void mock_monitor_accept(struct mock *mock, int fd);
void mock_monitor_send_all(
	struct mock *mock, enum sysfs_group group, const uint8_t *data, size_t size);
void mock_monitor_close_all(struct mock *mock);

#endif
