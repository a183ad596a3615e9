"""The gunicorn configuration: `gunicorn --config python:qqops.boot.gunicorn`.

Gunicorn's own variables apply too: WEB_CONCURRENCY (processes), PORT, GUNICORN_CMD_ARGS.
"""

import os

wsgi_app = "qqops.wsgi:application"
threads = 4
# Load the application before forking: an error at start appears once, and the workers share memory.
preload_app = True
# The socket would be in the home folder, shared by all checkouts.
control_socket_disable = True
# After the settings are loaded, gunicorn logs by LOGGING. boot/access_log.py logs the requests, because it knows the
# staff member and omits the query string.
loglevel = "warning"
# The heartbeat file of a worker is in memory, so that a full or read-only disk does not get the worker killed.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # nosec B108  # gunicorn makes it with mkstemp
