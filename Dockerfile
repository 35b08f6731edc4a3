# One image for every process of Berth; the command chooses which: node dist/api.js, dist/worker-postgresql.js, …
FROM node:20-bookworm-slim AS build
WORKDIR /berth
COPY . .
# installs third-party packages, generates the Prisma client, writes one bundle per process to dist/
RUN node apps/launcher/prepare.mjs
RUN npm prune --omit=dev --omit=optional

FROM node:20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /berth
COPY --from=build /berth/package.json ./
COPY --from=build /berth/node_modules ./node_modules
COPY --from=build /berth/packages ./packages
COPY --from=build /berth/apps ./apps
COPY --from=build /berth/prisma ./prisma
COPY --from=build /berth/dist ./dist
USER node
EXPOSE 8080
CMD ["node", "--enable-source-maps", "dist/api.js"]
