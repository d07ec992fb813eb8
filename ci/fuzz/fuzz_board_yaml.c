/* SPDX-License-Identifier: MIT */
/* A board's YAML file: never crashes, and either gives a whole board or one line that says why not. */
#include "harness/cli/board_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct board_file board;
	struct why why = {0};
	int r;

	if (size > data_boards.size_max)
		return 0;
	r = board_file_parse("f.yaml", data, size, &board, &why);
	if (r == 0) {
		char serial[CHIP_SERIAL_ROOM];
		struct board_file second = board_file_instance(&board, 2);

		chip_serial(second.rom, second.uid, serial);
		if (!board.chip || !board.name[0] || !second.name[0])
			abort();
	} else if (strncmp(why.text, "f.yaml:", 7) != 0 || strchr(why.text, '\n')) {
		abort();
	}
	return 0;
}
