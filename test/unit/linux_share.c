/* SPDX-License-Identifier: MIT */
/* ports/linux/{share,mapping}.c: what is taken as memory for the device, and what is said of it. */
#include "desk_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u
#define BYTES (8 * PAGE)
#define LARGE ((size_t)64 << 20)        /* more than the first pool has */

static int
file(unsigned flags, off_t bytes)
{
	int fd = memfd_create("test", MFD_CLOEXEC | flags);

	EXPECT(fd >= 0);
	EXPECT_EQ(ftruncate(fd, bytes), 0);
	return fd;
}

static void *
map(size_t bytes, int flags, int fd, off_t offset)
{
	void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, offset);

	EXPECT(base != MAP_FAILED);
	return base;
}

static void
refused(struct linux_desk *desk, void *base, size_t bytes, int fd, int64_t offset, int why,
	const char *words)
{
	test_note("%s", words);
	EXPECT_EQ(orion_disk_register(desk->disk, base, bytes, fd, offset), why);
	test_note("%s", orion_disk_text(desk->disk));
	EXPECT(strstr(orion_disk_text(desk->disk), words) != NULL);
}

/* A descriptor that is not what the memory is mapped from would give every read its old bytes. */
TEST(linux_share__the_descriptor_is_the_mapping)
{
	struct linux_desk desk = linux_desk_make(0);
	int fd = file(MFD_ALLOW_SEALING, BYTES), other = file(MFD_ALLOW_SEALING, BYTES);
	unsigned char *base, *heap = aligned_alloc(PAGE, BYTES), *private;

	linux_desk_open(&desk, 64);
	base = map(BYTES, MAP_SHARED, fd, 0);
	private = map(BYTES, MAP_PRIVATE, fd, 0);
	refused(&desk, base, BYTES, other, 0, -EINVAL, "not what the memory is mapped from");
	refused(&desk, base, BYTES - PAGE, fd, PAGE, -EINVAL, "another offset");
	refused(&desk, base + PAGE, BYTES - PAGE, fd, 0, -EINVAL, "another offset");
	refused(&desk, heap, BYTES, fd, 0, -EINVAL, "private");
	refused(&desk, private, BYTES, fd, 0, -EINVAL, "private");
	refused(&desk, base, PAGE, -1, 0, -EBADF, "descriptor -1");
	refused(&desk, base + 1, PAGE, fd, 0, -EINVAL, "multiples of 4096");
	refused(&desk, base, PAGE - 1, fd, 0, -EINVAL, "multiples of 4096");
	refused(&desk, base, 0, fd, 0, -EINVAL, "multiples of 4096");
	refused(&desk, base, BYTES, fd, -(int64_t)PAGE, -EINVAL, "multiples of 4096");
	refused(&desk, base, BYTES, fd, INT64_MAX - PAGE + 1, -EINVAL, "multiples of 4096");
	munmap(base + 3 * PAGE, PAGE);
	refused(&desk, base, BYTES, fd, 0, -EINVAL, "not mapped");
	/* In pieces, as long as each is where it belongs. */
	EXPECT(mmap(base + 3 * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 3 * PAGE) !=
	       MAP_FAILED);
	EXPECT_EQ(orion_disk_register(desk.disk, base, BYTES, fd, 0), 0);
	refused(&desk, base + 4 * PAGE, PAGE, fd, 4 * PAGE, -EEXIST, "overlaps");
	EXPECT_EQ(orion_disk_unregister(desk.disk, base + PAGE), -ENOENT);
	EXPECT_EQ(orion_disk_unregister(desk.disk, base), 0);
	EXPECT(mmap(base + 3 * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, other, 3 * PAGE) !=
	       MAP_FAILED);
	refused(&desk, base, BYTES, fd, 0, -EINVAL, "not what the memory is mapped from");
	linux_desk_close(&desk);
	munmap(base, BYTES);
	munmap(private, BYTES);
	free(heap);
	close(fd);
	close(other);
}

/* Whoever gets the descriptor can't shorten the file, nor seal it against being mapped. */
TEST(linux_share__sealed)
{
	struct linux_desk desk = linux_desk_make(0);
	int fd = file(MFD_ALLOW_SEALING, BYTES);
	unsigned char *base = map(2 * BYTES, MAP_SHARED, fd, 0);

	linux_desk_open(&desk, 64);
	refused(&desk, base, 2 * BYTES, fd, 0, -EINVAL, "has 32768 bytes, 65536 from offset");
	EXPECT_EQ(orion_disk_register(desk.disk, base, BYTES, fd, 0), 0);
	EXPECT_EQ(ftruncate(fd, PAGE), -1);
	EXPECT_EQ(errno, EPERM);
	EXPECT_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
	EXPECT_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), -1);
	/* The same file again, sealed as it is. */
	EXPECT_EQ(orion_disk_unregister(desk.disk, base), 0);
	EXPECT_EQ(orion_disk_register(desk.disk, base, BYTES, fd, 0), 0);
	linux_desk_close(&desk);
	munmap(base, 2 * BYTES);
	close(fd);
}

TEST(linux_share__unsealable)
{
	struct linux_desk desk = linux_desk_make(0);
	int plain = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), fd;
	int fds[] = {file(0, BYTES), plain, file(MFD_ALLOW_SEALING, BYTES)};
	char link[64];
	unsigned char *base;

	linux_desk_open(&desk, 64);
	EXPECT_EQ(ftruncate(fds[1], BYTES), 0);
	for (unsigned i = 0; i < 2; i++) {
		base = map(BYTES, MAP_SHARED, fds[i], 0);
		desk.disk->options.unsealed = false;
		refused(&desk, base, BYTES, fds[i], 0, -EPERM, "unsealed=on");
		desk.disk->options.unsealed = true;
		EXPECT_EQ(orion_disk_register(desk.disk, base, BYTES, fds[i], 0), 0);
		EXPECT_EQ(orion_disk_unregister(desk.disk, base), 0);
		munmap(base, BYTES);
	}
	/* A back end could not map these as it needs to. */
	base = map(BYTES, MAP_SHARED, fds[2], 0);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fds[2]);
	fd = open(link, O_RDONLY);
	refused(&desk, base, BYTES, fd, 0, -EACCES, "not open for reading and writing");
	close(fd);
	EXPECT_EQ(fcntl(fds[2], F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	refused(&desk, base, BYTES, fds[2], 0, -EPERM, "sealed against writing");
	munmap(base, BYTES);
	linux_desk_close(&desk);
	for (unsigned i = 0; i < 3; i++)
		close(fds[i]);
}

/* ---- allocating ---- */

TEST(linux_share__alloc_says_why_not)
{
	struct linux_desk desk = linux_desk_make(0);
	unsigned char *memory, *base;
	int fd;

	linux_desk_open(&desk, 64);
	errno = 0;
	EXPECT(orion_disk_alloc(desk.disk, 0) == NULL);
	EXPECT_EQ(errno, EINVAL);
	EXPECT(orion_disk_alloc(desk.disk, SIZE_MAX) == NULL);
	EXPECT_EQ(errno, ENOMEM);
	EXPECT(strstr(orion_disk_text(desk.disk), "can't be allocated") != NULL);
	/* The device has all that it takes. */
	desk.link->region = -ENOSPC;
	desk.link->words = "it is full";
	EXPECT(orion_disk_alloc(desk.disk, PAGE) == NULL);
	EXPECT_EQ(errno, ENOSPC);
	EXPECT(strstr(orion_disk_text(desk.disk), "did not take the memory: it is full") != NULL);
	EXPECT_EQ(desk.link->patience_ms, desk.disk->options.answer_ms);
	EXPECT_EQ(desk.disk->memory.pool_bytes, 0);
	EXPECT_EQ(dma_map(PAGE, &base, &fd), 0);
	refused(&desk, base, PAGE, fd, 0, -ENOSPC, "did not take the memory: it is full");
	desk.link->region = 0;
	/* What was refused is not there. */
	EXPECT_EQ(orion_disk_register(desk.disk, base, PAGE, fd, 0), 0);
	EXPECT_EQ(orion_disk_unregister(desk.disk, base), 0);
	dma_unmap(base, PAGE, fd);
	memory = orion_disk_alloc(desk.disk, PAGE);
	EXPECT(memory != NULL);
	EXPECT_EQ(orion_disk_unregister(desk.disk, memory), -ENOENT);
	orion_disk_free(desk.disk, memory);
	desk.disk->instance.state = STORAGE_FOREIGN;
	EXPECT(orion_disk_alloc(desk.disk, PAGE) == NULL);
	EXPECT_EQ(errno, ECHILD);
	EXPECT_EQ(orion_disk_unregister(desk.disk, memory), -ECHILD);
	linux_desk_close(&desk);
}

/* A device may take memory only while nothing is in flight. */
TEST(linux_share__not_in_flight)
{
	struct linux_desk desk = linux_desk_make(0);
	unsigned char data[512];
	struct orion_io io = {.buffer = data, .bytes = 512};

	linux_desk_open(&desk, 64);
	desk.link->idle_only = true;
	EXPECT(orion_disk_alloc(desk.disk, PAGE) != NULL);
	linux_desk_send(&desk, &io);
	EXPECT(orion_disk_alloc(desk.disk, LARGE) == NULL);
	EXPECT_EQ(errno, EBUSY);
	EXPECT(strstr(orion_disk_text(desk.disk), "only while nothing is in flight") != NULL);
	EXPECT_EQ(desk.link->added, 2);
	linux_desk_close(&desk);
}
