# The service on a PostgreSQL of its own choosing: set DATABASE_URL. There is no build step, since Node runs the
# TypeScript sources as they are.

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Optional dependencies are the pinned Node (the image has one) and the embedded PostgreSQL's binaries (a container is
# given a database). Without them, no package needs its install script.
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=dependencies /app/node_modules node_modules
COPY gen gen
COPY src src
COPY catalogue catalogue
# The files belong to root, so the process cannot change its own code.
USER node
# gRPC, and HTTP (Connect, metrics, liveness).
EXPOSE 50051 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PLEYOR_HTTP_PORT ?? 8080}/healthz`, { signal: AbortSignal.timeout(2500) }).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Not through npm, which would not pass on SIGTERM.
CMD ["node", "src/main.ts"]
