/* SPDX-License-Identifier: BSD-2-Clause */
/* The variables of GRUB 2's scripts; see grub2.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "grub2.h"

static struct grub2_variable *find(
	const struct grub2_env *env, const char *name)
{
	for (unsigned int i = 0; i < env->count; i++) {
		if (!strcmp(env->variables[i].name, name))
			return (struct grub2_variable *)&env->variables[i];
	}
	return NULL;
}

const char *grub2_env_get(const struct grub2_env *env, const char *name)
{
	const struct grub2_variable *variable = find(env, name);

	return variable ? variable->value : NULL;
}

int grub2_env_set(struct grub2_env *env, const char *name, const char *value)
{
	struct grub2_variable *variable = find(env, name);
	char *copy;

	if (strlen(value) > GRUB2_WORD_MAX || strlen(name) > GRUB2_WORD_MAX)
		return -E2BIG;
	if (!variable && env->count >= GRUB2_VARIABLES_MAX)
		return -E2BIG;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	if (!variable) {
		variable = &env->variables[env->count];
		*variable = (struct grub2_variable){ .name = strdup(name) };
		if (!variable->name) {
			free(copy);
			return -ENOMEM;
		}
		env->count++;
	}
	free(variable->value);
	variable->value = copy;
	return 0;
}

void grub2_env_unset(struct grub2_env *env, const char *name)
{
	struct grub2_variable *variable = find(env, name);

	if (!variable)
		return;
	free(variable->name);
	free(variable->value);
	*variable = env->variables[--env->count];
}

void grub2_env_export(struct grub2_env *env, const char *name)
{
	struct grub2_variable *variable = find(env, name);

	if (variable)
		variable->is_exported = true;
}

struct grub2_env *grub2_env_copy(
	const struct grub2_env *env, bool is_exported, size_t *size)
{
	struct grub2_env *copy = calloc(1, sizeof(*copy));

	for (unsigned int i = 0; i < env->count && copy; i++) {
		const struct grub2_variable *from = &env->variables[i];
		struct grub2_variable *to = &copy->variables[copy->count];

		if (is_exported && !from->is_exported)
			continue;
		*to = (struct grub2_variable){
			.name = strdup(from->name),
			.value = strdup(from->value),
			.is_exported = from->is_exported,
		};
		copy->count++;
		*size += strlen(from->name) + strlen(from->value);
		if (!to->name || !to->value) {
			grub2_env_free(copy);
			return NULL;
		}
	}
	return copy;
}

void grub2_env_free(struct grub2_env *env)
{
	if (!env)
		return;
	for (unsigned int i = 0; i < env->count; i++) {
		free(env->variables[i].name);
		free(env->variables[i].value);
	}
	free(env);
}
