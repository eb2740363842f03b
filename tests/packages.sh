# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Debian's packages that the two commands of the README need.

build_packages='gcc make autoconf automake libtool pkg-config binutils gzip
	libc6-dev libjson-c-dev uuid-dev libseccomp-dev zlib1g-dev liblzma-dev
	liblz4-dev libzstd-dev
	libext2fs-dev libblkid-dev libncurses-dev libreadline-dev
	libxxhash-dev'
run_packages='qemu-system-x86 grub-pc-bin grub-common xorriso mtools python3
	cpio kmod xz-utils'
test_packages='git clang clang-format llvm libclang-rt-14-dev libcmocka-dev
	libxen-dev mandoc bochs bochs-term bochsbios e2fsprogs dosfstools
	btrfs-progs xfsprogs f2fs-tools fdisk squashfs-tools qemu-utils
	qemu-system-common lvm2 grub-emu libarchive-tools
	grub-efi-amd64-bin ovmf lz4 zstd extlinux spin'
# Unpacked in the cache, not installed: clients that tests run, then Debian's
# tools for a dom0 of the tests with what they need.
cached_packages='xenstore-utils libxenstore4 libxentoolcore1 python3-pyxs
	xen-utils-4.17 xen-utils-common libxencall1 libxendevicemodel1
	libxenevtchn1 libxenforeignmemory1 libxengnttab1 libxenhypfs1
	libxenmisc4.17 libxentoollog1 libyajl2 libnl-3-200 libnl-route-3-200
	libfdt1 libbz2-1.0 liblzo2-2 libzstd1 liblzma5 libuuid1 libtinfo6
	qemu-system-xen libsmartcols1 libgcc-s1 bash mount util-linux grub-xen-host'
# For Debian's packages of the tree and a disk with them.
host_packages='git debhelper dpkg-dev mmdebstrap fdisk e2fsprogs dosfstools
	mtools'
# For benchmarks, which are run by hand, and the boot case of that name, which is
# left out without it.
bench_packages='valgrind gdb'

# need PACKAGE...: installs what is missing, or says how.
need() {
	missing=
	for package in "$@"; do
		case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
		*' installed') ;;
		*) missing="$missing $package" ;;
		esac
	done
	lists=$(apt-cache policy linux-image-amd64 2>/dev/null |
		sed -n 's/.*Candidate: //p')
	if [ "$(id -u)" -ne 0 ]; then
		[ -z "$missing" ] || {
			echo "missing packages; as root:" \
				"apt-get install$missing" >&2
			return 1
		}
		return 0
	fi
	case $missing,$lists in
	,[0-9]*) return 0 ;;
	esac
	echo "installing:${missing:- the lists of packages}"
	# Another run of apt may hold its lock for a while.
	lock='-o DPkg::Lock::Timeout=600'
	# shellcheck disable=SC2086
	apt-get $lock update -qq &&
		{ [ -z "$missing" ] || DEBIAN_FRONTEND=noninteractive \
			apt-get $lock install -qq -y --no-install-recommends \
			$missing >/dev/null; }
}
