#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What pygrub-c takes from disks of all kinds: disk x file system x
configuration, each with the choice that the sample's author expects.

    boots.py PYGRUB-C                    the test
    boots.py PYGRUB-C --stock PROGRAM    a table: ours beside stock pygrub's
"""
import argparse
import concurrent.futures
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import images  # noqa: E402

# Sample, file systems of its volumes, and what is special.
ROWS = [
    ('plain', ['ext2'], {}),
    ('plain', ['ext3'], {}),
    ('plain', ['ext4'], {}),
    ('plain', ['vfat'], {}),
    ('plain', ['iso9660'], {}),
    ('plain', ['xfs'], {}),
    ('plain_legacy', ['ext3'], {}),
    ('plain_legacy', ['vfat'], {}),
    ('debian_extlinux', ['ext2'], {}),
    ('debian_extlinux', ['ext3'], {}),
    ('debian_extlinux', ['ext4'], {}),
    ('debian_extlinux', ['xfs'], {}),
    ('debian_extlinux', ['btrfs'], {}),
    ('debian_extlinux', ['f2fs'], {}),
    ('debian_extlinux', ['vfat'], {}),
    ('bare_kernel', ['ext4'], {}),
    ('bare_kernel', ['btrfs'], {}),
    ('bare_kernel', ['vfat'], {}),
    ('isolinux', ['iso9660'], {}),
    ('isolinux', ['ext4'], {}),
    ('legacy_saved', ['ext3'], {}),
    ('legacy_stale', ['ext4'], {}),
    ('legacy_centos', ['ext4'], {}),
    ('legacy_centos', ['xfs'], {}),
    ('debian12', ['vfat', 'ext4'], {}),
    ('debian12', ['vfat', 'xfs'], {}),
    ('debian12', ['vfat', 'btrfs'], {}),
    ('debian12', ['vfat', 'ext4'], {'sector': 4096}),
    ('debian12', ['vfat', 'ext4'], {'format': 'qcow2'}),
    ('fedora', ['vfat', 'ext4', 'xfs'], {}),
    ('fedora', ['vfat', 'xfs', 'btrfs'], {}),
    ('ubuntu', ['vfat', 'ext4'], {}),
    ('alpine', ['ext4', 'ext4'], {}),
    ('arch', ['ext4'], {}),
    ('arch', ['btrfs'], {'format': 'vpc'}),
    ('arch', ['xfs'], {'offset': True}),
    ('arch', ['ext4'], {'offset': True}),
    ('constructs', ['ext4', 'ext2'], {}),
    ('constructs', ['vfat', 'ext4'], {}),
    ('next_entry', ['ext4'], {}),
    ('no_menu', ['ext4'], {}),
    ('no_menu', ['f2fs'], {'sector': 4096}),
    ('suse', ['btrfs'], {}),
    ('suse', ['ext4'], {}),
    ('systemd_boot', ['vfat', 'ext4'], {}),
    ('systemd_boot', ['vfat', 'vfat'], {}),
    ('uboot', ['ext4'], {'hybrid': True}),
    ('uboot', ['ext2'], {'sector': 4096}),
    ('xen_host', ['ext4'], {}),
    ('xen_host', ['xfs'], {}),
    ('hostile', ['ext4'], {}),
    ('debian_extlinux', ['ext4'], {'loader': 'extlinux'}),
    ('debian12', ['vfat', 'ext4'], {'loader': 'grub-mkstandalone'}),
    ('plain', ['ext4'], {'group': 'lvm'}),
    ('plain', ['xfs'], {'group': 'mdraid'}),
    ('plain', ['ext4'], {'group': 'mdraid'}),
]
SECONDS = 60  # for one run
NEEDS = {'lvm': ('losetup', 'vgcfgrestore'),
         'extlinux': ('extlinux', 'mount'),
         'grub-mkstandalone': ('grub-mkstandalone', 'mmd')}


def special(row):
    return row[2].get('group') or row[2].get('loader')


def name_of(row):
    sample, file_systems, extra = row
    return '%s on %s%s' % (sample, '+'.join(file_systems), ''.join(
        ', %s %s' % (k, v) if v is not True else ', ' + k
        for k, v in extra.items()))


def pad(parts):
    whole = b''
    for part in parts:
        whole += b'\0' * (-len(whole) % 4) + part
    return whole


def boot(program, image, work, options):
    """What it said, as a dict; kernel and ramdisk as their bytes."""
    out = os.path.join(work, 'out')
    os.makedirs(out, exist_ok=True)
    words = program + ['-q', '--output-format=simple0',
                       '--output-directory=' + out] + options + [image]
    done = subprocess.run(words, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=SECONDS)
    result = {'status': done.returncode,
              'stderr': done.stderr.decode(errors='replace')}
    for line in done.stdout.decode(errors='replace').split('\0'):
        key, _, value = line.partition(' ')
        if key in ('kernel', 'ramdisk'):
            with open(value, 'rb') as f:
                result[key] = f.read()
            os.unlink(value)
        elif key:
            result[key] = value
    result['left'] = os.listdir(out)
    return result


def make(row, work):
    sample = images.Sample(row[0])
    extra = dict(row[2])
    image = os.path.join(work, 'disk')
    wanted, offset = extra.pop('format', None), extra.pop('offset', False)
    group, loader = extra.pop('group', None), extra.pop('loader', None)
    places = images.make_disk(sample, row[1], image, work, **extra)
    options = ['--offset=%d' % places[0][0]] if offset else []
    if loader:
        images.put_loader(loader, sample, image, work, places[0])
    if group:
        os.rename(image, image + '.fs')
        images.make_group_disk(group, image + '.fs', image, work)
    if wanted:
        subprocess.run(['qemu-img', 'convert', '-f', 'raw', '-O', wanted,
                        image, image + '.' + wanted], check=True)
        os.unlink(image)
        image += '.' + wanted
        options.append('--format=' + wanted)
    return sample, image, options


def difference(sample, got):
    """What is not as expected; '' when all is."""
    want = sample.expected()
    entry = want['entries'][want['default']]
    initrds = [sample.content(i) for i in entry.get('initrds', [])]
    if got['status']:
        return 'status %d: %s' % (got['status'], got['stderr'])
    if got['left']:
        return 'files are left behind: %s' % got['left']
    if got.get('kernel') != sample.content(entry['kernel']):
        return 'not the kernel %s' % entry['kernel']
    if got.get('ramdisk') != (pad(initrds) if initrds else None):
        return 'not the ramdisk %s' % entry.get('initrds')
    if got.get('args', '') != entry.get('args', ''):
        return 'args %r, not %r' % (got.get('args'), entry.get('args'))
    return ''


def check_row(program, row):
    missing = images.missing_tools(row[1])
    if row[2].get('format') and not images.find('qemu-img'):
        missing.append('qemu-img')
    missing += [t for t in NEEDS.get(special(row), ()) if not images.find(t)]
    if special(row) in ('lvm', 'extlinux') and (
            os.geteuid() or not os.path.exists('/dev/loop-control')):
        missing.append('loop devices')
    if missing:
        return None, 'no ' + ', '.join(missing)
    with tempfile.TemporaryDirectory(dir=os.environ.get('TMPDIR')) as work:
        try:
            sample, image, options = make(row, work)
        except images.CannotMount:
            return None, 'mount is not allowed'
        got = boot(program, image, work, options)
        problem = difference(sample, got)
        return not problem, problem


def test(program):
    failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for row, (good, text) in zip(ROWS, pool.map(
                lambda row: check_row(program, row), ROWS)):
            failed += good is False
            skipped += good is None
            word = {True: 'well', False: 'FAILED', None: 'skipped'}[good]
            print('%-44s %s %s' % (name_of(row), word, text))
    print('%d combinations, %d failed, %d skipped' % (
        len(ROWS), failed, skipped))
    if skipped == len(ROWS):
        return 77
    return 1 if failed else 0


def same(a, b):
    """Equal but for blanks between words of the arguments."""
    return all((a.get(k) or '') == (b.get(k) or '') for k in
               ('kernel', 'ramdisk')) and \
        a.get('args', '').split() == b.get('args', '').split()


def compare(program, stock):
    """A table of both; stock pygrub is no judge, the sample's author is."""
    print('%-44s %-10s %-10s %s' % ('', 'pygrub-c', 'stock', 'the same'))
    for row in ROWS:
        if row[2].get('format') or images.missing_tools(row[1]):
            continue
        with tempfile.TemporaryDirectory() as work:
            sample, image, options = make(row, work)
            ours = boot(program, image, work, options)
            theirs = boot([stock], image, work, options)
            judged = ['expected' if not difference(sample, x) else
                      'fails' if x['status'] else 'other'
                      for x in (ours, theirs)]
            if not theirs['status'] and same(ours, theirs):
                judged[1] = judged[0]
            both = '-' if theirs['status'] else \
                'yes' if same(ours, theirs) else 'no'
            print('%-44s %-10s %-10s %s' % (name_of(row), *judged, both))
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('program', nargs='+')
    parser.add_argument('--stock')
    args = parser.parse_args()
    if args.stock:
        return compare(args.program, args.stock)
    return test(args.program)


if __name__ == '__main__':
    sys.exit(main())
