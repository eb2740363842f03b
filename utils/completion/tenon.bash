# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# bash completion for Tenon's tools. Options come from each tool's --help, columns
# from the tool, domains and devices from domls and domdev.

_tenon_options() {
	"$1" --help 2>/dev/null |
		sed -n 's/^  \(-.\), \(--[a-z-]*\).*/\1\n\2/p; s/^ *\(--[a-z-]*\).*/\1/p'
}

_tenon_domains() {
	domls -o name 2>/dev/null | tail -n +2
}

_tenon_devices() {
	domdev ls "$1" 2>/dev/null | awk 'NR > 1 { print $1 }'
}

# The keys of a table, from the tool's own words about a wrong one.
_tenon_columns() {
	"$1" -o '?' 2>&1 | sed -n "s/.*, only \(.*\); see .*/\1/p" | tr -d ,
}

_tenon_pools() {
	dompool -o name 2>/dev/null | tail -n +2
}

# The operands before the word being typed, options left out.
_tenon_operands() {
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) ;;
		*) echo "${COMP_WORDS[i]}" ;;
		esac
	done
}

# The words from which one may be chosen for the operand that is typed.
_tenon_words() {
	local tool=$1
	shift
	case $tool in
	dominfo | domcons) [ $# -eq 0 ] && _tenon_domains ;;
	domls | domvcpus | dompause | domresume | domstop) _tenon_domains ;;
	domrename) [ $# -eq 0 ] && _tenon_domains ;;
	domdump | dommove | domsave) [ $# -eq 0 ] && _tenon_domains ;;
	domset)
		if [ $# -eq 0 ]; then
			_tenon_domains
		else
			printf '%s=\n' vcpus memory maxmem cpu_weight cap cpus \
				cpus_soft
		fi
		;;
	domkey)
		case $# in
		0) printf '%s\n' sysrq trigger ;;
		1) _tenon_domains ;;
		2) [ "$1" = trigger ] &&
			printf '%s\n' nmi reset init power sleep ;;
		esac
		;;
	domdev)
		case $# in
		0) printf '%s\n' ls add rm ;;
		1) _tenon_domains ;;
		2)
			[ "$1" = add ] && printf '%s\n' disk net
			[ "$1" = rm ] && _tenon_devices "$2"
			;;
		esac
		;;
	dompool)
		case $# in
		0) printf '%s\n' create destroy rename add remove move ;;
		1)
			[ "$1" = move ] && _tenon_domains
			[ "$1" != move ] && [ "$1" != create ] && _tenon_pools
			;;
		2) [ "$1" = move ] && _tenon_pools ;;
		esac
		;;
	domdebug) ;;
	hostinfo) hostinfo 2>/dev/null | awk '{ print $1 }' ;;
	xl)
		if [ $# -eq 0 ]; then
			xl help 2>/dev/null | sed -n 's/^ \([a-z0-9-]*\) .*/\1/p'
		else
			_tenon_domains
		fi
		;;
	esac
}

_tenon() {
	local tool=${1##*/} word=$2 last=$3 words operands
	mapfile -t operands < <(_tenon_operands)
	compopt +o nospace 2>/dev/null
	case $tool,$last in
	dom*,-o | dom*,--columns | dom*,-s | dom*,--sort)
		words=$(_tenon_columns "$tool")
		[ "$tool" = domtop ] && words='id name state cpu time memory
			sent received read written'
		;;
	domcreate,*)
		compopt -o default 2>/dev/null
		[[ $word == -* ]] && words=$(_tenon_options "$tool")
		;;
	*)
		if [[ $word == -* ]]; then
			words=$(_tenon_options "$tool")
		else
			words=$(_tenon_words "$tool" "${operands[@]}")
		fi
		;;
	esac
	# A value follows at once.
	[[ $tool == domset && ${#operands[@]} -gt 0 ]] &&
		compopt -o nospace 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _tenon domcons domcreate domdebug domdev domevents domfsck dominfo domkey \
	domlog domls dompause dompool domrename domresume domset domstat \
	domstop domtop domtrace domvcpus hostinfo tenon-consoled tenon-init-dom0 \
	tenon-reaper xenstore-shell xenstore-stats
# Paths of the store are slow to offer one by one; options are not.
complete -o default -F _tenon xenstore-chmod xenstore-control xenstore-dump \
	xenstore-exists xenstore-list xenstore-ls xenstore-read \
	xenstore-restore xenstore-rm xenstore-watch xenstore-write
# These have files among their operands.
complete -o default -F _tenon domdump dommove domrestore domrun domsave
# Where xl is stock's, stock's package has its own.
case $(readlink -f "$(command -v xl)" 2>/dev/null) in
*/tenon/bin/xl) complete -F _tenon xl ;;
esac
