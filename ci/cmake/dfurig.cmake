# SPDX-License-Identifier: MIT
# What every folder's CMakeLists.txt uses: dfurig_library(), dfurig_tests(), and the options of the presets.

include(CTest)
include(GNUInstallDirs)
find_package(PkgConfig REQUIRED)

option(DFURIG_SANITIZE "ASan, UBSan and LeakSanitizer" OFF)
option(DFURIG_COVERAGE "gcov instrumentation" OFF)
option(DFURIG_FUZZ "build the libFuzzer targets (clang)" OFF)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wswitch-enum -Werror
	-Wmissing-prototypes -Wstrict-prototypes -Wvla -fno-common)
include_directories(${CMAKE_SOURCE_DIR})

set(DFURIG_SANITIZER_FLAGS "")
if(DFURIG_SANITIZE)
	set(DFURIG_SANITIZER_FLAGS -fsanitize=address,undefined -fno-sanitize-recover=all
		-fno-omit-frame-pointer)
endif()
if(DFURIG_FUZZ)
	list(APPEND DFURIG_SANITIZER_FLAGS -fsanitize=fuzzer-no-link)
endif()
add_compile_options(${DFURIG_SANITIZER_FLAGS})
add_link_options(${DFURIG_SANITIZER_FLAGS})
if(DFURIG_COVERAGE)
	add_compile_options(--coverage)
	add_link_options(--coverage)
endif()

# dfurig_library(NAME [DEPENDS lib...]): a static library of this folder's *.c without the tests.
function(dfurig_library name)
	cmake_parse_arguments(ARG "" "" "DEPENDS;EXCLUDE" ${ARGN})
	file(GLOB sources CONFIGURE_DEPENDS *.c)
	list(FILTER sources EXCLUDE REGEX "_test\\.c$")
	foreach(file IN LISTS ARG_EXCLUDE)
		list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${file})
	endforeach()
	add_library(${name} STATIC ${sources})
	target_link_libraries(${name} PUBLIC ${ARG_DEPENDS})
endfunction()

# What Criterion lets pass: a leak, a sanitizer's report, a crash while it sets up, nothing run (with colours or without).
string(ASCII 27 ESC)
set(DFURIG_TEST_FAILURES "LeakSanitizer" "AddressSanitizer" "UndefinedBehaviorSanitizer" "runtime error:"
	"crashed during its setup or teardown" "Tested: (${ESC}[^m]*m)?0(${ESC}[^m]*m)? [|]")

# dfurig_tests(NAME [JOBS n] [DEPENDS lib...]): one Criterion program of this folder's *_test.c.
function(dfurig_tests name)
	if(NOT BUILD_TESTING OR DFURIG_FUZZ)
		return()
	endif()
	cmake_parse_arguments(ARG "" "JOBS" "DEPENDS" ${ARGN})
	if(NOT ARG_JOBS)
		set(ARG_JOBS 2)
	endif()
	file(GLOB sources CONFIGURE_DEPENDS *_test.c)
	if(NOT sources)
		return()
	endif()
	pkg_check_modules(CRITERION REQUIRED IMPORTED_TARGET criterion)
	add_executable(${name} ${sources})
	target_compile_options(${name} PRIVATE -Wno-conversion -Wno-pedantic -Wno-missing-prototypes)
	target_compile_definitions(${name} PRIVATE
		DFURIG_FIXTURES="${CMAKE_SOURCE_DIR}/fixtures" DFURIG_BUILD="${CMAKE_BINARY_DIR}")
	target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} PkgConfig::CRITERION)
	# --verbose names the skipped tests; ci/test reads the output.
	add_test(NAME ${name} COMMAND ${name} --jobs ${ARG_JOBS} --verbose --color=never)
	set_tests_properties(${name} PROPERTIES TIMEOUT 240
		FAIL_REGULAR_EXPRESSION "${DFURIG_TEST_FAILURES}")
endfunction()
