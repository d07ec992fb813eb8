/* SPDX-License-Identifier: MIT */
/* A flasher's YAML file: never crashes, and either gives a whole flasher or one line that says why not. */
#include "harness/flasher/flasher_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct flasher_vars vars = {.image = "/x.bin", .flow = FLASHER_MANUAL};
	enum flasher_reason reason;
	struct flasher flasher;
	struct why why = {0};
	char **argv = NULL;
	int r;

	if (size > FLASHER_FILE_MAX)
		return 0;
	r = flasher_parse("f.yaml", data, size, &flasher, &why);
	if (r < 0) {
		if (strncmp(why.text, "f.yaml:", 7) != 0 || strchr(why.text, '\n'))
			abort();
		return 0;
	}
	if (!flasher.name[0] || !flasher.command[0] || !flasher.limit_ms)
		abort();
	if (flasher_expand(&flasher, &vars, &argv) == 0 && !argv[0])
		abort();
	flasher_argv_free(argv);
	if (flasher_judge(&flasher, 0, data, size, &reason) && reason != FLASHER_NO_REASON)
		abort();
	flasher_done(&flasher);
	return 0;
}
