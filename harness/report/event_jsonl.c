/* SPDX-License-Identifier: MIT */
#include "harness/report/event_jsonl.h"

#include "harness/base/file.h"
#include "harness/report/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct event_jsonl {
	struct event_sink sink;
	int fd;
	int error;  /* the first; negative errno */
	char *path; /* owned; NULL when out of memory */
};

static void set_text(json_t *object, const char *key, const char *text)
{
	char *clean;

	if (!text)
		return;
	clean = utf8_clean(text);
	json_object_set_new(object, key, clean ? json_string(clean) : NULL);
	free(clean);
}

static void set_number(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void set_usb(json_t *object, const struct event *event)
{
	set_number(object, "vid", event->vid);
	set_number(object, "pid", event->pid);
	set_number(object, "bcd_device", event->bcd_device);
	set_text(object, "serial", event->serial);
	set_number(object, "port", event->port);
	set_number(object, "devnum", event->devnum);
}

static void set_fields(json_t *object, const struct event *event)
{
	unsigned int fields = event_fields(event->kind);

	if (fields & EVENT_HAS_NAME)
		set_text(object, "name", event->name);
	if (fields & EVENT_HAS_LEVEL)
		json_object_set_new(object, "level", json_boolean(event->level));
	if (fields & EVENT_HAS_USB)
		set_usb(object, event);
	if (fields & EVENT_HAS_SECTOR)
		set_number(object, "sector", event->sector);
	if (fields & EVENT_HAS_ADDR)
		set_number(object, "addr", event->addr);
	if (fields & EVENT_HAS_SIZE)
		set_number(object, "size", event->size);
	if (fields & EVENT_HAS_STATUS)
		json_object_set_new(object, "status", json_integer(event->status));
	if (fields & EVENT_HAS_EXPECTED)
		set_text(object, "expected", event->expected);
	if (fields & EVENT_HAS_DIAGNOSIS) {
		set_text(object, "title", event->title);
		set_text(object, "sure", event->sure);
		set_text(object, "remedy", event->remedy);
	}
	if (fields & EVENT_HAS_WALL)
		set_number(object, "wall_us", event->wall_us);
}

/* The line with its newline, owned by the caller; NULL when out of memory. */
static char *line_of(const struct event *event, size_t *ret_size)
{
	json_t *object = json_object();
	char *line, *longer;

	set_number(object, "seq", event->seq);
	set_number(object, "time_us", event->time_us);
	set_text(object, "kind", event_kind_text(event->kind));
	set_text(object, "board", event->board);
	set_fields(object, event);
	set_text(object, "text", event->text);
	line = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(object);
	if (!line)
		return NULL;
	*ret_size = strlen(line);
	longer = realloc(line, *ret_size + 1);
	if (!longer) {
		free(line);
		return NULL;
	}
	longer[(*ret_size)++] = '\n';
	return longer;
}

static void jsonl_emit(struct event_sink *sink, const struct event *event)
{
	struct event_jsonl *self = CONTAINER_OF(sink, struct event_jsonl, sink);
	CLEANUP(free_ptr) char *line = NULL;
	size_t size = 0;

	if (self->error)
		return;
	line = line_of(event, &size);
	self->error = line ? file_write_fd(self->fd, line, size) : -ENOMEM;
}

static const struct event_sink_ops jsonl_ops = {.name = "jsonl", .emit = jsonl_emit};

int event_jsonl_open(const char *path, struct event_jsonl **ret, struct why *why)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct event_jsonl *self;

	if (fd < 0)
		return why_errno(why, -errno, "%s", path);
	self = calloc(1, sizeof(*self));
	if (!self) {
		close(fd);
		return why_errno(why, -ENOMEM, "%s", path);
	}
	self->sink.ops = &jsonl_ops;
	self->fd = fd;
	self->path = strdup(path);
	*ret = self;
	return 0;
}

struct event_sink *event_jsonl_sink(struct event_jsonl *jsonl)
{
	return &jsonl->sink;
}

int event_jsonl_close(struct event_jsonl *jsonl, struct why *why)
{
	int r;

	if (!jsonl)
		return 0;
	event_stream_remove(&jsonl->sink);
	r = jsonl->error;
	/* A full network disk may say so only here. */
	if (close(jsonl->fd) < 0 && !r)
		r = -errno;
	if (r < 0)
		why_errno(why, r, "%s", jsonl->path ? jsonl->path : "events");
	free(jsonl->path);
	free(jsonl);
	return r;
}
