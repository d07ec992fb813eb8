/* SPDX-License-Identifier: MIT */
/*
 * Everything that was observed of a board that does not do what its owner wants, and of the machine that it hangs on: what
 * `dfurig triage` gathers (harness/host/evidence.h), and what it judges (harness/triage).
 *
 * All zero means: nothing is known. What was not looked at, or could not be seen, stays EVIDENCE_UNKNOWN; a text that is not
 * known is "". Nothing in here is a conclusion.
 */
#ifndef DFURIG_PORTS_EVIDENCE_H
#define DFURIG_PORTS_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/ports/pnp.h"

#define EVIDENCE_DEVICE_MAX 8
#define EVIDENCE_TEXT       160

enum evidence_known {
	EVIDENCE_UNKNOWN,
	EVIDENCE_NO,
	EVIDENCE_YES,
};

static inline enum evidence_known evidence_of(bool value)
{
	return value ? EVIDENCE_YES : EVIDENCE_NO;
}

/* ---- what the person says ---- */

enum evidence_tried {
	EVIDENCE_TRIED_NOTHING,
	EVIDENCE_TRIED_AUTO,     /* the tool asked the ECU into its bootloader */
	EVIDENCE_TRIED_MANUAL,   /* PROGRAM was held while the board was powered up */
	EVIDENCE_TRIED_POWER_ON, /* powered up, and nobody meant the bootloader */
	EVIDENCE_TRIED_COUNT,
};

struct evidence_person {
	enum evidence_tried tried;
	enum evidence_known led;          /* of the board: yes = lit */
	enum evidence_known other_device; /* works in the same port with its own cable */
};

/* ---- the machine ---- */

enum evidence_system {
	EVIDENCE_SYSTEM_UNKNOWN,
	EVIDENCE_LINUX,
	EVIDENCE_WINDOWS,
	EVIDENCE_MACOS,
	EVIDENCE_SYSTEM_COUNT,
};

/* The tool that is meant to flash. */
struct evidence_tool {
	char name[64];
	char program[64]; /* what it runs to flash; "" = nothing else */
	bool named;       /* the person said which */
	char query[64];   /* what it asks for the bootloader with; "" = nothing else */
	enum pnp_route
		route; /* Windows: the driver that it works with; PNP_ROUTE_NONE = not known */
	enum evidence_known installed, query_installed;
	/* Windows: it was asked, and gave an answer with sense in it, in time. */
	enum evidence_known query_answers;
	bool sees_macos; /* it works on macOS */
	enum evidence_system
		works_on; /* it works on this one only; EVIDENCE_SYSTEM_UNKNOWN = on any */
};

/* What Linux' sysfs, /dev and /proc show. */
struct evidence_linux {
	enum evidence_known usb;      /* the machine has USB at all */
	char node[64];                /* "/dev/bus/usb/001/004" of the device */
	char node_mode[64];           /* "root:root 0664" */
	enum evidence_known writable; /* the node, for this process */
	enum evidence_known rule;     /* a udev rule names the device */
	char driver[64];              /* bound to the bootloader's interface; "" = none */
	enum evidence_known driver_looked;
	char holder[64]; /* "TunerStudio (pid 1234)" has the serial port or the node open */
	enum evidence_known prober;  /* ModemManager runs */
	enum evidence_known enabled; /* the device may be used (sysfs `authorized`) */
	uint32_t over_current;       /* of all ports: how often; has_over_current */
	bool has_over_current;
	char over_current_port[64];
	uint32_t hubs; /* that are no root hubs, between the machine and the device; has_hubs */
	bool has_hubs;
};

/* What Device Manager shows of the bootloader, or of the ECU when there is none. */
struct evidence_windows {
	enum evidence_known looked;
	enum evidence_known present; /* there is a node of it */
	struct pnp_device node;      /* when present */
	bool bootloader;             /* the node is the bootloader's */
	uint32_t waited_ms;          /* until Windows had installed its driver */
};

/* ---- USB ---- */

enum evidence_face {
	EVIDENCE_NOTHING,
	EVIDENCE_SERIAL, /* 0483:5740: rusEFI, or OpenBLT, which looks the same */
	EVIDENCE_DFU,    /* ST's bootloader */
};

struct evidence_device {
	enum evidence_face face;
	uint16_t vid, pid, bcd_device;
	char path[32]; /* "1-1.4" */
	char product[EVIDENCE_TEXT], serial[64];
	uint8_t devnum; /* another one each time that it comes */
};

struct evidence_usb {
	enum evidence_known listed;
	uint32_t devices;                                   /* of any kind, root hubs left out */
	struct evidence_device boards[EVIDENCE_DEVICE_MAX]; /* those that may be meant */
	size_t count;                                       /* of boards; may be more than room */
	uint32_t dfu_count, serial_count;
	enum evidence_known left; /* the board went, or came anew, while it was looked at */
	uint32_t not_meant; /* boards with another serial number than the one that was given */
};

/* ---- who answers on the serial port ---- */

enum evidence_answer {
	EVIDENCE_ANSWER_UNKNOWN, /* nobody was asked */
	EVIDENCE_NO_PORT,        /* the device is there, a port is not */
	EVIDENCE_PORT_BUSY,
	EVIDENCE_PORT_DENIED,
	EVIDENCE_PORT_FAILED, /* cannot be opened for another reason: why */
	EVIDENCE_SILENT,
	EVIDENCE_ANSWERS_BADLY, /* with something that is no answer of an ECU: why */
	EVIDENCE_ANSWERS_ECU,
	EVIDENCE_ANSWERS_OPENBLT,
	EVIDENCE_ANSWER_COUNT,
};

struct evidence_ecu {
	enum evidence_answer answer;
	char port[64];
	char why[EVIDENCE_TEXT]; /* of a failure */
	char signature[128];
	char critical[EVIDENCE_TEXT]; /* the critical error that it tells of; "" = none */
	char loader[64];              /* OpenBLT's banner */
	enum evidence_known tune_readable;
	uint32_t tune_size;
	char tune_why[EVIDENCE_TEXT];
	enum evidence_known openblt;     /* the ECU says that OpenBLT is in front of it */
	enum evidence_known had_to_wait; /* the port was held at first, and free later */
};

/* ---- the bootloader ---- */

enum evidence_open {
	EVIDENCE_OPEN_UNKNOWN,
	EVIDENCE_OPENED,
	EVIDENCE_OPEN_DENIED,
	EVIDENCE_OPEN_BUSY, /* somebody else has the interface */
	EVIDENCE_OPEN_FAILED,
};

enum evidence_family {
	EVIDENCE_FAMILY_UNKNOWN,
	EVIDENCE_F4,
	EVIDENCE_F7,
	EVIDENCE_H7,
};

struct evidence_dfu {
	enum evidence_open open;
	char why[EVIDENCE_TEXT]; /* of a failure to open, or to come to rest */
	bool has_status;
	uint8_t status, state; /* at first, before anything was done about it */
	char status_text[32], state_text[32];
	enum evidence_known rests; /* it came to dfuIDLE */

	enum evidence_family family;
	bool has_options;
	enum evidence_known options_refused; /* they may not be read: errVENDOR */
	uint8_t rdp;                         /* 0xaa = level 0 */
	uint32_t protected_sectors;          /* bit 0 = sector 0 */
	enum evidence_known single_bank;     /* F76x: nDBANK is 1 */
	bool has_boot_add;
	uint16_t boot_add[2]; /* F7: BOOT_ADD0, BOOT_ADD1 */
	uint32_t flash_kib;   /* as the chip says; 0 = not known */
};

/* What lies in flash, where firmware belongs: from its start up to where settings are. */
struct evidence_flash {
	enum evidence_known readable; /* no: the chip refused it */
	char why[EVIDENCE_TEXT];
	uint32_t read;                    /* bytes looked at */
	bool broke_off;                   /* and there is more, which could not be read: why */
	enum evidence_known blank;        /* all of them erased */
	enum evidence_known front_erased; /* the vector table is, and data lie behind it */
	enum evidence_known
		starts; /* stack pointer and reset vector make sense, and lead to code */
	char starts_why[EVIDENCE_TEXT];      /* why they do not */
	char signature[128];                 /* rusEFI's; "" = none found */
	enum evidence_known loader_in_front; /* an application at OpenBLT's usual place behind it */
	enum evidence_known other_chip;      /* the signature is of firmware for another family */
	enum evidence_known whole; /* the checksum in the image fits; unknown: it has none */
	uint32_t end;              /* address behind the last byte that is not erased */
	uint32_t hole_addr,
		hole_size;       /* the largest erased piece with data behind it; size 0 = none */
	enum evidence_known cut; /* the data end where a transfer of the bootloader ends */
};

/* ---- what --try has found ---- */

enum evidence_try {
	EVIDENCE_NOT_TRIED,
	EVIDENCE_TRY_STAYED,    /* asked for the bootloader, the ECU stayed and answers */
	EVIDENCE_TRY_HANGS,     /* asked, stayed, and does not answer any more */
	EVIDENCE_TRY_CAME_BACK, /* it left, and came back as ECU */
	EVIDENCE_TRY_OPENBLT,   /* it left, and came back as OpenBLT */
	EVIDENCE_TRY_GONE,      /* it left, and nothing came */
	EVIDENCE_TRY_DFU,       /* it came as bootloader */
};

struct evidence_trial {
	enum evidence_try into_dfu;
	uint32_t into_dfu_ms;          /* until the bootloader was on USB */
	enum evidence_known left;      /* the bootloader was told to leave, and went */
	enum evidence_known starts;    /* the ECU came then */
	enum evidence_known dfu_again; /* it was the bootloader that came */
	uint32_t starts_ms;
	char why[EVIDENCE_TEXT];
};

struct evidence {
	struct evidence_person person;
	enum evidence_system system;
	struct evidence_tool tool;
	struct evidence_linux kernel;
	struct evidence_windows windows;
	struct evidence_usb usb;
	struct evidence_device
		board; /* the one that it is all about; face EVIDENCE_NOTHING = none */
	struct evidence_ecu ecu;
	struct evidence_dfu dfu;
	struct evidence_flash flash;
	struct evidence_trial trial;
};

#endif
