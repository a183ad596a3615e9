"""How gunicorn serves the web: `gunicorn --config python:qqops.boot.gunicorn`.

Its own variables add to it: WEB_CONCURRENCY
(processes), PORT or GUNICORN_CMD_ARGS.
"""

import os

wsgi_app = "qqops.wsgi:application"
threads = 4
# Loaded once, before the workers are: what cannot start says so once, and they share the memory.
preload_app = True
# It would be made in the home folder, one for every checkout.
control_socket_disable = True
# What it has to say goes the way of all lines once the settings are read. Requests are told by boot/logs.py, which
# knows who asks and leaves the query out.
loglevel = "warning"
# A worker says that it lives by touching a file: in memory, where a full or read-only disk is no death.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # nosec B108  # gunicorn makes it with mkstemp
