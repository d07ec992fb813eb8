/* SPDX-License-Identifier: MIT */
/*
 * USB DFU 1.1: requests, states, status codes, and their bytes; the commands that ST's DfuSe 1.1a puts on top.
 * Sources: USB Device Firmware Upgrade Specification 1.1 (sections 3, 4.1.3, 6.1.2); ST AN3156 and UM0391.
 */
#ifndef DFURIG_DFU_DFU_H
#define DFURIG_DFU_DFU_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"

#define DFU_STATUS_SIZE     6
#define DFU_FUNCTIONAL_SIZE 9
#define DFU_FUNCTIONAL_TYPE 0x21   /* bDescriptorType */
#define DFUSE_VERSION       0x011a /* bcdDFU of ST's extension */
#define DFUSE_FIRST_BLOCK   2 /* wBlockNum of the first data block; 0 = command, 1 = reserved */
#define DFUSE_ADDRESS_SIZE  5 /* bytes of a command with an address */

enum dfu_request { /* bRequest */
	DFU_DETACH,
	DFU_DNLOAD,
	DFU_UPLOAD,
	DFU_GETSTATUS,
	DFU_CLRSTATUS,
	DFU_GETSTATE,
	DFU_ABORT,
	DFU_REQUEST_COUNT,
};

enum dfu_state { /* bState */
	DFU_APP_IDLE,
	DFU_APP_DETACH,
	DFU_IDLE,
	DFU_DNLOAD_SYNC,
	DFU_DNBUSY,
	DFU_DNLOAD_IDLE,
	DFU_MANIFEST_SYNC,
	DFU_MANIFEST,
	DFU_MANIFEST_WAIT_RESET,
	DFU_UPLOAD_IDLE,
	DFU_ERROR,
	DFU_STATE_COUNT,
};

enum dfu_status { /* bStatus */
	DFU_OK,
	DFU_ERR_TARGET,
	DFU_ERR_FILE,
	DFU_ERR_WRITE,
	DFU_ERR_ERASE,
	DFU_ERR_CHECK_ERASED,
	DFU_ERR_PROG,
	DFU_ERR_VERIFY,
	DFU_ERR_ADDRESS,
	DFU_ERR_NOTDONE,
	DFU_ERR_FIRMWARE,
	DFU_ERR_VENDOR,
	DFU_ERR_USBR,
	DFU_ERR_POR,
	DFU_ERR_UNKNOWN,
	DFU_ERR_STALLEDPKT,
	DFU_STATUS_COUNT,
};

enum dfuse_command { /* first byte of a DNLOAD of block 0 */
	DFUSE_GET_COMMANDS = 0x00,
	DFUSE_SET_ADDRESS = 0x21,
	DFUSE_ERASE = 0x41,
	DFUSE_READ_UNPROTECT = 0x92,
};

enum dfu_attribute { /* bmAttributes of the functional descriptor */
	DFU_CAN_DNLOAD = 0x01,
	DFU_CAN_UPLOAD = 0x02,
	DFU_MANIFESTATION_TOLERANT = 0x04,
	DFU_WILL_DETACH = 0x08,
};

/* The answer to DFU_GETSTATUS. Bytes from outside: status and state may be any number. */
struct dfu_getstatus {
	uint8_t status;           /* enum dfu_status */
	uint32_t poll_timeout_ms; /* 24 bits */
	uint8_t state;            /* enum dfu_state */
	uint8_t string;           /* iString */
};

struct dfu_functional {
	uint8_t attributes; /* enum dfu_attribute */
	uint16_t detach_timeout_ms;
	uint16_t transfer_size;
	uint16_t bcd_dfu;
};

void dfu_getstatus_encode(
	const struct dfu_getstatus *in, uint8_t ret_bytes[static DFU_STATUS_SIZE]);
/* -EBADMSG when size is not DFU_STATUS_SIZE. */
MUST_CHECK int dfu_getstatus_decode(const uint8_t *bytes, size_t size, struct dfu_getstatus *ret);

void dfu_functional_encode(
	const struct dfu_functional *in, uint8_t ret_bytes[static DFU_FUNCTIONAL_SIZE]);
/* Finds the first functional descriptor in the bytes of a configuration. -ENOENT without one, -EBADMSG when damaged. */
MUST_CHECK int dfu_functional_find(const uint8_t *config, size_t size, struct dfu_functional *ret);

/* The specification's names ("dfuDNLOAD-IDLE", "errTARGET", "DFU_DNLOAD"); "?" for an unknown number. */
const char *dfu_request_text(uint8_t request);
const char *dfu_state_text(uint8_t state);
const char *dfu_status_text(uint8_t status);

#endif
