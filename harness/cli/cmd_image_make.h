/* SPDX-License-Identifier: MIT */
/* dfurig image make: one command of `dfurig image`. */
#ifndef DFURIG_CLI_CMD_IMAGE_MAKE_H
#define DFURIG_CLI_CMD_IMAGE_MAKE_H

/* argv[0] is "dfurig image make". Returns the exit code. */
int cmd_image_make(int argc, char **argv);

#endif
