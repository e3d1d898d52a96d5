# One image; its command chooses what it is: web, worker, or any command of manage.py (docs/operator.md).

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements.txt /tmp/requirements.txt
RUN /venv/bin/pip install --require-hashes -r /tmp/requirements.txt
ENV PATH=/venv/bin:$PATH
WORKDIR /app
COPY manage.py ./
COPY cgportal cgportal
COPY uploads uploads
COPY templates templates
COPY static static
# collected once, into the image; the key is needed to start Django and is not kept
RUN SECRET_KEY=only-for-collecting-static-files-0123456789 VAR_DIR=/tmp/var STATIC_ROOT=/app/collected \
    python manage.py collectstatic --noinput

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=cgportal.settings
RUN useradd --system --uid 10001 --home-dir /var/lib/cgportal --create-home --shell /usr/sbin/nologin portal
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER 10001
VOLUME /var/lib/cgportal
EXPOSE 8000
# gunicorn and the worker both finish what is under way; give them time (docker stop -t 90)
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s --retries=3 CMD ["python", "-m", "cgportal.container", "healthy"]
ENTRYPOINT ["python", "-m", "cgportal.container"]
CMD ["web"]
