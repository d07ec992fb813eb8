/* SPDX-License-Identifier: MIT */
/* The steps of evidence_gather. Each fills its part, and asks nothing that the steps before have shown to be in vain. */
#ifndef DFURIG_HOST_EVIDENCE_PARTS_H
#define DFURIG_HOST_EVIDENCE_PARTS_H

#include "harness/host/evidence.h"

#define EVIDENCE_DFU_PID    0xdf11
#define EVIDENCE_SERIAL_VID 0x0483
#define EVIDENCE_SERIAL_PID 0x5740 /* rusEFI and its OpenBLT [rusEFI usbcfg.cpp] */

/* One look at what is plugged in, and which board is meant. */
void evidence_look_at_usb(struct host_os *os, const char *serial, struct evidence *ret);

/* How the board shows itself now, as a host's entry: at the same place of the bus, or with a serial number of the same chip. */
enum evidence_face evidence_find(
	struct host_os *os, const struct evidence_device *board, struct usb_host_entry *ret);

/* Whether the tool and what it looks with are there. */
void evidence_look_at_tool(struct host_os *os, const char *name, struct evidence *ret);

void evidence_look_at_windows(struct host_os *os, struct evidence *ret);
/* Whether the tool's query finds the node; behind the step above. */
void evidence_ask_query(struct host_os *os, struct evidence *ret);

void evidence_look_at_linux(const char *root, struct evidence *ret);
/* Who has the file open; "" = nobody, or not to be seen. */
void evidence_find_holder(const char *root, const char *file, char *ret, size_t room);

/* Who answers on the board's serial port. */
void evidence_ask_ecu(struct host_os *os, const char *root, struct evidence *ret);

/* In DFU. 0 or -ENOMEM. */
MUST_CHECK int evidence_ask_dfu(struct host_os *os, struct evidence *ret);

/* With `try`: into the bootloader, and out again. 0 or -ENOMEM. */
MUST_CHECK int evidence_try_board(
	struct host_os *os, const struct evidence_options *options, struct evidence *ret);

void evidence_tell(const struct evidence_options *options, const char *what);
void evidence_copy(char *out, size_t size, const char *text);

#endif
