/* SPDX-License-Identifier: MIT */
/* What `dfurig flash` tells: a progress bar while it takes longer than a second, a short story or JSON at the end. */
#ifndef DFURIG_CLI_FLASH_STORY_H
#define DFURIG_CLI_FLASH_STORY_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/host/dfuse_client.h"
#include "harness/ports/board.h"

enum flash_compare {
	FLASH_NOT_COMPARED,
	FLASH_EQUAL,
	FLASH_DIFFERENT,
};

/* Filled in by who runs the update; everything borrowed. */
struct flash_story {
	const char *transport;
	const char *board; /* its name; NULL = a real one */
	bool json;
	bool virtual_time; /* host->clock is not the machine's */
	struct usb_host *host;
	struct usb_host_entry entry; /* bus 0 = nothing was found */
	struct dfuse_result result;
	enum flash_compare flash;
	size_t elsewhere; /* bytes of the image for other memories, where no second channel reaches */
	bool has_mode;
	enum board_mode mode; /* what the board does at the end */
	const char *dead;     /* why nothing runs; NULL in other modes */
	const char *runs;     /* what its firmware calls itself; NULL or "" = nothing is known */

	/* Its own. */
	uint64_t real_start_us, host_start_us;
	uint64_t real_us, host_us; /* that it took */
	uint64_t drawn_us;         /* when the bar was drawn last; 0 = never */
};

void flash_story_start(struct flash_story *story);
void flash_story_stop(struct flash_story *story);

/* For dfuse_client.on_progress; user is the story. */
void flash_story_progress(void *user, const struct dfuse_progress *progress);

/* Prints the story, and why (NULL = it went well). Returns code, or CLI_RIG when printing failed. */
int flash_story_tell(const struct flash_story *story, int code, const struct why *why);

#endif
