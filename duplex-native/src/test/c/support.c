/* SPDX-License-Identifier: Apache-2.0 */
/* Running tests: checks, watchdog, randomness, counting what the process holds. */
#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t seed;
static unsigned scale = 100;
static unsigned patience = 60;
static atomic_bool failing; /* counting may fail itself when nothing can be opened any more */
static const char *running = "(nothing yet)";
static unsigned notes_made;
static char notes[8][200]; /* the latest ones */
static pthread_mutex_t notes_lock = PTHREAD_MUTEX_INITIALIZER;

bool sanitized(void)
{
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
	return true;
#else
	return false;
#endif
}

static void print_file(const char *directory, const char *name)
{
	char path[128], text[256];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd == -1 ? -1 : read(fd, text, sizeof(text));
	if (fd != -1)
		close(fd);
	while (length > 0 && text[length - 1] == '\n')
		length--;
	fprintf(stderr, " %s[%.*s]", name, length > 0 ? (int)length : 0, text);
}

/* What each thread is doing, as far as the kernel tells. */
static void print_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
		char path[64];
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%.16s", entry->d_name);
		fprintf(stderr, "  thread %s", entry->d_name);
		print_file(path, "comm");
		print_file(path, "wchan");
		print_file(path, "syscall");
		fputc('\n', stderr);
	}
	if (tasks)
		closedir(tasks);
}

static void print_situation(void)
{
	fprintf(stderr, "  in %s, DX_TEST_SEED=%" PRIu64 ", %u descriptors, %u threads\n", running, seed,
			count_descriptors(), count_threads());
	unsigned made = notes_made;
	for (unsigned i = made > 8 ? made - 8 : 0; i < made; i++)
		fprintf(stderr, "  note %u: %.199s\n", i, notes[i % 8]);
}

void test_fail(const char *file, int line, const char *format, ...)
{
	char text[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fprintf(stderr, "\nFAILED %s:%d: %s\n", file, line, text);
	if (!atomic_exchange(&failing, true))
		print_situation();
	fflush(NULL);
	abort();
}

void test_fail_values(const char *file, int line, const char *what, long long left, long long right)
{
	const char *left_text = left < 0 && left > -134 ? strerror((int)-left) : "";
	const char *right_text = right < 0 && right > -134 ? strerror((int)-right) : "";
	test_fail(file, line, "%s: left %lld %s, right %lld %s", what, left, left_text, right, right_text);
}

void test_note(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	pthread_mutex_lock(&notes_lock);
	vsnprintf(notes[notes_made++ % 8], sizeof(notes[0]), format, arguments);
	pthread_mutex_unlock(&notes_lock);
	va_end(arguments);
}

static void *watch(void *argument)
{
	(void)argument;
	for (unsigned second = 0; second < patience; second++)
		nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
	fprintf(stderr, "\nHANGS: not done after %u s\n", patience);
	print_situation();
	print_threads();
	fflush(NULL);
	abort();
}

static uint64_t environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

void test_begin(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	seed = environment("DX_TEST_SEED", now_ns() ^ ((uint64_t)getpid() << 40));
	scale = (unsigned)environment("DX_TEST_SCALE", 100);
	patience = (unsigned)environment("DX_TEST_TIMEOUT", sanitized() ? 180 : 60);
	printf("DX_TEST_SEED=%" PRIu64 "\n", seed);
	pthread_t watchdog = thread_start(watch, NULL);
	pthread_detach(watchdog);
	/* what the C library and the sanitizers open lazily is open before anything is counted */
	count_descriptors();
	count_threads();
}

int test_end(void)
{
	printf("ok\n");
	return 0;
}

void test_run(const char *name, void (*behaviour)(void))
{
	uint64_t start = now_ms();
	unsigned descriptors = count_descriptors(), threads = count_threads();
	running = name;
	behaviour();
	/* a joined thread may be listed for another moment, and the sanitizers open a file now and then */
	for (unsigned i = 0; count_threads() != threads || count_descriptors() != descriptors; i++) {
		if (i == 2000)
			FAIL("%s began with %u threads, %u descriptors and left %u, %u", name, threads, descriptors,
					count_threads(), count_descriptors());
		poll_pause();
	}
	printf("  %-60s %5" PRIu64 " ms\n", name, now_ms() - start);
}

unsigned scaled(unsigned rounds)
{
	uint64_t result = (uint64_t)rounds * scale / 100;
	return result ? (unsigned)result : 1;
}

void poll_pause(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec time;
	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t now_ms(void)
{
	return now_ns() / 1000000;
}

uint64_t cpu_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static unsigned count_entries(const char *path)
{
	unsigned count = 0;
	DIR *directory = opendir(path);
	CHECK(directory);
	for (struct dirent *entry; (entry = readdir(directory));)
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}

unsigned count_descriptors(void)
{
	return count_entries("/proc/self/fd") - 1; /* less the one that reads the folder */
}

unsigned count_threads(void)
{
	return count_entries("/proc/self/task");
}

uint64_t resident_bytes(void)
{
	unsigned long size = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	CHECK(file && fscanf(file, "%lu %lu", &size, &resident) == 2);
	fclose(file);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

pthread_t thread_start(void *(*run)(void *), void *argument)
{
	pthread_t thread;
	CHECK_EQ(pthread_create(&thread, NULL, run, argument), 0);
	return thread;
}

void thread_join(pthread_t thread)
{
	CHECK_EQ(pthread_join(thread, NULL), 0);
}

/* splitmix64 */
static uint64_t mix(uint64_t value)
{
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
	return value ^ (value >> 31);
}

void rng_init(struct rng *rng, uint64_t salt)
{
	rng->state = mix(seed + mix(salt + 1));
}

uint64_t rng_next(struct rng *rng)
{
	return mix(rng->state += 0x9e3779b97f4a7c15u);
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
	return rng_next(rng) % bound;
}

struct stream stream_new(void)
{
	static _Atomic uint64_t streams;
	return (struct stream){ .seed = mix(seed + mix(0x5eed + atomic_fetch_add(&streams, 1))) };
}

/* Eight bytes of a stream. */
static uint64_t stream_word(uint64_t stream_seed, uint64_t index)
{
	return mix(stream_seed + index * 0x9e3779b97f4a7c15u);
}

static uint8_t stream_byte(uint64_t stream_seed, uint64_t offset)
{
	return (uint8_t)(stream_word(stream_seed, offset / 8) >> (offset % 8 * 8));
}

void stream_fill(struct stream *stream, void *data, size_t length)
{
	uint8_t *out = data;
	for (; length && stream->offset % 8; length--)
		*out++ = stream_byte(stream->seed, stream->offset++);
	for (; length >= 8; length -= 8, out += 8, stream->offset += 8) {
		uint64_t word = stream_word(stream->seed, stream->offset / 8);
		memcpy(out, &word, 8);
	}
	for (; length; length--)
		*out++ = stream_byte(stream->seed, stream->offset++);
}

/* Find the bytes elsewhere in the stream, to tell lost from repeated ones. */
static void stream_mismatch(const struct stream *stream, const uint8_t *data, size_t length) __attribute__((noreturn));
static void stream_mismatch(const struct stream *stream, const uint8_t *data, size_t length)
{
	uint64_t from = stream->offset > 32 * MIB ? stream->offset - 32 * MIB : 0;
	for (uint64_t at = from; length >= 8 && at < stream->offset + 32 * MIB; at++) {
		size_t same = 0;
		while (same < 8 && stream_byte(stream->seed, at + same) == data[same])
			same++;
		if (same == 8)
			FAIL("stream %" PRIx64 ": at offset %" PRIu64 " comes offset %" PRIu64 ": %" PRIu64 " bytes %s",
					stream->seed, stream->offset, at, at > stream->offset ? at - stream->offset : stream->offset - at,
					at > stream->offset ? "lost" : "repeated");
	}
	FAIL("stream %" PRIx64 ": wrong byte at offset %" PRIu64 ", %zu bytes at hand, nowhere near in this stream",
			stream->seed, stream->offset, length);
}

void stream_verify(struct stream *stream, const void *data, size_t length)
{
	uint8_t expected[4096];
	for (const uint8_t *in = data; length;) {
		size_t part = length < sizeof(expected) ? length : sizeof(expected);
		struct stream next = *stream;
		stream_fill(&next, expected, part);
		if (memcmp(in, expected, part) != 0) {
			size_t good = 0;
			while (in[good] == expected[good])
				good++;
			stream->offset += good;
			stream_mismatch(stream, in + good, length - good);
		}
		*stream = next;
		in += part;
		length -= part;
	}
}

uint64_t checksum(uint64_t so_far, const void *data, size_t length)
{
	uint64_t hash = so_far ? so_far : 0xcbf29ce484222325u;
	for (const uint8_t *in = data; length; length--)
		hash = (hash ^ *in++) * 0x100000001b3u;
	return hash;
}
