# Runs some Python and then a module, and ends when whoever wanted it is gone: with "-" when standard input closes, else when the named file is removed.
import os
import runpy
import sys
import threading
import time


def watch(file):
    if file == "-":
        sys.stdin.buffer.read()
    else:
        while os.path.exists(file):
            time.sleep(0.2)
    os._exit(0)


threading.Thread(target=watch, args=(sys.argv[1],), daemon=True).start()
prelude, module = sys.argv[2:4]
sys.argv = [module] + sys.argv[4:]
exec(prelude, {"__name__": "prelude"})
runpy.run_module(module, run_name="__main__", alter_sys=True)
