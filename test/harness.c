/* SPDX-License-Identifier: MIT */
/* The test harness: see harness.h. */
#define _POSIX_C_SOURCE 200809L

#include "test/harness.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/time.h>
#include <unistd.h>

#include "orion/port.h"

#define ID_BYTES 256
#define LEDGER_MAX 16
#define AT_END_MAX 64
#define NOTES_MAX 16
/* Of CPU, so that neighbours on the machine do not matter; ten times as many on the clock. */
#define HANG_SECONDS 60

struct at_end {
	void (*function)(void *argument);
	void *argument;
};

/* The program's options and totals, and the permutation that runs. */
static struct {
	struct test_case *cases;
	const char *program;
	bool list, verbose, stop;
	uint64_t seed;
	char **patterns;
	int pattern_count;
	unsigned passed, failed, skipped;

	const struct test_case *test;
	unsigned choice[TEST_AXES_MAX];
	char id[ID_BYTES];
	uint64_t random;
	jmp_buf leave;
	const char *skip_reason;
	bool ending;
	struct {
		const char *what;
		long count;
	} ledger[LEDGER_MAX];
	struct at_end at_end[AT_END_MAX];
	unsigned at_end_count;
	char notes[NOTES_MAX][160];
	unsigned note_count;
} self;

enum outcome {
	RUNNING,
	FAILED,
	SKIPPED
};

/* Keeps the list in the order of file and line, whatever order the constructors ran in. */
void
test_register(struct test_case *test)
{
	struct test_case **place = &self.cases;

	while (*place != NULL) {
		int files = strcmp((*place)->file, test->file);

		if (files > 0 || (files == 0 && (*place)->line > test->line)) {
			break;
		}
		place = &(*place)->next;
	}
	test->next = *place;
	*place = test;
}

unsigned
test_choice(const struct test_axis *axis)
{
	for (unsigned i = 0; self.test->axes != NULL && self.test->axes[i] != NULL; i++) {
		if (self.test->axes[i] == axis) {
			return self.choice[i];
		}
	}
	test_fail(self.test->file, self.test->line, "axis '%s' is not one of this case's",
		  axis->name);
}

const char *
test_id(void)
{
	return self.id;
}

/* splitmix64 */
uint64_t
test_random(void)
{
	uint64_t z = self.random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint64_t
test_random_below(uint64_t bound)
{
	return test_random() % bound;
}

void
test_ledger(const char *what, long delta)
{
	for (unsigned i = 0; i < LEDGER_MAX; i++) {
		if (self.ledger[i].what == NULL) {
			self.ledger[i].what = what;
		}
		if (strcmp(self.ledger[i].what, what) == 0) {
			self.ledger[i].count += delta;
			return;
		}
	}
	test_fail(__FILE__, __LINE__, "ledger full: more than %d kinds of things", LEDGER_MAX);
}

void *
test_alloc(size_t bytes)
{
	void *memory = NULL;

	if (posix_memalign(&memory, 64, bytes > 0 ? bytes : 1) != 0) {
		test_fail(__FILE__, __LINE__, "no memory for %zu bytes", bytes);
	}
	memset(memory, 0, bytes);
	test_ledger("test_alloc() memory", 1);
	return memory;
}

void
test_free(void *memory)
{
	if (memory != NULL) {
		test_ledger("test_alloc() memory", -1);
		free(memory);
	}
}

void
test_at_end(void (*function)(void *argument), void *argument)
{
	if (self.at_end_count == AT_END_MAX) {
		test_fail(__FILE__, __LINE__, "more than %d calls of test_at_end()", AT_END_MAX);
	}
	self.at_end[self.at_end_count++] = (struct at_end){function, argument};
}

void
test_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(self.notes[self.note_count++ % NOTES_MAX], sizeof(self.notes[0]), format,
		  arguments);
	va_end(arguments);
}

/* A program in build-asan/ was made with MODE=asan. */
static void
print_mode(void)
{
	const char *mode = strstr(self.program, "build-");

	if (mode != NULL) {
		mode += strlen("build-");
		printf(" MODE=%.*s", (int)strcspn(mode, "/"), mode);
	}
}

static void
print_failure(const char *file, int line, const char *format, va_list arguments)
{
	unsigned first = self.note_count > NOTES_MAX ? self.note_count - NOTES_MAX : 0;

	printf("FAILED  %s\n        %s:%d: ", self.id, file, line);
	vprintf(format, arguments);
	printf("\n");
	for (unsigned i = first; i < self.note_count; i++) {
		printf("        note: %s\n", self.notes[i % NOTES_MAX]);
	}
	printf("        repeat with: make test ONLY='%s'", self.id);
	print_mode();
	if (self.seed != 0) {
		printf(" SEED=%" PRIu64, self.seed);
	}
	printf("\n");
	fflush(stdout);
}

void
test_fail(const char *file, int line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_failure(file, line, format, arguments);
	va_end(arguments);
	longjmp(self.leave, FAILED);
}

void
test_skip(const char *why)
{
	self.skip_reason = why;
	longjmp(self.leave, SKIPPED);
}

void
test_expect_equal(const char *file, int line, const char *actual_text, const char *expected_text,
		  uint64_t actual, uint64_t expected)
{
	if (actual != expected) {
		test_fail(file, line,
			  "%s is %" PRId64 " (0x%" PRIx64 "), expected %s = %" PRId64 " (0x%" PRIx64
			  ")",
			  actual_text, (int64_t)actual, actual, expected_text, (int64_t)expected,
			  expected);
	}
}

void
test_expect_string(const char *file, int line, const char *actual_text, const char *actual,
		   const char *expected)
{
	if (actual == NULL || strcmp(actual, expected) != 0) {
		test_fail(file, line, "%s is \"%s\", expected \"%s\"", actual_text,
			  actual == NULL ? "(null)" : actual, expected);
	}
}

void
test_expect_memory(const char *file, int line, const char *actual_text, const void *actual,
		   const void *expected, size_t bytes)
{
	const unsigned char *a = actual, *e = expected;

	for (size_t i = 0; i < bytes; i++) {
		if (a[i] != e[i]) {
			test_fail(file, line, "%s: byte %zu of %zu is 0x%02x, expected 0x%02x",
				  actual_text, i, bytes, a[i], e[i]);
		}
	}
}

_Noreturn void
orion_panic(const char *text)
{
	test_fail("orion_panic", 0, "%s", text);
}

/* The last words of a program that cannot go on. */
static void
print_death(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_failure(self.test->file, self.test->line, format, arguments);
	va_end(arguments);
	printf("%u passed, %u failed, %u skipped\n", self.passed, self.failed + 1, self.skipped);
	fflush(stdout);
}

/* Async-signal-safe enough for a program that is about to end. */
static void
on_signal(int number)
{
	if (number == SIGALRM || number == SIGPROF) {
		print_death("hangs: ran for more than %d s", HANG_SECONDS);
	} else {
		print_death("crashed: signal %d", number);
	}
	_exit(1);
}

static void
on_sanitizer_death(void)
{
	print_death("a sanitizer ended the program: see its report");
}

/* A program with a sanitizer has its own handlers for crashes, which say more than ours. */
extern void __sanitizer_set_death_callback(void (*function)(void)) __attribute__((weak));

static void
catch_deaths(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

	signal(SIGALRM, on_signal);
	signal(SIGPROF, on_signal);
	if (__sanitizer_set_death_callback != NULL) {
		__sanitizer_set_death_callback(on_sanitizer_death);
		return;
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		signal(signals[i], on_signal);
	}
}

/* FOLDER/CASE:label.label... */
static void
make_id(void)
{
	const char *end = strrchr(self.test->file, '/');
	const char *start = end;
	size_t n;

	while (start != NULL && start > self.test->file && start[-1] != '/') {
		start--;
	}
	n = (size_t)snprintf(self.id, ID_BYTES, "%.*s/%s", (int)(end - start),
			     start != NULL ? start : "", self.test->name);
	for (unsigned i = 0; self.test->axes != NULL && self.test->axes[i] != NULL; i++) {
		n += (size_t)snprintf(self.id + n, n < ID_BYTES ? ID_BYTES - n : 0, "%c%s",
				      i == 0 ? ':' : '.',
				      self.test->axes[i]->labels[self.choice[i]]);
	}
}

static bool
is_asked_for(void)
{
	for (int i = 0; i < self.pattern_count; i++) {
		const char *pattern = self.patterns[i];

		if (strncmp(self.id, pattern, strlen(pattern)) == 0 ||
		    fnmatch(pattern, self.id, 0) == 0) {
			return true;
		}
	}
	return self.pattern_count == 0;
}

/* 0 takes the limits away. */
static void
limit_time(unsigned seconds)
{
	struct itimerval cpu = {.it_value.tv_sec = seconds};

	setitimer(ITIMER_PROF, &cpu, NULL);
	alarm(10 * seconds);
}

static void
start_permutation(void)
{
	self.random = self.seed;
	for (const char *p = self.id; *p != 0; p++) {
		self.random = (self.random ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	}
	memset(self.ledger, 0, sizeof(self.ledger));
	self.at_end_count = 0;
	self.note_count = 0;
	limit_time(HANG_SECONDS);
}

static void
check_ledger(void)
{
	for (unsigned i = 0; i < LEDGER_MAX && self.ledger[i].what != NULL; i++) {
		if (self.ledger[i].count != 0) {
			test_fail(self.test->file, self.test->line, "not given back: %ld of %s",
				  self.ledger[i].count, self.ledger[i].what);
		}
	}
}

/* The functions of test_at_end(): each once, also when one of them fails and this starts again. */
static void
run_endings(void)
{
	while (self.at_end_count > 0) {
		struct at_end *e = &self.at_end[--self.at_end_count];

		e->function(e->argument);
	}
}

static enum outcome
run_guarded(void (*function)(void))
{
	enum outcome outcome = (enum outcome)setjmp(self.leave);

	if (outcome == RUNNING) {
		function();
	}
	return outcome;
}

static double
seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
run_permutation(void)
{
	double began = seconds_now();
	enum outcome outcome, ending;

	start_permutation();
	outcome = run_guarded(self.test->run);
	do {
		ending = run_guarded(run_endings);
		outcome = outcome == RUNNING ? ending : outcome;
	} while (ending != RUNNING);
	if (outcome == RUNNING) {
		outcome = run_guarded(check_ledger);
	}
	limit_time(0);
	self.passed += outcome == RUNNING;
	self.failed += outcome == FAILED;
	self.skipped += outcome == SKIPPED;
	if (outcome == SKIPPED) {
		printf("skipped %s: %s\n", self.id, self.skip_reason);
	} else if (self.verbose) {
		printf("%s  %s  %.3f s\n", outcome == RUNNING ? "passed" : "failed", self.id,
		       seconds_now() - began);
	}
}

/* Steps to the next combination; false after the last. */
static bool
next_choice(void)
{
	unsigned count = 0;

	while (self.test->axes != NULL && self.test->axes[count] != NULL) {
		count++;
	}
	while (count-- > 0) {
		self.choice[count]++;
		if (self.choice[count] < TEST_AXIS_VALUES_MAX &&
		    self.test->axes[count]->labels[self.choice[count]] != NULL) {
			return true;
		}
		self.choice[count] = 0;
	}
	return false;
}

static void
run_case(const struct test_case *test)
{
	self.test = test;
	memset(self.choice, 0, sizeof(self.choice));
	do {
		if (test->wanted != NULL && !test->wanted()) {
			continue;
		}
		make_id();
		if (!is_asked_for()) {
			continue;
		}
		if (self.list) {
			printf("%s\n", self.id);
		} else {
			run_permutation();
		}
	} while (next_choice() && !(self.stop && self.failed > 0));
}

static bool
parse_arguments(int argc, char **argv)
{
	int i = 1;

	self.program = argv[0];
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "-l") == 0) {
			self.list = true;
		} else if (strcmp(argv[i], "-v") == 0) {
			self.verbose = true;
		} else if (strcmp(argv[i], "-x") == 0) {
			self.stop = true;
		} else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
			self.seed = strtoull(argv[++i], NULL, 0);
		} else {
			fprintf(stderr,
				"unknown argument '%s'\nusage: %s [-l] [-v] [-x] [--seed N] "
				"[ID|PREFIX|GLOB ...]\n",
				argv[i], argv[0]);
			return false;
		}
	}
	self.patterns = argv + i;
	self.pattern_count = argc - i;
	return true;
}

int
main(int argc, char **argv)
{
	if (!parse_arguments(argc, argv)) {
		return 2;
	}
	catch_deaths();
	for (const struct test_case *t = self.cases; t != NULL; t = t->next) {
		run_case(t);
		if (self.stop && self.failed > 0) {
			break;
		}
	}
	if (!self.list) {
		printf("%u passed, %u failed, %u skipped\n", self.passed, self.failed,
		       self.skipped);
	}
	return self.failed > 0 ? 1 : 0;
}
