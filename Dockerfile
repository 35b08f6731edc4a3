# One image for every process of Berth; the command chooses which: node dist/api.js, dist/worker-mysql.js, …
FROM node:20-bookworm-slim AS build
WORKDIR /berth
COPY . .
# installs third-party packages, generates the Prisma client, writes one bundle per process to dist/
RUN node apps/launcher/prepare.mjs

FROM build AS pruned
RUN npm prune --omit=dev --omit=optional

FROM node:20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /berth
COPY --from=pruned /berth/package.json ./
COPY --from=pruned /berth/node_modules ./node_modules
COPY --from=pruned /berth/packages ./packages
COPY --from=pruned /berth/apps ./apps
COPY --from=pruned /berth/prisma ./prisma
COPY --from=pruned /berth/dist ./dist
USER node
EXPOSE 8080
CMD ["node", "--enable-source-maps", "dist/api.js"]
