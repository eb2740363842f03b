/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * took NAME COMMAND...: runs the command with its output thrown away, and
 * prints how long it took and how it ended:
 *
 *	took NAME 123456789 ns, status 0
 *
 * With --private instead it sums up the memory that nobody shares, of all
 * processes, in KiB:
 *
 *	private 4711
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (unsigned long long)time.tv_sec * 1000000000 +
	       (unsigned long long)time.tv_nsec;
}

static unsigned long private_of(const char *pid)
{
	unsigned long sum = 0, kib;
	char path[300], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/smaps_rollup", pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Private_Clean: %lu", &kib) == 1 ||
			sscanf(line, "Private_Dirty: %lu", &kib) == 1)
			sum += kib;
	}
	if (file)
		fclose(file);
	return sum;
}

static int print_private(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	unsigned long sum = 0;

	if (!dir)
		return 1;
	while ((entry = readdir(dir))) {
		if (isdigit((unsigned char)entry->d_name[0]))
			sum += private_of(entry->d_name);
	}
	closedir(dir);
	printf("private %lu\n", sum);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long long start;
	int status = 0, null;
	pid_t pid;

	if (argc == 2 && !strcmp(argv[1], "--private"))
		return print_private();
	if (argc < 3)
		return 2;
	start = now();
	pid = fork();
	if (!pid) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(null, 1);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	printf("took %s %llu ns, status %d\n", argv[1], now() - start,
		WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return 0;
}
