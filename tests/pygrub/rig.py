# SPDX-License-Identifier: BSD-2-Clause
"""One guest, one run of pygrub-c, and what must hold after any run."""
import concurrent.futures
import os
import pty
import select
import signal
import subprocess
import tempfile
import time

import images

SECONDS = 60


class Guest:
    """A disk with one volume, made from a dict of files."""

    def __init__(self, files, fs='ext4', links=None, device='hd0'):
        self.work = tempfile.TemporaryDirectory(dir=os.environ.get('TMPDIR'))
        self.image = os.path.join(self.work.name, 'disk')
        self.out = os.path.join(self.work.name, 'out')
        os.makedirs(self.out)
        self.volume = images.Volume(device, '-', '-')
        self.volume.files = files
        self.volume.links = links or {}
        sample = images.Sample.__new__(images.Sample)
        sample.name, sample.volumes = 'rig', [self.volume]
        self.places = images.make_disk(sample, [fs], self.image,
                                       self.work.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.work.cleanup()

    def content(self, path):
        body = self.volume.files[path]
        return images.blob(self.volume.device, path) if body is None else body


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err


def left_processes(session):
    """Processes of a session that has ended, and of their jails."""
    found = []
    for pid in os.listdir('/proc'):
        if not pid.isdigit():
            continue
        try:
            with open('/proc/%s/stat' % pid) as f:
                fields = f.read().rsplit(')', 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != 'Z':
            found.append(int(pid))
    return found


def check_after(guest, session, status):
    """Nothing may be left: no process, and no file after a failure."""
    for _ in range(50):
        left = left_processes(session)
        if not left:
            break
        time.sleep(0.1)
    assert not left, 'processes are left: %s' % left
    assert status >= 0, 'died by signal %d' % -status
    if status:
        assert not os.listdir(guest.out), os.listdir(guest.out)


def run(program, guest, *options, image=None, signal_after=None):
    words = [*program, '--output-directory=' + guest.out, *options,
             image or guest.image]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               start_new_session=True)
    if signal_after is not None:
        time.sleep(signal_after)
        process.terminate()
    out, err = process.communicate(timeout=SECONDS)
    status = process.returncode
    # Before main has begun a signal just ends it.
    if signal_after is not None and status == -signal.SIGTERM:
        status = 1
    check_after(guest, process.pid, status)
    return Result(status, out, err.decode(errors='replace'))


def take_files(guest):
    """The bytes of the files handed on, by the first part of their names."""
    found = {}
    for name in os.listdir(guest.out):
        path = os.path.join(guest.out, name)
        assert os.stat(path).st_mode & 0o7777 == 0o600, name
        with open(path, 'rb') as f:
            found[name.split('.')[0]] = f.read()
        os.unlink(path)
    return found


def at_console(program, guest, steps, term='vt100', options=()):
    """Runs it on a pty. A step is bytes to type, or a text to wait for."""
    mine, theirs = pty.openpty()
    before = subprocess.run(['stty', '-a'], stdin=theirs,
                            stdout=subprocess.PIPE, check=True).stdout
    result = os.path.join(guest.work.name, 'result')
    with open(result, 'w'):
        pass
    process = subprocess.Popen(
        [*program, '--output=' + result, '--output-format=simple',
         '--output-directory=' + guest.out, *options, guest.image],
        stdin=theirs, stdout=theirs, stderr=subprocess.PIPE,
        env={'TERM': term, **{k: v for k, v in os.environ.items()
                              if 'SAN' in k}},
        start_new_session=True)
    shown, fresh = b'', b''
    end = time.time() + SECONDS

    def pump(seconds):
        nonlocal shown, fresh
        ready, _, _ = select.select([mine], [], [], seconds)
        if ready:
            data = os.read(mine, 65536)
            shown += data
            fresh += data
    for step in steps:
        if isinstance(step, str):
            while step.encode() not in fresh:
                assert time.time() < end, 'no %r in %r' % (step, fresh)
                pump(0.1)
            fresh = b''
        else:
            pump(0.15)
            os.write(mine, step)
    while process.poll() is None:
        assert time.time() < end, 'it does not end: %r' % shown
        pump(0.1)
    pump(0.05)
    after = subprocess.run(['stty', '-a'], stdin=theirs,
                           stdout=subprocess.PIPE, check=True).stdout
    assert before == after, 'the terminal is not as before'
    os.close(theirs)
    os.close(mine)
    check_after(guest, process.pid, process.returncode)
    with open(result) as f:
        text = f.read()
    err = process.stderr.read().decode(errors='replace')
    process.stderr.close()
    done = Result(process.returncode, text, err)
    done.shown = shown
    return done


def cases(module, program):
    """Runs the functions named case_...; their docstrings are the report."""
    def one(function):
        try:
            function(program)
            return ''
        except Exception as error:  # the report names any
            return '%s: %s' % (type(error).__name__, error)

    functions = [f for n, f in sorted(module.items()) if n.startswith('case_')]
    failed = 0
    # Most of their time they wait.
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for function, problem in zip(functions, pool.map(one, functions)):
            failed += problem != ''
            print('%-64s %s' % (function.__doc__.strip(),
                                'FAILED: ' + problem if problem else 'well'))
    return 1 if failed else 0
