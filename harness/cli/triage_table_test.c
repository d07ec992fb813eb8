/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with a board, and what triage names: every scenario triage-*.yaml injects a cause; the table of both is printed,
 * and must be the identity. No cause is without a scenario.
 */
#include <criterion/criterion.h>

#include "harness/cli/exec_files_test.h"
#include "harness/triage/triage.h"

#include <dirent.h>

#define FOLDER        DFURIG_FIXTURES "/scenarios"
#define SCENARIOS_MAX 80
#define WORD          49

struct row {
	char scenario[WORD], injected[WORD], named[WORD], sure[WORD];
};

struct triage_table {
	struct row rows[SCENARIOS_MAX];
	size_t count;
};

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_ours(const struct dirent *entry)
{
	return strncmp(entry->d_name, "triage-", 7) == 0 && strstr(entry->d_name, ".yaml");
}

/* The word behind `key`, up to a blank or the end of the line. */
static void copy_word(char ret[static WORD], const char *text, const char *key)
{
	const char *at = strstr(text, key);
	size_t size = at ? strcspn(at + strlen(key), " \n,:") : 0;

	cr_assert(at && size && size < WORD, "\"%s\" is not in: %s", key, text);
	memcpy(ret, at + strlen(key), size);
	ret[size] = '\0';
}

static void read_scenario(struct row *row, const char *file)
{
	char path[400];

	snprintf(path, sizeof(path), FOLDER "/%s", file);
	CLEANUP(buf_done) struct buf content = content_or_fail(path);

	cr_assert_eq(buf_append(&content, "", 1), 0);
	snprintf(row->scenario, WORD, "%.*s", (int)strcspn(file, "."), file);
	copy_word(row->injected, (const char *)content.data, "    cause: ");
}

static void read_scenarios(struct triage_table *table)
{
	struct dirent **files;
	int count = scandir(FOLDER, &files, is_ours, by_name);

	cr_assert(count > 0 && count <= SCENARIOS_MAX, "%d scenarios", count);
	for (int i = 0; i < count; i++) {
		read_scenario(&table->rows[table->count++], files[i]->d_name);
		free(files[i]);
	}
	free(files);
}

/* "triage: the board is in OpenBLT (in-openblt), sure: ..." */
static void read_named(struct row *row, char *line)
{
	for (int i = 0; i < TRIAGE_SURE_COUNT; i++) {
		const char *sure = names_text(&triage_sure_names, i);
		char mark[24], *end, *start;

		snprintf(mark, sizeof(mark), "), %s: ", sure);
		end = strstr(line, mark);
		if (!end)
			continue;
		*end = '\0';
		start = strrchr(line, '(');
		cr_assert(start, "%s", line);
		snprintf(row->named, WORD, "%s", start + 1);
		snprintf(row->sure, WORD, "%s", sure);
		return;
	}
}

/* A line that is not indented begins a run, and names its scenario; NULL: it is the last. */
static struct row *row_of(struct triage_table *table, const char *line)
{
	size_t size = strcspn(line, " ");

	for (size_t i = 0; i < table->count; i++)
		if (strlen(table->rows[i].scenario) == size &&
			strncmp(table->rows[i].scenario, line, size) == 0)
			return &table->rows[i];
	return NULL;
}

/* The first word of each run's triage; the remedy comes in a line of its own. */
static void read_stories(struct triage_table *table, char *text)
{
	struct row *row = NULL;
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *told = strstr(line, " triage: ");

		if (line[0] != ' ')
			row = row_of(table, line);
		else if (row && told && !row->named[0])
			read_named(row, told);
	}
}

static void run_scenarios(struct triage_table *table)
{
	const char *argv[SCENARIOS_MAX + 8] = {
		DFURIG, "run", "--transport", "direct", "--jobs", "1", "-v"};
	size_t n = 7;

	for (size_t i = 0; i < table->count; i++)
		argv[n++] = table->rows[i].scenario;
	CLEANUP(run_done) struct run run = run_or_fail(argv);

	cr_expect_eq(run.code, 0, "exit %d: %s", run.code, run.out);
	read_stories(table, run.out);
}

static void print_table(const struct triage_table *table)
{
	printf("%-22s %-22s %-9s %s\n", "injected", "named", "sure", "by");
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = &table->rows[i];

		printf("%-22s %-22s %-9s %s%s\n", row->injected, row->named[0] ? row->named : "-",
			row->sure, row->scenario,
			strcmp(row->injected, row->named) == 0 ? "" : "   <-- another");
	}
	fflush(stdout);
}

static bool is_injected(const struct triage_table *table, const char *cause)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->rows[i].injected, cause) == 0)
			return true;
	return false;
}

Test(triage_table, what_is_injected_is_what_is_named)
{
	static struct triage_table table;

	read_scenarios(&table);
	run_scenarios(&table);
	print_table(&table);
	for (size_t i = 0; i < table.count; i++)
		cr_expect_str_eq(
			table.rows[i].named, table.rows[i].injected, "%s", table.rows[i].scenario);
	for (int cause = 0; cause < TRIAGE_CAUSE_COUNT; cause++)
		cr_expect(is_injected(&table, names_text(&triage_cause_names, cause)),
			"no scenario injects %s", names_text(&triage_cause_names, cause));
}
