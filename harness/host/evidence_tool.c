/* SPDX-License-Identifier: MIT */
/* Evidence about the system, and the tool that is meant to flash: is what it runs installed, and does it answer? */
#include "harness/host/evidence_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PROGRAM_LIMIT_MS 5000
#define QUERY_LIMIT_MS   10000

/* What a tool needs, by the name of its flasher file or its own. */
struct tool {
	const char *name, *also;
	enum evidence_system system; /* EVIDENCE_SYSTEM_UNKNOWN = any */
	const char *program;         /* NULL = none */
	const char *argument;        /* with which the program does nothing and ends */
	const char *const *query;    /* NULL = none; ends with NULL */
	enum pnp_route route;
	bool sees_macos;
};

static const char *const lsusb[] = {"lsusb", "--version", NULL};
static const char *const cim[] = {"powershell", "-NoProfile", "-Command",
	"Get-CimInstance Win32_PnPEntity -Filter \"Caption like '%STM32%' and Caption like "
	"'%Bootloader%'\" | Select-Object Caption, ConfigManagerErrorCode | Format-List",
	NULL};

static const char *const wmic[] = {"wmic", "path", "win32_pnpentity", "where",
	"Caption like '%STM32%' and Caption like '%Bootloader%'", "get",
	"Caption,ConfigManagerErrorCode", "/format:list", NULL};

/* Those that are asked for the bootloader, and not only whether they run. */
static const char *const *const asked[] = {cim, wmic};

/* Programs and queries: [rusEFI DfuFlasher]; of 2021: rusEFI issues 2675 and 2996. */
static const struct tool tools[] = {
	{"builtin", "dfurig", EVIDENCE_SYSTEM_UNKNOWN, NULL, NULL, NULL, PNP_ROUTE_WINUSB, true},
	{"console", "console-linux-2026", EVIDENCE_LINUX, "dfu-util", "--version", lsusb,
		PNP_ROUTE_WINUSB, false},
	{"console", "console-windows-2026", EVIDENCE_WINDOWS, "STM32_Programmer_CLI", "--version",
		cim, PNP_ROUTE_WINUSB, false},
	{"console-windows-2025", NULL, EVIDENCE_WINDOWS, "STM32_Programmer_CLI", "--version", wmic,
		PNP_ROUTE_WINUSB, false},
	{"console-windows-2022", NULL, EVIDENCE_WINDOWS, "STM32_Programmer_CLI", "--version", NULL,
		PNP_ROUTE_WINUSB, false},
	{"console", NULL, EVIDENCE_MACOS, NULL, NULL, NULL, PNP_ROUTE_NONE, false},
	{"console-windows-2021", "DfuSeCommand", EVIDENCE_WINDOWS, "DfuSeCommand", "-?", NULL,
		PNP_ROUTE_STTUB30, false},
	{"dfu-util", NULL, EVIDENCE_SYSTEM_UNKNOWN, "dfu-util", "--version", NULL, PNP_ROUTE_WINUSB,
		true},
	{"stm32-programmer-cli", "STM32_Programmer_CLI", EVIDENCE_SYSTEM_UNKNOWN,
		"STM32_Programmer_CLI", "--version", NULL, PNP_ROUTE_WINUSB, true},
};

static bool is_named(const struct tool *tool, const char *name)
{
	return strcmp(tool->name, name) == 0 || (tool->also && strcmp(tool->also, name) == 0);
}

/* The row for this system; else the row of that name; NULL = none. */
static const struct tool *find_tool(const char *name, enum evidence_system system)
{
	const struct tool *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		if (!is_named(&tools[i], name))
			continue;
		if (tools[i].system == system || tools[i].system == EVIDENCE_SYSTEM_UNKNOWN)
			return &tools[i];
		found = &tools[i];
	}
	return found;
}

/* Whether the program can be run; *output, when it is not NULL, has what it printed. */
static enum evidence_known run(struct host_os *os, const char *const argv[], uint32_t limit_ms,
	struct host_program_result *result)
{
	char *words[12] = {NULL};
	int r;

	for (size_t i = 0; argv[i] && i + 1 < ARRAY_SIZE(words); i++)
		words[i] = (char *)(uintptr_t)argv[i];
	r = os->ops->run(os, words, limit_ms, result, NULL);
	if (r == -ENOENT || r == -EACCES)
		return EVIDENCE_NO;
	return r < 0 ? EVIDENCE_UNKNOWN : EVIDENCE_YES;
}

static enum evidence_known can_run(struct host_os *os, const char *const argv[])
{
	struct host_program_result result = {0};
	enum evidence_known known = run(os, argv, PROGRAM_LIMIT_MS, &result);

	buf_done(&result.output);
	return known;
}

static enum evidence_system system_of(const struct host_os *os)
{
	if (os->pnp)
		return EVIDENCE_WINDOWS;
	return os->macos ? EVIDENCE_MACOS : EVIDENCE_LINUX;
}

static const char *const *asked_query(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
		if (strcmp(asked[i][0], name) == 0)
			return asked[i];
	return NULL;
}

static void look_for_query(struct host_os *os, const struct tool *tool, struct evidence_tool *ret)
{
	evidence_copy(ret->query, sizeof(ret->query), tool->query[0]);
	if (!asked_query(ret->query))
		ret->query_installed = can_run(os, tool->query);
}

static void look_for_tool(struct host_os *os, const struct tool *tool, struct evidence_tool *ret)
{
	ret->route = tool->route;
	ret->sees_macos = tool->sees_macos;
	ret->works_on = tool->system;
	if (tool->query)
		look_for_query(os, tool, ret);
	if (!tool->program)
		return;
	evidence_copy(ret->program, sizeof(ret->program), tool->program);
	ret->installed = can_run(os, (const char *const[]){tool->program, tool->argument, NULL});
}

void evidence_look_at_tool(struct host_os *os, const char *name, struct evidence *ret)
{
	const struct tool *tool;

	ret->system = system_of(os);
	ret->tool.named = name != NULL;
	evidence_copy(ret->tool.name, sizeof(ret->tool.name), name ? name : "console");
	tool = find_tool(ret->tool.name, ret->system);
	if (tool)
		look_for_tool(os, tool, &ret->tool);
	else
		look_for_tool(os,
			&(struct tool){.program = name,
				.argument = "--version",
				.route = PNP_ROUTE_WINUSB,
				.sees_macos = true},
			&ret->tool);
	if (!name)
		evidence_copy(ret->tool.name, sizeof(ret->tool.name), "rusEFI's console");
}

/* Nothing at all is an answer too, unless there is something to be told. */
void evidence_ask_query(struct host_os *os, struct evidence *ret)
{
	const char *const *query = asked_query(ret->tool.query);
	struct host_program_result result = {0};
	bool must_find = ret->windows.present == EVIDENCE_YES &&
			 strstr(ret->windows.node.caption, "STM32") &&
			 strcasestr(ret->windows.node.caption, "bootloader");

	if (!query)
		return;
	ret->tool.query_installed = run(os, query, QUERY_LIMIT_MS, &result);
	if (ret->tool.query_installed == EVIDENCE_YES)
		ret->tool.query_answers =
			evidence_of(!result.timed_out && (!must_find || result.output.size > 0));
	buf_done(&result.output);
}
