// `POST /v1/databases?dry_run=true`: where a database would go and what would be done, with nothing done.
import { type DatabaseCreateInput, previewDatabase } from '@berth/actions';
import type { Access } from '@berth/store';
import type { Call } from '../../http/route';
import type { ApiContext } from '../dialect';

/** Answers 200 with the candidates, also when none of them fits. Throws what the request would throw but for `no_room`. */
export async function answerDryRun(
  api: ApiContext,
  { response }: Call,
  access: Access,
  asked: DatabaseCreateInput,
): Promise<void> {
  const { candidates, planned } = await previewDatabase(api, asked, access);
  response.json({
    dry_run: true,
    fits: planned !== null,
    server: candidates.find(({ id }) => id === planned?.serverId)?.name ?? null,
    engine_name: planned?.engineName ?? null,
    steps: planned?.stepNames ?? [],
    candidates: candidates.map((candidate) => ({
      server: candidate.name,
      pool: candidate.pool,
      fits: candidate.fits,
      reasons: candidate.reasons,
      free_bytes: candidate.freeBytes === null ? null : Number(candidate.freeBytes),
      free_connections: candidate.freeConnections,
      databases: candidate.databases,
    })),
  });
}
