import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';

/** Loaded ahead of rzero, as a person's own file is: registers OpenTelemetry's SDK where TRACE_TO names a file, and writes
 *  what came of it there at the end; with LOADED_TO it only writes which of OpenTelemetry's files rzero loaded. */

const { TRACE_TO, LOADED_TO } = process.env;

if (isMainThread && TRACE_TO !== undefined) {
  const { trace } = await import('@opentelemetry/api');
  const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = await import(
    '@opentelemetry/sdk-trace-base'
  );
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  process.once('beforeExit', () => {
    const spans = exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      startTime: span.startTime,
      endTime: span.endTime,
      attributes: span.attributes,
      id: span.spanContext().spanId,
      parent: span.parentSpanContext?.spanId ?? null,
    }));
    writeFileSync(TRACE_TO, JSON.stringify(spans));
  });
}

if (isMainThread && LOADED_TO !== undefined) {
  process.once('beforeExit', () => {
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) => file.includes('opentelemetry'));
    writeFileSync(LOADED_TO, JSON.stringify(loaded));
  });
}
