// `memory`: how much memory the processes of a whole Berth have in use after 2,000 actions and after 10,000, on each backend.
import type { CommandContext } from '../command';
import type { BenchOptions } from './bench-options';

export interface MemoryReport {
  backend: string;
}

export async function measureMemory(
  _context: CommandContext,
  _home: string,
  _options: BenchOptions,
): Promise<MemoryReport[]> {
  return [];
}

export function tellMemory(): void {}
