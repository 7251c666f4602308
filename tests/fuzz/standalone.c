/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver of a fuzz target without libFuzzer: replays the files given as
 * arguments or, without any, the seeds of the target and RUNS random mutations
 * of them, and speaks TAP.  SEED=N replays the mutations; after a crash the
 * input is shown, to be put into a file.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "model/rng.h"
#include "model/tap.h"

#define INPUT_MAX 4096u
#define LIST_MAX  256u

struct input {
	size_t len;
	uint8_t bytes[INPUT_MAX];
};

/* Seeds, and the words of the dictionary. */
struct list {
	size_t n;
	struct input *input[LIST_MAX];
};

static struct list seeds;
static struct list words;
static struct input current;

/* Only what is allowed in a signal handler; a digit at a time. */
static void show_input(void)
{
	static const char digit[] = "0123456789abcdef";
	char byte[4] = "\\x";
	size_t i;
	ssize_t res;

	res = write(STDOUT_FILENO, "# input: ", 9);
	for (i = 0; i < current.len && res > 0; i++) {
		byte[2] = digit[current.bytes[i] >> 4];
		byte[3] = digit[current.bytes[i] & 15];
		res = write(STDOUT_FILENO, byte, 4);
	}
	res = write(STDOUT_FILENO, "\n", 1);
	(void)res;
}

static void crashed(int sig)
{
	show_input();
	signal(sig, SIG_DFL);
	raise(sig);
}

/* The sanitizers end the process in a way of their own. */
void __sanitizer_set_death_callback(void (*callback)(void))
	__attribute__((weak));

static void watch_crashes(void)
{
	signal(SIGABRT, crashed);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(show_input);
	else
		signal(SIGSEGV, crashed);
}

/* In memory of its size, so that the sanitizers see who reads beyond it. */
static void run_current(void)
{
	uint8_t *exact = malloc(current.len ? current.len : 1);

	FUZZ_CHECK(exact);
	memcpy(exact, current.bytes, current.len);
	LLVMFuzzerTestOneInput(exact, current.len);
	free(exact);
}

static struct input *list_add(struct list *list)
{
	struct input *input;

	FUZZ_CHECK(list->n < LIST_MAX);
	input = calloc(1, sizeof(*input));
	FUZZ_CHECK(input);
	list->input[list->n++] = input;
	return input;
}

static void list_release(struct list *list)
{
	while (list->n)
		free(list->input[--list->n]);
}

/* To be freed. */
static char *join(const char *a, const char *b, const char *c, const char *d)
{
	char *path;

	FUZZ_CHECK(asprintf(&path, "%s%s%s%s", a, b, c, d) >= 0);
	return path;
}

static bool read_file(const char *path, struct input *input)
{
	FILE *file = fopen(path, "r");

	if (!file)
		return false;
	input->len = fread(input->bytes, 1, INPUT_MAX, file);
	fclose(file);
	return true;
}

static void replay(const char *path)
{
	const char *name = strrchr(path, '/');

	if (!read_file(path, &current)) {
		tap_ok(false, "%s: %s", path, strerror(errno));
		return;
	}
	run_current();
	tap_ok(true, "%s", name ? name + 1 : path);
}

static void replay_seeds(const char *dir)
{
	struct dirent **entries;
	char *path;
	int n = scandir(dir, &entries, NULL, alphasort);
	int i;

	tap_ok(n > 0, "seeds");
	if (n <= 0)
		tap_comment("%s: %s", dir, strerror(errno));
	for (i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.') {
			path = join(dir, "/", entries[i]->d_name, "");
			replay(path);
			*list_add(&seeds) = current;
			free(path);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

/* libFuzzer's format: a line is "word", with \\ \" and \xHH. */
static void read_dictionary(const char *path)
{
	FILE *file = fopen(path, "r");
	struct input *word;
	char line[256];
	unsigned int byte;
	char *at;

	if (!file) {
		tap_ok(false, "%s: %s", path, strerror(errno));
		return;
	}
	while (fgets(line, sizeof(line), file)) {
		if (line[0] != '"')
			continue;
		word = list_add(&words);
		for (at = line + 1; *at && *at != '"'; at++) {
			byte = (unsigned char)*at;
			if (*at == '\\' && at[1] == 'x' &&
			    sscanf(at + 2, "%2x", &byte) == 1)
				at += 3;
			else if (*at == '\\')
				byte = (unsigned char)*++at;
			word->bytes[word->len++] = (uint8_t)byte;
		}
	}
	fclose(file);
}

/* Put 'len' bytes in the place of 'gone' bytes at 'at', as far as they fit. */
static void splice(size_t at, size_t gone, const uint8_t *bytes, size_t len)
{
	size_t tail = current.len - at - gone;

	if (at + len + tail > INPUT_MAX)
		return;
	memmove(current.bytes + at + len, current.bytes + at + gone, tail);
	memmove(current.bytes + at, bytes, len);
	current.len = at + len + tail;
}

static void mutate(struct rng *rng)
{
	size_t at = rng_below(rng, (uint32_t)current.len + 1);
	size_t gone = rng_below(rng, (uint32_t)(current.len - at) + 1);
	const struct input *other;
	uint8_t bytes[8];

	switch (rng_below(rng, 6)) {
	case 0:
		if (at < current.len)
			current.bytes[at] ^= (uint8_t)(1u << rng_below(rng, 8));
		break;
	case 1:
		rng_fill(rng, bytes, sizeof(bytes));
		splice(at, 0, bytes, 1 + rng_below(rng, sizeof(bytes)));
		break;
	case 2:
		splice(at, gone < 8 ? gone : 8, bytes, 0);
		break;
	case 3:
		other = seeds.input[rng_below(rng, (uint32_t)seeds.n)];
		splice(at, gone, other->bytes,
		       rng_below(rng, (uint32_t)other->len + 1));
		break;
	default:
		if (!words.n)
			break;
		other = words.input[rng_below(rng, (uint32_t)words.n)];
		splice(at,
		       rng_one_in(rng, 2) ? 0 :
		       gone < 8		  ? gone :
					    8,
		       other->bytes, other->len);
	}
}

static void run_mutations(uint64_t runs)
{
	struct rng rng = { env_seed() };
	uint64_t i;
	uint32_t n;

	for (i = 0; i < runs && seeds.n; i++) {
		current = *seeds.input[rng_below(&rng, (uint32_t)seeds.n)];
		for (n = rng_below(&rng, 6); n; n--)
			mutate(&rng);
		run_current();
	}
	tap_ok(i == runs, "%llu mutations", (unsigned long long)i);
}

int main(int argc, char **argv)
{
	const char *name = strrchr(program_invocation_short_name, '-');
	const char *srcdir = getenv("srcdir");
	char *path;
	int i;

	if (!srcdir)
		srcdir = ".";
	watch_crashes();
	if (argc > 1) {
		for (i = 1; i < argc; i++)
			replay(argv[i]);
		return tap_done();
	}
	FUZZ_CHECK(name);
	path = join(srcdir, "/tests/fuzz/seeds/", name + 1, "");
	replay_seeds(path);
	free(path);
	path = join(srcdir, "/tests/fuzz/", name + 1, ".dict");
	read_dictionary(path);
	free(path);
	run_mutations(env_u64("RUNS", 30000));
	list_release(&seeds);
	list_release(&words);
	return tap_done();
}
