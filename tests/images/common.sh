# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# What the image scripts share: Debian's packages, unpacked in a cache and never
# installed; kernel modules with what they need; packing.
#
# Everything fetched or built stays under $cache. The scripts need apt-get,
# dpkg-deb, kmod, cpio, gzip and python3.

cache=${TENON_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tenon}
PATH=$PATH:/usr/sbin:/sbin
mkdir -p "$cache/packages"

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# package NAME: prints the folder with the unpacked package, in the version that
# apt would install; without a network, the newest version in the cache.
package() {
	local version dir fetch_dir
	version=$(apt-cache policy "$1" 2>/dev/null |
		awk '$1 == "Candidate:" { print $2; exit }')
	case $version in
	'' | '(none)')
		dir=$(ls -d "$cache/packages/$1"_*/ 2>/dev/null | tail -n 1)
		[ -n "$dir" ] || die "apt knows no package $1:" \
			"run apt-get update as root"
		echo "${dir%/}"
		return
		;;
	esac
	dir=$cache/packages/$1_$(echo "$version" | tr ':/' '__')
	if [ ! -d "$dir" ]; then
		fetch_dir=$(mktemp -d "$cache/packages/.fetch-XXXXXX")
		(cd "$fetch_dir" && apt-get download -qq \
			-o APT::Sandbox::User="$(id -un)" "$1" >&2) || {
			rm -rf "$fetch_dir"
			die "cannot download Debian's package $1 $version:" \
				"is there a network, and is apt-get update done?"
		}
		dpkg-deb -x "$fetch_dir"/*.deb "$fetch_dir/root" >&2 &&
			mv "$fetch_dir/root" "$dir" >&2
		rm -rf "$fetch_dir"
	fi
	echo "$dir"
}

# cached NAME: the same, but without asking apt when the cache has one.
cached() {
	local dir
	dir=$(ls -d "$cache/packages/$1"_*/ 2>/dev/null | tail -n 1)
	if [ -n "$dir" ]; then
		echo "${dir%/}"
	else
		package "$1"
	fi
}

# debian_suite, debian_mirror: prints this machine's release of Debian by name;
# where it comes from.
debian_suite() {
	(. /etc/os-release && echo "$VERSION_CODENAME")
}

debian_mirror() {
	apt-get indextargets --format '$(SITE) $(CODENAME)' \
		'Created-By: Packages' |
		awk -v s="$(debian_suite)" '$2 == s { print $1; exit }'
}

# debian_sources: the release with its updates, as in a sources.list.
debian_sources() {
	apt-get indextargets --format \
		'deb $(SITE) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
		awk -v s="$(debian_suite)" 'index($3, s) == 1'
}

# kernel_package: prints the name of the package that has Debian's stock kernel.
kernel_package() {
	local name
	local version dir fetch_dir
	name=$(apt-cache depends linux-image-amd64 2>/dev/null |
		awk '/Depends: linux-image-/ { print $2; exit }')
	[ -n "$name" ] || name=$(ls -d "$cache"/packages/linux-image-*_* \
		2>/dev/null | tail -n 1 | sed 's,.*/\(.*\)_.*,\1,')
	[ -n "$name" ] || die 'apt knows no linux-image-amd64:' \
		'run apt-get update as root'
	echo "$name"
}

# kernel_dir: prints the unpacked kernel package, its modules indexed.
kernel_dir() {
	local name dir release
	name=$(kernel_package) && dir=$(package "$name") || exit 1
	release=$(ls "$dir/lib/modules")
	[ -f "$dir/lib/modules/$release/modules.dep" ] ||
		depmod -b "$dir" "$release" || die "depmod fails on $dir"
	echo "$dir"
}

# copy_modules ROOT MODULE...: the modules and all that they need, indexed.
copy_modules() {
	local root=$1 kernel release module file place list
	shift
	kernel=$(kernel_dir) || exit 1
	release=$(ls "$kernel/lib/modules")
	for module in "$@"; do
		modprobe -d "$kernel" -S "$release" --show-depends "$module" \
			2>/dev/null || die "the kernel has no module $module"
	done | awk '$1 == "insmod" { print $2 }' | sort -u |
	while read -r file; do
		place=$root/lib/modules/${file#*/lib/modules/}
		mkdir -p "${place%/*}"
		cp "$file" "$place"
	done
	for list in modules.order modules.builtin modules.builtin.modinfo; do
		cp "$kernel/lib/modules/$release/$list" \
			"$root/lib/modules/$release/"
	done
	depmod -b "$root" "$release"
}

# copy_busybox ROOT: /bin/busybox and a link for each of its programs. There is
# no init to ask, so poweroff and reboot in /sbin act at once; the kernel runs
# them when the control domain asks a guest to stop.
copy_busybox() {
	local busybox program
	busybox=$(package busybox-static) || exit 1
	mkdir -p "$1/bin" "$1/sbin" "$1/usr/bin" "$1/usr/sbin"
	cp "$busybox/bin/busybox" "$1/bin/busybox"
	for program in $("$1/bin/busybox" --list); do
		[ "$program" = busybox ] || ln -sf busybox "$1/bin/$program"
	done
	for program in poweroff reboot halt; do
		printf '#!/bin/sh\nsync\nexec /bin/busybox %s -f\n' \
			$program >"$1/sbin/$program"
		chmod 755 "$1/sbin/$program"
	done
}

# copy_libraries ROOT [LIBRARY_PATH]: the shared libraries of every program and
# library in ROOT that ROOT lacks.
copy_libraries() {
	local file name
	find "$1" -type f \( -perm -u+x -o -name '*.so*' \) ! -name '*.ko' |
	while read -r file; do
		head -c 4 "$file" | grep -q ELF || continue
		LD_LIBRARY_PATH=$1/usr/lib:$1/usr/lib/x86_64-linux-gnu:$2 \
			ldd "$file" 2>/dev/null || : # static
	done | awk '/not found/ { print "missing", $1 }
		$2 == "=>" && $3 ~ /^\// { print $1, $3 }
		$1 ~ /^\/.*ld-linux/ { print $1, $1 }' | sort -u |
	while read -r name file; do
		[ "$name" = missing ] && die "no library $file for $1"
		case $file in
		"$1"/*) continue ;;
		esac
		[ "${name#/}" = "$name" ] && name=/lib/x86_64-linux-gnu/$name
		mkdir -p "$1${name%/*}"
		cp -L "$file" "$1$name"
	done
}

# pack ROOT OUTPUT: ROOT as a compressed initramfs, the same bytes for the same
# files.
pack() {
	find "$1" -exec touch -h -d @0 {} +
	(cd "$1" && find . | LC_ALL=C sort |
		cpio --quiet --reproducible -R 0:0 -o -H newc) |
		gzip -6n >"$2.tmp" && mv "$2.tmp" "$2"
}
