# The image of `nguon`. Without arguments it serves; `docker compose` in this folder starts it with its database.
# Both stages are the same Debian release: the program uses the C and C++ libraries of the first at run time in the second.

FROM rust:1.95-slim-trixie AS build
# The barcode reader is C++ and is built from source.
RUN apt-get update \
    && apt-get install -y --no-install-recommends cmake g++ make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The caches keep the second build short; the program is copied out because a cache is no part of the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin nguon \
    && install -D -m 0755 target/release/nguon /out/nguon

FROM debian:trixie-slim
# postgresql-client: pg_dump and pg_restore for backups, never older than the server in docker-compose.yml (17).
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libstdc++6 postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/*
# docker-compose.yml gives this group the database password to read, so the numbers are fixed.
# A new named volume takes over the owner and the mode of the folder it covers.
RUN groupadd --gid 10001 nguon \
    && useradd --uid 10001 --gid nguon --no-create-home --home-dir /var/lib/nguon --shell /usr/sbin/nologin nguon \
    && install -d -m 0700 -o nguon -g nguon /var/lib/nguon
COPY --from=build /out/nguon /usr/local/bin/nguon
COPY LICENSE /usr/share/doc/nguon/LICENSE
USER 10001:10001
WORKDIR /var/lib/nguon
ENV NGUON_HTTP=0.0.0.0:8080 \
    NGUON_DATA=/var/lib/nguon \
    NGUON_SECRET_FILE=/var/lib/nguon/secret
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["nguon", "health"]
ENTRYPOINT ["nguon"]
CMD ["serve"]
