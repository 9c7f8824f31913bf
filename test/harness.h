/* SPDX-License-Identifier: MIT */
/*
 * The test harness: cases, parameter axes, expectations, a ledger of what must be given back.
 *
 *     TEST(ring_event__wraps)
 *     {
 *             EXPECT_EQ(event_needed(1, 2, 0), true);
 *     }
 *
 * A case with axes is run once for each combination of their values that its filter wants:
 *
 *     static const struct test_axis layout = { "layout", { "split", "packed" } };
 *     static const struct test_axis order = { "order", { "fifo", "reversed", "shuffled" } };
 *     static const struct test_axis *const axes[] = { &layout, &order, NULL };
 *
 *     TEST_AXES(write_then_read, axes, NULL)
 *     {
 *             bool packed = test_choice(&layout) == 1;
 *             ...
 *     }
 *
 * Each combination is a permutation with a stable id made of the file's folder, the case and the
 * labels: "scenario/write_then_read:packed.fifo".  An id names the same run for ever; a failure
 * prints the one command that repeats it.  Everything random comes from test_random(), whose stream
 * is a function of the id and of --seed alone.
 *
 * An expectation that fails ends its permutation (by longjmp: what it held is lost, the next one
 * starts afresh).  A crash, a hang (60 s) and orion_panic() are failures of the permutation that
 * was running and name it.
 *
 * The program: test-unit [-l] [-v] [-x] [--seed N] [ID|PREFIX|GLOB ...]
 *     -l  list the ids that would run       -v  print each id and its time
 *     -x  stop at the first failure         --seed N  another random stream
 * The last line is always "N passed, N failed, N skipped"; the exit status is 0 when none failed.
 */
#ifndef TEST_HARNESS_H
#define TEST_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEST_AXIS_VALUES_MAX 48
#define TEST_AXES_MAX 8

/* One parameter: a name and the labels of its values; the list ends at the first NULL. */
struct test_axis {
	const char *name;
	const char *labels[TEST_AXIS_VALUES_MAX];
};

struct test_case {
	const char *file;
	int line;
	const char *name;
	void (*run)(void);
	const struct test_axis *const *axes; /* NULL-terminated, or NULL */
	bool (*wanted)(void); /* thins the product out by test_choice(); or NULL */
	struct test_case *next;
};

/* Called by TEST and TEST_AXES before main(). */
void test_register(struct test_case *test);

#define TEST_AXES(case_name, case_axes, case_wanted)                                               \
	static void case_name(void);                                                               \
	static struct test_case case_name##_case = {__FILE__,  __LINE__,    #case_name, case_name, \
						    case_axes, case_wanted, NULL};                 \
	__attribute__((constructor)) static void case_name##_register(void)                        \
	{                                                                                          \
		test_register(&case_name##_case);                                                  \
	}                                                                                          \
	static void case_name(void)

#define TEST(case_name) TEST_AXES(case_name, NULL, NULL)

/* Which value of AXIS (0 ...) the running permutation has; AXIS must be one of the case's axes. */
unsigned test_choice(const struct test_axis *axis);

/* The running permutation's id. */
const char *test_id(void);

/* The next 64 bits of the permutation's random stream; a number below BOUND (at least 1). */
uint64_t test_random(void);
uint64_t test_random_below(uint64_t bound);

/*
 * The ledger: DELTA things called WHAT (a string literal) were taken (positive) or given back.  A
 * permutation that ends with something not given back has failed.
 */
void test_ledger(const char *what, long delta);

/* Zeroed memory, 64-byte aligned, counted in the ledger.  test_free(NULL) does nothing. */
void *test_alloc(size_t bytes);
void test_free(void *memory);

/* Called with ARGUMENT when the permutation ends, failed or not, last registered first. */
void test_at_end(void (*function)(void *argument), void *argument);

/* A line that is printed with the failure, if there is one: the last 16 notes are kept. */
void test_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the permutation as skipped, or as failed. */
_Noreturn void test_skip(const char *why);
_Noreturn void test_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void test_expect_equal(const char *file, int line, const char *actual_text,
		       const char *expected_text, uint64_t actual, uint64_t expected);
void test_expect_string(const char *file, int line, const char *actual_text, const char *actual,
			const char *expected);
void test_expect_memory(const char *file, int line, const char *actual_text, const void *actual,
			const void *expected, size_t bytes);

/* CONDITION holds. */
#define EXPECT(condition) \
	((condition) ? (void)0 : test_fail(__FILE__, __LINE__, "does not hold: %s", #condition))

/* Two integers, enums or booleans are equal: the actual value first. */
#define EXPECT_EQ(actual, expected)                                                   \
	test_expect_equal(__FILE__, __LINE__, #actual, #expected, (uint64_t)(actual), \
			  (uint64_t)(expected))

/* Two strings are equal. */
#define EXPECT_STR(actual, expected) \
	test_expect_string(__FILE__, __LINE__, #actual, actual, expected)

/* The first BYTES bytes are equal. */
#define EXPECT_MEM(actual, expected, bytes) \
	test_expect_memory(__FILE__, __LINE__, #actual, actual, expected, bytes)

#endif
