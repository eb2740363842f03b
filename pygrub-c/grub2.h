/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside of cfg_grub2_parse: the state of one run of GRUB 2's scripts, and the
 * pieces that work on it. A script changes its variables and the menu, and
 * nothing else.
 */
#ifndef PYGRUB_GRUB2_H
#define PYGRUB_GRUB2_H

#include <stdbool.h>
#include <stddef.h>
#include "arena.h"
#include "cfg.h"
#include "script.h"

#define GRUB2_WORDS_MAX	    256	  /* of a command, after expansion */
#define GRUB2_WORD_MAX	    16384 /* bytes of one; also of a value */
#define GRUB2_VARIABLES_MAX 512
#define GRUB2_FUNCTIONS_MAX 128
#define GRUB2_MEMORY_MAX    (32U << 20) /* bytes of all scripts read */
#define GRUB2_ENTRY_STEPS   20000	/* of one entry's script */

struct grub2_variable {
	char *name;
	char *value;
	bool is_exported;
};

struct grub2_env {
	struct grub2_variable variables[GRUB2_VARIABLES_MAX];
	unsigned int count;
};

struct grub2_function {
	const char *name;
	struct script_node *body;
};

/* The words of a command, after expansion; words[count] is NULL. */
struct grub2_args {
	char **words;
	unsigned int count;
};

/* Why the list of commands that runs must be left. */
enum grub2_leave {
	GRUB2_STAY,
	GRUB2_BREAK,
	GRUB2_CONTINUE,
	GRUB2_RETURN, /* from a function or file */
	GRUB2_EXIT,   /* from the configuration */
};

/* What a menuentry or submenu will run, for each entry of the menu. */
struct grub2_body {
	bool is_script; /* else the entry was filled when it was added */
	const struct script_node *body;
	struct grub2_args args; /* title first; the arena's */
	const char *file;	/* where the script stands */
	struct grub2_env *env;	/* of a submenu, for the entries in it */
};

struct grub2 {
	const struct source *source;
	const struct cfg_place *place;
	struct boot_menu *menu;
	struct arena arena;
	struct grub2_env *env;
	struct grub2_function functions[GRUB2_FUNCTIONS_MAX];
	unsigned int function_count;
	struct grub2_body bodies[BOOT_ENTRIES_MAX];

	const char *file; /* the script that runs, and where it is */
	unsigned int line;
	struct grub2_args *args; /* of the function that runs, or NULL */
	int parent;		 /* the submenu that is filled, or -1 */
	/* The entry whose script runs; -1: the configuration's does. */
	int entry;
	int bare_entry; /* of a linux outside of all entries; -1: none */
	bool is_booted; /* and of a boot behind it */
	int status;	/* of the last command or block; 0: well */
	enum grub2_leave leave;
	unsigned int leave_count; /* loops still to leave */
	unsigned int steps;	  /* still allowed */
	unsigned int files;	  /* still allowed */
	unsigned int depth;
};

/* grub2_env.c: variables. */
const char *grub2_env_get(const struct grub2_env *env, const char *name);
/* -E2BIG: too many or too long; -ENOMEM. */
int grub2_env_set(struct grub2_env *env, const char *name, const char *value);
void grub2_env_unset(struct grub2_env *env, const char *name);
void grub2_env_export(struct grub2_env *env, const char *name);
/*
 * A copy, of exported variables alone when `is_exported`; NULL: no memory. The
 * bytes copied are added to *size.
 */
struct grub2_env *grub2_env_copy(
	const struct grub2_env *env, bool is_exported, size_t *size);
void grub2_env_free(struct grub2_env *env);

/*
 * grub2_words.c: expansion. The words are one allocation, which the caller
 * frees (words itself). -E2BIG for too many or too long ones.
 */
int grub2_words_expand(struct grub2 *grub, const struct script_word *words,
	struct grub2_args *args);
/* Words from `first` on as a Linux command line; -E2BIG. */
int grub2_words_join(const struct grub2_args *args, unsigned int first,
	char line[BOOT_ARGS_MAX + 1]);

/*
 * grub2_run.c: execution. 0, or an error that ends everything: -ELOOP without
 * steps, -ENOMEM, -E2BIG. A command that fails only sets grub->status.
 */
int grub2_run_list(struct grub2 *grub, const struct script_node *list);
/* Calls a function, or an entry's body, with arguments. */
int grub2_run_body(struct grub2 *grub, const struct script_node *body,
	const struct grub2_args *args);
/* Runs a text; the arena keeps what it is parsed to. */
int grub2_run_text(
	struct grub2 *grub, const char *file, const char *text, size_t size);
/* A file as a script names it; a missing one is only a note, as in GRUB. */
int grub2_run_file(struct grub2 *grub, const char *name);
/* Counts; -ELOOP when none is left. */
int grub2_step(struct grub2 *grub, unsigned int steps);
/* A note at the line that runs. */
void grub2_note(struct grub2 *grub, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* grub2_menu.c: menuentry, submenu, configfile, and their scripts. */
int grub2_menu_add(struct grub2 *grub, const struct grub2_args *args,
	const struct script_node *block);
int grub2_menu_configfile(struct grub2 *grub, const char *name);
/* Runs the scripts of all entries, and of those that these add. */
int grub2_menu_run_all(struct grub2 *grub);

/* grub2_cmd.c: the commands. A function cannot have a command's name. */
bool grub2_cmd_is_known(const char *name);
/* As grub2_run_list. */
int grub2_cmd(struct grub2 *grub, const struct grub2_args *args,
	const struct script_node *block);

/* grub2_load.c: kernels, initrds, modules; blscfg. As grub2_cmd. */
int grub2_load_linux(struct grub2 *grub, const struct grub2_args *args);
int grub2_load_initrd(struct grub2 *grub, const struct grub2_args *args);
int grub2_load_module(struct grub2 *grub, const struct grub2_args *args);
int grub2_load_multiboot(struct grub2 *grub, const struct grub2_args *args);
int grub2_load_chain(struct grub2 *grub, const struct grub2_args *args);
int grub2_load_bls(struct grub2 *grub, const struct grub2_args *args);
/* The entry that is being filled; an error when there is no room for one. */
int grub2_load_entry(struct grub2 *grub, struct boot_entry **entry);

/* grub2_search.c: devices and paths; search. */
int grub2_search(struct grub2 *grub, const struct grub2_args *args);
/*
 * "(device)/path" or "/path" on $root. A device that does not exist is taken
 * for the one of the configuration. -ENAMETOOLONG, -EINVAL.
 */
int grub2_search_path(struct grub2 *grub, const char *name,
	unsigned int *volume, char path[SOURCE_PATH_MAX + 1]);

/* grub2_test.c: the words of test and [ . true or false. */
bool grub2_test(struct grub2 *grub, const struct grub2_args *args);

#endif
