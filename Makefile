# SPDX-License-Identifier: MIT
#
# Orion: the one Makefile.  `make help` lists the targets; docs/building.md has the rest.
#
#   MODE=release|debug|asan|tsan|cov|clang|ppc64|arm64|riscv64|s390x|arm32|fuzz   what kind of
#                        build; each has its own folder: build/ for release, build-MODE/ for the
#                        others; arm64, riscv64 and s390x are for the core alone (make MODE=arm64
#                        core), arm32 for it and the README's example
#   CC=, CFLAGS=, V=1    the compiler, optimisation flags, full command lines
#
# Sources are found by wildcard, except the core's: sources.txt lists them, for us and for whoever
# embeds the core with another build system.

MODE ?= release
ARCH ?= x86_64
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 20

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# ---- the mode -----------------------------------------------------------------------------------

MODES := release debug asan tsan cov clang ppc64 arm64 riscv64 s390x arm32 fuzz
ifeq ($(filter $(MODE),$(MODES)),)
$(error MODE=$(MODE) is none of: $(MODES))
endif
B := $(if $(filter release,$(MODE)),build,build-$(MODE))

CC_clang := clang
CC_fuzz := clang
CC_ppc64 := powerpc64-linux-gnu-gcc
AR_ppc64 := powerpc64-linux-gnu-ar
CC_arm64 := aarch64-linux-gnu-gcc
AR_arm64 := aarch64-linux-gnu-ar
CC_riscv64 := riscv64-linux-gnu-gcc
AR_riscv64 := riscv64-linux-gnu-ar
CC_arm32 := arm-linux-gnueabihf-gcc
AR_arm32 := arm-linux-gnueabihf-ar
CC_s390x := s390x-linux-gnu-gcc
AR_s390x := s390x-linux-gnu-ar
ifeq ($(origin CC),default)
CC := $(or $(CC_$(MODE)),gcc)
endif
ifeq ($(origin AR),default)
AR := $(or $(AR_$(MODE)),ar)
endif

OBJCOPY ?= objcopy

FLAGS_debug := -Og -g3
FLAGS_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FLAGS_tsan := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
FLAGS_cov := -O0 -g --coverage
FLAGS_fuzz := -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all \
	-fsanitize=fuzzer-no-link,address,undefined
CFLAGS ?= $(or $(FLAGS_$(MODE)),-O2 -g)
LDFLAGS ?= $(if $(filter ppc64 arm32,$(MODE)),-static)
RUNNER := $(if $(filter ppc64,$(MODE)),qemu-ppc64)$(if $(filter arm32,$(MODE)),qemu-arm)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion \
	-Wcast-align -Wundef -Wvla -Wpointer-arith -Werror -Wa,--fatal-warnings
# Instrumentation hides from gcc which values a variable can have; -Og leaves verbs out of line that
# a constant decides.
WARNINGS += $(if $(filter asan tsan cov,$(MODE)),-Wno-maybe-uninitialized -Wno-conversion)
WARNINGS += $(if $(filter debug,$(MODE)),-Wno-maybe-uninitialized)
BASE := -std=c11 $(WARNINGS) -MMD -MP -Iinclude
FREE := -ffreestanding -fno-stack-protector -fno-common -fno-asynchronous-unwind-tables
# Relaxed code keeps labels within functions, which hide from checks how they hang together.
FREE += $(if $(filter riscv64,$(MODE)),-mstrict-align -mno-relax)

# The library's objects: one set for the static and the shared one.  Only what the public headers
# declare with ORION_API is seen from outside.
PIC := -fPIC -fno-semantic-interposition -fvisibility=hidden

# Stack frames are bounded in optimised builds; instrumented ones spend more.
FRAME := $(if $(filter release clang,$(MODE)),-Wframe-larger-than=)
# The path, and what may stand in its place.
LESS := $(shell sed -n 's/^\# or //p' sources.txt)
HOT := src/blk/path.c $(LESS)
frame_of = $(or $(if $(filter $(HOT),$1),$(or $(KERNEL_FRAME_HOT),256)),\
	$(if $(filter kernel/% commands/%,$1),4096),2048)
frame = $(if $(FRAME),$(FRAME)$(strip $(frame_of)))

# The core but for its I/O path is small rather than fast, unless CFLAGS were given; on the path, no
# room is left before the targets of jumps, which is a twentieth of it and gains nothing.
SMALL_release := -Os
SMALL_clang := -Oz
DENSE_release := -fno-align-jumps
SMALL := $(if $(filter file,$(origin CFLAGS)),$(SMALL_$(MODE)))
DENSE := $(if $(filter file,$(origin CFLAGS)),$(DENSE_$(MODE)))
small = $(if $(filter $(HOT),$1),$(DENSE),$(SMALL))

# ---- what is built ------------------------------------------------------------------------------

CORE := $(shell sed -e 's/\#.*//' sources.txt)
WORDS := $(wildcard words/*.c)
COMMANDS := $(wildcard commands/*.c)
STORAGE := $(shell sed -e "s/\#.*//" sources-storage.txt) $(COMMANDS) $(WORDS)
MODEL := $(wildcard model/*.c)
# What of the storage framework outlives its device and knows no names: in both homes.
LANES := $(addprefix storage/,flush.c follow.c instance.c io.c late.c pages.c prepare.c)
# The Linux home: the library, its programs, the model as a vhost-user server.
LINUX := $(wildcard ports/linux/*.c ports/linux/*/*.c)
VBLK := $(wildcard cmd/vblk/*.c cmd/shared/*.c)
SERVER := $(wildcard model/server/*.c)
# What the programs share.
SHARED := $(wildcard cmd/shared/*.c)
LINUX_TESTS := $(wildcard test/linux/*.c)
UNIT := $(wildcard test/unit/*.c)
SCENARIO := $(wildcard test/scenario/*.c)
INJECT := $(wildcard test/inject/*.c)
EXHAUST := $(wildcard test/exhaust/*.c)
FUZZ := $(wildcard test/fuzz/*.c)
# In bench/, a file with a main() is a program; the others are linked into each.
BENCH := $(if $(wildcard bench/*.c),$(shell grep -l '^main\>' bench/*.c))
BENCH_SHARED := $(filter-out $(BENCH),$(wildcard bench/*.c))
# Files of the kernel that know nothing of a machine are unit-tested on the host, and so is the
# Linux home but for its panic: the objects of its library.
LENT := $(wildcard $(addprefix kernel/console/,console.c line.c) \
	$(addprefix kernel/core/,print.c memory.c) \
	$(addprefix kernel/core/,fdt.c fdt_bus.c fdt_pci.c hypervisor.c initrd.c iommu.c) \
	$(addprefix kernel/core/,iommu_table.c mmio.c) \
	$(addprefix kernel/arch/x86_64/,boot_facts.c smbios.c))
LENT_LINUX := $(filter-out ports/linux/panic.c,$(LINUX))

core_o := $(CORE:src/%.c=$B/core/%.o)
stepped_o := $(CORE:src/%.c=$B/stepped/%.o)
host_o = $(patsubst %.c,$B/host/%.o,$1)

pic_o := $(LINUX:%.c=$B/pic/%.o) $(patsubst %.c,$B/pic/%.o,$(LANES))
pic_core_o := $(CORE:src/%.c=$B/pic/%.o) $(patsubst %.c,$B/pic/%.o,$(wildcard words/*.c))

core_a := $B/liborion-core.a
linux_a := $B/liborion-vblk.a
linux_so := $B/liborion-vblk.so
linux_o := $B/liborion-vblk.o
stepped_a := $B/libvblk-stepped.a
storage_a := $B/liborion-storage.a
words_a := $B/libwords.a
# Of it, programs take the reports and what computes; what stands on storage/ is not linked.
commands_a := $B/libcommands.a
model_a := $(if $(MODEL),$B/libmodel.a)
libraries := $(core_a) $(stepped_a) $(if $(STORAGE),$(storage_a)) $(model_a)

tests := $(if $(UNIT),$B/test-unit) $(if $(SCENARIO),$B/test-scenario) \
	$(if $(INJECT),$B/test-inject) $(if $(EXHAUST),$B/test-exhaust)
benches := $(BENCH:bench/%.c=$B/bench/%)
# The same with every shared access counted (bench/count.h).
benches_stepped := $(filter %/ring-stepped %/core-stepped,$(benches:=-stepped))
fuzzers := $(FUZZ:test/fuzz/%.c=$B/fuzz-%)
EMBED := $(addprefix test/embed/,example.c main.c)
example := $(if $(MODEL),$B/embed-example)
# Hosts with fewer kinds of ring, by a path of ours or their own, and with all, from the archive.
kinds := $(LESS:src/blk/%.c=$B/kinds-%) $B/kinds-own $B/kinds-all
# Not big-endian: what the Linux home talks to runs on this machine.
linux := $(if $(filter-out ppc64 arm32 fuzz,$(MODE)),$(if $(LINUX),$(linux_a) $(linux_so)) \
	$(if $(VBLK),$B/vblk) $(if $(SERVER),$B/vhost-user-model) \
	$(LINUX_TESTS:test/linux/%.c=$B/linux-%))
plugins := $(if $(wildcard cmd/nbdkit/*.c),$B/nbdkit-orion-plugin.so) \
	$(if $(wildcard cmd/fio/*.c),$B/fio-orion.so)

ISAS := $(notdir $(wildcard kernel/arch/*))
# The kernel: not for builds that need a runtime library beneath them.
KERNEL_CC := $(CC)
KERNEL_LD := $(LD)
-include kernel/arch/$(ARCH)/flags.mk
KERNEL_ELF := $B/orion-$(ARCH).elf
# KERNEL_ALSO is a folder whose sources serve, too.
# What is booted: the ELF file, or where the ISA's boot protocol wants it (KERNEL_FLAT) an image.
KERNEL := $(if $(KERNEL_FLAT),$B/orion-$(ARCH).img,$(KERNEL_ELF))
kernel_c := $(filter-out $(KERNEL_WITHOUT),$(CORE) $(STORAGE) \
	$(wildcard kernel/*.c kernel/*/*.c kernel/arch/$(ARCH)/*.c $(KERNEL_ALSO:=/*.c)))
kernel_s := $(wildcard kernel/arch/$(ARCH)/*.S $(KERNEL_ALSO:=/*.S))
kernel_o := $(kernel_s:%.S=$B/$(ARCH)/%.S.o) $(kernel_c:%.c=$B/$(ARCH)/%.o)
# Further forms of it, for other loaders.
kernel_more := $(KERNEL_MORE:%=$B/orion-$(ARCH).%)
kernel := $(if $(KERNEL_CFLAGS),$(if $(filter release debug clang,$(MODE)),\
	$(KERNEL) $(kernel_more)))

PHONY_BUILD := all lib core kernel linux plugins tests benches
.PHONY: $(PHONY_BUILD) run image test test-long verdicts test-hypervisors soak mutate litmus bench \
	bench-ring bench-kernel bench-linux budget lint fuzz clean format help
all: lib kernel linux tests benches ## build everything for MODE (the default)
lib: $(libraries) ## build the libraries: core, storage and the model device
core: $(core_a) ## build the driver core alone
kernel: $(kernel) ## build the Orion kernel for ARCH
linux: $(linux) ## build the Linux library and programs
benches: $(benches) $(benches_stepped) ## build the measurements
tests: $(tests) $(example) $(kinds) ## build the hosted test programs

# ---- how it is built ----------------------------------------------------------------------------

say = $(if $(V),,@printf '  %-5s %s\n' $1 $2;)
flags := $(CC) $(CFLAGS) $(LDFLAGS) $(BASE) $(FREE) $(PIC)
kernel_flags := $(KERNEL_CC) $(KERNEL_CFLAGS) $(KERNEL_LDFLAGS)

# Change when a flag does, so that everything is compiled again.
$B/flags: text = $(flags)
$B/$(ARCH)/flags: text = $(flags) $(kernel_flags)
$B/flags $B/$(ARCH)/flags: FORCE
	@mkdir -p $(@D); printf '%s\n' '$(text)' | cmp -s - $@ || printf '%s\n' '$(text)' >$@
FORCE:

define compile # how, source, flags
	$(call say,$1,$2)mkdir -p $(@D) && $(CC) $(CFLAGS) $(BASE) $3 -c -o $@ $2
endef

$B/core/%.o: src/%.c $B/flags
	$(call compile,CC,$<,$(FREE) $(call small,$<) $(call frame,$<))
$B/stepped/%.o: src/%.c $B/flags
	$(call compile,STEP,$<,$(FREE) -DORION_STEPPED)
$B/host/storage/%.o: storage/%.c $B/flags
	$(call compile,CC,$<,$(FREE) -I. $(call frame,$<))
$B/host/commands/%.o: commands/%.c $B/flags
	$(call compile,CC,$<,$(FREE) -I. $(call frame,$<))
$B/host/words/%.o: words/%.c $B/flags
	$(call compile,CC,$<,$(FREE) -I. $(call frame,$<))
$B/host/kernel/%.o: kernel/%.c $B/flags
	$(call compile,CC,$<,$(FREE) -I. -Ikernel)
$B/host/model/%.o: model/%.c $B/flags
	$(call compile,CC,$<,-D_GNU_SOURCE -Isrc -I.)
$B/host/bench/%.o: bench/%.c $B/flags
	$(call compile,CC,$<,-D_GNU_SOURCE -Isrc -I.)
$B/host/cmd/%.o: cmd/%.c $B/flags
	$(call compile,CC,$<,-D_GNU_SOURCE -I.)
$B/host/test/linux/%.o: test/linux/%.c $B/flags
	$(call compile,CC,$<,-D_GNU_SOURCE -I.)
$B/pic/ports/%.o: ports/%.c $B/flags
	$(call compile,PIC,$<,-D_GNU_SOURCE $(PIC) -Isrc -I.)
$B/pic/storage/%.o: storage/%.c $B/flags
	$(call compile,PIC,$<,$(FREE) $(PIC) -I.)
$B/pic/words/%.o: words/%.c $B/flags
	$(call compile,PIC,$<,$(FREE) $(PIC) -I. $(SMALL))
$B/pic/%.o: src/%.c $B/flags
	$(call compile,PIC,$<,$(FREE) $(PIC) $(call small,$<))
$B/step/bench/%.o: bench/%.c $B/flags
	$(call compile,STEP,$<,-D_GNU_SOURCE -DORION_STEPPED -Isrc -I.)
$B/host/test/embed/%.o: test/embed/%.c $B/flags
	$(call compile,CC,$<,-I. -Wno-missing-prototypes)
$B/host/test/%.o: test/%.c $B/flags
	$(call compile,CC,$<,-D_GNU_SOURCE -DORION_STEPPED -Isrc -I. -Itest -Ikernel)

define archive
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^
endef
$(core_a): $(core_o)
	$(archive)
$(stepped_a): $(stepped_o)
	$(archive)
$(storage_a): $(call host_o,$(STORAGE))
	$(archive)
$(words_a): $(call host_o,$(WORDS))
	$(archive)
$(commands_a): $(call host_o,$(COMMANDS))
	$(archive)
$(model_a): $(call host_o,$(MODEL))
	$(archive)

# One object of the port and what it needs of the core and its words, in which only the public names
# are left: a program's own names clash with none of ours.  The core's own library has the weak
# ones, too.
$B/pic/core.a: $(pic_core_o)
	$(archive)
$(linux_o): $(pic_o) $B/pic/core.a
	$(call say,LD,$@)$(CC) $(filter-out -fsanitize%,$(CFLAGS)) -r -nostdlib \
		-Wl,-u,orion_stats_percentile -o $@ $^ && \
		$(OBJCOPY) --localize-hidden --wildcard --weaken-symbol='orion_stats_*' $@
$(linux_a): $(linux_o)
	$(archive)
$(linux_so): $(linux_o) ports/linux/liborion-vblk.map
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,liborion-vblk.so.0 \
		-Wl,--version-script=ports/linux/liborion-vblk.map -Wl,-z,defs -o $@ $< \
		-pthread && ln -sf $(@F) $@.0

# Libraries lean on each other (the core calls the model's hooks, the model the core's port).
define link
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(CFLAGS) $(LDFLAGS) $1 -o $@ $(filter %.o,$^) \
		-Wl,--start-group $(filter %.a,$^) -Wl,--end-group -pthread -lm
endef
harness_o := $(call host_o,$(wildcard test/*.c))
under_test := $(stepped_a) $(model_a) $(if $(STORAGE),$(storage_a))

$B/test-unit: $(harness_o) $(call host_o,$(UNIT) $(LENT)) $(LENT_LINUX:%.c=$B/pic/%.o) \
		$(under_test)
	$(call link)
$B/test-scenario: $(harness_o) $(call host_o,$(SCENARIO)) $(under_test)
	$(call link)
$B/test-inject: $(harness_o) $(call host_o,$(INJECT)) $(under_test)
	$(call link)
# It has hooks of its own in place of the model's.  What it runs of the core is named: its verdicts
# depend on no more (tools/exhaust).
$B/test-exhaust: $(call host_o,$(EXHAUST) test/harness.c) $B/stepped/ring/setup.o
	$(call link)
$B/embed-example: $(call host_o,$(EMBED)) $(core_a) $(model_a)
	$(call link)
# What a host names before the archive is linked in place of the archive's own.
$(LESS:src/blk/%.c=$B/kinds-%): $B/kinds-%: $B/core/blk/%.o
$B/kinds-own: $B/host/test/embed/own.o
$(kinds): $B/host/test/embed/kinds.o $(core_a) $(model_a)
	$(call link)
$(benches): $B/bench/%: $B/host/bench/%.o $(call host_o,$(BENCH_SHARED)) $(storage_a) $(core_a)
	$(call link)
$(benches_stepped): $B/bench/%-stepped: $B/step/bench/%.o $(BENCH_SHARED:%.c=$B/step/%.o) \
		$(stepped_a) $(words_a)
	$(call link)
$(fuzzers): $B/fuzz-%: $B/host/test/fuzz/%.o $(call host_o,$(filter %/line.c,$(LENT))) \
		$(under_test)
	$(call link,-fsanitize=fuzzer)

$B/vblk: $(call host_o,$(VBLK)) $(linux_a) $(commands_a) $(words_a)
	$(call link)
$B/vhost-user-model: $(call host_o,$(SERVER) $(SHARED)) $(core_a) $(model_a) $(words_a)
	$(call link)
$(LINUX_TESTS:test/linux/%.c=$B/linux-%): $B/linux-%: $B/host/test/linux/%.o $(linux_a)
	$(call link)
# Never unloaded: a thread of the library may still run when the host is done with a plugin.
define plugin # flags
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) $(filter-out -MMD -MP,$(BASE)) -D_GNU_SOURCE \
		-fPIC -I. $1 -shared -Wl,-z,nodelete -Wl,--exclude-libs,ALL -o $@ \
		$(filter %.c %.a,$^) -pthread
endef
# fio's headers are GNU C, and its macros careless of signs.
FIO := -std=gnu11 -Wno-sign-conversion -isystem build/fio -include build/fio/config-host.h
$B/nbdkit-orion-plugin.so: $(wildcard cmd/nbdkit/*.c) $(linux_a)
	$(call plugin)
$B/fio-orion.so: $(wildcard cmd/fio/*.c) $(linux_a) build/fio/version
	$(call plugin,$(FIO))
build/fio/version: FORCE
	@tools/fio-headers $(@D)

define compile_kernel
	$(call say,KCC,$<)mkdir -p $(@D) && $(KERNEL_CC) $(filter -O% -g%,$(CFLAGS)) $(BASE) \
		$(FREE) $(KERNEL_CFLAGS) $(call frame,$<) \
		$(if $(filter src/%,$<),,-I. -Ikernel -isystem kernel/include) -c -o $@ $<
endef
$B/$(ARCH)/%.o: %.c $B/$(ARCH)/flags
	$(compile_kernel)
$B/$(ARCH)/%.S.o: %.S $B/$(ARCH)/flags
	$(compile_kernel)
$(KERNEL_ELF): $(kernel_o) kernel/arch/$(ARCH)/link.ld
	$(call say,KLD,$@)$(KERNEL_LD) $(KERNEL_LDFLAGS) -o $@ $(kernel_o)
# The head, which is linked beside the kernel, then the kernel's memory as it is to be.
$B/orion-$(ARCH).bzImage: $(KERNEL_ELF)
	$(call say,IMG,$@)$(KERNEL_OBJCOPY) -O binary -j .setup --set-section-flags .setup=alloc \
		$< $@ && $(KERNEL_OBJCOPY) -O binary -R .setup $< $@.flat && \
		cat $@.flat >>$@ && rm $@.flat
$B/orion-$(ARCH).img: $(KERNEL_ELF)
	$(call say,IMG,$@)$(KERNEL_FLAT) $< $@

-include $(shell [ ! -d $B ] || find $B -name '*.d' -type f)

# ---- what is done with it -----------------------------------------------------------------------

# Builds first, in parallel, its messages kept away from the output of the run.
again = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

# Whoever calls make again builds the same files as the goals beside it: one at a time, after them.
AGAIN := plugins run image test test-hypervisors soak bench-ring bench-kernel bench-linux budget \
	fuzz install
$(filter $(AGAIN),$(MAKECMDGOALS)): | $(filter-out $(AGAIN) bench,$(MAKECMDGOALS))
define in_turn
$1: | $(filter-out $1,$(before))
before += $1
endef
before :=
$(foreach goal,$(filter $(AGAIN),$(MAKECMDGOALS)),$(eval $(call in_turn,$(goal))))

# What was given on the command line and names nothing is a slip.
is_given = $(filter command,$(firstword $(origin $1)))
given := $(foreach v,$(.VARIABLES),$(if $(call is_given,$v),$v))
known := MODE ARCH V CC AR CFLAGS LDFLAGS JOBS APPEND BUS CONFIG CPUS DEVICE_ARGS DISK FILES \
	KERNEL MACHINE MEM QEMU QEMU_ARGS READONLY SCRIPT TIMEOUT MAKEFLAGS
strange := $(if $(filter run image,$(MAKECMDGOALS)),$(filter-out $(known),$(given)))
ifneq ($(strange),)
$(error make $(MAKECMDGOALS) knows no variable $(strange); it knows $(sort $(known)))
endif

run: ## boot Orion in QEMU (DISK= READONLY=1 SCRIPT= MACHINE= DEVICE_ARGS= QEMU_ARGS= CPUS= MEM=)
	@ARCH=$(ARCH) tools/need run >&2
	+@$(again) kernel >&2
	@ARCH=$(ARCH) KERNEL=$(KERNEL) tools/run

image: ## make build/orion-x86_64.iso, a CD that boots on any PC (SCRIPT= CONFIG= APPEND=)
	@tools/need image >&2
	+@$(again) ARCH=x86_64 kernel >&2
	@tools/image $B/orion-x86_64.elf $B/orion-x86_64.iso
	@echo "$B/orion-x86_64.iso"

plugins: ## build the nbdkit plugin and the fio engine
	@tools/need plugins >&2
	+@$(again) $(plugins) >&2

test: ## run every test; ONLY=id runs one suite or one case, ONLY=quick what takes three minutes
	@tools/need test >&2
	@MODE=$(MODE) MAKE='$(MAKE)' JOBS=$(JOBS) SEED=$(SEED) tools/test $(ONLY)

test-long: ## run every proof, whether its verdict is known or not
	@tools/need test >&2
	@MAKE='$(MAKE)' JOBS=$(JOBS) tools/test --long

test-hypervisors: ## run Orion under Xen and KVM, within QEMU's emulation (ONLY=xen)
	@tools/need hypervisors >&2
	+@$(again) ARCH=x86_64 kernel >&2
	@test/hypervisors/run $(ONLY)

soak: ## verified load and faults of a random kind, MINUTES=10 on Linux and in Orion
	@tools/need test >&2
	+@$(again) kernel linux >&2
	@MINUTES=$(or $(MINUTES),10) test/soak/run $(ONLY)

verdicts: ## run what no verdict is known of, and write the verdicts.txt that are committed
	@tools/need test >&2
	@JOBS=$(JOBS) tools/cbmc --renew
	@JOBS=$(JOBS) tools/exhaust --renew
	@JOBS=$(JOBS) MODE=asan tools/exhaust --renew
	@tools/spin --renew
	@JOBS=$(JOBS) tools/mutants --renew
	@tools/proof --renew embedders

mutate: ## leave out every fence, swap every publication, and demand that a test notices
	@tools/need test >&2
	@JOBS=$(JOBS) tools/mutants -v 1-

litmus: ## judge the litmus tests anew with herd7, which is fetched
	@tools/litmus --judge

lint: ## run the source checks
	@tools/lint

bench-ring: ## measure the ring and the core: counts, then times (WORDS= some rows' counts)
	@tools/need bench >&2
	+@$(again) benches >&2
	@B=$B JOBS=$(JOBS) bench/instructions.py $(WORDS)
	@$(if $(WORDS),,B=$B JOBS=$(JOBS) bench/flat.py)
	@$(if $(WORDS),,B=$B bench/threads.py)

bench-kernel: ## count our ring beside Linux's (LINUX=6.1, or another linux-source package)
	@tools/need bench >&2
	+@$(again) benches >&2
	@B=$B JOBS=$(JOBS) bench/kernel.sh $(LINUX)

bench-linux: ## measure our Linux library beside libblkio (PAIRS=5 SECONDS=0.5 PARTS=)
	@tools/need bench >&2
	+@$(again) benches linux >&2
	@B=$B bench/vhost/run.py $(PARTS)

budget: ## write today's instruction counts and bytes into bench/budget.csv and size.csv
	@tools/need bench >&2
	@tools/need test >&2
	+@$(again) benches >&2
	+@for isa in $(ISAS); do $(again) kernel ARCH=$$isa >&2 || exit; done
	@JOBS=$(JOBS) bench/budget.py --update
	@bench/size.py --update
	@git --no-pager diff --stat bench/budget.csv bench/size.csv

bench: bench-ring bench-kernel bench-linux ## run every measurement in bench/

fuzz: ## run every fuzzer for FUZZ_SECONDS (20) each
	@tools/need test >&2
	+@$(again) MODE=fuzz fuzzers >&2
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tools/fuzz build-fuzz $(ONLY)
.PHONY: fuzzers
fuzzers: $(fuzzers)

# ---- installing ---------------------------------------------------------------------------------

# A folder without a leading / is below PREFIX.  NBDKIT: where nbdkit looks for plugins.
BINDIR ?= bin
LIBDIR ?= lib
INCLUDEDIR ?= include
DATADIR ?= share
MANDIR ?= $(DATADIR)/man
DOCDIR ?= $(DATADIR)/doc/orion
to := B=$B DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' BINDIR='$(BINDIR)' LIBDIR='$(LIBDIR)' \
	INCLUDEDIR='$(INCLUDEDIR)' DATADIR='$(DATADIR)' MANDIR='$(MANDIR)' DOCDIR='$(DOCDIR)' \
	NBDKIT='$(NBDKIT)' tools/install

# Plugins whose headers are here.  fio's come with its source: make plugins fetches them.
has = $(shell printf '\#include <$1>\n' | $(CC) -E $2 - >/dev/null 2>&1 && echo yes)
plugins_here = $(if $(call has,nbdkit-plugin.h),$B/nbdkit-orion-plugin.so) \
	$(if $(wildcard build/fio/version),$B/fio-orion.so)

.PHONY: install install-kernel uninstall
install: $(core_a) $(storage_a) linux ## install all but the kernel (DESTDIR= PREFIX= LIBDIR=)
	+@$(if $(strip $(plugins_here)),$(again) $(plugins_here))
	@$(to) install library core programs pages $(patsubst $B/%-orion-plugin.so,%,\
		$(patsubst $B/%-orion.so,%,$(plugins_here)))
	@$(if $(filter %/nbdkit-orion-plugin.so,$(plugins_here)),,echo "not installed: the nbdkit \
	plugin; it needs nbdkit-plugin.h (Debian: nbdkit-plugin-dev)")
	@$(if $(filter %/fio-orion.so,$(plugins_here)),,echo "not installed: the fio engine; \
	it needs fio and the headers of its source, which make plugins fetches")

install-kernel: kernel ## install the Orion kernel for ARCH, beside what install lays down
	@$(to) install $(kernel)

uninstall: ## take away what install and install-kernel laid down, with the same variables
	@$(to) uninstall library core programs pages nbdkit fio \
		$(foreach isa,$(ISAS),$(addprefix $B/orion-$(isa).,elf img bzImage))

format: ## let clang-format lay out the sources
	@tools/wrap-comments $$(tools/sources "*.c" "*.h" "*.S" "*.ld")
	@tools/check-format --fix

compile_commands.json: FORCE ## write the list of compiler calls that editors and analysers read
	@$(MAKE) --no-print-directory -Bn V=1 all | tools/compile-commands >$@

clean: ## remove all build output
	rm -rf build $(addprefix build-,$(MODES)) compile_commands.json

help: ## print this
	@sed -n 's/^\([a-z_.-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
		awk -F'|' '{ printf "  make %-22s %s\n", $$1, $$2 }'
