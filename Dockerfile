# The service in a container:
#   docker build -t deepfake-detection .
#   docker run --rm -p 127.0.0.1:8000:8000 -e DEEPFAKE_DETECTOR_API_KEY=... --read-only --tmpfs /tmp deepfake-detection
# Options are set by variables (DEEPFAKE_DETECTOR_TIMEOUT=30) or written behind: ... deepfake-detection serve --model fast
FROM python:3.12-slim AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir "$(ls /wheels/*.whl)[web]" \
    && rm -r /wheels \
    && useradd --system --no-create-home --shell /usr/sbin/nologin detector
ENV PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    DEEPFAKE_DETECTOR_HOST=0.0.0.0
USER detector
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('DEEPFAKE_DETECTOR_PORT', '8000') + '/readyz', timeout=4)"]
ENTRYPOINT ["deepfake-detector"]
CMD ["serve"]
