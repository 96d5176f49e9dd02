# The server with the web app inside; see docs/operations.md.
#
#   docker build -t botserver .
#   docker run -p 8080:8080 -v botserver:/data --stop-timeout 90 botserver

FROM node:22-bookworm-slim AS web
WORKDIR /source/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build

FROM rust:1.95-bookworm AS build
WORKDIR /source
COPY . .
COPY --from=web /source/web/dist web/dist
# The caches are kept between builds by the builder, not in the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/cache/target \
    CARGO_TARGET_DIR=/cache/target cargo build --locked --release --package botserver-server \
    && cp /cache/target/release/botserver /botserver

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin botserver \
    && install --directory --owner=botserver --group=botserver --mode=0700 /data
COPY --from=build /botserver /usr/local/bin/botserver
COPY LICENSE /usr/share/doc/botserver/LICENSE
USER botserver
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["botserver"]
CMD ["serve", "--data", "/data", "--listen", "0.0.0.0:8080"]
