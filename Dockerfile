# crosspan on a CPU, with its embedded defaults:  docker build -t crosspan . && docker run --rm -v "$PWD:/data" crosspan demo
# With pre-trained models:                        docker build -t crosspan --build-arg EXTRAS='[parquet,neural]' .
FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml README.md CONTRIBUTING.md CHANGELOG.md LICENSE NOTICE constraints.txt ./
COPY src src
COPY docs docs
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
ARG EXTRAS="[parquet]"
COPY --from=build /wheels /wheels
COPY constraints.txt /
# PyTorch, which some extras need, comes with gigabytes for GPUs unless PIP_EXTRA_INDEX_URL names an index with its CPU build.
ARG PIP_EXTRA_INDEX_URL=""
RUN wheel="$(ls /wheels/*.whl)" \
 && pip install --no-cache-dir -c /constraints.txt "${wheel}${EXTRAS}" \
 && useradd --create-home crosspan
USER crosspan
# Compiled once, when the image is made, so that no container does it again.
RUN cd /tmp && crosspan demo >/dev/null
WORKDIR /data
ENTRYPOINT ["crosspan"]
CMD ["--help"]
