/* SPDX-License-Identifier: MIT */
/*
 * A program in C++17 on the installed library:   stranger URL
 *
 * Two queues of one disk in a poll group, memory that was there before the disk was started, a wait
 * for all of a batch.  Prints what it found, for the Python case to compare.
 */
#include <cstdint>
#include <cstdio>
#include <cstring>

#include <orion/api.h>
#include <orion/disk.h>
#include <orion/publish.h>
#include <orion/serial.h>
#include <orion/stats.h>
#include <orion/version.h>

namespace {

constexpr unsigned kRequests = 8;
constexpr std::uint32_t kBytes = 4096;

struct Work {
	orion_io ios[kRequests] = {};
	unsigned char *memory = nullptr;

	void prepare(orion_operation operation, unsigned char fill, std::uint64_t offset)
	{
		for (unsigned i = 0; i < kRequests; i++) {
			ios[i] = {};
			ios[i].offset = offset + i * kBytes;
			ios[i].buffer = memory + i * kBytes;
			ios[i].bytes = kBytes;
			ios[i].operation = static_cast<std::uint8_t>(operation);
			std::memset(ios[i].buffer, fill, kBytes);
		}
	}

	unsigned submit(orion_queue *queue)
	{
		orion_io *list[kRequests];

		for (unsigned i = 0; i < kRequests; i++)
			list[i] = &ios[i];
		unsigned taken = orion_queue_submit(queue, list, kRequests);

		orion_queue_kick(queue);
		return taken;
	}
};

bool all_good(const Work &work, unsigned char wanted)
{
	for (const orion_io &io : work.ios) {
		if (io.result != 0)
			return false;
	}
	for (std::size_t i = 0; i < std::size_t{kRequests} * kBytes; i++) {
		if (work.memory[i] != wanted)
			return false;
	}
	return true;
}

int fail(const char *what, const char *text)
{
	std::printf("%s: %s\n", what, text);
	return 1;
}

}  // namespace

int
main(int argc, char **argv)
{
	orion_disk_options options;
	orion_error error;
	orion_disk *disk = nullptr;
	struct orion_disk_info info;
	orion_poll_group *group = nullptr;
	orion_io *done[2 * kRequests];
	Work one, two;

	orion_disk_options_init(&options);
	options.queues = 2;
	if (argc != 2 || orion_disk_create(argv[1], &options, &disk, &error) != 0)
		return fail("create", error.text);
	one.memory = static_cast<unsigned char *>(orion_disk_alloc(disk, 1 << 20));
	two.memory = one.memory + kRequests * kBytes;
	std::printf("before: memory %s, queue %s\n", one.memory != nullptr ? "there" : "none",
		    orion_disk_queue(disk, 0) != nullptr ? "there" : "none");
	if (one.memory == nullptr || orion_disk_start(disk, &error) != 0)
		return fail("start", error.text);
	orion_disk_info(disk, &info);
	std::printf("info: queues %u, bytes %llu, durability %d, feature %s\n", info.queues,
		    static_cast<unsigned long long>(info.bytes), info.durability,
		    orion_feature_name(9));
	orion_queue *first = orion_disk_queue(disk, 0), *second = orion_disk_queue(disk, 1);

	one.prepare(ORION_WRITE, 0x11, 0);
	one.submit(first);
	std::printf("wait for all: %u\n",
		    orion_queue_wait_min(first, done, kRequests, kRequests, -1, nullptr));
	two.prepare(ORION_WRITE, 0x22, 1 << 20);
	two.submit(second);
	std::printf("wait for more than there is: %u\n",
		    orion_queue_wait_min(second, done, 100, 2 * kRequests, -1, nullptr));

	one.prepare(ORION_READ, 0, 0);
	two.prepare(ORION_READ, 0, 1 << 20);
	if (orion_poll_group_create(&group) != 0 || orion_poll_group_add(group, first) != 0 ||
	    orion_poll_group_add(group, second) != 0)
		return fail("group", "cannot be made");
	one.submit(first);
	two.submit(second);
	unsigned got = 0;

	while (got < 2 * kRequests)
		got += orion_poll_group_wait(group, done + got, 2 * kRequests - got, -1, nullptr);
	std::printf("group: %u, %s, %s\n", got, all_good(one, 0x11) ? "good" : "bad",
		    all_good(two, 0x22) ? "good" : "bad");

	vblk_queue_stats stats;
	orion_queue_counters counters;

	orion_queue_stats(first, &stats, &counters);
	std::printf("stats: writes %llu, bounced %llu\n",
		    static_cast<unsigned long long>(stats.writes),
		    static_cast<unsigned long long>(counters.bounced));
	orion_poll_group_destroy(group);
	orion_disk_close(disk);
	return 0;
}
