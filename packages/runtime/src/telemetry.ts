// Spans by OpenTelemetry, sent by OTLP over HTTP. The only importer of its packages, and itself imported only when traces are
// asked for: they take 17 MB of memory and half a second to load (measured, Node 20.20). Nothing is registered globally, and nothing is instrumented behind anybody's back.
import { inSpan, type Span, type SpanAttributes, type SpanKind, within } from '@berth/core';
import * as otel from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { version } from '../package.json';
import type { Tracing, TracingConfig, TracingMeans } from './tracing';

/** At most so many spans wait to be sent; more are dropped: memory is not given to a collector that is away. */
const QUEUE_MAX = 2_048;
const SEND_EVERY_MS = 1_000;
const SEND_MS_MAX = 5_000;
const CLOSE_MS_MAX = 2_000;

const KINDS: Record<SpanKind, otel.SpanKind> = {
  internal: otel.SpanKind.INTERNAL,
  server: otel.SpanKind.SERVER,
  client: otel.SpanKind.CLIENT,
  producer: otel.SpanKind.PRODUCER,
  consumer: otel.SpanKind.CONSUMER,
};

/** Opens a tracer of this process. */
export function openTelemetry({ endpoint, headers, ratio }: TracingConfig, means: TracingMeans): Tracing {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    headers: headersOf(headers.reveal()),
    timeoutMillis: SEND_MS_MAX,
  });
  const batches = { maxQueueSize: QUEUE_MAX, scheduledDelayMillis: SEND_EVERY_MS, exportTimeoutMillis: SEND_MS_MAX };
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': `berth-${means.process}`, 'service.version': version }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter: countingFailures(exporter, means), ...batches })],
  });
  const tracer = provider.getTracer('berth', version);
  return {
    isOn: true,
    begin(name, { kind = 'internal', attributes = {}, from, link }, work) {
      const linked = contextOf(link);
      const parent = contextOf(from);
      const context = parent === null ? otel.ROOT_CONTEXT : otel.trace.setSpanContext(otel.ROOT_CONTEXT, parent);
      const links = linked === null ? [] : [{ context: linked }];
      const span = spanOf(tracer, tracer.startSpan(name, { kind: KINDS[kind], attributes, links }, context));
      return inSpan(span, () => work(span));
    },
    close: () => within(CLOSE_MS_MAX, 'The collector of traces', provider.shutdown()).catch(() => {}), // counted already
  };
}

function spanOf(tracer: otel.Tracer, span: otel.Span): Span {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceId,
    traceparent: `00-${traceId}-${spanId}-0${(traceFlags & 1).toString(16)}`,
    set: (attributes: SpanAttributes) => void span.setAttributes(attributes),
    rename: (name) => void span.updateName(name),
    fail(type) {
      span.setAttribute('error.type', type).setStatus({ code: otel.SpanStatusCode.ERROR });
    },
    begin(name, kind, attributes) {
      const context = otel.trace.setSpan(otel.ROOT_CONTEXT, span);
      return spanOf(tracer, tracer.startSpan(name, { kind: KINDS[kind], attributes }, context));
    },
    end: () => span.end(),
  };
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-0([01])$/;

function contextOf(traceparent: string | undefined): otel.SpanContext | null {
  const [, traceId = '', spanId = '', sampled] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  const context = { traceId, spanId, traceFlags: Number(sampled ?? 0), isRemote: true };
  return otel.isSpanContextValid(context) ? context : null;
}

/** `name=value,name=value`, percent-encoded, as OTEL_EXPORTER_OTLP_HEADERS is written. */
function headersOf(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.includes('='));
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())];
    }),
  );
}

/** A collector that is away is told of once, until it takes spans again; each batch that it did not take is counted. */
function countingFailures(exporter: SpanExporter, { log, metrics }: TracingMeans): SpanExporter {
  let isAway = false;
  metrics.expect('berth_trace_batches_lost_total', {});
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const isLost = result.code !== 0;
        if (isLost) metrics.count('berth_trace_batches_lost_total', {});
        if (isLost && !isAway)
          log.warn({ count: spans.length }, 'The collector of traces does not take them; nothing else suffers');
        isAway = isLost;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}
