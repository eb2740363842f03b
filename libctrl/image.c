/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a kernel in a sandboxed child. The child inherits the file, a memfd
 * for what it unpacks, and a pipe for its answer, and may use nothing else: a
 * seccomp filter leaves read, pread, write, memory and exit. The parent takes
 * the answer as hostile.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <tenonctrl/image.h>
#include <tenonctrl/why.h>
#include "image_cache.h"

#define CPU_SECONDS_MAX	 180
#define WALL_SECONDS_MAX 600
#define CHILD_MEMORY_MAX (512ULL << 20)

/* What the child sends, as it stands. */
struct answer {
	int32_t error;
	uint32_t unpacked; /* 1: the segments' bytes are in the memfd */
	struct why why;
	struct image_plan plan;
};

static int read_fd(void *state, uint64_t offset, void *buf, size_t bytes)
{
	const int *fd = state;
	char *to = buf;

	while (bytes) {
		ssize_t got = pread(*fd, to, bytes, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -EILSEQ;
		to += got;
		offset += (uint64_t)got;
		bytes -= (size_t)got;
	}
	return 0;
}

static int write_fd(void *state, const void *bytes, size_t count)
{
	const int *fd = state;
	const char *from = bytes;

	while (count) {
		ssize_t put = write(*fd, from, count);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? -errno : -EIO;
		from += put;
		count -= (size_t)put;
	}
	return 0;
}

#define ALLOW(name)                                            \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* No new files, no sockets, no processes, no devices. By hand: libseccomp would
 * be loaded by every tool, for this alone. */
static int enter_sandbox(uint64_t output_max)
{
	static struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			offsetof(struct seccomp_data, nr)),
		ALLOW(pread64),
		ALLOW(write),
		ALLOW(brk),
		ALLOW(mmap),
		ALLOW(munmap),
		ALLOW(mremap),
		ALLOW(madvise),
		ALLOW(futex),
		ALLOW(rt_sigreturn),
		ALLOW(exit),
		ALLOW(exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	const struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(filter[0]),
		.filter = filter,
	};
	const struct rlimit cpu = { CPU_SECONDS_MAX, CPU_SECONDS_MAX };
	const struct rlimit output = { output_max, output_max };
	const struct rlimit core = { 0, 0 };

	if (setrlimit(RLIMIT_CPU, &cpu) || setrlimit(RLIMIT_FSIZE, &output) ||
		setrlimit(RLIMIT_CORE, &core))
		return -errno;
#if !defined(TENON_SANITIZED)
	/* A sanitizer reserves terabytes of addresses. */
	const struct rlimit memory = { CHILD_MEMORY_MAX, CHILD_MEMORY_MAX };

	if (setrlimit(RLIMIT_AS, &memory))
		return -errno;
#endif
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return -errno;
	return 0;
}

/* The child's work, in the sandbox. */
static void work(int file, int memfd, uint64_t size, uint64_t memory,
	struct answer *answer)
{
	struct image_source source = { read_fd, &file, size };
	uint64_t at, length, unpacked;
	bool packed;

	answer->error = image_find_payload(
		&source, &packed, &at, &length, &answer->why);
	if (answer->error)
		return;
	if (packed) {
		answer->error = image_unpack(&source, at, length, memory,
			write_fd, &memfd, &answer->why);
		if (answer->error)
			return;
		/* Reads past what was written fail by themselves. */
		unpacked = memory;
		source = (struct image_source){ read_fd, &memfd, unpacked };
		answer->unpacked = 1;
	}
	answer->error = image_plan_elf(&source, &answer->plan, &answer->why);
}

static void child(int file, int memfd, int out, uint64_t size, uint64_t memory)
{
	static struct answer answer;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	answer.error = enter_sandbox(memory);
	if (answer.error)
		why_set(&answer.why, 0, "the sandbox cannot be set up: %s",
			strerror(-answer.error));
	else
		work(file, memfd, size, memory, &answer);
	_exit(write_fd(&out, &answer, sizeof(answer)) ? 1 : 0);
}

/* Collects the answer, until the pipe ends or the time is over. */
static int collect(int in, struct answer *answer)
{
	struct pollfd wait = { .fd = in, .events = POLLIN };
	struct timespec now;
	char *to = (char *)answer;
	size_t have = 0;
	time_t end;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + WALL_SECONDS_MAX;
	while (have < sizeof(*answer)) {
		ssize_t got;

		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= end)
			return -ETIME;
		if (poll(&wait, 1, (int)(end - now.tv_sec) * 1000) <= 0)
			continue;
		got = read(in, to + have, sizeof(*answer) - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -EILSEQ;
		have += (size_t)got;
	}
	return 0;
}

/* Why a child died without an answer. */
static int explain_death(int status, struct why *why)
{
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (sig == SIGXCPU || sig == SIGKILL)
		return why_set(why, -ETIME,
			"reading it took more than %d s of CPU time",
			CPU_SECONDS_MAX);
	if (sig == SIGXFSZ)
		return why_set(why, -EFBIG,
			"unpacked it is larger than the guest's memory; give "
			"the guest more memory");
	return why_set(why, -EILSEQ,
		"the process that read it died (signal %d): the file is "
		"probably corrupt",
		sig);
}

static int ask_child(int file, int memfd, uint64_t size, uint64_t memory,
	struct answer *answer, struct why *why)
{
	int ends[2], status = 0, ret;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return why_set(why, -errno, "no pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		child(file, memfd, ends[1], size, memory);
	}
	close(ends[1]);
	if (pid < 0) {
		ret = why_set(why, -errno, "fork: %s", strerror(errno));
		close(ends[0]);
		return ret;
	}
	ret = collect(ends[0], answer);
	close(ends[0]);
	if (ret)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (ret == -ETIME)
		return why_set(why, ret, "reading it took more than %d s",
			WALL_SECONDS_MAX);
	if (ret)
		return explain_death(status, why);
	answer->why.text[WHY_MAX - 1] = '\0';
	answer->plan.guest_os[sizeof(answer->plan.guest_os) - 1] = '\0';
	if (answer->error)
		return why_set(why, answer->error < 0 ? answer->error : -EILSEQ,
			"%s", answer->why.text);
	return 0;
}

static int open_kernel(
	const char *path, int *fd, struct stat *st, struct why *why)
{
	int ret;

	/* Not to hang on a fifo or to steal a terminal. */
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*fd < 0)
		return why_set(why, -errno, "%s", strerror(errno));
	if (fstat(*fd, st))
		ret = why_set(why, -errno, "%s", strerror(errno));
	else if (!S_ISREG(st->st_mode))
		ret = why_set(why, -ENOEXEC, "it is not a regular file");
	else if (!st->st_size)
		ret = why_set(why, -ENOEXEC, "it is empty");
	else
		return 0;
	close(*fd);
	return ret;
}

/* The plan of the kernel in `file`, whose bytes are then in *file. */
static int read_kernel(int *file, const struct stat *st, uint64_t memory,
	const char *cache, struct answer *answer, struct why *why)
{
	uint64_t size = (uint64_t)st->st_size;
	int memfd, cached, ret;

	cached = cache ? image_cache_find(cache, st, &size) : -1;
	if (cached >= 0) {
		close(*file);
		*file = cached;
	}
	memfd = memfd_create("kernel", MFD_CLOEXEC);
	if (memfd < 0)
		return why_set(why, -ENOMEM, "out of memory");
	ret = ask_child(*file, memfd, size, memory, answer, why);
	if (!ret && answer->unpacked) {
		struct stat unpacked;

		if (fstat(memfd, &unpacked))
			ret = why_set(why, -errno, "%s", strerror(errno));
		else
			size = (uint64_t)unpacked.st_size;
		if (!ret && cache && cached < 0)
			image_cache_store(cache, st, *file, memfd, size);
		close(*file);
		*file = memfd;
		memfd = -1;
	}
	if (!ret)
		ret = image_plan_check(&answer->plan, size, memory, why);
	if (memfd >= 0)
		close(memfd);
	return ret;
}

int image_open(const char *path, uint64_t memory, const char *cache,
	struct image *image, struct why *why)
{
	struct answer *answer;
	struct stat st;
	int file, ret;

	ret = open_kernel(path, &file, &st, why);
	if (ret)
		return ret;
	answer = calloc(1, sizeof(*answer));
	if (!answer)
		ret = why_set(why, -ENOMEM, "out of memory");
	else
		ret = read_kernel(&file, &st, memory, cache, answer, why);
	if (ret) {
		close(file);
	} else {
		image->plan = answer->plan;
		image->fd = file;
	}
	free(answer);
	return ret;
}

void image_close(struct image *image)
{
	close(image->fd);
}
