/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of plain Linux: what every program does. */
#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include "rows.h"

#define PAGE	4096
#define FAULTS	64
#define WAIT_NS 200000

static uint64_t null_syscall(unsigned n)
{
	ROW_REPEAT(n, syscall(SYS_getppid));
}

static uint64_t clock_syscall(unsigned n)
{
	struct timespec t;

	ROW_REPEAT(n, syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t));
}

static uint64_t read_tsc(unsigned n)
{
	ROW_REPEAT(n, __builtin_ia32_rdtsc());
}

static void wait_for(pid_t child)
{
	if (child < 0 || waitpid(child, NULL, 0) != child)
		row_fail("fork and wait");
}

static void fork_once(int is_exec)
{
	pid_t child = fork();

	if (!child) {
		if (is_exec)
			execl("/proc/self/exe", "rows", "--exit", (char *)NULL);
		_exit(0);
	}
	wait_for(child);
}

static uint64_t fork_exit(unsigned n)
{
	ROW_REPEAT(n, fork_once(0));
}

static uint64_t fork_exec(unsigned n)
{
	ROW_REPEAT(n, fork_once(1));
}

static volatile char *map_pages(unsigned n)
{
	char *p = mmap(NULL, (size_t)n * PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || madvise(p, (size_t)n * PAGE, MADV_NOHUGEPAGE))
		row_fail("mmap");
	return p;
}

static void map_touch_unmap(void)
{
	volatile char *p = map_pages(FAULTS);

	for (unsigned i = 0; i < FAULTS; i++)
		p[i * PAGE] = 1;
	munmap((void *)p, FAULTS * PAGE);
}

static uint64_t mmap_faults(unsigned n)
{
	ROW_REPEAT(n, map_touch_unmap());
}

static volatile char *page;

static int get_page(void)
{
	page = map_pages(1);
	page[0] = 1;
	return 0;
}

static void put_page(void)
{
	munmap((void *)page, PAGE);
}

static void protect_and_allow(void)
{
	mprotect((void *)page, PAGE, PROT_READ);
	mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE);
	page[0] = 1;
}

static uint64_t mprotect_pair(unsigned n)
{
	ROW_REPEAT(n, protect_and_allow());
}

static void handle(int number, void (*fn)(int, siginfo_t *, void *))
{
	struct sigaction action = { .sa_sigaction = fn,
		.sa_flags = SA_SIGINFO };

	if (sigaction(number, &action, NULL))
		row_fail("sigaction");
}

/* Behind the store that faulted: movb $1, (%rax), three bytes. */
static void skip_store(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 3;
}

static int get_protected_page(void)
{
	get_page();
	handle(SIGSEGV, skip_store);
	return mprotect((void *)page, PAGE, PROT_READ) ? errno : 0;
}

static void put_protected_page(void)
{
	signal(SIGSEGV, SIG_DFL);
	put_page();
}

static uint64_t protection_fault(unsigned n)
{
	ROW_REPEAT(n, __asm__ volatile("movb $1, (%0)" ::"a"(page) : "memory"));
}

static void ignore(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
}

static int get_signal(void)
{
	handle(SIGUSR1, ignore);
	return 0;
}

static uint64_t signal_self(unsigned n)
{
	pid_t self = getpid();

	ROW_REPEAT(n, kill(self, SIGUSR1));
}

static int there[2], back[2];
static pid_t peer;

static void pass(int from, int to)
{
	char byte = 0;

	if (from >= 0 && read(from, &byte, 1) != 1)
		_exit(0);
	if (to >= 0 && write(to, &byte, 1) != 1)
		_exit(0);
}

static int start_peer(void)
{
	if (pipe(there) || pipe(back))
		return errno;
	peer = fork();
	if (!peer) {
		close(there[1]);
		close(back[0]);
		for (;;)
			pass(there[0], back[1]);
	}
	close(there[0]);
	close(back[1]);
	return 0;
}

static void stop_peer(void)
{
	close(there[1]);
	close(back[0]);
	wait_for(peer);
}

static uint64_t pipe_ping_pong(unsigned n)
{
	ROW_REPEAT(n, {
		pass(-1, there[1]);
		pass(back[0], -1);
	});
}

static int get_timers(void)
{
	return prctl(PR_SET_TIMERSLACK, 1UL) ? errno : 0;
}

/* How late a sleeper runs; the sleep itself is not counted. */
static uint64_t timer_wake_up(unsigned n)
{
	uint64_t late = 0;

	for (unsigned i = 0; i < n; i++) {
		uint64_t at = row_now() + WAIT_NS;
		struct timespec t = { (time_t)(at / 1000000000),
			(long)(at % 1000000000) };

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
		late += row_now() - at;
	}
	return late;
}

static pthread_t spinner;
static volatile int is_spinning;

static void *spin(void *arg)
{
	cpu_set_t second;

	(void)arg;
	CPU_ZERO(&second);
	CPU_SET(1, &second);
	sched_setaffinity(0, sizeof(second), &second);
	is_spinning = 1;
	while (is_spinning)
		__builtin_ia32_pause();
	return NULL;
}

/* A barrier in another CPU's thread of this program is an interrupt there. */
static int start_spinner(void)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return ENODEV;
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED,
		    0, 0))
		return errno;
	if (pthread_create(&spinner, NULL, spin, NULL))
		return EAGAIN;
	while (!is_spinning)
		sched_yield();
	return 0;
}

static void stop_spinner(void)
{
	is_spinning = 0;
	pthread_join(spinner, NULL);
}

static uint64_t cpu_interrupt(unsigned n)
{
	ROW_REPEAT(n, syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED,
			      0, 0));
}

const struct row linux_rows[] = {
	{ "null-syscall", 5000, NULL, null_syscall, NULL },
	{ "clock-syscall", 3000, NULL, clock_syscall, NULL },
	{ "rdtsc", 5000, NULL, read_tsc, NULL },
	{ "fork-exit", 12, NULL, fork_exit, NULL },
	{ "fork-exec", 5, NULL, fork_exec, NULL },
	{ "mmap-64-faults", 15, NULL, mmap_faults, NULL },
	{ "mprotect-pair", 300, get_page, mprotect_pair, put_page },
	{ "protection-fault", 400, get_protected_page, protection_fault,
		put_protected_page },
	{ "signal", 500, get_signal, signal_self, NULL },
	{ "pipe-ping-pong", 200, start_peer, pipe_ping_pong, stop_peer },
	{ "timer-wake-up", 30, get_timers, timer_wake_up, NULL },
	{ "cpu-interrupt", 100, start_spinner, cpu_interrupt, stop_spinner },
	{ NULL, 0, NULL, NULL, NULL },
};
