/* SPDX-License-Identifier: MIT */
/*
 * How a client reaches serial ports: in-process on virtual time, or the operating system's ttys.
 *
 * Ports are listed with the USB device behind them and opened by name. All calls block, on the host's clock.
 */
#ifndef DFURIG_PORTS_SERIAL_HOST_H
#define DFURIG_PORTS_SERIAL_HOST_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/clock.h"
#include "harness/base/why.h"

#define SERIAL_HOST_TEXT 128

struct serial_port_entry {
	char name[64];  /* "/dev/ttyACM0" */
	char link[256]; /* "/dev/serial/by-id/usb-...-if01", or "" */
	char usb_path
		[32]; /* "1-1.4" of the device behind it, as usb_host_entry.path; "" = not USB */
	uint16_t vid, pid;              /* 0 = not USB */
	uint8_t interface;              /* number of the CDC communication interface */
	char product[SERIAL_HOST_TEXT]; /* "" = none */
	char serial[SERIAL_HOST_TEXT];  /* "" = none */
};

struct serial_host;
struct serial_port;

struct serial_host_ops {
	const char *name;

	/* Fills at most room entries, sorted by name; *ret_count says how many there are. 0 or negative errno. */
	int (*list)(struct serial_host *host, struct serial_port_entry *ret_entries, size_t room,
		size_t *ret_count, struct why *why);

	/* Opens a port by its name or link: raw, 115200 8N1, for this program alone, what came before dropped. *ret is
	 * owned by the caller (port->ops->close). -ENOENT no such port, -EBUSY somebody else has it, -EACCES. */
	int (*open)(struct serial_host *host, const char *name, struct serial_port **ret,
		struct why *why);
};

struct serial_host {
	const struct serial_host_ops *ops;
	struct clock *clock; /* borrowed */
};

struct serial_port_ops {
	/* Waits until at least one byte is there, and returns how many were read (at most size); 0 when the time is over;
	 * -ENODEV: the port is gone; -EIO. */
	int (*read)(struct serial_port *port, uint8_t *ret_data, size_t size, uint32_t timeout_ms);

	/* Writes all of it. 0, -ETIMEDOUT, -ENODEV, -EIO. */
	int (*write)(
		struct serial_port *port, const uint8_t *data, size_t size, uint32_t timeout_ms);

	/* Forgets what has come and was not read. */
	void (*drop_input)(struct serial_port *port);

	void (*close)(struct serial_port *port);
};

struct serial_port {
	const struct serial_port_ops *ops;
	struct serial_host *host; /* borrowed */
};

#endif
