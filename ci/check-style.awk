# SPDX-License-Identifier: MIT
# The part of ci/check-style that reads C line by line, which gives the tables as variables.

function report(line, text)
{
	print path ":" line ": " text
	findings++
}

# Shell pattern with * only, to a regular expression.
function pattern(glob)
{
	gsub(/[.+?()\[\]{}^$|\\]/, "\\\\&", glob)
	gsub(/\*/, ".*", glob)
	return "^" glob "$"
}

function load_exceptions(    line, field, name, n, i)
{
	while ((getline line < exceptions) > 0) {
		if (line ~ /^[ \t]*(#|$)/)
			continue
		if (split(line, field) < 3) {
			print exceptions ": an exception without a reason: " line
			findings++
		}
		n = split(field[2], name, ",")
		for (i = 1; i <= n; i++) {
			exception_path[++exception_count] = pattern(field[1])
			exception_name[exception_count] = name[i]
		}
	}
	close(exceptions)
}

function is_allowed(name,    i)
{
	for (i = 1; i <= exception_count; i++)
		if (exception_name[i] == name && path ~ exception_path[i])
			return 1
	return 0
}

function check_banned(text,    name)
{
	if (text !~ /\(/)
		return
	for (name in is_banned)
		if (index(text, name) && text ~ ("(^|[^A-Za-z0-9_.>])" name "[ \t]*\\(") && !is_allowed(name))
			report(FNR, name "() is banned here (see ci/check-style.exceptions)")
}

function check_test_name(text,    name)
{
	name = text
	sub(/^[A-Za-z]+\([^,]*,[ \t]*/, "", name)
	sub(/[,) ].*$/, "", name)
	if (name !~ /^[a-z0-9_]+$/)
		report(FNR, "test \"" name "\" is not in lower case with underscores")
	else if (name !~ /^[a-z0-9]+_[a-z0-9]/ || name ~ /^tests?_/)
		report(FNR, "test \"" name "\": the name says too little (a sentence, please)")
}

function end_of_file()
{
	if (path != "" && last > limit)
		report(last, last " lines (at most " limit ")")
}

BEGIN {
	n = split(banned, list)
	for (i = 1; i <= n; i++)
		is_banned[list[i]] = 1
	load_exceptions()
}

FNR == 1 {
	end_of_file()
	code_reset()
	path = FILENAME
	sub(/^\.\//, "", path)
}

{
	last = FNR
	text = code($0)
	check_banned(text)
	if (path ~ /_test\.c$/ && text ~ /^(Test|ParameterizedTest|Theory)\(/)
		check_test_name($0)
}

END {
	end_of_file()
	exit findings > 0
}
