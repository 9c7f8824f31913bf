/* SPDX-License-Identifier: MIT */
/* The listening socket, and one front end after another. */
#include "model/server/server.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static volatile sig_atomic_t hung_up;
static const char *socket_path;

bool
main_take_hangup(void)
{
	bool was = hung_up != 0;

	hung_up = 0;
	return was;
}

static void
hang_up(int number)
{
	(void)number;
	hung_up = 1;
}

static void
leave(int number)
{
	(void)number;
	unlink(socket_path);
	_exit(0);
}

void
say(const char *format, ...)
{
	char line[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	fprintf(stderr, "vhost-user-model: %s\n", line);
}

void
die(const char *format, ...)
{
	char line[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	fprintf(stderr, "vhost-user-model: %s\n", line);
	exit(1);
}

/* A socket that a dead process left is taken away; one that answers belongs to somebody. */
static void
clear_path(const struct sockaddr_un *address)
{
	struct stat stat;
	int probe;

	if (lstat(address->sun_path, &stat) != 0)
		return;
	if (!S_ISSOCK(stat.st_mode))
		die("%s is there, and is no socket", address->sun_path);
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (probe >= 0 && connect(probe, (const void *)address, sizeof(*address)) == 0)
		die("%s: another program listens there", address->sun_path);
	close(probe);
	unlink(address->sun_path);
}

static int
listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		die("%s: a socket's path has at most %zu bytes", path,
		    sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	clear_path(&address);
	if (fd < 0 || bind(fd, (const void *)&address, sizeof(address)) != 0 || listen(fd, 8) != 0)
		die("%s: %s", path, strerror(errno));
	socket_path = path;
	return fd;
}

/* Children of a shell inherit signals ignored; all are set here. */
static void
take_signals(void)
{
	struct sigaction action = {.sa_handler = hang_up};

	sigaction(SIGHUP, &action, NULL);
	action.sa_handler = leave;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

static void
make_queues(struct session *session, const struct options *options)
{
	session->queues =
		aligned_alloc(_Alignof(struct queue), options->queues * sizeof(struct queue));
	if (session->queues == NULL)
		die("no memory for %u queues", options->queues);
	for (unsigned i = 0; i < options->queues; i++) {
		struct queue *queue = &session->queues[i];

		*queue = (struct queue){.session = session,
					.index = i,
					.kick = -1,
					.call = -1,
					.error = -1,
					.left = options->die_after != 0 ? options->die_after
									: UINT64_MAX};
		queue_reset(queue);
	}
}

int
main(int count, char **words)
{
	static struct options options;
	static struct disk disk;
	static struct session session = {
		.options = &options, .disk = &disk, .lock = PTHREAD_MUTEX_INITIALIZER};
	int listener;

	options_read(&options, count, words);
	disk_open(&disk, &options);
	listener = listen_at(options.socket);
	take_signals();
	make_queues(&session, &options);
	workers_start(&session);
	say("a disk of %llu bytes at %s", (unsigned long long)disk.bytes, options.socket);
	do {
		int front = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (front >= 0)
			session_serve(&session, front);
		else if (errno != EINTR)
			die("accepting a front end: %s", strerror(errno));
		else
			continue;
	} while (!options.once);
	unlink(options.socket);
	return 0;
}
