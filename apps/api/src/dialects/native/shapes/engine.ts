// An engine as the native API shows it.
import { z } from 'zod';
import { engine } from './parts';

export const engineShape = z
  .strictObject({
    name: engine,
    default_port: z.int(),
    database_name_bytes_max: z.int(),
    login_name_bytes_max: z.int(),
    openable_databases: z
      .array(z.string())
      .describe('Its own databases that `open_databases` of a server may leave open to every login.'),
    charsets: z
      .array(z.string())
      .describe(
        'What `charset` of a new database may be; a server may lack some. None: its databases have none of their own.',
      ),
    capabilities: z.strictObject({
      empty_databases: z.boolean().describe('A database is there as soon as it is made, with nothing in it.'),
      charset: z.boolean().describe('A database has a character set and a collation of its own.'),
      database_connection_limit: z
        .boolean()
        .describe("A plan's limit of connections holds for the whole database; where not, for each login."),
      login_connection_limit: z
        .boolean()
        .describe("A plan's limit of connections is kept by the server; where this is false as well, by nobody."),
      sessions_keep_rights: z
        .boolean()
        .describe(
          'An open session keeps the rights it had until it is ended, as Berth does; where not, it loses them at once.',
        ),
      sessions_in_database: z
        .boolean()
        .describe('An open session is in a database; where not, `sessions` are those of the logins that have it.'),
      sessions_reach_others: z
        .boolean()
        .describe(
          'An open session may be at work in all databases of its login; where it keeps its rights too, a login that loses one has to connect again for its others.',
        ),
      writers_make_tables: z.boolean().describe('`readwrite` may also make tables, by writing to them.'),
    }),
  })
  .meta({
    id: 'Engine',
    description: 'A kind of database server, and what it can do.',
    examples: [
      {
        name: 'mysql',
        default_port: 3306,
        database_name_bytes_max: 64,
        login_name_bytes_max: 32,
        openable_databases: ['test'],
        charsets: ['utf8mb4', 'latin1'],
        capabilities: {
          empty_databases: true,
          charset: true,
          database_connection_limit: false,
          login_connection_limit: true,
          sessions_keep_rights: true,
          sessions_in_database: true,
          sessions_reach_others: true,
          writers_make_tables: false,
        },
      },
    ],
  });
