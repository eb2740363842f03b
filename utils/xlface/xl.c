/* SPDX-License-Identifier: BSD-2-Clause */
/* xl: reads the subcommand and its options; see xl.h. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <json-c/json.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/why.h>
#include "common/cpulist.h"
#include "common/err.h"
#include "xl.h"

static int help(struct xl_call *c);

static const struct xl_command commands[] = {
	{ "create", "<ConfigFile> [options] [vars]",
		"Make a domain from a configuration.", 0, true, xl_create },
	{ "list", "[options] [Domain]", "List domains.", 0, false, xl_list },
	{ "destroy", "[options] <Domain>", "End a domain at once.", 1, false,
		xl_destroy },
	{ "shutdown", "[options] <-a|Domain>", "Ask a domain to power off.", 0,
		false, xl_shutdown },
	{ "reboot", "[options] <-a|Domain>", "Ask a domain to restart.", 0,
		false, xl_reboot },
	{ "pause", "<Domain>", "Stop a domain's vcpus.", 1, false, xl_pause },
	{ "unpause", "<Domain>", "Let a paused domain run.", 1, false,
		xl_unpause },
	{ "console", "[options] <Domain>", "Show a domain's console.", 1, false,
		xl_console },
	{ "save", "[options] <Domain> <CheckpointFile> [<ConfigFile>]",
		"Save a domain into a file, to be restored later.", 2, false,
		xl_save },
	{ "restore", "[options] [<ConfigFile>] <CheckpointFile>",
		"Let a domain go on from a file.", 1, true, xl_restore },
	{ "migrate", "[options] <Domain> <host>",
		"Move a domain to another host.", 2, false, xl_migrate },
	{ "migrate-receive", "", "Be the other side of a migration.", 0, true,
		xl_migrate_receive },
	{ "dump-core", "<Domain> <filename>",
		"Write a domain's memory into a file for a debugger.", 2, false,
		xl_dump_core },
	{ "mem-max", "<Domain> <MemMB['b'[bytes]|'k'[KB]|'m'[MB]|'g'[GB]]>",
		"Set the most memory of a domain.", 2, false, xl_mem_max },
	{ "mem-set", "<Domain> <MemMB['b'[bytes]|'k'[KB]|'m'[MB]|'g'[GB]]>",
		"Set the memory of a domain.", 2, false, xl_mem_set },
	{ "vcpu-list", "[Domain, ...]", "List vcpus.", 0, false, xl_vcpu_list },
	{ "vcpu-pin", "[option] <Domain> <VCPU|all> <Hard|-|all> <Soft|-|all>",
		"Set the CPUs that a vcpu may and should use.", 3, false,
		xl_vcpu_pin },
	{ "vcpu-set", "[option] <Domain> <vCPUs>",
		"Set how many vcpus of a domain are up.", 2, false,
		xl_vcpu_set },
	{ "vm-list", "", "List domains and their UUIDs.", 0, false,
		xl_vm_list },
	{ "info", "[option] [field]", "Tell about the machine.", 0, false,
		xl_info },
	{ "sched-credit2", "[-d <Domain> [-w[=WEIGHT]|-c[=CAP]]] [-p CPUPOOL]",
		"Show or set the shares of the CPUs.", 0, false,
		xl_sched_credit2 },
	{ "domid", "<DomainName>", "Tell a domain's number.", 1, false,
		xl_domid },
	{ "domname", "<DomainId>", "Tell a domain's name.", 1, false,
		xl_domname },
	{ "rename", "<Domain> <NewDomainName>", "Give a domain another name.",
		2, false, xl_rename },
	{ "trigger", "<Domain> <nmi|reset|init|power|sleep|s3resume> [<VCPU>]",
		"Send a signal of the machine to a domain.", 2, false,
		xl_trigger },
	{ "sysrq", "<Domain> <letter>", "Send a SysRq letter to a domain.", 2,
		false, xl_sysrq },
	{ "debug-keys", "<Keys>", "Press debug keys of the hypervisor.", 1,
		false, xl_debug_keys },
	{ "dmesg", "[-c]", "Show the hypervisor's messages.", 0, false,
		xl_dmesg },
	{ "top", "", "Watch the machine and its domains.", 0, true, xl_top },
	{ "network-attach",
		"<Domain> [type=<type>] [mac=<mac>] [bridge=<bridge>] ...",
		"Give a domain a network card.", 1, false, xl_network_attach },
	{ "network-list", "<Domain(s)>", "List network cards.", 1, false,
		xl_network_list },
	{ "network-detach", "<Domain> <DevId|mac>", "Take a network card away.",
		2, false, xl_network_detach },
	{ "block-attach", "<Domain> <disk-spec-component(s)>...",
		"Give a domain a disk.", 2, false, xl_block_attach },
	{ "block-list", "<Domain(s)>", "List disks.", 1, false, xl_block_list },
	{ "block-detach", "[option] <Domain> <DevId>", "Take a disk away.", 2,
		false, xl_block_detach },
	{ "cd-insert", "<Domain> <vdev> <target>",
		"Change what is in a CD drive: not for PV guests.", 3, false,
		xl_cd_insert },
	{ "cd-eject", "<Domain> <vdev>", "Empty a CD drive: not for PV guests.",
		2, false, xl_cd_insert },
	{ "pci-list", "<Domain>", "List a domain's PCI devices: none.", 1,
		false, xl_pci_list },
	{ "pci-attach", "<Domain> <BDF> [Virtual Slot]",
		"Give a domain a PCI device: not possible.", 2, false, xl_pci },
	{ "pci-detach", "[-f] <Domain> <BDF>",
		"Take a PCI device away: not possible.", 2, false, xl_pci },
	{ "pci-assignable-list", "",
		"List PCI devices that domains can be given: none.", 0, false,
		xl_pci_assignable_list },
	{ "pci-assignable-add", "<BDF>",
		"Make a PCI device assignable: not possible.", 1, false,
		xl_pci },
	{ "pci-assignable-remove", "[options] <BDF>",
		"Take that back: not possible.", 1, false, xl_pci },
	{ "config-update", "<Domain> <ConfigFile> [option] [vars]",
		"Change what a domain is made of when it starts again.", 2,
		false, xl_config_update },
	{ "uptime", "[-s] [Domain]", "Tell how long domains run.", 0, false,
		xl_uptime },
	{ "claims", "", "List domains and memory set aside for them.", 0, false,
		xl_claims },
	{ "cpupool-list", "[-c|--cpus] [<CPU Pool>]", "List CPU pools.", 0,
		false, xl_cpupool_list },
	{ "cpupool-create", "[options] [<ConfigFile>] [vars]",
		"Make a CPU pool.", 0, false, xl_cpupool_create },
	{ "cpupool-destroy", "<CPU Pool>", "Destroy a CPU pool.", 1, false,
		xl_cpupool_destroy },
	{ "cpupool-rename", "<CPU Pool> <new name>", "Rename a CPU pool.", 2,
		false, xl_cpupool_rename },
	{ "cpupool-cpu-add", "<CPU Pool> <CPU list>",
		"Give a CPU pool free CPUs.", 2, false, xl_cpupool_cpu_add },
	{ "cpupool-cpu-remove", "<CPU Pool> <CPU list>",
		"Take CPUs out of a CPU pool.", 2, false,
		xl_cpupool_cpu_remove },
	{ "cpupool-migrate", "<Domain> <CPU Pool>",
		"Move a domain into a CPU pool.", 2, false,
		xl_cpupool_migrate },
	{ "help", "[subcommand]", "This list.", 0, true, help },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

int xl_fail(const char *fmt, ...)
{
	va_list list;

	va_start(list, fmt);
	vfprintf(stderr, fmt, list);
	va_end(list);
	fputc('\n', stderr);
	return XL_FAILED;
}

/* By its name, or by the beginning of just one. */
static const struct xl_command *find(const char *name)
{
	const struct xl_command *found = NULL;
	size_t len = strlen(name);

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strncmp(commands[i].name, name, len))
			continue;
		if (!commands[i].name[len])
			return &commands[i];
		if (found)
			return NULL;
		found = &commands[i];
	}
	return found;
}

void xl_usage(const struct xl_command *command)
{
	printf("Usage: xl [-vtTf] %s %s\n\n%s\n\n", command->name,
		command->usage, command->help);
}

static void list_commands(void)
{
	puts("Usage xl [-vfNtT] <subcommand> [args]\n\n"
	     "xl full list of subcommands:\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf(" %-19s %s\n", commands[i].name, commands[i].help);
}

static int help(struct xl_call *c)
{
	const struct xl_command *command;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	if (optind >= c->argc) {
		list_commands();
		return XL_OK;
	}
	command = find(c->argv[optind]);
	if (!command)
		return xl_fail("command not implemented");
	xl_usage(command);
	return XL_OK;
}

/* Leaves the loop over options with `status`. */
static int stop(struct xl_call *c, int status)
{
	c->status = status;
	return XL_STOP;
}

int xl_next(struct xl_call *c, const char *letters, const struct option *longs)
{
	static const struct option none[] = { { NULL, 0, NULL, 0 } };
	char all[64];
	int id;

	opterr = 0;
	snprintf(all, sizeof(all), "h%s", letters);
	id = getopt_long(c->argc, c->argv, all, longs ? longs : none, NULL);
	if (id == 'h') {
		xl_usage(c->command);
		return stop(c, XL_OK);
	}
	if (id == '?') {
		fprintf(stderr, "option `%c' not supported.\n",
			optopt > ' ' && optopt < 127 ? optopt : ' ');
		return stop(c, XL_USAGE);
	}
	if (id >= 0)
		return id;
	if (c->argc - optind < c->command->operands) {
		fprintf(stderr, "'xl %s' requires at least %d argument%s.\n\n",
			c->command->name, c->command->operands,
			c->command->operands > 1 ? "s" : "");
		xl_usage(c->command);
		return stop(c, XL_USAGE);
	}
	return XL_END;
}

int xl_plain(struct xl_call *c)
{
	return xl_next(c, "", NULL);
}

bool xl_domain(struct xl_call *c, const char *who, uint32_t *domid)
{
	struct why why;

	if (!dom_find(c->session.ctrl, c->session.xs, who, domid, &why))
		return true;
	xl_fail("%s is an invalid domain identifier (rc=-6)", who);
	return false;
}

char *xl_name(struct xl_call *c, uint32_t domid)
{
	char *name;

	if (!dom_name(c->session.xs, domid, &name))
		return name;
	return strdup(domid ? "(null)" : "Domain-0");
}

void xl_cpus(const uint8_t *map, size_t bytes, uint32_t cpus, char *text,
	size_t room)
{
	cpulist_format(map, bytes, cpus, text, room);
}

static void indent(int level)
{
	printf("%*s", 4 * level, "");
}

/* A string or a number; '/' needs no escape. */
static void print_scalar(struct json_object *o)
{
	fputs(json_object_to_json_string_ext(o,
		      JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
		stdout);
}

void xl_print_json(struct json_object *o, int level)
{
	const char *between = "";

	if (json_object_is_type(o, json_type_object)) {
		fputs("{\n", stdout);
		json_object_object_foreach(o, key, value)
		{
			fputs(between, stdout);
			indent(level + 1);
			printf("\"%s\": ", key);
			xl_print_json(value, level + 1);
			between = ",\n";
		}
	} else if (json_object_is_type(o, json_type_array)) {
		fputs("[\n", stdout);
		for (size_t i = 0; i < json_object_array_length(o); i++) {
			fputs(between, stdout);
			indent(level + 1);
			xl_print_json(
				json_object_array_get_idx(o, i), level + 1);
			between = ",\n";
		}
	} else {
		print_scalar(o);
		return;
	}
	putchar('\n');
	indent(level);
	putchar(json_object_is_type(o, json_type_array) ? ']' : '}');
}

int xl_become(const char *tool, char *const argv[], bool quiet)
{
	int null = quiet ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;

	fflush(stdout);
	if (null >= 0)
		dup2(null, 1);
	execvp(tool, argv);
	return xl_fail("cannot run %s: %s", tool, strerror(errno));
}

static int run(struct xl_call *c)
{
	int ret;

	err_tool("xl");
	if (!c->command->is_apart && session_open(&c->session))
		return XL_FAILED;
	/* getopt begins anew, and lets options follow operands now. */
	optind = 0;
	ret = c->command->run(c);
	session_close(&c->session);
	if ((fflush(stdout) || ferror(stdout)) && !ret)
		ret = xl_fail("cannot write: %s", strerror(errno));
	return ret;
}

int main(int argc, char **argv)
{
	struct xl_call call = { .status = XL_OK };
	int id;

	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	opterr = 0;
	while ((id = getopt(argc, argv, "+vftTN")) >= 0) {
		if (id == '?')
			return xl_fail("unknown global option");
		call.is_forced |= id == 'f';
		call.is_dry |= id == 'N';
	}
	if (optind == argc) {
		list_commands();
		return XL_FAILED;
	}
	call.command = find(argv[optind]);
	if (!call.command)
		return xl_fail("command not implemented");
	call.argc = argc - optind;
	call.argv = argv + optind;
	return run(&call);
}
