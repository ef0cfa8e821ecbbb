# SPDX-License-Identifier: MIT
# The images of ./swell image, for those who build with docker, podman or buildah:
#
#     docker build --target workload -t swell-workload:0.1.0 .
#
# Targets: workload, adapter, load. The same file builds amd64 and arm64.
#
# What changes seldom comes first: a change of the sources fetches no packages and builds no libraries.
FROM debian:bookworm AS tools
COPY swell packages.txt /src/
RUN /src/swell install build image

FROM tools AS plain
COPY images/small-libs.sh /src/images/
RUN /src/images/small-libs.sh small /src/build/small-libs/small
COPY . /src
RUN /src/swell image workload --rootfs /out/workload

FROM tools AS tls
COPY images/small-libs.sh /src/images/
RUN /src/images/small-libs.sh small-tls /src/build/small-libs/small-tls
COPY . /src
RUN /src/swell image adapter --rootfs /out/adapter && /src/swell image load --rootfs /out/load

FROM scratch AS base
ARG REVISION=""
ARG SOURCE=""
LABEL org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE"
# A number, so that runAsNonRoot can tell.
USER 65532:65532

FROM base AS adapter
COPY --from=tls /out/adapter/ /
LABEL org.opencontainers.image.title="swell-adapter" \
      org.opencontainers.image.description="Serves queue and lag values to the Kubernetes HorizontalPodAutoscaler"
EXPOSE 6443
ENTRYPOINT ["/usr/bin/swell-adapter"]
CMD ["run"]

FROM base AS load
COPY --from=tls /out/load/ /
LABEL org.opencontainers.image.title="swell-load" \
      org.opencontainers.image.description="HTTP load generator and job producer"
ENTRYPOINT ["/usr/bin/swell-load"]
CMD ["--help"]

FROM base AS workload
COPY --from=plain /out/workload/ /
LABEL org.opencontainers.image.title="swell-workload" \
      org.opencontainers.image.description="CPU burner, php-apache twin, durable queue and queue worker"
EXPOSE 8080
ENTRYPOINT ["/usr/bin/swell-workload"]
CMD ["serve"]
