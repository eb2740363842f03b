#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What xl does before it needs a hypervisor: its subcommands and options, and
# the configuration that a dry run prints, byte for byte as xl of 4.17 did for
# the same file.
xl=$top_builddir/utils/xl
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
# gives STATUS TEXT ARGUMENT...: exit code and all that is written
gives() {
	status=$1 wanted=$2
	shift 2
	got=$("$xl" "$@" 2>&1)
	code=$?
	[ "$code" -eq "$status" ] && [ "$got" = "$wanted" ] && return
	echo "'xl $*' leaves with $code, not $status, or says '$got'"
	failed=1
}
: >"$dir/kernel"
: >"$dir/initrd"
: >"$dir/disk"
cat >"$dir/cfg" <<C
name="pv1"
type="pv"
kernel='$dir/kernel'
ramdisk="$dir/initrd"
uuid="568fc43a-7deb-4558-8228-81d71c93c059"
extra="console=hvc0 lab.disk lab.tick lab.ip=2"
memory=192
maxmem=256
vcpus=1
maxvcpus=2
on_crash="preserve"
disk=['file:$dir/disk,xvda,w']
vif=['bridge=xenbr0,mac=00:16:3e:00:00:02']
C
cat >"$dir/json" <<C
{
    "c_info": {
        "type": "pv",
        "name": "pv1",
        "uuid": "568fc43a-7deb-4558-8228-81d71c93c059",
        "run_hotplug_scripts": "True"
    },
    "b_info": {
        "max_vcpus": 2,
        "avail_vcpus": [
            0
        ],
        "max_memkb": 262144,
        "target_memkb": 196608,
        "sched_params": {

        },
        "claim_mode": "True",
        "kernel": "$dir/kernel",
        "cmdline": "console=hvc0 lab.disk lab.tick lab.ip=2",
        "ramdisk": "$dir/initrd",
        "type.pv": {

        },
        "arch_arm": {

        },
        "arch_x86": {

        }
    },
    "disks": [
        {
            "pdev_path": "$dir/disk",
            "vdev": "xvda",
            "format": "raw",
            "readwrite": 1
        }
    ],
    "nics": [
        {
            "devid": 0,
            "mac": "00:16:3e:00:00:02",
            "bridge": "xenbr0"
        }
    ],
    "on_reboot": "restart",
    "on_crash": "preserve",
    "on_soft_reset": "soft_reset"
}
C
gives 0 "$(cat "$dir/json")" create --quiet --dryrun --defconfig "$dir/cfg"
gives 0 "$(cat "$dir/json")" create -q "$dir/cfg" -n
gives 0 "$(echo "Parsing config from $dir/cfg"; cat "$dir/json")" \
	-N cr "$dir/cfg"
gives 0 "$(sed 's/196608/78848/; s/pv1/x/' "$dir/json")" \
	create -q "$dir/cfg" -n 'name="x"' memory=77
gives 3 "Failed to read config file: $dir/none: No such file or directory" \
	create "$dir/none"
gives 6 'Config file not specified and none in save file' create
gives 1 'command not implemented' foo
# What begins several names is none of them.
gives 1 'command not implemented' s
gives 2 "option \`z' not supported." create -z
gives 2 "option \` ' not supported." create --zzz
for name in create list shutdown vcpu-list sched-credit2 cpupool-list; do
	"$xl" help | grep -q "^ $name " && continue
	echo "xl help does not list $name"
	failed=1
done
exit $failed
