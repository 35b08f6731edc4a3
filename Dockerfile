# One image for every process of Berth; the command chooses which: node dist/api.js, dist/worker-mysql.js, …
FROM node:20-bookworm-slim AS build
WORKDIR /berth
COPY . .
# installs third-party packages, generates the Prisma client, writes one bundle per process to dist/
RUN node apps/launcher/prepare.mjs

# What the bundles load: the dependencies of the apps, and nothing that only tests and builds need.
FROM build AS production
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
      --workspace=apps/api --workspace=apps/worker-postgresql --workspace=apps/worker-mysql \
      --workspace=apps/worker-mongodb --workspace=apps/maintenance \
    # links to sources that are not copied: the bundles have them inside
    && rm -r node_modules/@berth

FROM node:20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /berth
COPY --from=production /berth/package.json ./
COPY --from=production /berth/node_modules ./node_modules
# the migrations, which BERTH_MIGRATE=apply brings to the store
COPY --from=production /berth/prisma ./prisma
COPY --from=production /berth/dist ./dist
USER node
EXPOSE 8080
CMD ["node", "--enable-source-maps", "dist/api.js"]
