// For Prisma's own command line only: where the schema and its migrations are. Berth itself never reads this file.
import { defineConfig } from 'prisma/config';

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.BERTH_STORE_URL ?? '' },
});
