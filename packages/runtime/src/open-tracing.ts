// Tracing as the environment says. Off unless OTEL_EXPORTER_OTLP_ENDPOINT is set: then, and only then, OpenTelemetry is loaded.
import { NO_TRACING, type Tracing, type TracingConfig, type TracingMeans } from './tracing';

/** Opens it; null: nothing is traced. Close it last. */
export async function openTracing(config: TracingConfig | null, means: TracingMeans): Promise<Tracing> {
  if (config === null) return NO_TRACING;
  const { openTelemetry } = await import('./telemetry');
  return openTelemetry(config, means);
}
