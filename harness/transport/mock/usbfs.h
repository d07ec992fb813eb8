/* SPDX-License-Identifier: MIT */
/*
 * An open /dev/bus/usb node: what usbfs.c (URBs, open and close), usbfs_claims.c and usbfs_calls.c share of it.
 * Source of the rules and errno values: drivers/usb/core/devio.c of Linux 6.1 (proc_do_submiturb, check_ctrlrecip,
 * checkintf, releaseintf, proc_unlinkurb, proc_resetdevice, proc_setintf, proc_setconfig, proc_ioctl).
 */
#ifndef DFURIG_TRANSPORT_MOCK_USBFS_H
#define DFURIG_TRANSPORT_MOCK_USBFS_H

#include "harness/transport/mock/server.h"

#define USBFS_TIMEOUT_MS 5000 /* USB_CTRL_SET_TIMEOUT */

struct usbfs_file {
	struct mock *mock;
	struct mock_client *client;
	struct mock_slot *slot;
	uint8_t devnum; /* the device that was opened; another number at the port is another device */
	uint64_t
		owner; /* of claims; shared with the copy that a forked process makes of its file */
	int pipe_fd;   /* read end; emptied = the program's poll() says "something to reap" */
	bool closing;
	struct list urbs;

	/* One call at a time: the program waits for it. */
	bool calling;
	enum mock_call call;
	uint32_t call_args[2];
	struct vusb_transfer call_transfer;
	uv_timer_t call_timer;
};

bool usbfs_is_gone(const struct usbfs_file *file);
void usbfs_reply(struct usbfs_file *file, uint64_t tag, int result);

/* --- claims (usbfs_claims.c) --- */

/* usbfs claims what a program uses without having claimed it. 0 or negative errno. */
int usbfs_check_interface(struct usbfs_file *file, uint32_t number);
int usbfs_check_endpoint(struct usbfs_file *file, uint32_t endpoint);
int usbfs_check_control(struct usbfs_file *file, const struct usb_setup *setup);

int usbfs_release(struct usbfs_file *file, uint32_t number);
void usbfs_release_all(struct usbfs_file *file);

/* USBDEVFS_DISCONNECT and USBDEVFS_CONNECT: 0, 1 = a driver has taken it, or negative errno. */
int usbfs_disconnect(struct usbfs_file *file, uint32_t number);
int usbfs_connect(struct usbfs_file *file, uint32_t number);

/* enum mock_driver, or negative errno. */
int usbfs_driver(const struct usbfs_file *file, uint32_t number);
bool usbfs_anybody_claims(const struct mock_slot *slot);

/* The interface that has this endpoint in any alternate setting; -ENOENT. */
int usbfs_interface_of_endpoint(const struct usbfs_file *file, uint8_t endpoint);

/* --- URBs (usbfs.c) --- */

int usbfs_urb_status(enum vusb_result result);

/* Ends what is pending on the interface's endpoints. */
void usbfs_discard_on_interface(struct usbfs_file *file, uint8_t number);

/* --- calls (usbfs_calls.c) --- */

void usbfs_call(struct usbfs_file *file, const struct mock_message *message);

#endif
