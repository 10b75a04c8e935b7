"""Runs one command and writes down what it took: wall time, processor time, peak memory and exit code, as a line of JSON.

    python3 -I -S measure.py FILE COMMAND…

A program of its own, because a process that is started by a large one counts the memory of that one as its own until it becomes something else:
this one stays at eight MiB, and nothing that is measured here needs less. What `wait4` tells is of the command and of all that it waited for,
Terraform's provider too: processor time is the sum of them, and memory is the peak of the largest single process, not of all together.
"""

import os
import sys
import time


def main():
    """Runs it, and ends with its exit code."""
    file, *command = sys.argv[1:]
    began = time.monotonic()
    process = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(process, 0)
    seconds = time.monotonic() - began
    code = os.waitstatus_to_exitcode(status)
    with open(file, "w", encoding="utf-8") as written:
        written.write(f'{{"wall": {seconds}, "cpu": {usage.ru_utime + usage.ru_stime}, "memory": {usage.ru_maxrss / 1024}, "code": {code}}}\n')
    return 0 if code == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
