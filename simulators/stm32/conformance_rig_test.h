/* SPDX-License-Identifier: MIT */
/*
 * For the tests of this folder: a board in DFU on a bus of its own, reached through the in-process host, on virtual
 * time.
 */
#ifndef DFURIG_STM32_CONFORMANCE_RIG_TEST_H
#define DFURIG_STM32_CONFORMANCE_RIG_TEST_H

#include "harness/dfu/dfu.h"
#include "harness/ports/usb_host.h"
#include "simulators/stm32/board.h"

#define FLASH      0x08000000u
#define FLASH_SIZE (1024u * 1024u)
#define OPTIONS    0x1fffc000u
#define OTP        0x1fff7800u
#define XFER       2048u

struct rig {
	struct virtual_clock clock;
	struct vusb_bus *bus;
	struct usb_host *host;
	struct board *board;
	struct memory *memory; /* the board's */
	struct usb_handle *device;
};

/* Chip pace, the UID whose serial number is RIG_SERIAL. Change what a test wants before rig_start. */
#define RIG_SERIAL "315A28A0B956"
struct stm32_board_config rig_config(void);

/* Board without power; the test starts it. NULL = rig_config(). */
void rig_new(struct rig *rig, const struct stm32_board_config *config);
/* rig_new, then with BOOT0 high and powered; opened and in the ROM's fresh state. */
void rig_start(struct rig *rig, const struct stm32_board_config *config);
/* rig_start, and the fresh state's error is cleared: dfuIDLE. */
void rig_start_idle(struct rig *rig, const struct stm32_board_config *config);
void rig_stop(struct rig *rig);

void rig_pin(struct rig *rig, enum board_pin pin, bool high);
/* Lets time pass; what is due happens. */
void rig_wait_ms(struct rig *rig, uint32_t ms);
uint64_t rig_now_us(const struct rig *rig);
/* How many devices the host sees. */
size_t rig_devices(struct rig *rig);
/* Opens the only device; fails the test when there is none. */
void rig_open(struct rig *rig);
void rig_close(struct rig *rig);

/* One request. Bytes moved or negative errno. Time-out: 60 s of virtual time. */
int rig_control(struct rig *rig, struct usb_setup setup, void *data);
int rig_request(struct rig *rig, enum dfu_request request, uint16_t value, void *data, size_t size);
int rig_dnload(struct rig *rig, uint16_t block, const void *data, size_t size);
int rig_upload(struct rig *rig, uint16_t block, void *data, size_t size);
int rig_clrstatus(struct rig *rig);
int rig_abort(struct rig *rig);
/* GETSTATUS; fails the test when it is not six bytes. */
struct dfu_getstatus rig_getstatus(struct rig *rig);
/* GETSTATE; fails the test when it is not one byte. */
uint8_t rig_getstate(struct rig *rig);

/* Expects state, status and poll time of a GETSTATUS; says where it came from. */
void rig_expect(struct rig *rig, enum dfu_state state, enum dfu_status status,
	uint32_t poll_timeout_ms, const char *where);

/* DNLOAD, GETSTATUS that must say dfuDNBUSY, sleep, GETSTATUS: that one is returned. */
struct dfu_getstatus rig_run(struct rig *rig, uint16_t block, const void *data, size_t size);
/* rig_run that must end well. */
void rig_run_or_fail(struct rig *rig, uint16_t block, const void *data, size_t size);

/* Commands with an address; as rig_run. */
struct dfu_getstatus rig_command(struct rig *rig, enum dfuse_command command, uint32_t addr);
void rig_set_address(struct rig *rig, uint32_t addr);
void rig_erase(struct rig *rig, uint32_t addr);
/* Set address, one block 2. */
void rig_program(struct rig *rig, uint32_t addr, const void *data, size_t size);
/* Set address, abort, blocks 2, 3, ... */
void rig_read(struct rig *rig, uint32_t addr, void *ret_data, size_t size);
/* Brings the device to the state by the requests of a host, from dfuIDLE; any state but MANIFEST and DNBUSY. */
void rig_enter(struct rig *rig, enum dfu_state state);

/* The second channel. */
void rig_peek(struct rig *rig, uint32_t addr, void *ret_data, size_t size);
void rig_poke(struct rig *rig, uint32_t addr, const void *data, size_t size);

/* Fills with bytes that differ from place to place, the same for the same seed. */
void rig_pattern(uint8_t *data, size_t size, uint64_t seed);
/* A vector table that a board starts from. */
extern const uint8_t rig_vectors[8];

/* Compares text with fixtures/golden/<name>, or writes it there when DFURIG_UPDATE_GOLDEN is set. */
void rig_golden(const char *name, const struct buf *text);

#endif
