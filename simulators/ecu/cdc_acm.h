/* SPDX-License-Identifier: MIT */
/*
 * rusEFI's USB device: a CDC-ACM port, alone or together with mass storage. The ECU and OpenBLT both show it.
 *
 * Descriptors and strings byte for byte as rusEFI's usbcfg.cpp has them: 0483:5740, one configuration of 98 bytes (with mass
 * storage) or 75 (without), serial number = the unique ID in 24 upper-case hex digits. Bytes go in and out through the ops;
 * what they mean is the owner's.
 *
 * Data IN: one transfer takes what waits, up to its size; a transfer that is not full ends on a short packet (or on one of no
 * bytes, when a full one went before it), and a full one whose last packet was full is followed by a transfer of no bytes, as
 * ChibiOS's serial_usb driver ends its transmissions. Data OUT: NAK while CDC_ACM_HOLD bytes wait for the host, as a thread
 * that is blocked writing does not read.
 * Requests: [ChibiOS hal_serial_usb.c] answers GET_LINE_CODING, SET_LINE_CODING and SET_CONTROL_LINE_STATE whatever
 * interface they name, and STALLs the others (SEND_BREAK; bmCapabilities does not offer it).
 * SERIAL_STATE is due once after each change of DTR and says carrier and DSR as DTR is (guessed: the capabilities announce
 * the notification, and CDC PSTN 1.2, 6.5.4 defines it; the ChibiOS driver of 2023 has an endpoint for it and stays silent).
 */
#ifndef DFURIG_ECU_CDC_ACM_H
#define DFURIG_ECU_CDC_ACM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/buf.h"
#include "harness/vusb/device.h"
#include "simulators/stm32/chip.h"

#define CDC_ACM_VID 0x0483
#define CDC_ACM_PID 0x5740

#define CDC_ACM_NOTIFY   0x83 /* interrupt IN */
#define CDC_ACM_DATA_IN  0x82
#define CDC_ACM_DATA_OUT 0x02
#define CDC_ACM_MSC_IN   0x81
#define CDC_ACM_MSC_OUT  0x01

#define CDC_ACM_OUT_MAX (128u << 10) /* bytes that wait for the host */
#define CDC_ACM_HOLD    4096u        /* from so many on nothing is taken from it (guessed) */

#define CDC_ACM_PACKET 64u /* of the data endpoints */

enum cdc_request {
	CDC_SET_LINE_CODING = 0x20,
	CDC_GET_LINE_CODING = 0x21,
	CDC_SET_CONTROL_LINE_STATE = 0x22,
	CDC_SEND_BREAK = 0x23,
};
#define CDC_LINE_CODING_SIZE  7u
#define CDC_SERIAL_STATE      0x20 /* bNotification */
#define CDC_SERIAL_STATE_SIZE 10u

struct cdc_line_coding {
	uint32_t baud;
	uint8_t stop_bits; /* 0 = 1, 1 = 1.5, 2 = 2 */
	uint8_t parity;    /* 0 none, 1 odd, 2 even, 3 mark, 4 space */
	uint8_t data_bits;
};

struct cdc_acm;

/* Called from the device's ops and tick. Optional each. */
struct cdc_acm_ops {
	void (*received)(struct cdc_acm *cdc, const uint8_t *data, size_t size);
	void (*line_state)(struct cdc_acm *cdc, bool dtr, bool rts);
	void (*bus_reset)(struct cdc_acm *cdc); /* what waited is forgotten, DTR and RTS are off */
	/* Bulk transfers of the mass storage interface, and its class requests; as vusb_device_ops. */
	enum vusb_result (*msc_data)(
		struct cdc_acm *cdc, uint8_t endpoint, uint8_t *data, size_t *size);
	enum vusb_result (*msc_control)(
		struct cdc_acm *cdc, const struct usb_setup *setup, uint8_t *data, size_t *size);
};

struct cdc_acm_config {
	const struct cdc_acm_ops *ops; /* borrowed */
	void *owner;
	const uint8_t *uid; /* CHIP_UID_SIZE bytes; read by init only */
	bool mass_storage;
};

struct cdc_acm {
	struct vusb_device device;
	const struct cdc_acm_ops *ops;
	void *owner;
	struct cdc_line_coding coding;
	bool dtr, rts;
	bool mass_storage;
	bool serial_state_due; /* a notification waits for the host, */
	uint8_t serial_state_sent; /* so many bytes of it are out: an endpoint of 8 takes it in two packets */
	struct buf out;            /* bytes for the host, from the front */
	bool end_packet; /* a packet of no bytes is due: what was sent last ended on a full one */
	uint64_t out_at_us;  /* nothing is sent before; 0 = at once */
	uint32_t packet_max; /* bytes of one transfer; 0 = no limit. See cdc_acm_send_slowly */
	uint64_t packet_gap_us;

	/* What the device's descriptors point to. */
	struct vusb_device_desc desc;
	char serial[2 * CHIP_UID_SIZE + 1];
	const char *strings[6];
};

/* The struct must not move while it is in use. cdc_acm_done frees what waits. */
void cdc_acm_init(struct cdc_acm *cdc, const struct cdc_acm_config *config);
void cdc_acm_done(struct cdc_acm *cdc);

/* Queues bytes for the host and wakes its pending transfer. 0; -ENOBUFS: the host does not read, nothing was queued; -ENOMEM.
 * delay_us: not before so long from now. */
MUST_CHECK int cdc_acm_send(struct cdc_acm *cdc, const void *data, size_t size, uint64_t delay_us);

/* The same in transfers of at most packet_max bytes, gap_us apart, until all of it is out. */
MUST_CHECK int cdc_acm_send_slowly(
	struct cdc_acm *cdc, const void *data, size_t size, uint32_t packet_max, uint64_t gap_us);

/* Forgets what waits for the host. */
void cdc_acm_drop(struct cdc_acm *cdc);

/* When cdc_acm wants to be ticked to go on sending; CLOCK_NEVER = not. The bus does both while the device is plugged in. */
uint64_t cdc_acm_deadline_us(const struct cdc_acm *cdc);
void cdc_acm_tick(struct cdc_acm *cdc);

#endif
