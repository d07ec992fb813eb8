# SPDX-License-Identifier: MIT
# The reading half of ci/check-layers, which gives the tables as variables.

function words(text, set,    list, n, i)
{
	n = split(text, list)
	for (i = 1; i <= n; i++)
		set[list[i]] = 1
}

function layer_of(path,    part, n)
{
	sub(/^\.\//, "", path)
	n = split(path, part, "/")
	return part[1] == "harness" && n > 2 ? part[2] : part[1]
}

function report(text)
{
	file = FILENAME
	sub(/^\.\//, "", file)
	print file ":" FNR ": " text
	findings++
}

function check_project(path,    to)
{
	if (path !~ /^(harness|simulators|hil|ci)\//) {
		report("\"" path "\" is not from the top (\"harness/...\")")
		return
	}
	to = layer_of(path)
	if (to == layer || (layer, to) in allowed)
		return
	if (is_test && ((("test:" layer), to) in allowed || ("test:*", to) in allowed))
		return
	report(layer " may not include " to " (\"" path "\")")
}

function check_system(path,    library)
{
	if (!is_test && layer in is_pure && !(path in is_pure_header)) {
		report("<" path "> in a pure layer (" layer ")")
		return
	}
	if (is_test || !(layer in is_ground))
		return
	for (library in is_ground_library)
		if (path ~ ("(^|/)" library "[^a-z]"))
			report("<" path "> below the host layer (" layer ")")
}

function check_words(text,    word, name, call)
{
	for (word in is_pure_word) {
		name = word
		call = sub(/\($/, "", name)
		if (text ~ ("(^|[^A-Za-z0-9_.>])" name (call ? "[ \t]*\\(" : "([^A-Za-z0-9_]|$)")))
			report("\"" word "\" in a pure layer (" layer ")")
	}
}

BEGIN {
	rows = split(table, row, "\n")
	for (r = 1; r <= rows; r++) {
		n = split(row[r], field)
		if (n == 0)
			continue
		from = substr(field[1], 1, length(field[1]) - 1)
		known[from] = 1
		for (i = 2; i <= n; i++)
			allowed[from, field[i]] = 1
	}
	words(pure, is_pure)
	words(pure_headers, is_pure_header)
	words(pure_words, is_pure_word)
	words(ground, is_ground)
	words(ground_libraries, is_ground_library)
}

FNR == 1 {
	code_reset()
	layer = layer_of(FILENAME)
	is_test = FILENAME ~ /_test\.[ch]$|\/probe\//
	if (!(layer in known)) {
		report("no layer \"" layer "\" in the table of ci/check-layers")
		nextfile
	}
	if (layer == "ports" && !is_test && FILENAME ~ /\.c$/)
		report("ports holds headers only")
}

{
	was_in_comment = in_comment
	text = code($0)
	if (!was_in_comment && text ~ /^[ \t]*#[ \t]*include[ \t]/) {
		path = $0
		if (match(path, /"[^"]+"/))
			check_project(substr(path, RSTART + 1, RLENGTH - 2))
		else if (match(path, /<[^>]+>/))
			check_system(substr(path, RSTART + 1, RLENGTH - 2))
	} else if (layer in is_pure && !is_test) {
		check_words(text)
	}
}

END {
	exit findings > 0
}
