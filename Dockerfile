# The server in a small image: one binary with the web client inside, no shell, no root.
#
#   docker build -t parlour .

FROM node:24.11.1-bookworm-slim AS web
WORKDIR /src/web
COPY web .
RUN npm ci --no-audit --no-fund && npm run build

FROM rust:1.95.0-slim-bookworm AS build
# The compiler for SQLite and for the cryptography.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential cmake \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
COPY --from=web /src/web/app/dist web/app/dist
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --profile dist --package parlour-server \
    && install -D target/dist/parlour /out/parlour \
    && install -d -m 0700 /out/data

# glibc, certificates, the user 65532, and nothing else.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/parlour /usr/local/bin/parlour
COPY --from=build --chown=65532:65532 /out/data /var/lib/parlour
USER 65532:65532
WORKDIR /var/lib/parlour
ENV PARLOUR_LISTEN=0.0.0.0:8080 \
    PARLOUR_ADMIN_LISTEN=0.0.0.0:8081 \
    PARLOUR_DATA=/var/lib/parlour \
    PARLOUR_LOG__FORMAT=json
EXPOSE 8080 8081
VOLUME /var/lib/parlour
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["parlour", "healthcheck"]
ENTRYPOINT ["parlour"]
CMD ["serve"]
