#!/bin/sh
# SPDX-License-Identifier: MIT
# Our ring beside Linux's, in instructions per request, by callgrind.
#
#   bench/kernel.sh [VERSION]      6.1, or another for which Debian has a linux-source package
#
# Linux's drivers/virtio/virtio_ring.c comes from Debian's source package, is unpacked under build/
# and compiled in user space with the kernel's own tools/virtio headers.  Without the DMA API,
# locks and mitigations this is a lower bound of what it costs in a kernel.  Two changes, both in
# Linux's favour or needed: the page size is a constant (the headers ask the C library for each
# piece), and macros that the headers lack do nothing.
set -eu
version=${1:-6.1}
top=$PWD
build=${B:-build}
home=$build/linux/$version

fail() {
	echo "bench/kernel.sh: $*" >&2
	exit 1
}

fetch() {
	(cd "$home" && apt-get -qq download "linux-source-$version" 2>log)
}

unpack() {
	rm -rf "$home"
	mkdir -p "$home"
	fetch || { [ "$(id -u)" = 0 ] && apt-get -qq update && fetch; } || {
		cat "$home/log" >&2
		fail "apt-get download linux-source-$version failed"
	}
	dpkg-deb --fsys-tarfile "$home"/*.deb |
		tar -xOf - "./usr/src/linux-source-$version.tar.xz" | xz -dc |
		tar -xf - -C "$home" --strip-components=1 --wildcards \
			'*/drivers/virtio/virtio_ring.c' '*/tools/virtio/*' '*/tools/include/*' \
			'linux-source-*/include/linux/*.h' 'linux-source-*/include/uapi/linux/*.h'
	basename "$home"/*.deb .deb >"$home/package"
	rm "$home"/*.deb
	sed -i -e 's/getpagesize()/4096/' "$home/tools/virtio/linux/kernel.h"
	# Newer kernels' headers include this one, for which tools/virtio has no stand-in.
	header=include/linux/compiler-context-analysis.h
	[ ! -e "$home/$header" ] || cp "$home/$header" "$home/tools/virtio/linux"
}

# The flags are those of tools/virtio/Makefile.
compile() {
	cd "$home/tools/virtio"
	${CC:-gcc} -g -O2 -w -I. -I../include -I"$top" -fno-strict-overflow -fno-strict-aliasing \
		-fno-common -U_FORTIFY_SOURCE -DCONFIG_PHYS_ADDR_T_64BIT \
		'-Ddata_race(x)=(x)' '-DMODULE_DESCRIPTION(x)=' \
		-include ../../include/linux/kconfig.h -pthread -o "$top/$home/ring" \
		"$top/bench/kernel/ring.c" ../../drivers/virtio/virtio_ring.c \
		"$top/$build/host/bench/device.o" "$top/$build/host/bench/options.o"
	cd "$top"
}

case $version in
[0-9]*[!0-9.]* | [!0-9]*) fail "$version: the version must be one such as 6.1" ;;
esac
[ -e "$home/package" ] || unpack
compile
bench/beside.py "$home/ring" "$(cat "$home/package")"
