#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What bash offers for a word, with the built tools' own --help, and domls and
# others played by scripts.
command -v bash >/dev/null || exit 77
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for tool in domls domset domtop domcreate domstop; do
	ln -s "$top_builddir/utils/$tool" "$dir/$tool-real"
	printf '#!/bin/sh\nexec "%s" "$@"\n' "$dir/$tool-real" >"$dir/$tool"
done
cat >"$dir/domls" <<S
#!/bin/sh
case \$*:\$2 in
'-o name'*) printf 'NAME\nDomain-0\nhello\nhelp\n' ;;
*) exec "$dir/domls-real" "\$@" ;;
esac
S
cat >"$dir/domdev" <<'S'
#!/bin/sh
[ "$*" = 'ls hello' ] && printf 'DEVICE STATE\nxvda connected\nvif0 connected\n'
S
mkdir -p "$dir/tenon/bin"
printf '#!/bin/sh\necho "  xl list:"; echo " list    a"; echo " vcpu-pin b"\n' \
	>"$dir/tenon/bin/xl"
ln -s "$dir/tenon/bin/xl" "$dir/xl"
printf '#!/bin/sh\necho "NAME"; echo "Pool-0"\n' >"$dir/dompool"
ln -s "$top_builddir/utils/xenstore-ls" "$dir/xenstore-ls"
printf '#!/bin/sh\necho "nr_cpus   2"; echo "host   x"\n' >"$dir/hostinfo"
chmod +x "$dir"/dom* "$dir/tenon/bin/xl" "$dir/hostinfo"
cat >"$dir/ask" <<'S'
# ask COMMAND WORD...: what is offered for the last word
. "$top_srcdir/utils/completion/tenon.bash"
complete -p "$1" >/dev/null || exit 1
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_tenon "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
echo "${COMPREPLY[@]}"
S
failed=0
# offers WORDS COMMAND...
offers() {
	wanted=$1
	shift
	got=$(PATH=$dir:$PATH bash "$dir/ask" "$@" 2>&1)
	[ "$got" = "$wanted" ] && return
	echo "'$*' offers '$got', not '$wanted'"
	failed=1
}
offers 'hello help' domstop hel
offers 'Domain-0' domls D
offers '--force' domstop --fo
offers '--timeout' domstop hello --t
offers 'memory_mib maxmem_mib maxvcpus' domls -o m
offers 'memory' domtop -s m
offers 'cpus= cpus_soft=' domset hello cpus
offers 'hello' domset hello
offers 'add' domdev a
offers 'hello help' domdev rm hel
offers 'xvda vif0' domdev rm hello ''
offers 'disk' domdev add hello d
offers 'nmi' domkey trigger hello n
offers '' domkey sysrq hello n
offers 'nr_cpus' hostinfo n
offers 'rename remove' dompool re
offers 'hello help' dompool move hel
offers 'Pool-0' dompool add P
offers '--perms' xenstore-ls --p
offers 'list' xl l
offers 'hello' xl list hello
offers '--dry-run' domcreate --d
exit $failed
