#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds bench/vhost/load.c over each library:   bench/vhost/build.sh FOLDER
#
# Ours is the shared library that was built; libblkio is Debian 13's, unpacked under build/ with the
# C library that it needs (tools/trixie), whose loader its program names.
set -eu
build=${B:-build}
other=build/libblkio
lib=$PWD/$other/tree/usr/lib/x86_64-linux-gnu
mkdir -p "$1"
[ -s $other/versions ] || tools/trixie $other libblkio1 libblkio-dev libc6 libgcc-s1

# compile PROGRAM WORD...
compile() {
	out=$1
	shift
	${CC:-gcc} -O2 -g -std=c11 -Wall -Wextra -D_GNU_SOURCE -I. -Iinclude -o "$out" \
		bench/vhost/load.c bench/ball.c words/units.c words/text.c \
		"bench/vhost/$(basename "$out").c" -pthread "$@"
}
compile "$1/ours" "$build/liborion-vblk.so" "-Wl,-rpath,$PWD/$build"
compile "$1/libblkio" -isystem $other/tree/usr/include "$lib/libblkio.so.1" \
	"-Wl,-rpath,$lib,--disable-new-dtags,--allow-shlib-undefined" \
	"-Wl,--dynamic-linker=$lib/ld-linux-x86-64.so.2"
