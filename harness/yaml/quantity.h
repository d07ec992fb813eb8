/* SPDX-License-Identifier: MIT */
/* Where it was: the code is in base. */
#include "harness/base/quantity.h"
