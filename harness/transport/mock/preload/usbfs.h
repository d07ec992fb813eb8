/* SPDX-License-Identifier: MIT */
/*
 * An open USB node in the program, shared by usbfs_file.c (numbers, connection, reading) and usbfs.c (ioctl).
 *
 * What the program holds is the write end of a pipe with room for one packet. Full, poll() says nothing; empty, it says
 * POLLOUT (there is a URB to reap); without a reader, POLLERR (the device has left): as usbfs does (usbdev_poll in
 * drivers/usb/core/devio.c), with poll, select and epoll alike.
 *
 * Threads may use a file at once. Whoever waits for a message with the lock released is `listening` and takes in what
 * comes for all; the others wait for `arrived`. Everybody else reads the connection with the lock held.
 */
#ifndef DFURIG_TRANSPORT_MOCK_PRELOAD_USBFS_H
#define DFURIG_TRANSPORT_MOCK_PRELOAD_USBFS_H

#include <pthread.h>

#include "harness/base/list.h"
#include "harness/transport/mock/preload/preload.h"

struct file {
	pthread_mutex_t lock;
	pthread_cond_t arrived;
	int references; /* numbers of this file + calls in progress; under the table's lock */
	int flags;      /* of open() */
	struct rpc rpc;
	bool gone;
	bool inherited; /* over a fork(): the connection is the parent's */
	uint64_t owner; /* of claims, for the rig */
	uint32_t devnum, speed, bus, port;
	char node[64];
	uint8_t *descriptors;
	size_t descriptors_size;
	off_t position;
	struct list completed; /* of struct completion, oldest first */
	bool pipe_is_full;     /* and the rig has not emptied it since */
	bool listening;
	bool asking; /* a request is out */
	bool replied;
	int32_t result; /* of the reply */
};

struct completion {
	struct list link;
	uint64_t tag;
	int32_t status;
	uint32_t actual;
	uint32_t size; /* of data */
	uint8_t data[];
};

/* The file that a number was given to, referenced; NULL when it is not one of ours. */
struct file *usbfs_file_get(int fd);
void usbfs_file_put(struct file *file);

/* All of these with file->lock held. */

/* After a fork() the child makes a connection of its own; when that fails, or somebody closed it, the device is gone. */
void usbfs_file_settle(struct file *file);

/* Takes in all that has come already. */
void usbfs_file_drain(struct file *file);

/* Waits with the lock released until something has come, or the time is over (CLOCK_NEVER). */
void usbfs_file_listen(struct file *file, uint64_t until_us);

/* Sends and waits for the reply; completions that come meanwhile are kept. Returns the reply's result. A signal does not
 * end it: the rig answers at once, or within the 5 s that the kernel too would wait uninterruptibly. */
int usbfs_file_request(struct file *file, struct mock_message message, const void *head,
	size_t head_size, const struct iovec *tail);

/* With nothing left to reap, poll() must say nothing. */
void usbfs_file_settle_pipe(struct file *file, int fd);

#endif
