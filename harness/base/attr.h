/* SPDX-License-Identifier: MIT */
/* Compiler attributes and the few macros that every module uses. */
#ifndef DFURIG_BASE_ATTR_H
#define DFURIG_BASE_ATTR_H

#include <stddef.h>

#define MUST_CHECK      __attribute__((warn_unused_result))
#define PRINTF(fmt, va) __attribute__((format(printf, fmt, va)))
#define UNUSED          __attribute__((unused))

/* Runs fn(&variable) when the variable leaves its scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* CLEANUP(free_ptr) on any pointer that malloc or a function of ours handed over. */
void free_ptr(void *ptr_to_ptr);

/* CLEANUP(close_fd) on an int; negative values are left alone. */
void close_fd(const int *fd);

#endif
