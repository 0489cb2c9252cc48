# The local runtime: the Worker in workerd, its objects in /data. See docs/operations.md, "In a container".
FROM node:24-bookworm-slim AS package
WORKDIR /source
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm pack --pack-destination /

FROM node:24-bookworm-slim
# The regions' calls of other deployments and of answering models go over TLS.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
# Wrangler, which bundles the Worker at the start, writes beside its configuration; all else of the package is root's.
WORKDIR /app
COPY --from=package /fedcar-*.tgz /tmp/
RUN npm init --yes > /dev/null \
  && npm install --ignore-scripts --no-audit --no-fund /tmp/fedcar-*.tgz \
  && rm /tmp/fedcar-*.tgz \
  && node_modules/.bin/fedcar --version \
  && mkdir /data node_modules/fedcar/.wrangler \
  && chown node:node /data node_modules/fedcar/.wrangler
USER node
ENV WRANGLER_SEND_METRICS=false
VOLUME /data
EXPOSE 8787
# The encoder is loaded with the first request; a start takes some seconds.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8787/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/node_modules/fedcar/cli/fedcar.mjs"]
CMD ["dev", "--host", "0.0.0.0", "--port", "8787", "--state", "/data"]
